package flow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Request)
		code   sms.Code
		text   string
	}{
		"no such account":    {func(r *Request) { r.AccountID = 99 }, sms.CodeUnauthorized, "This account is disabled"},
		"disabled account":   {func(r *Request) { r.AccountID = closed }, sms.CodeUnauthorized, "This account is disabled"},
		"unknown country":    {func(r *Request) { r.AccountID = nowhere }, sms.CodeInternal, "The account's default country is unknown; the operator of this service must correct it"},
		"no type":            {func(r *Request) { r.Type = "" }, sms.CodeInvalid, "Unknown type; use sms, unicode, flash, voice, mms or whatsapp"},
		"unknown type":       {func(r *Request) { r.Type = "fax" }, sms.CodeInvalid, "Unknown type; use sms, unicode, flash, voice, mms or whatsapp"},
		"no voice connector": {func(r *Request) { r.Type = sms.TypeVoice }, sms.CodeUnavailable, "Type voice is not available: no voice connector is configured"},
		"no mms connector":   {func(r *Request) { r.Type = sms.TypeMMS }, sms.CodeUnavailable, "Type mms is not available: no mms connector is configured"},
		"no whatsapp":        {func(r *Request) { r.Type = sms.TypeWhatsApp }, sms.CodeUnavailable, "Type whatsapp is not available: no whatsapp connector is configured"},
		"no sender":          {func(r *Request) { r.From = "" }, sms.CodeForbidden, "Sender ID not allowed"},
		"unknown sender":     {func(r *Request) { r.From = "OTHER" }, sms.CodeForbidden, "Sender ID not allowed"},
		"sender requested":   {func(r *Request) { r.From = "Asked" }, sms.CodeForbidden, "Sender ID not allowed"},
		"sender refused":     {func(r *Request) { r.From = "Refused" }, sms.CodeForbidden, "Sender ID not allowed"},
		"another's sender":   {func(r *Request) { r.AccountID, r.From = unpriced, "OnlyB" }, sms.CodeForbidden, "Sender ID not allowed"},
		"no text":            {func(r *Request) { r.Text = "" }, sms.CodeInvalid, "Message text is empty"},
		"text of nothing":    {func(r *Request) { r.Text = "\x00\x00" }, sms.CodeInvalid, "Message text is empty"},
		"too long":           {func(r *Request) { r.Text = strings.Repeat("x", 1531) }, sms.CodeTooLarge, "Text is too long: it needs 11 parts, at most 10 are allowed"},
		"too long in UCS-2":  {func(r *Request) { r.Text = strings.Repeat("ক", 671) }, sms.CodeTooLarge, "Text is too long: it needs 11 parts, at most 10 are allowed"},
		"far too long":       {func(r *Request) { r.Text = strings.Repeat("x", 1<<20) }, sms.CodeTooLarge, "Text is too long: it needs 6854 parts, at most 10 are allowed"},
		"too long with the reference of the route": {func(r *Request) { r.RouteID, r.Text = routeWide, strings.Repeat("x", 1525) }, sms.CodeTooLarge,
			"Text is too long: it needs 11 parts, at most 10 are allowed"},
		"too distant":             {func(r *Request) { r.SendAt = noon.Add(366 * 24 * time.Hour) }, sms.CodeInvalid, "scheduledate is too far away; at most 365 days ahead are allowed"},
		"end of time":             {func(r *Request) { r.SendAt = time.Unix(1<<40, 0) }, sms.CodeInvalid, "scheduledate is too far away; at most 365 days ahead are allowed"},
		"unknown route":           {func(r *Request) { r.RouteID = 99 }, sms.CodeForbidden, "Unknown route, or not allowed for this account; use route=0 for the default"},
		"negative route":          {func(r *Request) { r.RouteID = -1 }, sms.CodeForbidden, "Unknown route, or not allowed for this account; use route=0 for the default"},
		"forbidden route":         {func(r *Request) { r.RouteID = routeGuests }, sms.CodeForbidden, "Unknown route, or not allowed for this account; use route=0 for the default"},
		"disabled route":          {func(r *Request) { r.RouteID = routeOff }, sms.CodeForbidden, "This route is disabled; use route=0 for the default"},
		"route of other types":    {func(r *Request) { r.RouteID = routeUnicode }, sms.CodeForbidden, "This route does not carry type sms; use route=0 for the default"},
		"route without connector": {func(r *Request) { r.RouteID = routeDead }, sms.CodeForbidden, "No route to this number"},
		"sender not on the route": {func(r *Request) { r.From = "OnlyOff" }, sms.CodeForbidden, "Sender ID not allowed"},
		"nobody":                  {func(r *Request) { r.To = nil }, sms.CodeInvalid, "No valid recipient; write numbers with country code, such as 8801712345678"},
		"blanks":                  {func(r *Request) { r.To = []string{"", " ", "\t"} }, sms.CodeInvalid, "No valid recipient; write numbers with country code, such as 8801712345678"},
		"no numbers":              {func(r *Request) { r.To = []string{"x", "12", "0171234"} }, sms.CodeInvalid, "No valid recipient; write numbers with country code, such as 8801712345678"},
		"no route":                {func(r *Request) { r.To = []string{"4915112345678"} }, sms.CodeForbidden, "No route to this number"},
		"no price":                {func(r *Request) { r.AccountID, r.To = unpriced, []string{"8801612345678"} }, sms.CodeForbidden, "No price for this number"},
		"price of the sum":        {func(r *Request) { r.AccountID, r.To = lavish, numbers(10) }, sms.CodeTooLarge, "The price of the call is too large; send it in smaller calls"},
		"price of the parts":      {func(r *Request) { r.AccountID, r.Text = lavish, strings.Repeat("x", 1530) }, sms.CodeForbidden, "No price for this number"},
		"a code nobody lists":     {func(r *Request) { r.To = []string{"16248"} }, sms.CodeInvalid, "No valid recipient; write numbers with country code, such as 8801712345678"},
	} {
		t.Run(name, func(t *testing.T) {
			call, err := planned(t, c.change)
			if sms.CodeOf(err) != c.code || err == nil || err.Error() != c.text {
				t.Errorf("%s %v\nwant %s %s", sms.CodeOf(err), err, c.code, c.text)
			}
			if len(call.Messages) > 0 || call.Need != 0 {
				t.Errorf("a refused call has %d messages and needs %s", len(call.Messages), call.Need)
			}
		})
	}
}

