package smsapi

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

func TestQ03Queued(t *testing.T) {
	r := newRig(t)
	cases := map[string]reply{
		"one recipient":   r.send(),
		"two recipients":  r.send("to", "8801712345678,8801812345678"),
		"scheduled":       r.send("scheduledate", "2026-12-24 10:00:00"),
		"one of two good": r.send("to", "8801712345678,nonsense"),
		"long":            r.send("text", strings.Repeat("x", 1000)),
	}
	seen := map[string]bool{}
	for name, got := range cases {
		id := got.queued()
		if seen[id] {
			t.Errorf("%s: group_id %s again", name, id)
		}
		seen[id] = true
		if date := got.word("date"); date != "2026-11-24 18:00:00" {
			t.Errorf("%s: date %s", name, date)
		}
	}
}

// TestQ07NumbersAsTyped and section 3: every way to write a number arrives as
// one, with the default country of the account.
func TestQ07NumbersAsTyped(t *testing.T) {
	cases := []struct{ country, to, want string }{
		{"BD", "8801712345678", "8801712345678"},
		{"BD", "01712345678", "8801712345678"},
		{"BD", "+8801712345678", "8801712345678"},
		{"BD", "008801712345678", "8801712345678"},
		{"BD", "88+01712345678", "8801712345678"},
		{"BD", "(8801712345678)", "8801712345678"},
		{"BD", "08801712345678", "8801712345678"},
		{"BD", "1712345678", "8801712345678"},
		{"BD", `"01712345678"`, "8801712345678"},
		{"BD", " 880 1712-345678 ", "8801712345678"},
		{"BD", "+880.1712.345.678", "8801712345678"},
		{"BD", "(880) 1712/345678", "8801712345678"},
		{"BD", "94771234567", "94771234567"},
		{"LK", "0771234567", "94771234567"},
		{"LK", "94771234567", "94771234567"},
		{"LK", "771234567", "94771234567"},
		{"BD", "2250102030405", "2250102030405"},
		{"CI", "2250102030405", "2250102030405"},
		{"CI", "0102030405", "2250102030405"},
		{"BD", "2348031234567", "2348031234567"},
		{"BD", "254711243807", "254711243807"},
		{"BD", "252612345678", "252612345678"},
		{"BD", "9607712345", "9607712345"},
	}
	rigs := map[string]*rig{}
	for _, c := range cases {
		r := rigs[c.country]
		if r == nil {
			r = newRig(t, func(r *rig) { r.acme.Country = c.country })
			rigs[c.country] = r
		}
		if got := r.numbers(r.send("to", c.to).queued()); !reflect.DeepEqual(got, []string{c.want}) {
			t.Errorf("%s %q: sent to %q, want %s", c.country, c.to, got, c.want)
		}
	}
	// A raw + arrives as a space.
	r := rigs["BD"]
	if got := r.numbers(r.get("/smsAPI?sendsms&" + who + "&from=ACME&text=x&to=+8801712345678,+8801812345678").queued()); !reflect.DeepEqual(got, []string{"8801712345678", "8801812345678"}) {
		t.Errorf("raw plus: sent to %q", got)
	}
}

// TestSection3BadNumbers: a bad number fails alone, as given, and costs nothing.
func TestSection3BadNumbers(t *testing.T) {
	r := newRig(t)
	group := r.send("to", "01712345678, 12, call me, 880171234").queued()
	got := r.call("groupstatus", "groupid", group, "detail", "1")
	want := []map[string]any{
		{"id": "1", "to": "8801712345678", "status": "queued", "input": "01712345678", "detail": "queued", "reason": ""},
		{"id": "2", "to": "12", "status": "failed", "input": "12", "detail": "failed", "reason": "invalid_number"},
		{"id": "3", "to": "call", "status": "failed", "input": "call", "detail": "failed", "reason": "invalid_number"},
		{"id": "4", "to": "me", "status": "failed", "input": "me", "detail": "failed", "reason": "invalid_number"},
		{"id": "5", "to": "880171234", "status": "failed", "input": "880171234", "detail": "failed", "reason": "invalid_number"},
	}
	if !reflect.DeepEqual(got.recipients(), want) {
		t.Errorf("recipients %v\nwant %v", got.recipients(), want)
	}
	if b := r.balance(); b.Reserved != sms.Credit {
		t.Errorf("reserved %s, want 1", b.Reserved)
	}
}

