package smppc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// wholeText is a text for links whose default alphabet is no septets. Such a link
// converts it when its alphabet has all of it.
type wholeText struct {
	name string
	text string
	enc  gsm.Encoding
	has  string // alphabets that have all of its characters
	one  bool   // it fits in one part of UCS-2
	wide bool   // as a payload it takes no more parts in UCS-2 than it was priced for
}

var wholeTexts = []wholeText{
	{"plain", "Hello", gsm.GSM7, "latin1 ascii cyrillic hebrew", true, true},
	{"plain in two parts", strings.Repeat("Hello ", 40), gsm.GSM7, "latin1 ascii cyrillic hebrew", false, false},
	{"accents in two parts", strings.Repeat("é", 161), gsm.GSM7, "latin1", false, false},
	{"capital greek in two parts", strings.Repeat("Ω", 170), gsm.GSM7, "", false, false},
	{"every second is of the extension table", strings.Repeat("a€", 80), gsm.GSM7, "", false, false},
	{"all are of the extension table", strings.Repeat("€", 81), gsm.GSM7, "", false, true},
	{"only the last part is lacking, and would fit", strings.Repeat("a", 200) + "€", gsm.GSM7, "", false, false},
	{"only the first part is lacking", "€" + strings.Repeat("a", 200), gsm.GSM7, "", false, false},
	{"one part that fits", strings.Repeat("Ω", 70), gsm.GSM7, "", true, true},
	{"one part that does not fit", strings.Repeat("Ω", 71), gsm.GSM7, "", false, false},
	{"national tables, one part that fits", strings.Repeat("ğ", 70), gsm.National(gsm.Turkish, gsm.Turkish), "", true, true},
	{"national tables, two parts", strings.Repeat("ğ", 200), gsm.National(gsm.Turkish, gsm.Turkish), "", false, false},
	{"national tables, of characters that Latin-1 has", strings.Repeat("áé", 90), gsm.National(gsm.NoLanguage, gsm.Spanish), "latin1", false, false},
	{"national tables, one lacking in the last part", strings.Repeat("i", 200) + "ğ", gsm.National(gsm.Turkish, gsm.Turkish), "", false, false},
}

// cutAs makes the submissions of a text as the flow does.
func (w *wholeText) cutAs(t *testing.T, r *rig, long sms.LongMode) (list []*connect.Submission) {
	t.Helper()
	bits := gsm.Ref8
	if long == sms.LongUDH16 {
		bits = gsm.Ref16
	}
	segments, err := gsm.Split(w.text, gsm.Options{Encoding: w.enc, Ref: 7, RefBits: bits, NoUDH: true})
	if err != nil {
		t.Fatal(err)
	}
	group := &sms.Group{Text: w.text}
	if long == sms.LongPayload && len(segments) > 1 {
		s := r.submission()
		s.Encoding, s.Long, s.Group = w.enc, long, group
		s.Payload, _ = gsm.AppendSeptets(nil, w.text, w.enc)
		return append(list, s)
	}
	for _, seg := range segments {
		s := r.submission()
		s.Encoding, s.Long, s.Group, s.Payload = w.enc, long, group, seg.Body()
		if len(segments) > 1 {
			s.Concat = &seg.Concat
		}
		list = append(list, s)
	}
	return list
}

// TestNoFragmentGoesOut: on links whose default alphabet is no septets, a text
// arrives whole and in one alphabet, or nothing of it is seen on the wire.
func TestNoFragmentGoesOut(t *testing.T) {
	codings := map[string]gsm.Charset{"latin1": gsm.CharsetLatin1, "ascii": gsm.CharsetASCII, "cyrillic": gsm.CharsetCyrillic, "hebrew": gsm.CharsetHebrew}
	for alphabet, charset := range codings {
		t.Run(alphabet, func(t *testing.T) {
			t.Parallel()
			far := smsc(t, smpptest.Config{})
			r := to(t, far.Addr(), 50, map[string]any{"default_alphabet": alphabet})
			for _, w := range wholeTexts {
				for _, long := range []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR, sms.LongPayload} {
					before, list := len(far.Received()), w.cutAs(t, r, long)
					for _, s := range list {
						if err := r.c.Send(t.Context(), s); err != nil {
							t.Fatal(err)
						}
					}
					all := r.awaitOutcomes(int(r.next))
					arrived := far.Received()[before:]
					has := strings.Contains(w.has, alphabet)
					goes := has || w.one || long == sms.LongPayload && w.wide
					for _, s := range list {
						o := all[s.Attempt.Message]
						if goes && o.Verdict != sms.VerdictAccepted || !goes && (o.Verdict != sms.VerdictReject || o.Reason != sms.ReasonContent) {
							t.Errorf("%s, %s: part %v of %d: %+v", w.name, long, s.Concat, len(list), o)
						}
					}
					want := gsm.CharsetUCS2
					if has {
						want = charset
					}
					switch {
					case !goes && len(arrived) > 0:
						t.Errorf("%s, %s: %d of %d parts went out of a text that was refused", w.name, long, len(arrived), len(list))
					case goes && len(arrived) != len(list):
						t.Errorf("%s, %s: %d of %d parts arrived", w.name, long, len(arrived), len(list))
					case goes:
						if got := textOf(t, arrived, want); got != w.text {
							t.Errorf("%s, %s: arrived as %q", w.name, long, got)
						}
					}
				}
			}
			r.close(time.Minute)
		})
	}
}

// textOf joins the parts of a text, all of which are to be in one charset: UCS-2
// with data_coding 8, every other with 0.
func textOf(t *testing.T, arrived []smpptest.Message, cs gsm.Charset) string {
	t.Helper()
	coding := uint8(0)
	if cs == gsm.CharsetUCS2 {
		coding = smpp.CodingUCS2
	}
	var parts []gsm.Part
	for _, m := range arrived {
		if m.DataCoding != coding {
			t.Errorf("data_coding %d, want %d", m.DataCoding, coding)
		}
		part := gsm.Part{Charset: cs, Body: m.Text}
		if m.ESMClass&smpp.EsmUDHI != 0 {
			header, body, err := gsm.ParseUDH(m.Text)
			if err != nil {
				t.Fatal(err)
			}
			if header.National() != gsm.GSM7 {
				t.Error("the header names national tables")
			}
			part.Body = body
			part.Concat, _ = header.Concat()
		} else if sar, ok := m.TLVs.SAR(); ok {
			part.Concat = gsm.Concat{Ref: sar.Ref, Bits: gsm.Ref16, Total: sar.Total, Seq: sar.Seq}
		}
		parts = append(parts, part)
	}
	text, missing, err := gsm.Assemble(parts)
	if err != nil || missing != 0 {
		t.Errorf("%d parts are missing, %v", missing, err)
	}
	return text
}
