package flow

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// cutting plans a text for a route, claims it, and cuts it for a route that may
// have another long mode by then.
func cutting(t testing.TB, typ sms.Type, text string, planned, now sms.LongMode) (list []connect.Submission, m store.Claimed, refused []sms.Outcome) {
	t.Helper()
	cat := house(t)
	route := cat.Route(routeWide)
	route.Long = planned
	p := &planner{cat: cat, now: noon, max: 1, protos: onlyText}
	call, err := p.plan(&Request{AccountID: wordy, Type: typ, From: "acme", To: []string{"447700900123"}, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	m = store.Claimed{Record: sms.Record{Message: call.Messages[0]}, Group: &call.Group}
	m.ID = sms.NewMessageID(0, 1, 0x1ABCD)
	parts := m.Parts
	if planned == sms.LongPayload {
		parts = 1
	}
	m.Claim(connA, 1, parts, noon)
	route.Long = now
	c := cutter{route: route, conn: connA}
	list, refused = c.submissions(nil, nil, &m, noon)
	return list, m, refused
}

// joined is what a handset makes of the submissions.
func joined(t testing.TB, list []connect.Submission) string {
	t.Helper()
	var parts []gsm.Part
	for i, s := range list {
		charset := gsm.CharsetGSM7
		if s.Encoding == gsm.UCS2 {
			charset = gsm.CharsetUCS2
		}
		part := gsm.Part{Charset: charset, Body: s.Payload}
		if s.Concat != nil {
			part.Concat = *s.Concat
			if int(s.Concat.Seq) != i+1 || int(s.Concat.Total) != len(list) || s.Concat.Ref != list[0].Concat.Ref {
				t.Fatalf("part %d is numbered %+v", i+1, *s.Concat)
			}
		} else if len(list) > 1 {
			t.Fatalf("part %d of %d has no number", i+1, len(list))
		}
		parts = append(parts, part)
	}
	text, missing, err := gsm.Assemble(parts)
	if err != nil || missing != 0 {
		t.Fatalf("%d parts missing, %v", missing, err)
	}
	return text
}

// room is the octets that fit into a part behind its header.
func room(s *connect.Submission, parts int) int {
	wide := s.Concat != nil && s.Long == sms.LongUDH16
	switch {
	case parts == 1 && s.Encoding == gsm.UCS2:
		return 140
	case parts == 1:
		return 160
	case s.Encoding == gsm.UCS2 && wide:
		return 132
	case s.Encoding == gsm.UCS2:
		return 134
	case wide:
		return 152
	}
	return 153
}

// TestLongTexts at the limits of the parts, in each long mode.
func TestLongTexts(t *testing.T) {
	x := strings.Repeat
	modes := []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR, sms.LongPayload}
	for _, c := range []struct {
		name, text string
		parts      [4]int // as priced, by mode
	}{
		{"one part", x("a", 160), [4]int{1, 1, 1, 1}},
		{"one more", x("a", 161), [4]int{2, 2, 2, 2}},
		{"two narrow parts", x("a", 306), [4]int{2, 3, 2, 2}},
		{"two wide parts", x("a", 304), [4]int{2, 2, 2, 2}},
		{"ten narrow parts", x("a", 1530), [4]int{10, 11, 10, 10}},
		{"all the parts there are", x("a", 255*152), [4]int{254, 255, 254, 254}},
		{"one part of escapes", x("€", 80), [4]int{1, 1, 1, 1}},
		{"an escape at the end of one part", x("a", 159) + "€", [4]int{2, 2, 2, 2}},
		{"an escape over the border of a narrow part", x("a", 152) + x("€", 77), [4]int{3, 3, 3, 3}},
		{"escapes at each narrow border", x(x("a", 152)+"[", 5), [4]int{6, 6, 6, 6}},
		{"one part of UCS-2", x("ক", 70), [4]int{1, 1, 1, 1}},
		{"two narrow parts of UCS-2", x("ক", 134), [4]int{2, 3, 2, 2}},
		{"an emoji at the end of one part", x("ক", 69) + "👍", [4]int{2, 2, 2, 2}},
		{"an emoji over the border of a narrow part", x("ক", 66) + x("👍", 34), [4]int{3, 3, 3, 3}},
		{"emoji only", x("👍", 255*33), [4]int{255, 255, 255, 255}},
		{"most of UCS-2", x("ক", 255*66), [4]int{252, 255, 252, 252}},
	} {
		for i, mode := range modes {
			t.Run(c.name+" "+string(mode), func(t *testing.T) {
				list, m, refused := cutting(t, sms.TypeSMS, c.text, mode, mode)
				submissions := c.parts[i]
				if mode == sms.LongPayload {
					submissions = 1
				}
				if m.Parts != c.parts[i] || m.Units != c.parts[i] || len(list) != submissions || len(refused) > 0 {
					t.Fatalf("%d parts, %d units, %d submissions, %d refused; want %d, %d", m.Parts, m.Units, len(list), len(refused), c.parts[i], submissions)
				}
				if joined(t, list) != c.text {
					t.Error("the parts do not add up to the text")
				}
				fitting(t, list)
			})
		}
	}
}

// fitting checks that every part fits and that none is cut inside a character.
func fitting(t testing.TB, list []connect.Submission) {
	t.Helper()
	for i := range list {
		s := &list[i]
		if s.Long == sms.LongPayload {
			continue
		}
		if len(s.Payload) > room(s, len(list)) {
			t.Fatalf("part %d has %d octets, %d fit", i+1, len(s.Payload), room(s, len(list)))
		}
		switch n := len(s.Payload); {
		case s.Encoding == gsm.GSM7 && s.Payload[n-1] == 0x1B:
			t.Fatalf("part %d ends in an escape", i+1)
		case s.Encoding == gsm.UCS2 && s.Payload[n-2]>>2 == 0xD8>>2:
			t.Fatalf("part %d ends in half a surrogate pair", i+1)
		}
	}
}

// TestAnyText: what is planned and priced is what is cut, whatever the text.
func TestAnyText(t *testing.T) {
	modes := []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR, sms.LongPayload}
	alphabets := []string{"abc ", "ab{}[]€", "কখগ ", "ab👍ক"}
	rapid.Check(t, func(rt *rapid.T) {
		letters := []rune(rapid.SampledFrom(alphabets).Draw(rt, "alphabet"))
		n := rapid.IntRange(1, 1200).Draw(rt, "length")
		seed := rapid.Uint32().Draw(rt, "order")
		var text strings.Builder
		for range n {
			seed = seed*1664525 + 1013904223
			text.WriteRune(letters[int(seed>>16)%len(letters)])
		}
		typ := rapid.SampledFrom([]sms.Type{sms.TypeSMS, sms.TypeUnicode, sms.TypeFlash}).Draw(rt, "type")
		mode := rapid.SampledFrom(modes).Draw(rt, "long mode")
		list, m, refused := cutting(t, typ, text.String(), mode, mode)
		if len(refused) > 0 || mode != sms.LongPayload && len(list) != m.Parts {
			rt.Fatalf("%d parts planned, %d cut, %d refused", m.Parts, len(list), len(refused))
		}
		if joined(t, list) != text.String() {
			rt.Fatalf("the parts do not add up to the text")
		}
		fitting(t, list)
	})
}