func TestSection3ShortCodes(t *testing.T) {
	r := newRig(t)
	r.send("to", "16247").refused("sendsms", "No valid recipient; write numbers with country code, such as 8801712345678")
	r.edit(r.route, func() { r.route.ShortCodes = []string{"16247"} })
	if got := r.numbers(r.send("to", "16247").queued()); !reflect.DeepEqual(got, []string{"16247"}) {
		t.Errorf("sent to %q", got)
	}
}

func TestQ11SeveralRecipients(t *testing.T) {
	const a, b, c = "8801711111111", "8801722222222", "8801733333333"
	cases := []struct {
		to   string
		want []string
	}{
		{a + "," + b, []string{a, b}},
		{a + ", " + b + " ;" + c, []string{a, b, c}},
		{a + "\n" + b + "\r\n" + c + "\n", []string{a, b, c}},
		{a + " " + b, []string{a, b}},
		{a + "+" + b + "+" + c, []string{a, b, c}},
		{"+" + a + " +" + b, []string{a, b}},
		{"01711 111 111, 01722-222222", []string{a, b}},
		{"880 1711 111111", []string{a}},
		{`"8801711111111","01722222222"`, []string{a, b}},
		{"[8801711111111, 8801722222222]", []string{a, b}},
		{a + ",,;\n" + b + ",", []string{a, b}},
		{a + "," + a + ",01711111111,+" + a, []string{a}}, // duplicates are sent once
		{a + ",bad," + b + ",bad", []string{a, "bad failed", b}},
	}
	r := newRig(t)
	for _, x := range cases {
		if got := r.numbers(r.send("to", x.to).queued()); !reflect.DeepEqual(got, x.want) {
			t.Errorf("%q: sent to %q, want %q", x.to, got, x.want)
		}
	}
	if b := r.balance(); b.Reserved != 27*sms.Credit {
		t.Errorf("reserved %s, want 27: each number once", b.Reserved)
	}
}

func TestQ13Routes(t *testing.T) {
	r := newRig(t)
	second := &sms.Route{Head: sms.Head{Name: "second"}, Enabled: true, Connectors: r.route.Connectors}
	disabled := &sms.Route{Head: sms.Head{Name: "disabled"}, Connectors: r.route.Connectors}
	voice := &sms.Route{Head: sms.Head{Name: "voice"}, Enabled: true, Connectors: r.route.Connectors, Types: []sms.Type{sms.TypeVoice}}
	forbidden := &sms.Route{Head: sms.Head{Name: "forbidden"}, Enabled: true, Connectors: r.route.Connectors}
	for _, n := range []*sms.Route{second, disabled, voice, forbidden} {
		r.save(n)
	}
	r.edit(r.acme, func() { r.acme.Routes = []int64{second.ID, disabled.ID, voice.ID} })
	for _, route := range []string{"0", "", " ", "00"} {
		if _, m := r.stored(r.send("route", route).queued()); m[0].RouteID != r.route.ID || m[0].Pinned {
			t.Errorf("route=%q: route %d, pinned %t", route, m[0].RouteID, m[0].Pinned)
		}
	}
	if _, m := r.stored(r.send("route", decimal(second.ID)).queued()); m[0].RouteID != second.ID || !m[0].Pinned {
		t.Errorf("route %d, pinned %t", m[0].RouteID, m[0].Pinned)
	}
	before := r.balance()
	for route, message := range map[string]string{
		decimal(forbidden.ID):  "Unknown route, or not allowed for this account; use route=0 for the default",
		"4711":                 "Unknown route, or not allowed for this account; use route=0 for the default",
		decimal(disabled.ID):   "This route is disabled; use route=0 for the default",
		decimal(voice.ID):      "This route does not carry type sms; use route=0 for the default",
		"main":                 "Unknown route; use route=0 for the default",
		"-1":                   "Unknown route; use route=0 for the default",
		"99999999999999999999": "Unknown route; use route=0 for the default",
	} {
		r.send("route", route).refused("sendsms", message)
	}
	if r.balance() != before {
		t.Error("a refused call moved credit")
	}
}

