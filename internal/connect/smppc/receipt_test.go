package smppc

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// tlvs are the optional parameters of a test's PDU.
func tlvs(add ...func(*smpp.TLVs)) smpp.TLVs {
	var t smpp.TLVs
	for _, f := range add {
		f(&t)
	}
	return t
}

func idTLV(id string) func(*smpp.TLVs) {
	return func(t *smpp.TLVs) { _ = t.AddText(smpp.TagReceiptedMessageID, id) } // short
}

func stateTLV(s smpp.MessageState) func(*smpp.TLVs) {
	return func(t *smpp.TLVs) { t.AddUint8(smpp.TagMessageState, uint8(s)) }
}

func rawTLV(tag smpp.Tag, v string) func(*smpp.TLVs) {
	return func(t *smpp.TLVs) { _ = t.Add(tag, []byte(v)) } // short
}

// The receipts of the field (reliability.md §3), each with the id of the
// response that it belongs to.
var receiptSamples = []struct {
	name  string
	text  string
	tlvs  smpp.TLVs
	resp  string // id in submit_sm_resp; empty: the sample names none
	state sms.PartState
	code  string
	raw   string // empty: as the text
}{
	{"1 appendix B", "id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 text:testing", nil, "123456789", sms.PartDelivered, "000",
		"id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000"},
	{"2 capital Text", "id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 Text:Hello", nil, "0123456789", sms.PartDelivered, "000",
		"id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000"},
	{"3 without counts", "id:1526758174 submit date:1701240904 done date:1701250907 stat:DELIVRD err:000 text:hellow", nil, "1526758174", sms.PartDelivered, "000",
		"id:1526758174 submit date:1701240904 done date:1701250907 stat:DELIVRD err:000"},
	{"4 without text", "id:0654354026 submit date:2302101454 done date:2302101454 stat:DELIVRD err:000", nil, "0654354026", sms.PartDelivered, "000", ""},
	{"5 hash and TLV", "id:5be9f816f19992a78c8e26442f8afa50 submit date:2302101454 done date:2302101454 stat:DELIVRD err:000", tlvs(stateTLV(2)), "5BE9F816F19992A78C8E26442F8AFA50", sms.PartDelivered, "000",
		"id:5be9f816f19992a78c8e26442f8afa50 submit date:2302101454 done date:2302101454 stat:DELIVRD err:000 message_state=02"},
	{"6 UUID and seconds", "id:74e02ee1-4e2f-4a6e-a78b-4b247d756a22 sub:001 dlvrd:001 submit date:110206193041 done date:110206193110 stat:DELIVRD err:000 text:", nil, "74e02ee1-4e2f-4a6e-a78b-4b247d756a22", sms.PartDelivered, "000",
		"id:74e02ee1-4e2f-4a6e-a78b-4b247d756a22 sub:001 dlvrd:001 submit date:110206193041 done date:110206193110 stat:DELIVRD err:000"},
	{"7 upper case", "id:2E179B310EDE971B2760C72B7F026E1B submit date:20110314181534 done date:20110314181741 stat:DELIVRD err:0", nil, "2e179b310ede971b2760c72b7f026e1b", sms.PartDelivered, "0", ""},
	{"8 twelve digits", "id:c87c2273-7b52-4f5c-9d6d-3f0a6f3b1d1e submit date:201506201641 done date:201506201641 stat:DELIVRD err:000", nil, "C87C2273-7B52-4F5C-9D6D-3F0A6F3B1D1E", sms.PartDelivered, "000", ""},
	{"9 SMPP time", "id:rdwjwxns18krxr9936ey96ymcw sub:000 dlvrd:000 submit date:180711070003912+ done date:180711070000012+ stat:UNDELIV err:000", nil, "rdwjwxns18krxr9936ey96ymcw", sms.PartUndelivered, "000", ""},
	{"10 hex error", "id:577e505a-1 submit date:2408201338 done date:240820093823 stat:REJECTD err:00B text:You", nil, "577e505a-1", sms.PartRejected, "00B",
		"id:577e505a-1 submit date:2408201338 done date:240820093823 stat:REJECTD err:00B"},
	{"11 text not last", "sub:001 id:74e0 err:000 dlvrd:001 done date:1102061931 submit date:1102061930 text: stat:DELIVRD", nil, "74e0", sms.PartDelivered, "000",
		"sub:001 id:74e0 err:000 dlvrd:001 done date:1102061931 submit date:1102061930 stat:DELIVRD"},
	{"11 text not last, with text", "sub:001 id:74e0 err:000 text:Canary7351 stat:DELIVRD", nil, "74e0", sms.PartDelivered, "000",
		"sub:001 id:74e0 err:000 stat:DELIVRD"},
	{"12 state only", "stat:DELIVRD", nil, "", sms.PartDelivered, "", ""},
	{"13 id in TLV", "sub:001 dlvrd:001 submit date:2407190905 done date:2407190906 stat:UNDELIV err:000 text:dlink/veri", tlvs(idTLV("ab12")), "ab12", sms.PartUndelivered, "000",
		"sub:001 dlvrd:001 submit date:2407190905 done date:2407190906 stat:UNDELIV err:000 receipted_message_id=6162313200"},
	{"14 no blanks", "id:0118Z-0122I-2309U-57DGB sub:000 dlvrd:000 submitdate:180122230957 donedate:000000000000 stat:REJECTED err:375 text:", nil, "0118z-0122i-2309u-57dgb", sms.PartRejected, "375",
		"id:0118Z-0122I-2309U-57DGB sub:000 dlvrd:000 submitdate:180122230957 donedate:000000000000 stat:REJECTED err:375"},
	{"15 FAILED", "id:1216080510463401720 sub:001 dlvrd:001 submit date:1608051046 done date:0000000000 stat:FAILED err:002 Text:   ", nil, "1216080510463401720", sms.PartUndelivered, "002",
		"id:1216080510463401720 sub:001 dlvrd:001 submit date:1608051046 done date:0000000000 stat:FAILED err:002"},
	{"16 numeric state", "id:77 sub:1 dlvrd:1 submit date:1608051046 done date:1608051046 stat:2 err:0 text:If a general electio", nil, "77", sms.PartDelivered, "0",
		"id:77 sub:1 dlvrd:1 submit date:1608051046 done date:1608051046 stat:2 err:0"},
	{"16 numeric state 0", "id:77 sub:1 dlvrd:1 submit date:1608051046 done date:1608051046 stat:0 err:0 text:If a general electio", nil, "77", sms.PartSent, "0",
		"id:77 sub:1 dlvrd:1 submit date:1608051046 done date:1608051046 stat:0 err:0"},
	{"17 null", "id:77 sub:null dlvrd:null submit date:null done date:null stat:DELIVRD err:null text:Meep", nil, "77", sms.PartDelivered, "",
		"id:77 sub:null dlvrd:null submit date:null done date:null stat:DELIVRD err:null"},
	{"18 binary text", "id:68673723 sub:1 dlvrd:13 submit date:1909301545 done date:1909301545 stat:DELIVRD err:0 Text:\x04\x1a", nil, "68673723", sms.PartDelivered, "0",
		"id:68673723 sub:1 dlvrd:13 submit date:1909301545 done date:1909301545 stat:DELIVRD err:0"},
	{"19 vendor TLVs", "id:117062714244798261 sub:001 dlvrd:001 submit date:1909301545 done date:1909301545 stat:DELIVRD err:0000 text:H\x1bello world",
		tlvs(rawTLV(smpp.TagNetworkErrorCode, "\x03\x00\x00"), rawTLV(0x1454, "x"), rawTLV(0x1418, "y")), "117062714244798261", sms.PartDelivered, "0000",
		"id:117062714244798261 sub:001 dlvrd:001 submit date:1909301545 done date:1909301545 stat:DELIVRD err:0000 network_error_code=030000"},
	{"20 skipped", "id:e9ca671b sub:001 dlvrd:000 submit date:1909301545 done date:1909301545 stat:UNKNOWN err:4A6 text:", tlvs(stateTLV(9)), "E9CA671B", sms.PartUndelivered, "4A6",
		"id:e9ca671b sub:001 dlvrd:000 submit date:1909301545 done date:1909301545 stat:UNKNOWN err:4A6 message_state=09"},
	{"21 counts always 000", "id:e731049e9fc84e61 sub:000 dlvrd:000 submit date:1909301545 done date:1909301545 stat:DELIVRD err:000 text:", nil, "E731049E9FC84E61", sms.PartDelivered, "000",
		"id:e731049e9fc84e61 sub:000 dlvrd:000 submit date:1909301545 done date:1909301545 stat:DELIVRD err:000"},
	{"22 intermediate", "id:44191696 sub:001 dlvrd:000 submit date:1909301545 done date:1909301545 stat:ENROUTE err:000", nil, "44191696", sms.PartSent, "000", ""},
	{"23 Vonage", "id:2a1f0f1d sub:001 dlvrd:000 submit date:1909301545 done date:1909301545 stat:FAILED err:051 text:none", nil, "2a1f0f1d", sms.PartUndelivered, "051",
		"id:2a1f0f1d sub:001 dlvrd:000 submit date:1909301545 done date:1909301545 stat:FAILED err:051"},
	{"24 text decimal, TLV hex, response hex", "id:0059113978 stat:DELIVRD", tlvs(idTLV("38601fa")), "38601FA", sms.PartDelivered, "", "id:0059113978 stat:DELIVRD receipted_message_id=3338363031666100"},
	{"24 text decimal, TLV hex, response decimal", "id:0059113978 stat:DELIVRD", tlvs(idTLV("38601fa")), "59113978", sms.PartDelivered, "", "id:0059113978 stat:DELIVRD receipted_message_id=3338363031666100"},
	{"25 NUL behind", "id:0000436949 submit date:1504211508 done date:1504211508 stat:DELIVRD err:000\x00", tlvs(idTLV("6aad5")), "6AAD5", sms.PartDelivered, "000",
		"id:0000436949 submit date:1504211508 done date:1504211508 stat:DELIVRD err:000 receipted_message_id=366161643500"},
	{"26 no appendix B", "362d9701 2", tlvs(idTLV("362d9701"), stateTLV(2)), "362d9701", sms.PartDelivered, "", "receipted_message_id=333632643937303100 message_state=02"},
	{"27 TLVs only", "", tlvs(idTLV("362d9701"), stateTLV(5)), "362d9701", sms.PartUndelivered, "0x05", "receipted_message_id=333632643937303100 message_state=05"},
	{"27 with network error", "", tlvs(idTLV("362d9701"), stateTLV(5), rawTLV(smpp.TagNetworkErrorCode, "\x03\x00\x21")), "362d9701", sms.PartUndelivered, "3/33",
		"receipted_message_id=333632643937303100 message_state=05 network_error_code=030021"},
	{"28 extra fields", "id:40072910491419819 submit date:1504211508 done date:1504211508 stat:UNDELIV err:001 IMSI: MSC: ORN:VipNet MCCMNC:", nil, "40072910491419819", sms.PartUndelivered, "001", ""},
	{"29 hex id", "id:4D19C83C sub:001 stat:DELIVRD err:000 text:Gu25 MCC=270 MNC=1 BillingMNC=1", tlvs(rawTLV(0x060D, "1")), "4d19c83c", sms.PartDelivered, "000", "id:4D19C83C sub:001 stat:DELIVRD err:000"},
	{"30 prefix before the key", "XMS=id:86 submit date:1504211508 done date:1504211508 stat:DELIVRD", nil, "86", sms.PartDelivered, "", ""},
	{"31 capital Dlvrd", "id:1235 sub:001 Dlvrd:1 submit date:1504211508 done date:1504211508 stat:DELIVRD err:0 text:aha", nil, "1235", sms.PartDelivered, "0",
		"id:1235 sub:001 Dlvrd:1 submit date:1504211508 done date:1504211508 stat:DELIVRD err:0"},
	{"32 text not ASCII", "id:418436154 stat:DELIVRD err:000 text:\x84A\x89O\x88 ENTO\x84H. \x8cAPAKA", tlvs(idTLV("18d0e03a")), "18D0E03A", sms.PartDelivered, "000",
		"id:418436154 stat:DELIVRD err:000 receipted_message_id=313864306530336100"},
	{"33 ACCEPTD", "id:881444543 sub:001 dlvrd:000 submit date:1504211508 done date:1504211508 stat:ACCEPTD err:000 text:ACK/OK", nil, "881444543", sms.PartSent, "000",
		"id:881444543 sub:001 dlvrd:000 submit date:1504211508 done date:1504211508 stat:ACCEPTD err:000"},
	{"34 ACCEPTD before the end", "id:1101c1-c9d03d-f000 stat:ACCEPTD", nil, "1101C1-C9D03D-F000", sms.PartSent, "", ""},
	{"34 other case", "id:1101c1-c9d03d-f000 stat:UNDELIV", nil, "1101C1-C9D03D-F000", sms.PartUndelivered, "0x05", ""},
	{"TLV and text disagree", "id:7 stat:DELIVRD err:000", tlvs(stateTLV(1)), "7", sms.PartDelivered, "000", "id:7 stat:DELIVRD err:000 message_state=01"},
	{"expired", "id:7 stat:EXPIRED err:", nil, "7", sms.PartExpired, "0x03", ""},
	{"deleted", "id:7 stat:DELETED err:007", nil, "7", sms.PartUndelivered, "007", ""},
	{"unknown is no end", "id:7 stat:UNKNOWN err:007", nil, "7", sms.PartSent, "007", ""},
	{"a word that nobody knows", "id:7 stat:WHATEVR err:007", nil, "7", sms.PartSent, "007", ""},
}

