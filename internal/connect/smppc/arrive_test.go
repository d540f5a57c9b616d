package smppc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// comeBack sends a submission to a link of the same settings, which reads it as
// a message from a handset.
func comeBack(t fataler, cfg *settings, s *connect.Submission) sms.Inbound {
	t.Helper()
	e := new(encoder)
	if err := e.encode(cfg, s, noon); err != nil {
		t.Fatalf("%v in %s: %v", s.Encoding, cfg.DefaultAlphabet, err)
	}
	frame, err := smpp.Append(nil, smpp.Header{Sequence: 1}, &e.pdu)
	if err != nil {
		t.Fatalf("%v", err)
	}
	_, p, err := smpp.Decode(frame)
	if err != nil {
		t.Fatalf("%v", err)
	}
	m, _ := readMessage((*smpp.DeliverSM)(p.(*smpp.SubmitSM)))
	return cfg.inbound(m, noon)
}

// fataler is a test, or a check of rapid.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// joined is the text of parts that came, as they are kept.
func joined(t fataler, list []sms.Inbound) string {
	t.Helper()
	if list[0].Segment == nil {
		return list[0].Text
	}
	parts := make([]gsm.Part, len(list))
	for i, in := range list {
		cs, _, _ := gsm.ParseDCS(in.Segment.DCS)
		parts[i] = gsm.Part{Concat: gsm.Concat{Ref: in.Segment.Ref, Total: in.Segment.Total, Seq: in.Segment.Seq}, Charset: cs, Body: in.Segment.Payload}
	}
	text, missing, err := gsm.Assemble(parts)
	if err != nil || missing != 0 {
		t.Fatalf("%d parts are missing, %v", missing, err)
	}
	return text
}

// TestCharactersArrive: the characters that go wrong when an alphabet is taken for
// another, on a link of each alphabet: @ (0 in GSM 03.38), £ $ _ and accents, the
// extension table, and what only UCS-2 has.
func TestCharactersArrive(t *testing.T) {
	for _, alphabet := range alphabets() {
		cfg := parsed(t, `"default_alphabet": "`+alphabet+`"`)
		for _, text := range []string{"@", "user@example.com", "£5 $5 5€", "_underscore_", "èéùìòÇ ØøÅå ÆæßÉ ÄÖÑÜ§¿äöñüà", "[x] {y} ~z \\ | ^", "Δ Φ Γ", "line\nline", "Привет", "שלום", "হ্যাঁ", "👍🏽", "“quoted” – dash…"} {
			size, err := gsm.Measure(text, gsm.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := submission(t, "")
			s.Encoding, s.Payload = gsm.UCS2, gsm.AppendUCS2(nil, text)
			if size.Encoding == gsm.GSM7 {
				s.Encoding, s.Payload = gsm.GSM7, gsm7(t, text)
			}
			if got := comeBack(t, cfg, s).Text; got != text {
				t.Errorf("%s: %q arrives as %q", alphabet, text, got)
			}
		}
	}
}

// TestTextsArrive: whatever the text, the tables, the alphabet of the link and the
// way of sending long ones: the parts make the text again, in any order, each in
// the encoding of the others. A text that the link's alphabet lacks is refused,
// all of its parts, and never changed.
func TestTextsArrive(t *testing.T) {
	pieces := []string{"a", "Z", " ", "@", "$", "_", "é", "{", "€", "ş", "ı", "ğ", "Ş", "á", "ñ", "я", "ש", "ह", "中", "👍", "\n"}
	longs := []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR, sms.LongPayload}
	rapid.Check(t, func(t *rapid.T) {
		few := rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 4).Draw(t, "characters")
		n := rapid.SampledFrom([]int{1, 60, 130, 145, 300, 600}).Draw(t, "length") + rapid.IntRange(0, 20).Draw(t, "and")
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(few), n, n).Draw(t, "text"), "")
		cfg := defaults()
		cfg.DefaultAlphabet = rapid.SampledFrom(defaultAlphabets).Draw(t, "alphabet")
		if cfg.DefaultAlphabet == gsm.CharsetGSM7Packed { // at the end of a part it may be padding: nothing says which
			text = strings.ReplaceAll(text, "@", "a")
		}
		o := gsm.Options{NoUDH: true, Ref: 0x34, RefBits: gsm.Ref8,
			National: rapid.SampledFrom([][]gsm.Language{nil, {gsm.Turkish}, {gsm.Spanish, gsm.Hindi}}).Draw(t, "languages")}
		long := rapid.SampledFrom(longs).Draw(t, "long")
		if long == sms.LongUDH16 {
			o.RefBits = gsm.Ref16
		}
		size, err := gsm.Measure(text, o)
		if err != nil {
			t.Fatal(err)
		}
		o.Encoding, o.National = size.Encoding, nil
		segments, err := gsm.Split(text, o)
		if err != nil || len(segments) != size.Parts {
			t.Fatalf("%d segments, %v; measured %d", len(segments), err, size.Parts)
		}
		submissions, refused := submissionsOf(text, size.Encoding, long, segments), 0
		for _, s := range submissions {
			if err := new(encoder).encode(cfg, s, noon); errors.Is(err, errAlphabet) && cfg.converts() {
				refused++
			}
		}
		if refused == len(submissions) {
			return
		}
		var list []sms.Inbound
		for _, s := range submissions { // none may be refused when another is not
			list = append(list, comeBack(t, cfg, s))
		}
		slices.Reverse(list)
		if got := joined(t, list); got != text {
			t.Fatalf("%v in %s, %s: %q arrives as %q", size.Encoding, cfg.DefaultAlphabet, long, text, got)
		}
	})
}

// submissionsOf are what the flow makes of a text.
func submissionsOf(text string, enc gsm.Encoding, long sms.LongMode, segments []gsm.Segment) (list []*connect.Submission) {
	one := connect.Submission{Type: sms.TypeSMS, From: "Harkara", To: "8801712345678", Encoding: enc, Long: long, Group: &sms.Group{Text: text}}
	if len(segments) > 1 && long == sms.LongPayload {
		one.Payload, _ = gsm.AppendSeptets(nil, text, enc)
		if enc == gsm.UCS2 {
			one.Payload = gsm.AppendUCS2(nil, text)
		}
		return append(list, &one)
	}
	for _, seg := range segments {
		s := one
		if s.Payload = seg.Body(); len(segments) > 1 {
			s.Concat = &seg.Concat
		}
		list = append(list, &s)
	}
	return list
}