func TestQ19TypeWithoutCase(t *testing.T) {
	r := newRig(t)
	for given, want := range map[string]sms.Type{"": sms.TypeSMS, "sms": sms.TypeSMS, "SMS": sms.TypeSMS, "Unicode": sms.TypeUnicode,
		"unicode": sms.TypeUnicode, "UNICODE": sms.TypeUnicode, "flash": sms.TypeFlash, "Flash": sms.TypeFlash} {
		if g, _ := r.stored(r.send("type", given).queued()); g.Type != want {
			t.Errorf("type=%q: %s, want %s", given, g.Type, want)
		}
	}
	if g, _ := r.stored(r.get("/smsAPI?sendsms&" + who + "&from=ACME&to=8801712345678&text=x").queued()); g.Type != sms.TypeSMS {
		t.Errorf("no type: %s", g.Type)
	}
	r.send("type", "plain").refused("sendsms", "Unknown type; use sms, unicode, flash, voice, mms or whatsapp")
}

// sent is what the operator got for a text: its whole content, encoding and
// number of parts.
func (r *rig) sent(pairs ...string) (content string, encoding gsm.Encoding, parts int) {
	r.t.Helper()
	before := len(r.link.Got())
	r.send(pairs...).queued()
	r.step()
	got := r.link.Got()[before:]
	pieces := make([]string, len(got))
	for _, s := range got {
		pieces[s.Attempt.Seq-1] = string(s.Payload)
	}
	return strings.Join(pieces, ""), got[0].Encoding, len(got)
}

func TestQ20AnyTextArrives(t *testing.T) {
	r := newRig(t, func(r *rig) { r.acme.CreditLimit = 1000 * sms.Credit })
	cases := []struct {
		text  string
		parts int
	}{
		{"one\ntwo\r\nthree\n", 1},
		{"  blanks around  ", 1},
		{strings.Repeat("x", 160), 1},
		{strings.Repeat("x", 161), 2},
		{strings.Repeat("x", 1530), 10}, // the most, by default
	}
	for _, c := range cases {
		content, encoding, parts := r.sent("text", c.text)
		want, ok := gsm.AppendGSM7(nil, c.text)
		if !ok || content != string(want) || encoding != gsm.GSM7 || parts != c.parts {
			t.Errorf("%.40q: %d parts in %s: %.60q", c.text, parts, encoding, content)
		}
	}
	before := r.balance()
	r.send("text", strings.Repeat("x", 1531)).refused("sendsms", "Text is too long: it needs 11 parts, at most 10 are allowed")
	r.send("text", strings.Repeat("x", 200_000)).refused("sendsms", "Text is too long: it needs 1308 parts, at most 10 are allowed")
	if r.balance() != before {
		t.Error("a refused call moved credit")
	}
	r.edit(r.acme, func() { r.acme.MaxParts = 255 })
	if _, _, parts := r.sent("text", strings.Repeat("x", 255*153)); parts != 255 {
		t.Errorf("%d parts", parts)
	}
	r.send("text", strings.Repeat("x", 255*153+1)).refused("sendsms", "Text is too long: it needs 256 parts, at most 255 are allowed")
}