func TestReceiptSamples(t *testing.T) {
	cfg := parsed(t, "")
	for _, tt := range receiptSamples {
		for _, how := range []string{"deliver_sm", "payload", "data_sm", "UCS-2"} {
			t.Run(tt.name+"/"+how, func(t *testing.T) {
				got := readSample(t, cfg, how, tt.text, tt.tlvs)
				if len(got.Forms) != len(got.IDs) {
					t.Errorf("%d forms of %d ids", len(got.Forms), len(got.IDs))
				}
				if got.State != tt.state || got.Code != tt.code {
					t.Errorf("%v with code %q, want %v with %q", got.State, got.Code, tt.state, tt.code)
				}
				if key := smpp.MessageIDKey(tt.resp); tt.resp != "" && !slices.Contains(got.IDs, key) {
					t.Errorf("ids %q lack %q", got.IDs, key)
				}
				if tt.resp == "" && len(got.IDs) != 0 {
					t.Errorf("ids %q out of nothing", got.IDs)
				}
				want := tt.raw
				if want == "" {
					want = tt.text
				}
				if got.Raw != want {
					t.Errorf("raw %q\nwant %q", got.Raw, want)
				}
				if !got.At.Equal(noon) {
					t.Errorf("at %v", got.At)
				}
			})
		}
	}
}

