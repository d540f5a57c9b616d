package smpp

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// frameOf is a frame with any body.
func frameOf(cmd CommandID, st Status, seq uint32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(HeaderSize+len(body)))
	b = binary.BigEndian.AppendUint32(b, uint32(cmd))
	b = binary.BigEndian.AppendUint32(b, uint32(st))
	b = binary.BigEndian.AppendUint32(b, seq)
	return append(b, body...)
}

// genString makes C-octet strings shorter than size.
func genString(size int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		b := rapid.SliceOfN(rapid.ByteRange(1, 255), 0, size-1).Draw(t, "octets")
		return string(b)
	})
}

func genTLVs() *rapid.Generator[TLVs] {
	return rapid.Custom(func(t *rapid.T) TLVs {
		var l TLVs
		for range rapid.IntRange(0, 4).Draw(t, "tlvs") {
			_ = l.Add(Tag(rapid.Uint16().Draw(t, "tag")), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value"))
		}
		return l
	})
}

// genPDU fills any PDU by its grammar: whatever field there is, and however many.
func genPDU(t *rapid.T) PDU {
	spec := rapid.SampledFrom(commands[:]).Draw(t, "command")
	p := spec.make()
	fillValue(t, reflect.ValueOf(p).Elem(), spec.name, fieldSizes(spec.id))
	return p
}

// fieldSizes are the sizes that differ from those of fillValue by PDU.
func fieldSizes(id CommandID) int {
	if id == CmdDataSM || id == CmdAlertNotification {
		return 65
	}
	return 21
}

func fillValue(t *rapid.T, v reflect.Value, name string, addrSize int) {
	sizes := map[string]int{"SystemID": 16, "Password": 65, "SystemType": 13, "AddressRange": 41, "ServiceType": 6,
		"ScheduleDeliveryTime": 17, "ValidityPeriod": 17, "FinalDate": 17, "MessageID": 65, "List": 21, "Addr": addrSize}
	for i := range v.NumField() {
		f, ft := v.Field(i), v.Type().Field(i)
		switch {
		case ft.Name == "Mode":
		case ft.Type == reflect.TypeFor[TLVs]():
			f.Set(reflect.ValueOf(genTLVs().Draw(t, ft.Name)))
		case ft.Name == "ShortMessage":
			f.SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 254).Draw(t, ft.Name))
		case f.Kind() == reflect.String:
			f.SetString(genString(sizes[ft.Name]).Draw(t, ft.Name))
		case f.Kind() == reflect.Uint8 || f.Kind() == reflect.Uint32:
			f.SetUint(uint64(rapid.Byte().Draw(t, ft.Name)))
		case f.Kind() == reflect.Struct:
			fillValue(t, f, name, addrSize)
		case f.Kind() == reflect.Slice:
			n := rapid.IntRange(0, 5).Draw(t, ft.Name)
			s := reflect.MakeSlice(f.Type(), n, n)
			for j := range n {
				e := s.Index(j)
				fillValue(t, e, name, addrSize)
				if l := e.FieldByName("List"); l.IsValid() && l.String() != "" {
					e.FieldByName("Address").SetZero() // a list has no address
				}
			}
			f.Set(s)
		default:
			t.Fatalf("%s.%s: no generator for %s", name, ft.Name, ft.Type)
		}
	}
}

// TestRoundTrip: whatever can be encoded decodes to the same, and encodes to the same octets again;
// a clone shares nothing with the frame.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPDU(t)
		h := Header{Sequence: rapid.Uint32Range(1, MaxSequence).Draw(t, "seq")}
		frame, err := Append(nil, h, p)
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := Decode(frame)
		if err != nil {
			t.Fatalf("%v: % x", err, frame)
		}
		if Print(got, true) != Print(p, true) {
			t.Fatalf("decoded %s\nwant    %s", Print(got, true), Print(p, true))
		}
		copied := Clone(got)
		again, err := Append(nil, h, copied)
		if err != nil || !bytes.Equal(again, frame) {
			t.Fatalf("again % x\nwant  % x (%v)", again, frame, err)
		}
		clear(frame)
		if still, _ := Append(nil, h, copied); !bytes.Equal(still, again) {
			t.Fatal("the clone changed with the frame")
		}
	})
}