// TestLongModeChangedMeanwhile: what was counted and priced under one mode goes
// out whole under another.
func TestLongModeChangedMeanwhile(t *testing.T) {
	modes := []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR, sms.LongPayload}
	for _, text := range []string{strings.Repeat("a", 306), strings.Repeat("a", 304), strings.Repeat("a", 1530), "short"} {
		for _, before := range modes {
			for _, after := range modes {
				t.Run(fmt.Sprintf("%d %s %s", len(text), before, after), func(t *testing.T) {
					list, m, refused := cutting(t, sms.TypeSMS, text, before, after)
					if len(list) != len(m.Sub) || len(refused) > 0 || joined(t, list) != text {
						t.Errorf("%d of %d parts, %d refused", len(list), len(m.Sub), len(refused))
					}
					fitting(t, list)
				})
			}
		}
	}
}

// TestPartsThatDoNotFit: a text that this version would cut into another number
// of parts than was priced is refused, not sent with one missing.
func TestPartsThatDoNotFit(t *testing.T) {
	_, m, _ := cutting(t, sms.TypeSMS, strings.Repeat("a", 306), sms.LongUDH8, sms.LongUDH8)
	m.Parts, m.Sub = 5, append(m.Sub, m.Sub[1], m.Sub[1], m.Sub[1])
	c := cutter{route: house(t).Route(routeMain), conn: connA}
	list, refused := c.submissions(nil, nil, &m, noon)
	if len(list) != 0 || len(refused) != 5 || refused[0].Verdict != sms.VerdictReject || refused[0].Reason != sms.ReasonContent {
		t.Errorf("%d submissions, refused %+v", len(list), refused)
	}
}

// TestReference: the parts of a message share one, messages that follow each
// other have different ones, and 8 bits are never exceeded.
func TestReference(t *testing.T) {
	id := sms.NewMessageID(3, 20_000, 0x1FFFF)
	if a, b := reference(id, gsm.Ref8), reference(id+1, gsm.Ref8); a == b || a > 0xFF || b > 0xFF {
		t.Errorf("8 bits: %d, %d", a, b)
	}
	if a, b := reference(id, gsm.Ref16), reference(id+1, gsm.Ref16); a == b {
		t.Errorf("16 bits: %d, %d", a, b)
	}
}

// TestGroupIsCutOnce for all its messages in a claim.
func TestGroupIsCutOnce(t *testing.T) {
	list, m, _ := cutting(t, sms.TypeSMS, strings.Repeat("a", 306), sms.LongUDH8, sms.LongUDH8)
	c := cutter{route: house(t).Route(routeMain), conn: connA}
	second := m
	second.ID++
	both, _ := c.submissions(nil, nil, &m, noon)
	both, _ = c.submissions(both, nil, &second, noon)
	if len(both) != 2*len(list) || &both[0].Payload[0] != &both[2].Payload[0] || both[0].Concat.Ref == both[2].Concat.Ref {
		t.Error("two messages of a group share their octets and not their reference")
	}
}