func numbers(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("88018%08d", i))
	}
	return list
}

// TestRouting is one number each, and the route that takes it.
func TestRouting(t *testing.T) {
	for _, c := range []struct {
		why    string
		change func(*Request)
		to     string
		route  int64
		pinned bool
		reason sms.Reason
	}{
		{"the rule of the house", nil, "8801812345678", routeMain, false, ""},
		{"the longest prefix, and the account's before the house's", nil, "8801712345678", routeAlt, false, ""},
		{"another account has the house's", from(unpriced), "8801812345678", routeMain, false, ""},
		{"a disabled route is passed over", nil, "8801912345678", routeMain, false, ""},
		{"a route without the type is passed over", nil, "8801512345678", routeMain, false, ""},
		{"a route with the type is taken", typed(sms.TypeUnicode), "8801512345678", routeUnicode, false, ""},
		{"a rule whose route is gone is passed over", nil, "8801412345678", routeMain, false, ""},
		{"a route without a connector is passed over", nil, "8801312345678", routeMain, false, ""},
		{"the rule that names the type, whatever its priority", typed(sms.TypeFlash), "8801612345678", routeAlt, false, ""},
		{"and not for other types", nil, "8801612345678", routeMain, false, ""},
		{"the lower priority", nil, "8801112345678", routeMain, false, ""},
		{"another account's rule", nil, "447700900123", 0, false, sms.ReasonNoRoute},
		{"another type's rule", nil, "4915112345678", 0, false, sms.ReasonNoRoute},
		{"a sender that is registered on b alone", sent("OnlyB"), "8801812345678", routeMain, false, ""},
		{"a sender that is on no connector of it", sent("OnlyOff"), "8801812345678", 0, false, sms.ReasonSender},
		{"a short code", nil, "16247", routeShort, false, ""},
		{"a short code, and a rule whose route does not list it", nil, "333", routeShort, false, ""},
		{"a short code that could be a number", nil, "20000000", routeShort, false, ""},
		{"a short code with a + is none", nil, "+16247", 0, false, sms.ReasonNumber},
		{"a route that was asked for", asked(routeAlt), "8801812345678", routeAlt, true, ""},
		{"it needs no rule", asked(routeAlt), "4915112345678", routeAlt, true, ""},
		{"it does not list the short code", asked(routeMain), "16247", 0, false, sms.ReasonNoRoute},
	} {
		t.Run(c.why, func(t *testing.T) {
			call, err := planned(t, func(r *Request) {
				if c.change != nil {
					c.change(r)
				}
				r.To = []string{c.to, "8801812345670"} // a second one, so that a bad first is no refusal
				if c.reason == sms.ReasonSender {
					r.To = []string{c.to}
				}
			})
			if c.reason == sms.ReasonSender {
				if sms.CodeOf(err) != sms.CodeForbidden {
					t.Fatalf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			m := call.Messages[0]
			if m.RouteID != c.route || m.Pinned != c.pinned || m.Reason != c.reason || (m.State == sms.Failed) != (c.reason != "") {
				t.Errorf("route %d, pinned %t, %s (%s)", m.RouteID, m.Pinned, m.State, m.Reason)
			}
			if m.State == sms.Failed && m.Reserved != 0 {
				t.Errorf("a failed recipient costs %s", m.Reserved)
			}
		})
	}
}

func from(account int64) func(*Request) { return func(r *Request) { r.AccountID = account } }
func typed(t sms.Type) func(*Request)   { return func(r *Request) { r.Type = t } }
func sent(sender string) func(*Request) { return func(r *Request) { r.From = sender } }
func asked(route int64) func(*Request)  { return func(r *Request) { r.RouteID = route } }
func saying(text string) func(*Request) { return func(r *Request) { r.Text = text } }
func at(when time.Time) func(*Request)  { return func(r *Request) { r.SendAt = when } }
func all(f ...func(*Request)) func(*Request) {
	return func(r *Request) {
		for _, g := range f {
			g(r)
		}
	}
}

// TestPricing is one number each, and what it costs.
func TestPricing(t *testing.T) {
	const c = sms.Credit
	for _, x := range []struct {
		why    string
		change func(*Request)
		to     string
		price  sms.Money
		units  int
	}{
		{"by the longest prefix", nil, "8801712345678", 3 * c, 1},
		{"by the shorter one", nil, "8801812345678", c / 4, 1},
		{"by any number at all", asked(routeMain), "4915112345678", c, 1},
		{"the row of the type", typed(sms.TypeUnicode), "8801812345678", c / 2, 1},
		{"not the row of another type", typed(sms.TypeFlash), "8801812345678", c / 4, 1},
		{"the row of the channel is for flash too", typed(sms.TypeFlash), "8801612345678", 5 * c, 1},
		{"a numeric sender", sent("16001"), "8801812345678", c / 8, 1},
		{"a numeric sender written with +", sent("+8801555000111"), "8801812345678", c / 8, 1},
		{"the type goes before the sender", all(sent("16001"), typed(sms.TypeUnicode)), "8801812345678", c / 2, 1},
		{"a longer prefix goes before both", all(sent("16001"), typed(sms.TypeUnicode)), "8801712345678", 3 * c, 1},
		{"a route that was asked for has a price of its own", asked(routeAlt), "8801712345678", 2 * c, 1},
		{"the same route by the rules has not", nil, "8801712345678", 3 * c, 1},
		{"free, because a price says so", nil, "12025550123", 0, 1},
		{"a short code has no price by a prefix", nil, "16247", c, 1},
		{"units are parts", saying(strings.Repeat("x", 161)), "8801812345678", c / 4, 2},
		{"units are parts of UCS-2", saying(strings.Repeat("é", 10) + strings.Repeat("ক", 61)), "8801812345678", c / 4, 2},
		{"the wide reference counts", all(asked(routeWide), saying(strings.Repeat("x", 305))), "8801812345678", c / 4, 3},
		{"the narrow one", saying(strings.Repeat("x", 305)), "8801812345678", c / 4, 2},
	} {
		t.Run(x.why, func(t *testing.T) {
			call, err := planned(t, func(r *Request) {
				if x.change != nil {
					x.change(r)
				}
				r.To = []string{x.to}
			})
			if err != nil {
				t.Fatal(err)
			}
			m, want := call.Messages[0], x.price*sms.Money(x.units)
			if m.Price != x.price || m.Units != x.units || m.Reserved != want || call.Need != want {
				t.Errorf("%s a unit, %d units, %s reserved, the call needs %s; want %s, %d", m.Price, m.Units, m.Reserved, call.Need, x.price, x.units)
			}
		})
	}
	call, err := planned(t, from(unpriced))
	if err != nil || call.Messages[0].ChargeOn != sms.ChargeDelivered {
		t.Errorf("charge_on of the list is not kept: %v", err)
	}
}

// TestTypes: the encoding that follows from type and text.
func TestTypes(t *testing.T) {
	for _, c := range []struct {
		typ  sms.Type
		text string
		want gsm.Encoding
	}{
		{sms.TypeSMS, "plain {€}", gsm.GSM7}, {sms.TypeSMS, "নমস্কার", gsm.UCS2}, {sms.TypeSMS, "ok 👍", gsm.UCS2},
		{sms.TypeUnicode, "plain", gsm.UCS2}, {sms.TypeFlash, "plain", gsm.GSM7}, {sms.TypeFlash, "নমস্কার", gsm.UCS2},
	} {
		call, err := planned(t, all(typed(c.typ), saying(c.text)))
		if err != nil || call.Messages[0].Encoding != c.want {
			t.Errorf("%s %q: %v, %v", c.typ, c.text, call.Messages[0].Encoding, err)
		}
	}
}

func TestLanes(t *testing.T) {
	for _, c := range []struct {
		from string
		to   int
		want sms.Lane
	}{
		{"ACME", 1, sms.LaneNormal}, {"ACME", bulkFrom - 1, sms.LaneNormal}, {"ACME", bulkFrom, sms.LaneBulk},
		{"ACME-OTP", 1, sms.LaneFirst}, {"ACME-OTP", bulkFrom, sms.LaneFirst},
		{"ACME-AD", 1, sms.LaneBulk}, {"ACME-AD", bulkFrom, sms.LaneBulk},
	} {
		call, err := planned(t, func(r *Request) { r.From, r.To = c.from, numbers(c.to) })
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.Messages {
			if m.Lane != c.want {
				t.Fatalf("%s to %d recipients: lane %d, want %d", c.from, c.to, m.Lane, c.want)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	year := 365 * 24 * time.Hour
	for _, c := range []struct {
		why         string
		sendAt      time.Time
		state       sms.State
		due, sendBy time.Time
	}{
		{"at once", time.Time{}, sms.Queued, noon, noon.Add(24 * time.Hour)},
		{"past", noon.Add(-time.Hour), sms.Queued, noon, noon.Add(24 * time.Hour)},
		{"this moment", noon, sms.Queued, noon, noon.Add(24 * time.Hour)},
		{"soon", noon.Add(time.Nanosecond), sms.Scheduled, noon.Add(time.Nanosecond), noon.Add(24*time.Hour + 1)},
		{"as late as allowed", noon.Add(year), sms.Scheduled, noon.Add(year), noon.Add(year + 24*time.Hour)},
	} {
		call, err := planned(t, at(c.sendAt))
		if err != nil {
			t.Fatalf("%s: %v", c.why, err)
		}
		m := call.Messages[0]
		if m.State != c.state || !m.DueAt.Equal(c.due) || !m.ExpiresAt.Equal(c.sendBy) || !m.CloseAt.Equal(c.sendBy.Add(48*time.Hour)) {
			t.Errorf("%s: %s, due %s, expires %s, closes %s", c.why, m.State, m.DueAt, m.ExpiresAt, m.CloseAt)
		}
		if call.Group.SendAt.IsZero() != (c.state == sms.Queued) {
			t.Errorf("%s: the group says %s", c.why, call.Group.SendAt)
		}
	}
	call, err := planned(t, asked(routeAlt))
	if err != nil || !call.Messages[0].ExpiresAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("the route's validity is not kept: %v", err)
	}
	call, err = planned(t, func(r *Request) { r.Key, r.KeyFor = "k", time.Minute })
	if err != nil || call.Key != "k" || !call.KeyUntil.Equal(noon.Add(time.Minute)) {
		t.Errorf("key %q until %s, %v", call.Key, call.KeyUntil, err)
	}
}

// TestManyRecipients has 10,000 recipients of every kind: duplicates in any
// spelling are sent once, bad ones fail alone and at no cost.
func TestManyRecipients(t *testing.T) {
	var to []string
	for i := range 2500 {
		to = append(to, fmt.Sprintf("88018%08d", i), fmt.Sprintf("+880 18-%04d %04d", i/10000, i%10000), fmt.Sprintf("018%08d", i), fmt.Sprintf("bad %d", i%5))
	}
	call, err := planned(t, func(r *Request) { r.To = to })
	if err != nil {
		t.Fatal(err)
	}
	good, bad := 0, 0
	for _, m := range call.Messages {
		if m.State == sms.Failed {
			if bad++; m.Reason != sms.ReasonNumber || m.To != "" || m.Input == "" || m.Reserved != 0 {
				t.Fatalf("bad recipient %+v", m)
			}
			continue
		}
		good++
	}
	if good != 2500 || bad != 5 || call.Group.Count != 2505 || call.Need != 2500*sms.Credit/4 {
		t.Errorf("%d good, %d bad, the call needs %s", good, bad, call.Need)
	}
	if m := call.Messages[0]; m.To != "8801800000000" || m.Input != "" {
		t.Errorf("the first is %q, %q", m.To, m.Input)
	}
}

// TestInputsAreStorable: whatever a recipient, a text or a file name holds, the
// database gets text, and not much of what is no number.
func TestInputsAreStorable(t *testing.T) {
	call, err := planned(t, func(r *Request) {
		r.Text = "a\x00b\xffc"
		r.To = []string{"8801812345678", "\x00\xff", strings.Repeat("é", 1000), " 01812345679 "}
	})
	if err != nil {
		t.Fatal(err)
	}
	if call.Group.Text != "ab\uFFFDc" {
		t.Errorf("text %q", call.Group.Text)
	}
	var inputs []string
	for _, m := range call.Messages {
		inputs = append(inputs, m.Input)
	}
	if want := []string{"", "\uFFFD", strings.Repeat("é", inputMost/2), "01812345679"}; fmt.Sprintf("%q", inputs) != fmt.Sprintf("%q", want) {
		t.Errorf("inputs %q\nwant %q", inputs, want)
	}
}