// readSample reads a receipt in one of the forms in which it may come.
func readSample(t *testing.T, cfg *settings, how, text string, params smpp.TLVs) sms.Receipt {
	t.Helper()
	octets, coding := []byte(text), smpp.CodingDefault
	if how == "UCS-2" {
		octets, coding = nil, smpp.CodingUCS2
		for _, c := range []byte(text) {
			octets = append(octets, 0, c)
		}
	}
	var p smpp.PDU = &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, DataCoding: coding, ShortMessage: octets, TLVs: params}
	if how == "payload" || how == "data_sm" {
		all := slices.Clone(params)
		if len(octets) > 0 {
			if err := all.Add(smpp.TagMessagePayload, octets); err != nil {
				t.Fatal(err)
			}
		}
		p = &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, TLVs: all}
		if how == "data_sm" {
			p = &smpp.DataSM{ESMClass: smpp.EsmReceipt, TLVs: all}
		}
	}
	m, ok := readMessage(p)
	if !ok {
		t.Fatal("not a message")
	}
	got, ok := cfg.receipt(m, noon)
	if !ok {
		t.Fatal("not a receipt")
	}
	return got
}

func TestReceiptOrNot(t *testing.T) {
	text := []byte("id:7 stat:DELIVRD")
	tests := []struct {
		name     string
		settings string
		pdu      smpp.PDU
		receipt  bool
		state    sms.PartState
	}{
		{"plain text", "", &smpp.DeliverSM{ShortMessage: text}, false, 0},
		{"plain text, by the setting", `"receipts_without_flag": true`, &smpp.DeliverSM{ShortMessage: text}, true, sms.PartDelivered},
		{"TLV is enough", "", &smpp.DeliverSM{ShortMessage: text, TLVs: tlvs(idTLV("7"))}, true, sms.PartDelivered},
		{"handset's acknowledgement", `"receipts_without_flag": true`, &smpp.DeliverSM{ESMClass: smpp.EsmDeliveryAck, ShortMessage: text}, false, 0},
		{"intermediate notification is no end", "", &smpp.DeliverSM{ESMClass: smpp.EsmIntermediateReceipt, ShortMessage: text}, true, sms.PartSent},
		{"with a UDHI beside it", "", &smpp.DeliverSM{ESMClass: smpp.EsmReceipt | smpp.EsmReplyPath, ShortMessage: text}, true, sms.PartDelivered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, _ := readMessage(tt.pdu)
			r, ok := parsed(t, tt.settings).receipt(m, noon)
			if ok != tt.receipt || r.State != tt.state {
				t.Errorf("receipt %v, %v; want %v, %v", ok, r.State, tt.receipt, tt.state)
			}
		})
	}
	if _, ok := readMessage(new(smpp.AlertNotification)); ok {
		t.Error("alert_notification is a message")
	}
}

