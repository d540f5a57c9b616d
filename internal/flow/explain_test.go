package flow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

// tell is an explanation as a person reads it.
func tell(req Request, e Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s from %q to %s", req.Type, req.From, strings.Join(req.To, ", "))
	if req.RouteID != 0 {
		fmt.Fprintf(&b, " by route %d", req.RouteID)
	}
	fmt.Fprintf(&b, "\n\n")
	for _, s := range e.Steps {
		fmt.Fprintf(&b, "%-3s %-7s %s\n", map[bool]string{true: "yes", false: "no"}[s.OK], s.What, s.Why)
	}
	for _, m := range e.Messages {
		fmt.Fprintf(&b, "\n%s %s: %s", m.To, m.Input, m.State)
		if m.Reason != "" {
			fmt.Fprintf(&b, " (%s)", m.Reason)
		}
		fmt.Fprintf(&b, ", route %d, %s, %d part(s), %s reserved, due %s", m.RouteID, m.Encoding, m.Parts, m.Reserved, m.DueAt.Format(time.RFC3339))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, "\nrefused: %s: %v\n", sms.CodeOf(e.Err), e.Err)
	} else {
		fmt.Fprintf(&b, "\n\nneeds %s, costs %s (known: %t)\n", e.Need, e.Cost, e.CostOK)
	}
	return b.String()
}

func TestExplain(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"plain":            func(*Request) {},
		"passed over":      func(r *Request) { r.To = []string{"8801912345678", "8801512345678", "8801412345678", "8801312345678"} },
		"account rule":     func(r *Request) { r.To = []string{"01712-345678"} },
		"asked for":        asked(routeAlt),
		"forbidden route":  asked(routeGuests),
		"short code":       func(r *Request) { r.To = []string{"16247"} },
		"mixed recipients": func(r *Request) { r.To = []string{"8801812345678", "01812345678", "1", "4915112345678", "12025550123"} },
		"long unicode":     all(typed(sms.TypeUnicode), saying(strings.Repeat("নমস্কার ", 30))),
		"wide reference":   all(asked(routeWide), saying(strings.Repeat("x", 1525))),
		"scheduled otp":    all(sent("ACME-OTP"), at(noon.Add(time.Hour))),
		"sender elsewhere": sent("OnlyOff"),
		"sender unknown":   sent("Somebody"),
		"no price":         func(r *Request) { r.AccountID, r.To = unpriced, []string{"8801612345678"} },
		"voice":            typed(sms.TypeVoice),
	} {
		t.Run(name, func(t *testing.T) {
			req := Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: "hello"}
			change(&req)
			e := Explain(house(t), noon, 365*24*time.Hour, onlyText, req)
			golden(t, "explain/"+strings.ReplaceAll(name, " ", "-")+".golden", tell(req, e))
		})
	}
}

// TestExplainContent: it names what was replaced, and the tables of the route.
func TestExplainContent(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"national":          saying(strings.Repeat("ışık ", 20)),
		"national too long": saying(strings.Repeat("ışık ", 400)),
		"smart":             saying("“Işık” – it’s…"),
		"raw": func(r *Request) {
			r.Text, r.Encoding, r.Coding, r.Raw = "", gsm.Octets, 4, &sms.Raw{Header: ported, Body: []byte{1, 2, 3}}
		},
		"smart plain": saying("it’s “done”"),
	} {
		t.Run(name, func(t *testing.T) {
			cat := house(t)
			if name != "smart plain" {
				turkish(cat)
			}
			cat.Account(acme).SmartText = true
			req := Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: "hello"}
			change(&req)
			e := Explain(cat, noon, 365*24*time.Hour, onlyText, req)
			golden(t, "explain/"+strings.ReplaceAll(name, " ", "-")+".golden", tell(req, e))
		})
	}
}

// TestExplainIsWhatSends: the explanation and the plan are the same.
func TestExplainIsWhatSends(t *testing.T) {
	for _, to := range []string{"8801812345678", "8801712345678", "12025550123", "16247", "8801912345678"} {
		call, err := planned(t, func(r *Request) { r.To = []string{to} })
		if err != nil {
			t.Fatal(err)
		}
		e := Explain(house(t), noon, 365*24*time.Hour, onlyText,
			Request{AccountID: acme, Face: "test", Type: sms.TypeSMS, From: "acme", To: []string{to}, Text: "hello"})
		if e.Err != nil || e.Need != call.Need || fmt.Sprint(e.Messages) != fmt.Sprint(call.Messages) {
			t.Errorf("%s: explained %+v, planned %+v", to, e.Messages, call.Messages)
		}
	}
}
