package smpp

// wildReceipt is a receipt as one vendor's SMSC sends it.
type wildReceipt struct {
	name  string
	text  string
	tlvs  func(*TLVs)
	want  Receipt
	plain bool // esm_class is 0: a receipt by TLV or by its text only
}

func id(s string) func(*TLVs) { return func(t *TLVs) { _ = t.AddText(TagReceiptedMessageID, s) } }
func state(s MessageState) func(*TLVs) {
	return func(t *TLVs) { t.AddUint8(TagMessageState, uint8(s)) }
}
func all(f ...func(*TLVs)) func(*TLVs) {
	return func(t *TLVs) {
		for _, add := range f {
			add(t)
		}
	}
}

// receipt makes the expected Receipt; sub and dlvrd are -1 and the id that of the text unless changed.
func receipt(change func(*Receipt)) Receipt {
	r := Receipt{Submitted: -1, Delivered: -1, State: NoState}
	change(&r)
	if r.ID == "" {
		if r.ID = r.TLVID; r.ID == "" {
			r.ID = r.TextID
		}
	}
	return r
}

var wild = []wildReceipt{
	{name: "1 appendix B", text: "id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 text:testing",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "0123456789", Submitted: 1, Delivered: 1, SubmitDate: "0809011130", DoneDate: "0809011131",
				Word: "DELIVRD", State: StateDelivered, Err: "000", Text: "testing"}
		})},
	{name: "2 capital Text", text: "id:7 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 Text:Hello",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "7", Submitted: 1, Delivered: 1, SubmitDate: "0809011130", DoneDate: "0809011131", Word: "DELIVRD",
				State: StateDelivered, Err: "000", Text: "Hello"}
		})},
	{name: "3 no sub, no dlvrd", text: "id:1526758174 submit date:1701240904 done date:1701250907 stat:DELIVRD err:000 text:hellow",
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err, r.Text = "1526758174", "1701240904", "1701250907", "DELIVRD", StateDelivered, "000", "hellow"
		})},
	{name: "4 no text", text: "id:0654354026 submit date:2302101454 done date:2302101454 stat:DELIVRD err:000",
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err = "0654354026", "2302101454", "2302101454", "DELIVRD", StateDelivered, "000"
		})},
	{name: "5 UUID without dashes, and message_state", text: "id:5be9f816f19992a78c8e26442f8afa50 submit date:2302101454 done date:2302101455 stat:DELIVRD err:000", tlvs: state(StateDelivered),
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err = "5be9f816f19992a78c8e26442f8afa50", "2302101454", "2302101455", "DELIVRD", StateDelivered, "000"
		})},
	{name: "6 seconds", text: "id:74e02ee1-4e2f-4a6e-a78b-4b247d756a22 sub:001 dlvrd:001 submit date:110206193041 done date:110206193110 stat:DELIVRD err:000 text:",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "74e02ee1-4e2f-4a6e-a78b-4b247d756a22", Submitted: 1, Delivered: 1, SubmitDate: "110206193041", DoneDate: "110206193110",
				Word: "DELIVRD", State: StateDelivered, Err: "000"}
		})},
	{name: "7 fourteen digits", text: "id:2E179B310EDE971B2760C72B7F026E1B submit date:20110314181534 done date:20110314181741 stat:DELIVRD err:0",
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err = "2E179B310EDE971B2760C72B7F026E1B", "20110314181534", "20110314181741", "DELIVRD", StateDelivered, "0"
		})},
	{name: "8 twelve digits", text: "id:c87c2273-7edb-4bb8-a64f-8cc0b4e4a5d0 submit date:201506201641 done date:201506201641 stat:DELIVRD err:000",
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err = "c87c2273-7edb-4bb8-a64f-8cc0b4e4a5d0", "201506201641", "201506201641", "DELIVRD", StateDelivered, "000"
		})},
	{name: "9 SMPP time", text: "id:rdwjwxns18krxr9936ey96ymcw sub:000 dlvrd:000 submit date:180711070003912+ done date:180711070000012+ stat:UNDELIV err:000",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "rdwjwxns18krxr9936ey96ymcw", SubmitDate: "180711070003912+", DoneDate: "180711070000012+", Word: "UNDELIV", State: StateUndeliverable, Err: "000"}
		})},
	{name: "10 two forms of date, hexadecimal err", text: "id:577e505a-0ddf-4b0c-8bfe-3e1ff0a1c5a6 submit date:2408201338 done date:240820093823 stat:REJECTD err:00B text:You",
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err, r.Text = "577e505a-0ddf-4b0c-8bfe-3e1ff0a1c5a6", "2408201338", "240820093823", "REJECTD", StateRejected, "00B", "You"
		})},
	{name: "11 another order, text is not last", text: "sub:001 id:74e02ee1 err:000 dlvrd:001 done date:2408201338 submit date:2408201337 text: stat:DELIVRD",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "74e02ee1", Submitted: 1, Delivered: 1, SubmitDate: "2408201337", DoneDate: "2408201338", Word: "DELIVRD", State: StateDelivered, Err: "000"}
		})},
	{name: "12 only a state", text: "stat:DELIVRD", want: receipt(func(r *Receipt) { r.Word, r.State = "DELIVRD", StateDelivered })},
	{name: "13 id only in the TLV", text: "sub:001 dlvrd:001 submit date:2407190905 done date:2407190906 stat:UNDELIV err:000 text:dlink/veri", tlvs: id("abc-1"),
		want: receipt(func(r *Receipt) {
			*r = Receipt{TLVID: "abc-1", Submitted: 1, Delivered: 1, SubmitDate: "2407190905", DoneDate: "2407190906", Word: "UNDELIV", State: StateUndeliverable, Err: "000", Text: "dlink/veri"}
		})},
	{name: "14 no space, eight letters, zero date", text: "id:0118Z-0122I-2309U-57DGB sub:000 dlvrd:000 submitdate:180122230957 donedate:000000000000 stat:REJECTED err:375 text:",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "0118Z-0122I-2309U-57DGB", SubmitDate: "180122230957", DoneDate: "000000000000", Word: "REJECTED", State: StateRejected, Err: "375"}
		})},
	{name: "15 six letters", text: "id:1216080510463401720 sub:001 dlvrd:001 submit date:1608051046 done date:0000000000 stat:FAILED err:002 Text:",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "1216080510463401720", Submitted: 1, Delivered: 1, SubmitDate: "1608051046", DoneDate: "0000000000", Word: "FAILED", State: StateUndeliverable, Err: "002"}
		})},
	{name: "16 numeric state", text: "id:9 sub:1 dlvrd:1 submit date:2408201338 done date:2408201338 stat:0 err:0 text:If a general electio",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "9", Submitted: 1, Delivered: 1, SubmitDate: "2408201338", DoneDate: "2408201338", Word: "0", State: StateScheduled, Err: "0", Text: "If a general electio"}
		})},
	{name: "17 null", text: "id:9 sub:null dlvrd:null submit date:null done date:null stat:DELIVRD err:null text:Meep",
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err, r.Text = "9", "null", "null", "DELIVRD", StateDelivered, "null", "Meep"
		})},
	{name: "18 control characters", text: "id:68673723 sub:1 dlvrd:13 submit date:1909301545 done date:1909301546 stat:DELIVRD err:0 Text:\x04\x1a",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "68673723", Submitted: 1, Delivered: 13, SubmitDate: "1909301545", DoneDate: "1909301546", Word: "DELIVRD", State: StateDelivered, Err: "0", Text: "\x04\x1a"}
		})},
	{name: "19 four digits, vendor TLVs", text: "id:117062714244798261 sub:001 dlvrd:001 submit date:1706271424 done date:1706271424 stat:DELIVRD err:0000 text:H\x1bello world",
		tlvs: func(t *TLVs) {
			_ = t.Add(TagNetworkErrorCode, []byte{3, 0, 0})
			_ = t.Add(Tag(0x1454), []byte("a"))
			_ = t.Add(Tag(0x1418), nil)
		},
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "117062714244798261", Submitted: 1, Delivered: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "DELIVRD", State: StateDelivered,
				Err: "0000", Text: "H\x1bello world", NetworkError: NetworkError{Type: 3}, HasNetworkError: true}
		})},
	{name: "20 SKIPPED by TLV, UNKNOWN by text", text: "id:e9ca671b sub:001 dlvrd:000 submit date:1706271424 done date:1706271424 stat:UNKNOWN err:4A6 text:", tlvs: state(StateSkipped),
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "e9ca671b", Submitted: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "UNKNOWN", State: StateSkipped, Err: "4A6", Conflict: true}
		})},
	{name: "21 counts are always 000", text: "id:e731049e9fc84e61 sub:000 dlvrd:000 submit date:1706271424 done date:1706271424 stat:DELIVRD err:000 text:",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "e731049e9fc84e61", SubmitDate: "1706271424", DoneDate: "1706271424", Word: "DELIVRD", State: StateDelivered, Err: "000"}
		})},
	{name: "22 intermediate in an ordinary receipt", text: "id:44191696 sub:001 dlvrd:000 submit date:1706271424 done date:1706271424 stat:ENROUTE err:000",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "44191696", Submitted: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "ENROUTE", State: StateEnroute, Err: "000"}
		})},
	{name: "23 FAILED", text: "id:2a1f0f1d sub:001 dlvrd:000 submit date:1706271424 done date:1706271424 stat:FAILED err:051 text:none",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "2a1f0f1d", Submitted: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "FAILED", State: StateUndeliverable, Err: "051", Text: "none"}
		})},
	{name: "24 decimal in the text, hexadecimal in the TLV", text: "id:0059113978 sub:001 dlvrd:001 submit date:1504211508 done date:1504211508 stat:DELIVRD err:000 text:", tlvs: id("38601fa"),
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "0059113978", TLVID: "38601fa", Submitted: 1, Delivered: 1, SubmitDate: "1504211508", DoneDate: "1504211508", Word: "DELIVRD", State: StateDelivered, Err: "000"}
		})},
	{name: "25 in message_payload, with a NUL", text: "",
		tlvs: all(func(t *TLVs) {
			_ = t.Add(TagMessagePayload, []byte("id:0000436949 submit date:1504211508 done date:1504211508 stat:DELIVRD err:000\x00"))
		}, id("6aad5")),
		want: receipt(func(r *Receipt) {
			r.TextID, r.TLVID, r.SubmitDate, r.DoneDate, r.Word, r.State, r.Err = "0000436949", "6aad5", "1504211508", "1504211508", "DELIVRD", StateDelivered, "000"
		})},
	{name: "26 no appendix B at all", text: "362d9701 2", tlvs: all(id("362d9701"), state(StateDelivered)),
		want: receipt(func(r *Receipt) { r.TLVID, r.State = "362d9701", StateDelivered })},
	{name: "27 TLVs only", text: "", tlvs: all(id("362d9701"), state(StateExpired)), plain: true,
		want: receipt(func(r *Receipt) { r.TLVID, r.State = "362d9701", StateExpired })},
	{name: "28 more fields", text: "id:40072910491419819 sub:001 dlvrd:000 submit date:1706271424 done date:1706271424 stat:UNDELIV err:001 IMSI: MSC: ORN:VipNet MCCMNC:",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "40072910491419819", Submitted: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "UNDELIV", State: StateUndeliverable, Err: "001"}
		})},
	{name: "29 billing data in the text", text: "id:4D19C83C sub:001 dlvrd:001 submit date:1706271424 done date:1706271424 stat:DELIVRD err:000 text:Gu25 MCC=270 MNC=1 BillingMNC=1",
		tlvs: func(t *TLVs) { _ = t.Add(Tag(0x060D), []byte("270")); _ = t.Add(Tag(0x060F), []byte("1")) },
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "4D19C83C", Submitted: 1, Delivered: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "DELIVRD", State: StateDelivered, Err: "000", Text: "Gu25 MCC=270 MNC=1 BillingMNC=1"}
		})},
	{name: "30 a prefix", text: "XMS=id:86 submit date:1706271424 done date:1706271424 stat:DELIVRD",
		want: receipt(func(r *Receipt) {
			r.TextID, r.SubmitDate, r.DoneDate, r.Word, r.State = "86", "1706271424", "1706271424", "DELIVRD", StateDelivered
		})},
	{name: "31 capital Dlvrd", text: "id:1235 sub:001 Dlvrd:1 submit date:1706271424 done date:1706271424 stat:DELIVRD err:0 text:aha",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "1235", Submitted: 1, Delivered: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "DELIVRD", State: StateDelivered, Err: "0", Text: "aha"}
		})},
	{name: "32 text is not ASCII", text: "id:8 sub:001 dlvrd:001 submit date:1706271424 done date:1706271424 stat:DELIVRD err:000 text:\x84A\x89O\x88 ENTO\x84H. \x8cAPAKA", tlvs: id("18d0e03a"),
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "8", TLVID: "18d0e03a", Submitted: 1, Delivered: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "DELIVRD", State: StateDelivered,
				Err: "000", Text: "\x84A\x89O\x88 ENTO\x84H. \x8cAPAKA"}
		})},
	{name: "33 acknowledgement of the SMSC", text: "id:881444543 sub:001 dlvrd:000 submit date:1706271424 done date:1706271424 stat:ACCEPTD err:000 text:ACK/OK",
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "881444543", Submitted: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "ACCEPTD", State: StateAccepted, Err: "000", Text: "ACK/OK"}
		})},
	{name: "34 dashes", text: "id:1101c1-c9d03d-f000 sub:001 dlvrd:000 submit date:1706271424 done date:1706271424 stat:UNDELIV err:000 text:", plain: true,
		want: receipt(func(r *Receipt) {
			*r = Receipt{TextID: "1101c1-c9d03d-f000", Submitted: 1, SubmitDate: "1706271424", DoneDate: "1706271424", Word: "UNDELIV", State: StateUndeliverable, Err: "000"}
		})},
}