func TestReceiptTo(t *testing.T) {
	addr := func(s string) smpp.Address { return smpp.Address{Addr: s} }
	tests := []struct{ setting, source, want string }{
		{"source", "8801712345678", "8801712345678"},
		{"source", "+8801712345678", "8801712345678"},
		{"source", "008801712345678", "8801712345678"},
		{"source", "01712345678", "01712345678"}, // national form, see sms.SameNumber
		{"source", "16789", ""},                  // they did not swap the addresses
		{"source", "Harkara", ""},
		{"source", "", ""},
		{"source", "88017123456789012", ""},
		{"destination", "x", "8801799999999"},
		{"none", "8801712345678", ""},
	}
	for _, tt := range tests {
		m, _ := readMessage(&smpp.DeliverSM{ESMClass: smpp.EsmReceipt, Source: addr(tt.source), Destination: addr("8801799999999")})
		if got := parsed(t, `"receipt_to": "`+tt.setting+`"`).receiptTo(m); got != tt.want {
			t.Errorf("%s %q: to %q, want %q", tt.setting, tt.source, got, tt.want)
		}
	}
}

func TestReceiptIDSetting(t *testing.T) {
	tests := []struct {
		setting, text, tlv string
		want               []string
	}{
		{"auto", "10", "", []string{"10", "16", "a"}},
		{"auto", "0059113978", "38601FA", []string{"38601fa", "59113978", "1494301048", "38601fa"}},
		{"same", "010", "", []string{"10"}},
		{"same", "10", "11", []string{"11", "10"}},
		{"decimal", "10", "", []string{"a"}},
		{"decimal", "a", "", []string{"a"}}, // hex digits where a decimal was promised
		{"decimal", "10", "a", []string{"a"}},
		{"hex", "10", "", []string{"16"}},
		{"hex", "10", "16", []string{"16", "22"}},
		{"hex", "0118Z", "", []string{"0118z"}},
		{"decimal", "5", "", []string{"5"}},
		{"auto", "", "", nil},
		{"auto", `"'`, "", nil},
		{"auto", strings.Repeat("x", 129), "", nil},
	}
	for _, tt := range tests {
		cfg := parsed(t, `"receipt_id": "`+tt.setting+`"`)
		want := slices.Compact(tt.want)
		if tt.setting == "auto" && tt.tlv != "" {
			want = tt.want[:3]
		}
		if got, forms := cfg.receiptIDs(smpp.Receipt{TextID: tt.text, TLVID: tt.tlv}); !slices.Equal(got, want) || len(forms) != len(got) {
			t.Errorf("%s, text %q, TLV %q: %q, want %q", tt.setting, tt.text, tt.tlv, got, want)
		}
	}
}

