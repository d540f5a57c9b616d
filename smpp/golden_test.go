package smpp

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*.hex anew")

// goldenPDU is one PDU with every field set, as it is in testdata/<name>.hex.
type goldenPDU struct {
	name   string
	header Header
	pdu    PDU
}

func withTLVs(add func(*TLVs)) TLVs {
	var t TLVs
	add(&t)
	return t
}

var someTLVs = withTLVs(func(t *TLVs) {
	t.AddUint16(TagUserMessageReference, 0x1234)
	_ = t.Add(TagAlertOnMessageDelivery, nil) // zero length
	t.AddUint8(TagMoreMessagesToSend, 1)
	t.AddUint8(TagMoreMessagesToSend, 0) // twice
	_ = t.Add(Tag(0x1403), []byte("47001"))
})

var (
	alpha = Address{TONAlphanumeric, NPIUnknown, "Harkara"}
	phone = Address{TONInternational, NPIISDN, "8801712345678"}
)

var submitGolden = SubmitSM{ServiceType: "CMT", Source: alpha, Destination: phone, ESMClass: EsmUDHI | EsmStoreForward,
	ProtocolID: 0x41, PriorityFlag: 1, ScheduleDeliveryTime: "261124221500000+", ValidityPeriod: "000001000000000R",
	RegisteredDelivery: ReceiptAlways, ReplaceIfPresent: 1, DataCoding: CodingUCS2, SMDefaultMsgID: 3,
	ShortMessage: []byte("\x05\x00\x03\x2a\x02\x01\x00H\x00i"), TLVs: someTLVs}