// TestStaleFields: a PDU struct that is used again holds nothing of its last PDU, even when the body is bad.
func TestStaleFields(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPDU(t)
		frame, err := Append(nil, Header{Sequence: 1}, p)
		if err != nil {
			t.Fatal(err)
		}
		h, _ := ParseHeader(frame)
		body := frame[HeaderSize:]
		cut := rapid.IntRange(0, len(body)).Draw(t, "cut")
		fresh := New(h.Command)
		used := Clone(p)
		errFresh := DecodeBody(h, body[:cut], fresh)
		errUsed := DecodeBody(h, body[:cut], used)
		if fmt.Sprint(errFresh) != fmt.Sprint(errUsed) || Print(fresh, true) != Print(used, true) {
			t.Fatalf("used  %s (%v)\nfresh %s (%v)", Print(used, true), errUsed, Print(fresh, true), errFresh)
		}
	})
}

// badBody is a body that is not right, the field that is bad and what the peer is answered.
type badBody struct {
	name  string
	cmd   CommandID
	body  []byte
	field string
	want  Status
}

func badBodies(t *testing.T) []badBody {
	good, err := Append(nil, Header{Sequence: 1}, &SubmitSM{ServiceType: "CMT", Source: alpha, Destination: phone, ShortMessage: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	body := good[HeaderSize:]
	smLength := len(body) - 6
	change := func(at int, to ...byte) []byte {
		b := bytes.Clone(body)
		copy(b[at:], to)
		return b
	}
	x := func(n int) string { return strings.Repeat("x", n) }
	return []badBody{
		{"empty", CmdSubmitSM, nil, "service_type", StatusInvCmdLen},
		{"ends in service_type", CmdSubmitSM, []byte("CM"), "service_type", StatusInvCmdLen},
		{"service_type too long", CmdSubmitSM, []byte("CMTXXX\x00"), "service_type", StatusInvSerTyp},
		{"ends before source", CmdSubmitSM, []byte("\x00\x05"), "source_addr", StatusInvCmdLen},
		{"source without NUL", CmdSubmitSM, []byte("\x00\x05\x00abc"), "source_addr", StatusInvCmdLen},
		{"source too long", CmdSubmitSM, []byte("\x00\x05\x00" + x(21) + "\x00"), "source_addr", StatusInvSrcAdr},
		{"destination too long", CmdSubmitSM, []byte("\x00\x05\x00a\x00\x01\x01" + x(30) + "\x00"), "dest_addr", StatusInvDstAdr},
		{"ends after the addresses", CmdSubmitSM, []byte("\x00\x05\x00a\x00\x01\x01b\x00"), "esm_class", StatusInvCmdLen},
		{"schedule too long", CmdSubmitSM, []byte("\x00\x05\x00a\x00\x01\x01b\x00\x00\x00\x00" + x(17) + "\x00"), "schedule_delivery_time", StatusInvSched},
		{"validity too long", CmdSubmitSM, []byte("\x00\x05\x00a\x00\x01\x01b\x00\x00\x00\x00\x00" + x(17) + "\x00"), "validity_period", StatusInvExpiry},
		{"sm_length missing", CmdSubmitSM, body[:smLength], "sm_length", StatusInvCmdLen},
		{"sm_length beyond the end", CmdSubmitSM, change(smLength, 6), "sm_length", StatusInvMsgLen},
		{"sm_length 255", CmdSubmitSM, change(smLength, 255), "sm_length", StatusInvMsgLen},
		{"sm_length one short", CmdSubmitSM, change(smLength, 4), "optional parameters", StatusInvOptParStream},
		{"text cut off", CmdSubmitSM, body[:len(body)-1], "sm_length", StatusInvMsgLen},
		{"TLV cut off in its length", CmdSubmitSM, append(bytes.Clone(body), 4, 0x24, 0), "optional parameters", StatusInvOptParStream},
		{"TLV length beyond the end", CmdSubmitSM, append(bytes.Clone(body), 4, 0x24, 0xFF, 0xFF, 'x'), "optional parameters", StatusInvOptParStream},
		{"TLV in a query", CmdQuerySM, []byte("id\x00\x00\x00\x00\x00\x1e\x00"), "optional parameters", StatusInvOptParStream},
		{"query without id", CmdQuerySM, nil, "message_id", StatusInvCmdLen},
		{"query id too long", CmdQuerySM, []byte(x(65) + "\x00\x00\x00\x00"), "message_id", StatusInvMsgID},
		{"system_id too long", CmdBindTransceiver, []byte(x(16) + "\x00pw\x00\x00\x34\x00\x00\x00"), "system_id", StatusInvSysID},
		{"password too long", CmdBindTransceiver, []byte("id\x00" + x(65) + "\x00\x00\x34\x00\x00\x00"), "password", StatusInvPaswd},
		{"system_type too long", CmdBindTransceiver, []byte("id\x00pw\x00" + x(13) + "\x00\x34\x00\x00\x00"), "system_type", StatusInvSysTyp},
		{"address_range too long", CmdBindTransceiver, []byte("id\x00pw\x00\x00\x34\x00\x00" + x(41) + "\x00"), "address_range", StatusBindFail},
		{"bind ends early", CmdBindTransceiver, []byte("id\x00pw\x00"), "system_type", StatusInvCmdLen},
		{"multi: dest_flag 3", CmdSubmitMulti, []byte("\x00\x00\x00a\x00\x01\x03"), "dest_flag", StatusInvDestFlag},
		{"multi: fewer than promised", CmdSubmitMulti, []byte("\x00\x00\x00a\x00\xff\x01\x00\x00b\x00"), "dest_flag", StatusInvCmdLen},
		{"multi: list without name", CmdSubmitMulti, []byte("\x00\x00\x00a\x00\x01\x02\x00"), "dl_name", StatusInvDLName},
		{"multi: list name too long", CmdSubmitMulti, []byte("\x00\x00\x00a\x00\x01\x02" + x(21) + "\x00"), "dl_name", StatusInvDLName},
		{"data_sm ends early", CmdDataSM, []byte("\x00\x00\x00a\x00"), "dest_addr", StatusInvCmdLen},
		{"deliver_sm ends early", CmdDeliverSM, body[:10], "source_addr", StatusInvCmdLen},
		{"cancel ends early", CmdCancelSM, []byte("\x00id\x00"), "source_addr", StatusInvCmdLen},
		{"replace text beyond the end", CmdReplaceSM, []byte("id\x00\x00\x00\x00\x00\x00\x00\x00\x09text"), "sm_length", StatusInvMsgLen},
		{"alert ends early", CmdAlertNotification, []byte("\x00\x00a\x00"), "esme_addr", StatusInvCmdLen},
	}
}

func TestBadBodies(t *testing.T) {
	for _, tt := range badBodies(t) {
		t.Run(tt.name, func(t *testing.T) {
			_, p, err := Decode(frameOf(tt.cmd, 0, 1, tt.body))
			var fe *FieldError
			if !errors.As(err, &fe) {
				t.Fatalf("error %v, decoded %v", err, p)
			}
			if fe.Field != tt.field || fe.Status != tt.want || fe.Command != tt.cmd {
				t.Errorf("%s: %s is bad, answered with %s; want %s, %s", fe.Command, fe.Field, fe.Status, tt.field, tt.want)
			}
			if strings.Contains(err.Error(), "xxx") || !strings.Contains(err.Error(), tt.field) {
				t.Errorf("message %q", err)
			}
		})
	}
}

// TestLenientResponses: what a response says has happened already, so its body is read as far as it goes.
func TestLenientResponses(t *testing.T) {
	long := strings.Repeat("9", 200)
	tests := []struct {
		name string
		cmd  CommandID
		st   Status
		body string
		id   string
		bad  bool
	}{
		{"no body, refused", CmdSubmitSMResp, StatusThrottled, "", "", false},
		{"no body, accepted", CmdSubmitSMResp, StatusOK, "", "", false},
		{"empty id", CmdSubmitSMResp, StatusOK, "\x00", "", false},
		{"id without NUL", CmdSubmitSMResp, StatusOK, "38601fa", "38601fa", false},
		{"65 octets", CmdSubmitSMResp, StatusOK, long[:65] + "\x00", long[:65], false},
		{"200 octets without NUL", CmdSubmitSMResp, StatusOK, long, long, false},
		{"garbage behind the id", CmdSubmitSMResp, StatusOK, "38601fa\x00\xff", "38601fa", true},
		{"deliver_sm_resp without body", CmdDeliverSMResp, StatusOK, "", "", false},
		{"data_sm_resp with TLV", CmdDataSMResp, StatusOK, "7\x00\x04\x25\x00\x01\x01", "7", false},
		{"query_sm_resp ends after id", CmdQuerySMResp, StatusOK, "7\x00", "7", true},
		{"bind_receiver_resp of 17 octets", CmdBindReceiverResp, StatusOK, "\x00", "", false},
		{"submit_multi_resp without list", CmdSubmitMultiResp, StatusOK, "7\x00", "7", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, p, err := Decode(frameOf(tt.cmd, tt.st, 1, []byte(tt.body)))
			if (err != nil) != tt.bad {
				t.Errorf("error %v", err)
			}
			id := ""
			switch p := p.(type) {
			case *SubmitSMResp:
				id = p.MessageID
			case *DataSMResp:
				id = p.MessageID
			case *QuerySMResp:
				id = p.MessageID
			case *SubmitMultiResp:
				id = p.MessageID
			}
			if id != tt.id {
				t.Errorf("message id %q, want %q", id, tt.id)
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	long := strings.Repeat("1", 300)
	tests := []struct {
		name, field string
		pdu         PDU
	}{
		{"source too long", "source_addr", &SubmitSM{Source: Address{Addr: long[:21]}}},
		{"NUL in an address", "dest_addr", &SubmitSM{Destination: Address{Addr: "1\x002"}}},
		{"service_type too long", "service_type", &SubmitSM{ServiceType: "CMTXXX"}},
		{"text of 255 octets", "short_message", &SubmitSM{ShortMessage: []byte(long[:255])}},
		{"broken TLVs", "optional parameters", &SubmitSM{TLVs: TLVs{0, 1, 0}}},
		{"system_id too long", "system_id", &Bind{SystemID: long[:16]}},
		{"password too long", "password", &Bind{Password: Secret(long[:65])}},
		{"255 destinations", "number_of_dests", &SubmitMulti{Destinations: make([]Dest, 255)}},
		{"a bad destination", "dest_addr", &SubmitMulti{Destinations: []Dest{{Address: Address{Addr: long}}}}},
		{"256 refused", "no_unsuccess", &SubmitMultiResp{Unsuccess: make([]Unsuccess, 256)}},
		{"message id too long", "message_id", &SubmitSMResp{MessageID: long[:65]}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := []byte("before")
			got, err := Append(before, Header{Sequence: 1}, tt.pdu)
			var fe *FieldError
			if !errors.As(err, &fe) || fe.Field != tt.field {
				t.Fatalf("error %v", err)
			}
			if string(got) != "before" {
				t.Errorf("dst became %q", got)
			}
			if strings.Contains(err.Error(), "111") {
				t.Errorf("the error shows the value: %v", err)
			}
		})
	}
}

func TestDecodeFrame(t *testing.T) {
	if _, _, err := Decode(make([]byte, 15)); err != ErrShort {
		t.Errorf("15 octets: %v", err)
	}
	frame := frameOf(CmdEnquireLink, 0, 1, nil)
	if _, _, err := Decode(append(frame, 0)); err != ErrShort {
		t.Errorf("longer than command_length: %v", err)
	}
	h, p, err := Decode(frameOf(0x1FF, 0, 9, []byte("x")))
	if err != ErrUnknownCommand || p != nil || h.Sequence != 9 {
		t.Errorf("unknown command: %v %v %v", h, p, err)
	}
	if err := DecodeBody(Header{Command: CmdSubmitSM}, nil, new(QuerySM)); err == nil {
		t.Error("a submit_sm was decoded into a query_sm")
	}
	for _, m := range []Mode{Transceiver, Transmitter, Receiver} { // one struct takes all three
		var b Bind
		var r BindResp
		if err := DecodeBody(Header{Command: m.command()}, []byte("a\x00b\x00\x00\x34\x00\x00\x00"), &b); err != nil || b.Mode != m {
			t.Errorf("%v as %v: %v", m, b.Mode, err)
		}
		if err := DecodeBody(Header{Command: m.command().Response()}, []byte("a\x00"), &r); err != nil || r.Mode != m {
			t.Errorf("response %v as %v: %v", m, r.Mode, err)
		}
	}
	if p := Clone[PDU](nil); p != nil {
		t.Errorf("a clone of nothing is %v", p)
	}
}

func TestSecretsAndTextsDoNotPrint(t *testing.T) {
	bind := &Bind{SystemID: "acme", Password: "hunter2"}
	submit := &SubmitSM{Source: alpha, ShortMessage: []byte("meet me at nine")}
	_ = submit.TLVs.Add(TagMessagePayload, []byte("meet me at ten"))
	asJSON, err := json.Marshal(*bind)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("bind", "pdu", bind, "value", *bind, "password", bind.Password)
	all := fmt.Sprintf("%v %+v %#v %s %v %#v %v %v", bind, bind, bind, bind, *bind, *bind, submit, &Outbind{Password: "hunter2"}) + string(asJSON) + logged.String()
	for _, word := range []string{"hunter2", "meet", "nine", "ten"} {
		if strings.Contains(strings.ReplaceAll(all, "octets", ""), word) {
			t.Errorf("%q is shown in %s", word, all)
		}
	}
	if s := Print(submit, true); !strings.Contains(s, "meet me at nine") || !strings.Contains(s, "meet me at ten") {
		t.Errorf("Print with texts: %s", s)
	}
	if s := submit.String(); !strings.Contains(s, "short_message=<15 octets>") || !strings.Contains(s, `source_addr=5/0/"Harkara"`) {
		t.Errorf("String: %s", s)
	}
}

func TestAllocations(t *testing.T) {
	submit, resp := benchSubmit(), &SubmitSMResp{MessageID: "5be9f816f19992a7"}
	buf := make([]byte, 0, 1024)
	frameS, _ := Append(nil, Header{Sequence: 7}, submit)
	frameR, _ := Append(nil, Header{Sequence: 7}, resp)
	deliver := (*DeliverSM)(submit)
	frameD, _ := Append(nil, Header{Sequence: 7}, deliver)
	var s SubmitSM
	var d DeliverSM
	var r SubmitSMResp
	for name, f := range map[string]func(){
		"encode submit_sm":      func() { buf, _ = Append(buf[:0], Header{Sequence: 1}, submit) },
		"encode submit_sm_resp": func() { buf, _ = Append(buf[:0], Header{Sequence: 1}, resp) },
		"encode deliver_sm":     func() { buf, _ = Append(buf[:0], Header{Sequence: 1}, deliver) },
		"decode submit_sm":      func() { _ = DecodeBody(Header{Command: CmdSubmitSM}, frameS[HeaderSize:], &s) },
		"decode submit_sm_resp": func() { _ = DecodeBody(Header{Command: CmdSubmitSMResp}, frameR[HeaderSize:], &r) },
		"decode deliver_sm":     func() { _ = DecodeBody(Header{Command: CmdDeliverSM}, frameD[HeaderSize:], &d) },
	} {
		if n := testing.AllocsPerRun(1000, f); n >= 1 && !raceEnabled { // sync.Pool drops at random under -race
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		CmdSubmitSM.String(): "submit_sm", CommandID(0x1FF).String(): "command 0x1ff",
		StatusThrottled.String(): "ESME_RTHROTTLED", Status(0x411).String(): "status 0x411",
		StatusThrottled.Describe(): "throttling: allowed message rate exceeded", Status(0x411).Describe(): "",
		TagMessagePayload.String(): "message_payload", Tag(0x1411).String(): "tag_0x1411",
		Transceiver.String(): "transceiver", Mode(7).String(): "mode 7", Receiver.String() + Transmitter.String(): "receivertransmitter",
		StateUndeliverable.String(): "UNDELIVERABLE", NoState.String(): "NONE", MessageState(77).String(): "state 77",
		ESME.String() + SMSC.String(): "ESMESMSC", Inbound.String() + Outbound.String(): "inout",
		TimedOut.String(): "timed out", Outcome(9).String(): "outcome?", LateResponse.String(): "late", UnexpectedKind(99).String(): "?",
		(&StatusError{CmdSubmitSMResp, StatusMsgQFul}).Error(): "smpp: submit_sm_resp: ESME_RMSGQFUL (message queue full)",
		(&StatusError{CmdSubmitSMResp, 0x411}).Error():         "smpp: submit_sm_resp: status 0x411",
		Header{Command: CmdUnbind, Sequence: 4}.String():       "unbind seq=4 ESME_ROK",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for i := range commands {
		c := commands[i].id
		p := New(c)
		if p == nil || p.Command() != c || !strings.HasPrefix(p.String(), c.String()) {
			t.Errorf("New(%s) is %v", c, p)
		}
		if has := c.HasResponse(); has && New(c.Response()) == nil {
			t.Errorf("%s has a response that is unknown", c)
		}
	}
	if CmdAlertNotification.HasResponse() || CmdOutbind.HasResponse() || CmdSubmitSMResp.HasResponse() || CommandID(0x1FF).HasResponse() {
		t.Error("HasResponse is true for what has none")
	}
	if New(0x1FF) != nil {
		t.Error("New(0x1FF) is something")
	}
}
