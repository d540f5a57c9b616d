package smpp

import "testing"

func benchSubmit() *SubmitSM {
	p := &SubmitSM{
		Source:             Address{TONAlphanumeric, NPIUnknown, "Harkara"},
		Destination:        Address{TONInternational, NPIISDN, "8801712345678"},
		RegisteredDelivery: ReceiptAlways,
		ShortMessage:       []byte("Your one-time password is 482913. It is valid for five minutes. Do not share it, please."),
	}
	p.TLVs.AddUint16(TagUserMessageReference, 4711)
	return p
}

func BenchmarkEncodeSubmitSM(b *testing.B) {
	p := benchSubmit()
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = Append(buf[:0], Header{Sequence: 7}, p)
	}
}

func BenchmarkDecodeSubmitSM(b *testing.B) {
	frame, _ := Append(nil, Header{Sequence: 7}, benchSubmit())
	var p SubmitSM
	b.ReportAllocs()
	for b.Loop() {
		h, _ := ParseHeader(frame)
		if err := DecodeBody(h, frame[HeaderSize:], &p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeSubmitSMResp(b *testing.B) {
	p := &SubmitSMResp{MessageID: "5be9f816f19992a7"}
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = Append(buf[:0], Header{Sequence: 7}, p)
	}
}

func BenchmarkDecodeSubmitSMResp(b *testing.B) {
	frame, _ := Append(nil, Header{Sequence: 7}, &SubmitSMResp{MessageID: "5be9f816f19992a7"})
	var p SubmitSMResp
	b.ReportAllocs()
	for b.Loop() {
		h, _ := ParseHeader(frame)
		if err := DecodeBody(h, frame[HeaderSize:], &p); err != nil {
			b.Fatal(err)
		}
	}
}