var golden = []goldenPDU{
	{"bind_transmitter", Header{Sequence: 1}, &Bind{Mode: Transmitter, SystemID: "SMPP3TEST", Password: "secret08",
		SystemType: "SUBMIT1", AddrTON: 1, AddrNPI: 1}},
	{"bind_receiver", Header{Sequence: 2}, &Bind{Mode: Receiver, SystemID: "acme", Password: "pw", InterfaceVersion: Version34, AddressRange: "^88017"}},
	{"bind_transceiver", Header{Sequence: 3}, &Bind{Mode: Transceiver, SystemID: "acme", Password: "pw", InterfaceVersion: Version34}},
	{"bind_transmitter_resp", Header{Sequence: 1}, &BindResp{Mode: Transmitter, SystemID: "smsc"}},
	{"bind_receiver_resp", Header{Sequence: 2, Status: StatusInvPaswd}, &BindResp{Mode: Receiver}},
	{"bind_transceiver_resp", Header{Sequence: 3}, &BindResp{Mode: Transceiver, SystemID: "smsc",
		TLVs: withTLVs(func(t *TLVs) { t.AddUint8(TagSCInterfaceVersion, Version34) })}},
	{"outbind", Header{Sequence: 4}, &Outbind{SystemID: "smsc", Password: "pw"}},
	{"unbind", Header{Sequence: 5}, &Unbind{}},
	{"unbind_resp", Header{Sequence: 5}, &UnbindResp{}},
	{"generic_nack", Header{Sequence: 6, Status: StatusInvCmdID}, &GenericNack{}},
	{"enquire_link", Header{Sequence: MaxSequence}, &EnquireLink{}},
	{"enquire_link_resp", Header{Sequence: MaxSequence}, &EnquireLinkResp{}},
	{"submit_sm", Header{Sequence: 7}, &submitGolden},
	{"submit_sm_minimal", Header{Sequence: 8}, &SubmitSM{}},
	{"submit_sm_payload", Header{Sequence: 9}, &SubmitSM{Source: alpha, Destination: phone,
		TLVs: withTLVs(func(t *TLVs) { _ = t.Add(TagMessagePayload, []byte("a longer text")) })}},
	{"submit_sm_resp", Header{Sequence: 7}, &SubmitSMResp{MessageID: "38601fa"}},
	{"submit_sm_resp_refused", Header{Sequence: 8, Status: StatusThrottled}, &SubmitSMResp{}},
	{"deliver_sm", Header{Sequence: 10}, &DeliverSM{Source: phone, Destination: Address{TONNetworkSpecific, NPIUnknown, "16247"}, ESMClass: EsmReceipt,
		ShortMessage: []byte("id:0059113978 sub:001 dlvrd:001 submit date:2611242200 done date:2611242201 stat:DELIVRD err:000 text:Hi"),
		TLVs: withTLVs(func(t *TLVs) {
			_ = t.AddText(TagReceiptedMessageID, "38601fa")
			t.AddUint8(TagMessageState, uint8(StateDelivered))
			t.AddNetworkErrorCode(NetworkError{Type: 3, Code: 0})
		})}},
	{"deliver_sm_resp", Header{Sequence: 10}, &DeliverSMResp{}},
	{"deliver_sm_resp_refused", Header{Sequence: 11, Status: StatusRxTAppn}, &DeliverSMResp{}},
	{"data_sm", Header{Sequence: 12}, &DataSM{ServiceType: "WAP", Source: alpha, Destination: phone, ESMClass: EsmForward,
		RegisteredDelivery: ReceiptOnFailure, DataCoding: CodingBinary, TLVs: withTLVs(func(t *TLVs) { _ = t.Add(TagMessagePayload, []byte{0, 1, 2, 255}) })}},
	{"data_sm_resp", Header{Sequence: 12}, &DataSMResp{MessageID: "9", TLVs: withTLVs(func(t *TLVs) { t.AddUint8(TagDeliveryFailureReason, 1) })}},
	{"submit_multi", Header{Sequence: 13}, &SubmitMulti{Source: alpha, Destinations: []Dest{{Address: phone}, {List: "friends"}, {Address: Address{Addr: "123"}}},
		RegisteredDelivery: ReceiptAlways, ValidityPeriod: "000000010000000R", ShortMessage: []byte("Hi all"), TLVs: someTLVs}},
	{"submit_multi_resp", Header{Sequence: 13}, &SubmitMultiResp{MessageID: "77", Unsuccess: []Unsuccess{{phone, StatusInvDstAdr}, {Address{Addr: "123"}, 0x0400}}}},
	{"query_sm", Header{Sequence: 14}, &QuerySM{MessageID: "38601fa", Source: alpha}},
	{"query_sm_resp", Header{Sequence: 14}, &QuerySMResp{MessageID: "38601fa", FinalDate: "261124221501000+", State: StateDelivered, ErrorCode: 0}},
	{"cancel_sm", Header{Sequence: 15}, &CancelSM{ServiceType: "CMT", MessageID: "38601fa", Source: alpha, Destination: phone}},
	{"cancel_sm_resp", Header{Sequence: 15, Status: StatusCancelFail}, &CancelSMResp{}},
	{"replace_sm", Header{Sequence: 16}, &ReplaceSM{MessageID: "38601fa", Source: alpha, ValidityPeriod: "000002000000000R", RegisteredDelivery: 1,
		SMDefaultMsgID: 2, ShortMessage: []byte("another text")}},
	{"replace_sm_resp", Header{Sequence: 16}, &ReplaceSMResp{}},
	{"alert_notification", Header{Sequence: 17}, &AlertNotification{Source: phone, ESME: Address{Addr: "acme"},
		TLVs: withTLVs(func(t *TLVs) { t.AddUint8(TagMsAvailabilityStatus, 0) })}},

	{"bind_transceiver_50", Header{Sequence: 18}, &Bind{Mode: Transceiver, SystemID: "acme", Password: "pw", InterfaceVersion: Version50}},
	{"submit_sm_50", Header{Sequence: 19}, &SubmitSM{Source: alpha, Destination: phone, ShortMessage: []byte("ported"), TLVs: submit50TLVs}},
	{"submit_sm_resp_50", Header{Sequence: 19}, &SubmitSMResp{MessageID: "38601fb", TLVs: withTLVs(func(t *TLVs) { t.AddCongestionState(85) })}},
	{"broadcast_sm", Header{Sequence: 20}, &BroadcastSM{ServiceType: "CBS", Source: alpha, PriorityFlag: 1, ScheduleDeliveryTime: "261124221500000+",
		ValidityPeriod: "000001000000000R", DataCoding: CodingLatin1, SMDefaultMsgID: 4, TLVs: broadcastTLVs}},
	{"broadcast_sm_resp", Header{Sequence: 20}, &BroadcastSMResp{MessageID: "b1", TLVs: withTLVs(func(t *TLVs) {
		t.AddUint32(TagBroadcastErrorStatus, uint32(StatusInvBcastAreaFmt))
		_ = t.AddBroadcastArea(BroadcastArea{0, []byte("Atlantis")})
	})}},
	{"query_broadcast_sm", Header{Sequence: 21}, &QueryBroadcastSM{MessageID: "b1", Source: alpha}},
	{"query_broadcast_sm_resp", Header{Sequence: 21}, &QueryBroadcastSMResp{MessageID: "b1", TLVs: withTLVs(func(t *TLVs) {
		t.AddUint8(TagMessageState, uint8(StateDelivered))
		_ = t.AddBroadcastArea(BroadcastArea{0, []byte("Dhaka")})
		t.AddUint8(TagBroadcastAreaSuccess, 97)
		_ = t.AddText(TagBroadcastEndTime, "261124231500000+")
	})}},
	{"cancel_broadcast_sm", Header{Sequence: 22}, &CancelBroadcastSM{ServiceType: "CBS", MessageID: "b1", Source: alpha,
		TLVs: withTLVs(func(t *TLVs) { t.AddBroadcastContentType(BroadcastContent{1, 1}) })}},
	{"cancel_broadcast_sm_resp", Header{Sequence: 22, Status: StatusBcastCancelFail}, &CancelBroadcastSMResp{}},
}