// Whatever spelling of one id the response uses and whatever the receipt, in
// text or TLV: they meet, whether the setting says so or nothing.
func TestReceiptIDSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "number"))
		spell := func(label string) (string, bool) {
			hex := rapid.Bool().Draw(t, label+" is hex")
			s := n.Text(map[bool]int{true: 16, false: 10}[hex])
			if rapid.Bool().Draw(t, label+" is upper") {
				s = strings.ToUpper(s)
			}
			s = strings.Repeat("0", rapid.IntRange(0, 12).Draw(t, label+" zeros")) + s
			if hex && rapid.Bool().Draw(t, label+" has a prefix") {
				s = "0x" + s
			}
			return s, hex
		}
		response, responseHex := spell("response")
		receipt, receiptHex := spell("receipt")
		setting := "same"
		switch {
		case rapid.Bool().Draw(t, "auto"):
			setting = "auto"
		case responseHex && !receiptHex:
			setting = "decimal"
		case !responseHex && receiptHex:
			setting = "hex"
		}
		r := smpp.Receipt{TextID: receipt}
		if rapid.Bool().Draw(t, "in TLV") {
			r = smpp.Receipt{TLVID: receipt}
		}
		cfg := defaults()
		cfg.ReceiptID = setting
		if got, _ := cfg.receiptIDs(r); !slices.Contains(got, smpp.MessageIDKey(response)) {
			t.Fatalf("%s: response %q is stored as %q, receipt %q looks for %q", setting, response, smpp.MessageIDKey(response), receipt, got)
		}
	})
}