func TestQ21NeverMangled(t *testing.T) {
	r := newRig(t)
	cases := []struct {
		kind, text string
		encoding   gsm.Encoding
		parts      int
	}{
		{"sms", "plain {text} €5", gsm.GSM7, 1},
		{"sms", "শুভ সকাল", gsm.UCS2, 1},
		{"sms", "smart “quotes” – dash", gsm.UCS2, 1},
		{"sms", "emoji 😀", gsm.UCS2, 1},
		{"sms", strings.Repeat("শ", 71), gsm.UCS2, 2},
		{"unicode", "plain text", gsm.UCS2, 1},
		{"unicode", strings.Repeat("x", 71), gsm.UCS2, 2},
		{"flash", "flash", gsm.GSM7, 1},
		{"flash", "ফ্ল্যাশ", gsm.UCS2, 1},
	}
	for _, c := range cases {
		content, encoding, parts := r.sent("type", c.kind, "text", c.text)
		want, _ := gsm.AppendGSM7(nil, c.text)
		if c.encoding == gsm.UCS2 {
			want = gsm.AppendUCS2(nil, c.text)
		}
		if content != string(want) || encoding != c.encoding || parts != c.parts {
			t.Errorf("%s %.30q: %s, %d parts, %q", c.kind, c.text, encoding, parts, content)
		}
	}
	// Bytes that are no UTF-8 come from clients that send Latin-1.
	r.get("/smsAPI?sendsms&" + who + "&from=ACME&to=8801712345678&text=caf%E9+%A35").queued()
	if g, _ := r.stored("10"); g.Text != "café £5" {
		t.Errorf("Latin-1 arrived as %q", g.Text)
	}
}

func TestSection4Senders(t *testing.T) {
	r := newRig(t)
	r.sender("MY CAR WASH", "Akurata.lk", "DEMO_SMS", "A-1", "8809601234567", "123", "123456789012345")
	for given, want := range map[string]string{"MY CAR WASH": "MY CAR WASH", "my car wash": "MY CAR WASH", "akurata.LK": "Akurata.lk",
		"demo_sms": "DEMO_SMS", "a-1": "A-1", "8809601234567": "8809601234567", "+8809601234567": "8809601234567", "123": "123",
		"123456789012345": "123456789012345", " ACME ": "ACME"} {
		if g, _ := r.stored(r.send("from", given).queued()); g.From != want {
			t.Errorf("from=%q: sent as %q, want the approved spelling %q", given, g.From, want)
		}
	}
	r.step()
	for _, s := range r.link.Got() {
		want := sms.SenderAlpha
		if strings.Trim(s.From, "0123456789") == "" {
			want = sms.SenderNumeric
		}
		if s.FromIs != want {
			t.Errorf("%q goes out as %s", s.From, s.FromIs)
		}
	}
	for _, status := range []sms.SenderStatus{sms.SenderRequested, sms.SenderRefused} {
		r.save(&sms.Sender{Head: sms.Head{Name: string(status), AccountID: r.acme.ID}, Status: status})
	}
	r.save(&sms.Sender{Head: sms.Head{Name: "THEIRS", AccountID: r.rival.ID}, Status: sms.SenderApproved})
	r.step()
	for _, from := range []string{"requested", "refused", "THEIRS", "nobody", "+ACME", "AC ME"} {
		r.send("from", from).refused("sendsms", "Sender ID not allowed")
	}
}

// TestScheduledSend: a scheduled call goes out at its time and not before, and
// says queued until then.
func TestScheduledSend(t *testing.T) {
	r := newRig(t)
	group := r.send("scheduledate", "2026-11-24 19:00:00").queued()
	r.pass(59 * time.Minute)
	if n := len(r.link.Got()); n != 0 {
		t.Fatalf("%d sent before their time", n)
	}
	if got := r.call("groupstatus", "groupid", group, "detail", "1"); got.recipients()[0]["status"] != "queued" || got.recipients()[0]["detail"] != "scheduled" {
		t.Errorf("reply %s", got.body)
	}
	r.pass(time.Minute)
	if n := len(r.link.Got()); n != 1 {
		t.Errorf("%d sent at their time", n)
	}
}