// The optional parameters that SMPP 5.0 adds to submit_sm (§4.2.4) and needs in broadcast_sm (§4.4.1.1).
var (
	submit50TLVs = withTLVs(func(t *TLVs) {
		_ = t.Add(TagBillingIdentification, []byte("\x01bill"))
		t.AddUint8(TagDestAddrNPResolution, 1)
		_ = t.Add(TagDestAddrNPInformation, []byte("1234567890"))
		t.AddUint32(TagDestAddrNPCountry, 880)
		_ = t.AddText(TagSourceNetworkID, "H47001")
		_ = t.AddText(TagDestNetworkID, "H47002")
		_ = t.Add(TagSourceNodeID, []byte("000001"))
		_ = t.Add(TagDestNodeID, []byte("000002"))
	})
	broadcastTLVs = withTLVs(func(t *TLVs) {
		_ = t.AddBroadcastArea(BroadcastArea{0, []byte("Dhaka")})
		_ = t.AddBroadcastArea(BroadcastArea{0, []byte("Khulna")})
		t.AddBroadcastContentType(BroadcastContent{1, 0x0001})
		t.AddUint16(TagBroadcastRepNum, 3)
		t.AddBroadcastFrequencyInterval(BroadcastInterval{9, 15})
		t.AddUint8(TagBroadcastChannelIndicator, 0)
		t.AddUint8(TagBroadcastMessageClass, 1)
		_ = t.Add(TagBroadcastContentTypeInfo, []byte("info"))
		_ = t.Add(TagBroadcastServiceGroup, []byte("group"))
		_ = t.Add(TagMessagePayload, []byte("Cyclone warning"))
	})
)

// TestGolden holds every PDU against octets that another implementation has read as well (see
// TestGoldenByTshark): encoding must give them, and decoding them the PDU.
func TestGolden(t *testing.T) {
	seen := map[CommandID]bool{}
	for _, g := range golden {
		t.Run(g.name, func(t *testing.T) {
			seen[g.pdu.Command()] = true
			frame, err := Append(nil, g.header, g.pdu)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", g.name+".hex")
			if *update {
				writeHex(t, path, frame, g)
			}
			want := readHex(t, path)
			if !bytes.Equal(frame, want) {
				t.Fatalf("encoded\n%x\nwant\n%x", frame, want)
			}
			h, p, err := Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if h.Sequence != g.header.Sequence || h.Status != g.header.Status || int(h.Length) != len(want) || h.Command != g.pdu.Command() {
				t.Errorf("header %+v", h)
			}
			if !reflect.DeepEqual(Clone(p), normal(g.pdu)) {
				t.Errorf("decoded %#v\nwant    %#v", p, g.pdu)
			}
		})
	}
	for _, c := range commands {
		if !seen[c.id] {
			t.Errorf("no golden PDU for %s", c.name)
		}
	}
}

// normal is the PDU as decoding gives it: an empty message is an empty slice.
func normal(p PDU) PDU {
	q := Clone(p)
	switch q := q.(type) {
	case *SubmitSM:
		if q.ShortMessage == nil {
			q.ShortMessage = []byte{}
		}
	}
	return q
}

// writeHex writes the octets, 16 a line, with the PDU in a comment.
func writeHex(t *testing.T, path string, frame []byte, g goldenPDU) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", Print(g.pdu, true))
	for i := 0; i < len(frame); i += 16 {
		fmt.Fprintf(&b, "% x\n", frame[i:min(i+16, len(frame))])
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readHex reads octets in hexadecimal; # begins a comment.
func readHex(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return b
}

// TestSpecificationExample holds the golden bind_transmitter against the example of SMPP 3.4 §3.2.
func TestSpecificationExample(t *testing.T) {
	want, err := hex.DecodeString(strings.ReplaceAll(
		"00 00 00 2F 00 00 00 02 00 00 00 00 00 00 00 01 53 4D 50 50 33 54 45 53 54 00 73 65 63 72 65 74 30 38 00 "+
			"53 55 42 4D 49 54 31 00 00 01 01 00", " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	if got := readHex(t, "testdata/bind_transmitter.hex"); !bytes.Equal(got, want) {
		t.Errorf("golden file\n%x\nspecification\n%x", got, want)
	}
}