// No receipt is too odd to read, and none gives the text away.
func FuzzReceipt(f *testing.F) {
	f.Add([]byte(`id:" stat:x`), []byte{}, uint8(0))
	f.Add([]byte("id:1 stat:x"), bytes.Repeat(tlvs(stateTLV(2)), 1000), uint8(0))
	for _, s := range receiptSamples {
		f.Add([]byte(s.text), []byte(s.tlvs), uint8(0))
		f.Add([]byte(s.text), []byte(s.tlvs), smpp.CodingUCS2)
	}
	f.Fuzz(func(t *testing.T, text, params []byte, coding uint8) {
		m, _ := readMessage(&smpp.DeliverSM{ESMClass: smpp.EsmReceipt, DataCoding: coding, ShortMessage: text, TLVs: params})
		r, ok := defaults().receipt(m, noon)
		if !ok {
			t.Fatal("not a receipt")
		}
		if len(r.Raw) > 4*mostRaw || len(r.Code) > 32 || !utf8.ValidString(r.Raw) {
			t.Errorf("raw %q, code %q", r.Raw, r.Code)
		}
		for _, id := range r.IDs {
			if id == "" || len(id) > 2*mostID {
				t.Errorf("an id of %d octets", len(id))
			}
		}
	})
}

func FuzzReceiptText(f *testing.F) {
	f.Add("Canary7351", "id:7 stat:DELIVRD err:000", "")
	f.Add("a text: of Canary7351 stat:x", "stat:DELIVRD", " done date:1")
	f.Fuzz(func(t *testing.T, text, before, after string) {
		const canary = "Canary7351"
		if strings.Contains(before+after, canary) || strings.Contains(strings.ToLower(before), "text:") {
			return
		}
		raw := fmt.Sprintf("id:7 %s text:%s%s", strings.TrimSpace(before), canary, after)
		m, _ := readMessage(&smpp.DeliverSM{ESMClass: smpp.EsmReceipt, ShortMessage: []byte(raw)})
		if r, _ := defaults().receipt(m, noon); strings.Contains(r.Raw, canary) {
			t.Errorf("%q left %q", raw, r.Raw)
		}
		wide := gsm.AppendUCS2(nil, raw)
		m, _ = readMessage(&smpp.DeliverSM{ESMClass: smpp.EsmReceipt, DataCoding: smpp.CodingUCS2, ShortMessage: wide})
		if r, _ := defaults().receipt(m, noon); strings.Contains(r.Raw, canary) {
			t.Errorf("%q in UCS-2 left %q", raw, r.Raw)
		}
	})
}
