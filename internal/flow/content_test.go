package flow

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// ported is the header of a message to a port, as no text has.
var ported = []byte{6, 5, 4, 0x0B, 0x84, 0x23, 0xF0}

func TestRawContent(t *testing.T) {
	raw := func(e gsm.Encoding, header, body []byte) func(*Request) {
		return func(r *Request) { r.Text, r.Encoding, r.Raw = "", e, &sms.Raw{Header: header, Body: body} }
	}
	part := []byte{5, 0, 3, 7, 2, 1}
	for name, c := range map[string]struct {
		change func(*Request)
		code   sms.Code
	}{
		"a part in GSM-7":             {raw(gsm.GSM7, part, bytes.Repeat([]byte{0x41}, 153)), ""},
		"one septet too many":         {raw(gsm.GSM7, part, bytes.Repeat([]byte{0x41}, 154)), sms.CodeTooLarge},
		"a part with national tables": {raw(gsm.National(gsm.Turkish, gsm.Turkish), append([]byte{11, 0, 3, 7, 2, 1}, 0x24, 1, 1, 0x25, 1, 1), bytes.Repeat([]byte{0x41}, 146)), ""},
		"no header, 160 septets":      {raw(gsm.GSM7, nil, bytes.Repeat([]byte{0x41}, 160)), ""},
		"no header, 161 septets":      {raw(gsm.GSM7, nil, bytes.Repeat([]byte{0x41}, 161)), sms.CodeTooLarge},
		"packed septets":              {raw(gsm.GSM7, nil, []byte{0x80}), sms.CodeInvalid},
		"a part in UCS-2":             {raw(gsm.UCS2, part, make([]byte, 134)), ""},
		"one character too many":      {raw(gsm.UCS2, part, make([]byte, 136)), sms.CodeTooLarge},
		"half a character":            {raw(gsm.UCS2, part, make([]byte, 3)), sms.CodeInvalid},
		"octets":                      {raw(gsm.Octets, ported, make([]byte, 133)), ""},
		"one octet too many":          {raw(gsm.Octets, ported, make([]byte, 134)), sms.CodeTooLarge},
		"a header alone":              {raw(gsm.Octets, ported, nil), ""},
		"nothing":                     {raw(gsm.Octets, nil, nil), sms.CodeInvalid},
		"a message-waiting indication": {func(r *Request) {
			r.Text, r.Encoding, r.Raw = "", gsm.Octets, &sms.Raw{Body: []byte{}}
			r.Coding = 0xC8
		}, ""},
		"a header that is cut off":      {raw(gsm.Octets, ported[:4], []byte{1}), sms.CodeInvalid},
		"a header that goes on":         {raw(gsm.Octets, append([]byte{2}, ported[1:]...), []byte{1}), sms.CodeInvalid},
		"no encoding":                   {raw(gsm.Auto, nil, []byte{1}), sms.CodeInvalid},
		"tables that there are not":     {raw(gsm.National(15, 15), nil, []byte{1}), sms.CodeInvalid},
		"a type that has no such thing": {func(r *Request) { r.Type, r.Raw, r.Encoding = sms.TypeVoice, &sms.Raw{Body: []byte{1}}, gsm.Octets }, sms.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			var req Request
			call, err := planned(t, func(r *Request) { c.change(r); req = *r })
			if c.code != "" {
				if sms.CodeOf(err) != c.code || c.code != sms.CodeUnavailable && sms.ReasonOf(err) != sms.ReasonContent {
					t.Errorf("%v (%s, %s), want %s", err, sms.CodeOf(err), sms.ReasonOf(err), c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			m := call.Messages[0]
			if m.Parts != 1 || m.Units != 1 || m.Encoding != req.Encoding || call.Group.Raw != req.Raw || call.Need != m.Price {
				t.Errorf("planned %+v", m)
			}
			c := cutter{route: &sms.Route{Long: sms.LongUDH16}, conn: connA}
			claimed := store.Claimed{Record: sms.Record{Message: m}, Group: &call.Group}
			claimed.Claim(connA, 1, 1, noon)
			list, refused := c.submissions(nil, nil, &claimed, noon)
			if len(list) != 1 || len(refused) != 0 {
				t.Fatalf("%d submissions, %d refused", len(list), len(refused))
			}
			if s := list[0]; s.Group.Raw != req.Raw || !bytes.Equal(s.Payload, req.Raw.Body) || s.Concat != nil || s.Encoding != req.Encoding || !s.Receipt {
				t.Errorf("submission %+v", s)
			}
		})
	}
}

// TestContentOfOtherChannels is neither cut nor looked at here, and never raw.
func TestContentOfOtherChannels(t *testing.T) {
	cat := house(t)
	cat.Account(acme).SmartText = true
	turkish(cat)
	cat.Route(routeMain).Types = []sms.Type{sms.TypeVoice}
	p := &planner{cat: cat, now: noon, max: 1, protos: func(string) []sms.Type { return []sms.Type{sms.TypeSMS, sms.TypeVoice} }}
	req := Request{AccountID: acme, Type: sms.TypeVoice, From: "acme", To: []string{"8801812345678"}, Text: "“ışık”"}
	call, err := p.plan(&req)
	if err != nil || call.Group.Text != req.Text || call.Messages[0].Parts != 1 || call.Messages[0].Encoding != gsm.Auto {
		t.Fatalf("%+v, %v", call, err)
	}
	m := store.Claimed{Record: sms.Record{Message: call.Messages[0]}, Group: &call.Group}
	m.Claim(connA, 1, 1, noon)
	c := cutter{route: cat.Route(routeMain), conn: connA}
	if list, refused := c.submissions(nil, nil, &m, noon); len(list) != 1 || len(refused) > 0 || list[0].Payload != nil || list[0].Group != &call.Group {
		t.Errorf("%+v, refused %+v", list, refused)
	}
	req.Raw, req.Encoding = &sms.Raw{Body: []byte{1}}, gsm.Octets
	if _, err := p.plan(&req); sms.CodeOf(err) != sms.CodeInvalid || sms.ReasonOf(err) != sms.ReasonContent {
		t.Errorf("raw: %v", err)
	}
}

// TestRawIsOneSubmission: rows that do not fit it are refused.
func TestRawIsOneSubmission(t *testing.T) {
	g := &sms.Group{Type: sms.TypeSMS, From: "ACME", Raw: &sms.Raw{Body: []byte{1}}}
	m := store.Claimed{Record: sms.Record{Message: sms.Message{State: sms.Queued, Encoding: gsm.Octets, Parts: 2}}, Group: g}
	m.Claim(connA, 1, 2, noon)
	c := cutter{route: &sms.Route{}, conn: connA}
	list, refused := c.submissions(nil, nil, &m, noon)
	if len(list) != 0 || len(refused) != 2 || refused[0].Reason != sms.ReasonContent {
		t.Errorf("%d submissions, refused %+v", len(list), refused)
	}
}

// turkish changes the route of the rule for 88018.
func turkish(cat *sms.Catalog) {
	cat.Route(routeMain).National = []gsm.Language{gsm.Turkish}
}

func planIn(cat *sms.Catalog, req Request) (sms.Call, error) {
	p := &planner{cat: cat, now: noon, max: 365 * 24 * time.Hour, protos: onlyText}
	return p.plan(&req)
}

// TestNationalTables: they are the route's, and only of texts that need them.
func TestNationalTables(t *testing.T) {
	const text = "ışık "
	for name, c := range map[string]struct {
		typ      sms.Type
		to       []string
		text     string
		encoding []gsm.Encoding
		parts    []int
	}{
		"where the route knows them": {sms.TypeSMS, []string{"8801812345678", "8801712345678"}, strings.Repeat(text, 20),
			[]gsm.Encoding{gsm.National(gsm.Turkish, 0), gsm.UCS2}, []int{1, 2}},
		"not for what does without": {sms.TypeSMS, []string{"8801812345678"}, "hello", []gsm.Encoding{gsm.GSM7}, []int{1}},
		"not for what they lack":    {sms.TypeSMS, []string{"8801812345678"}, "আলো", []gsm.Encoding{gsm.UCS2}, []int{1}},
		"not when unicode is asked": {sms.TypeUnicode, []string{"8801812345678"}, text, []gsm.Encoding{gsm.UCS2}, []int{1}},
		"more than else is allowed": {sms.TypeSMS, []string{"8801812345678"}, strings.Repeat(text, 280),
			[]gsm.Encoding{gsm.National(gsm.Turkish, 0)}, []int{10}},
	} {
		t.Run(name, func(t *testing.T) {
			cat := house(t)
			turkish(cat)
			call, err := planIn(cat, Request{AccountID: acme, Type: c.typ, From: "acme", To: c.to, Text: c.text})
			if err != nil {
				t.Fatal(err)
			}
			for i, m := range call.Messages {
				if m.Encoding.Kind() != c.encoding[i].Kind() || (m.Encoding.Locking() != 0 || m.Encoding.Single() != 0) != (c.encoding[i] > gsm.Octets) || m.Parts != c.parts[i] {
					t.Errorf("to %s: %v, %d parts; want %v, %d", m.To, m.Encoding, m.Parts, c.encoding[i], c.parts[i])
				}
			}
		})
	}
	t.Run("too long on every route", func(t *testing.T) {
		cat := house(t)
		turkish(cat)
		_, err := planIn(cat, Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: strings.Repeat(text, 400)})
		if sms.CodeOf(err) != sms.CodeTooLarge || !strings.Contains(err.Error(), "14 parts") {
			t.Errorf("%v, want the parts that the route makes", err)
		}
	})
	t.Run("a language of a later version", func(t *testing.T) {
		cat := house(t)
		cat.Route(routeMain).National = []gsm.Language{200}
		call, err := planIn(cat, Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: text})
		if err != nil || call.Messages[0].Encoding != gsm.UCS2 {
			t.Errorf("%+v, %v", call.Messages, err)
		}
	})
}

// TestNationalIsKept: the message decides how it is cut, whatever its route
// knows when it is claimed.
func TestNationalIsKept(t *testing.T) {
	cat := house(t)
	turkish(cat)
	text := strings.Repeat("ışık ", 40)
	call, err := planIn(cat, Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	for _, now := range [][]gsm.Language{nil, {gsm.Bengali}, {gsm.Turkish}} {
		for _, long := range []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR, sms.LongPayload} {
			m := store.Claimed{Record: sms.Record{Message: call.Messages[0]}, Group: &call.Group}
			parts := m.Parts
			if long == sms.LongPayload {
				parts = 1
			}
			m.Claim(connA, 1, parts, noon)
			route := *cat.Route(routeMain)
			route.National, route.Long = now, long
			c := cutter{route: &route, conn: connA}
			list, refused := c.submissions(nil, nil, &m, noon)
			if len(refused) > 0 || len(list) != parts {
				t.Fatalf("%v, %s: %d submissions, %d refused", now, long, len(list), len(refused))
			}
			if got := nationalText(list); got != text {
				t.Errorf("%v, %s: the handset reads %q", now, long, got)
			}
		}
	}
}

// nationalText is what a handset makes of the parts.
func nationalText(list []connect.Submission) (text string) {
	for _, s := range list {
		text += gsm.DecodeSeptets(s.Payload, s.Encoding)
	}
	return text
}

// TestPlannedAndCutAgree: what is counted for a route is what the cutter makes,
// with any tables.
func TestPlannedAndCutAgree(t *testing.T) {
	cat := house(t)
	route := cat.Route(routeMain)
	rapid.Check(t, func(rt *rapid.T) {
		route.National = rapid.SampledFrom([][]gsm.Language{nil, {gsm.Turkish}, {gsm.Bengali, gsm.Spanish}, gsm.Languages()}).Draw(rt, "national")
		route.Long = rapid.SampledFrom([]sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR}).Draw(rt, "long")
		text := rapid.StringOfN(rapid.RuneFrom([]rune("aeışğ€[]çÁাংলা„")), 1, 600, -1).Draw(rt, "text")
		call, err := planIn(cat, Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: text})
		if err != nil {
			if sms.CodeOf(err) != sms.CodeTooLarge {
				rt.Fatal(err)
			}
			return
		}
		m := store.Claimed{Record: sms.Record{Message: call.Messages[0]}, Group: &call.Group}
		m.Claim(connA, 1, m.Parts, noon)
		c := cutter{route: route, conn: connA}
		list, refused := c.submissions(nil, nil, &m, noon)
		if len(refused) > 0 || len(list) != m.Parts {
			rt.Fatalf("%d parts were counted, %d made, %d refused", m.Parts, len(list), len(refused))
		}
	})
}

func TestSmartText(t *testing.T) {
	const curly = "It’s “done” – see…"
	plan := func(change func(cat *sms.Catalog, r *Request)) sms.Call {
		t.Helper()
		cat := house(t)
		cat.Account(acme).SmartText = true
		req := Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678", "8801712345678"}, Text: curly}
		change(cat, &req)
		call, err := planIn(cat, req)
		if err != nil {
			t.Fatal(err)
		}
		return call
	}
	call := plan(func(*sms.Catalog, *Request) {})
	if call.Group.Text == curly {
		t.Error("nothing was replaced")
	}
	for _, m := range call.Messages {
		if m.Encoding != gsm.GSM7 || m.Parts != 1 {
			t.Errorf("%v, %d parts; want what the replaced text is", m.Encoding, m.Parts)
		}
	}
	for name, change := range map[string]func(*sms.Catalog, *Request){
		"an account that did not ask for it": func(cat *sms.Catalog, _ *Request) { cat.Account(acme).SmartText = false },
		"unicode was asked for":              func(_ *sms.Catalog, r *Request) { r.Type = sms.TypeUnicode },
		"it saves nothing":                   func(_ *sms.Catalog, r *Request) { r.Text = "“আলো”" },
		"one that is cut already":            func(_ *sms.Catalog, r *Request) { r.Raw, r.Encoding = &sms.Raw{Body: []byte{0x20, 0x1C}}, gsm.UCS2 },
	} {
		var before string
		call := plan(func(cat *sms.Catalog, r *Request) { change(cat, r); before = r.Text })
		if call.Group.Text != before || call.Messages[0].Encoding != gsm.UCS2 {
			t.Errorf("%s: the text was changed, or is %v", name, call.Messages[0].Encoding)
		}
	}
	national := plan(func(cat *sms.Catalog, r *Request) { turkish(cat); r.Text = "“ışık”" })
	if got := national.Messages[0].Encoding; got <= gsm.Octets || national.Messages[1].Encoding != gsm.UCS2 {
		t.Errorf("with the tables of the route: %v, and %v on the other", got, national.Messages[1].Encoding)
	}
	wide := plan(func(cat *sms.Catalog, r *Request) {
		cat.Route(routeMain).Long = sms.LongUDH16
		r.Text = strings.Repeat("“", 300)
	})
	if m := wide.Messages[0]; m.Encoding != gsm.GSM7 || m.Parts != 2 {
		t.Errorf("on a wide route: %v, %d parts", m.Encoding, m.Parts)
	}
	short := plan(func(cat *sms.Catalog, r *Request) {
		cat.Account(acme).MaxParts = 1
		r.Text = strings.Repeat("‘a’ ", 30)
	})
	if short.Messages[0].Parts != 1 {
		t.Errorf("%d parts", short.Messages[0].Parts)
	}
}

// TestWhatTheRouteDecides beside the parts.
func TestWhatTheRouteDecides(t *testing.T) {
	day, hour := 24*time.Hour, time.Hour
	for name, c := range map[string]struct {
		route    func(*sms.Route)
		request  func(*Request)
		validity time.Duration
		ask      time.Duration // after it is due, 0: never
	}{
		"as the route says":     {func(*sms.Route) {}, func(*Request) {}, 2 * day, 0},
		"a shorter validity":    {func(*sms.Route) {}, func(r *Request) { r.ValidFor = time.Minute }, time.Minute, 0},
		"a longer one":          {func(*sms.Route) {}, func(r *Request) { r.ValidFor = 9 * day }, 2 * day, 0},
		"later":                 {func(*sms.Route) {}, func(r *Request) { r.ValidFor, r.SendAt = hour, noon.Add(day) }, hour, 0},
		"asked about":           {func(r *sms.Route) { r.QueryAfter = sms.Duration(hour) }, func(*Request) {}, 2 * day, hour},
		"asked about when sent": {func(r *sms.Route) { r.QueryAfter = sms.Duration(hour) }, func(r *Request) { r.SendAt = noon.Add(day) }, 2 * day, hour},
		"not asked in its time": {func(r *sms.Route) { r.QueryAfter = sms.Duration(90 * day) }, func(*Request) {}, 2 * day, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cat := house(t)
			route := cat.Route(routeMain)
			route.Validity, route.ReceiptWait, route.Receipts = sms.Duration(2*day), sms.Duration(3*day), sms.ReceiptsLast
			c.route(route)
			req := Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: "x", SubscriberID: 7, Notify: sms.NotifyFailed}
			c.request(&req)
			call, err := planIn(cat, req)
			if err != nil {
				t.Fatal(err)
			}
			m := call.Messages[0]
			want := time.Time{}
			if c.ask > 0 {
				want = m.DueAt.Add(c.ask)
			}
			if m.ExpiresAt.Sub(m.DueAt) != c.validity || m.CloseAt.Sub(m.ExpiresAt) != 3*day || !m.AskAt.Equal(want) {
				t.Errorf("due %v, expires %v, closes %v, asked at %v", m.DueAt, m.ExpiresAt, m.CloseAt, m.AskAt)
			}
			if m.ReceiptsOn != sms.ReceiptsLast || m.SubscriberID != 7 || m.Notify != sms.NotifyFailed {
				t.Errorf("receipts on %v, told %d of %d", m.ReceiptsOn, m.SubscriberID, m.Notify)
			}
		})
	}
}

func TestUrgent(t *testing.T) {
	for _, c := range []struct {
		from   string
		urgent int
		want   sms.Lane
	}{
		{"acme", 0, sms.LaneNormal}, {"acme", 1, sms.LaneNormal}, {"acme", 2, sms.LaneFirst}, {"acme", 3, sms.LaneFirst},
		{"acme-otp", 0, sms.LaneFirst}, {"acme-otp", 1, sms.LaneFirst}, {"acme-otp", 3, sms.LaneFirst},
		{"acme-ad", 0, sms.LaneBulk}, {"acme-ad", 1, sms.LaneNormal}, {"acme-ad", 2, sms.LaneNormal}, {"acme-ad", 3, sms.LaneNormal},
	} {
		call, err := planned(t, func(r *Request) { r.From, r.Urgent = c.from, c.urgent })
		if err != nil || call.Messages[0].Lane != c.want {
			t.Errorf("%s, urgent %d: lane %d, %v; want %d", c.from, c.urgent, call.Messages[0].Lane, err, c.want)
		}
	}
	many, err := planned(t, func(r *Request) { r.To, r.Urgent = numbers(bulkFrom), 1 })
	if err != nil || many.Messages[0].Lane != sms.LaneNormal {
		t.Errorf("an urgent call of many: lane %d, %v", many.Messages[0].Lane, err)
	}
}

// TestReasons: errors say what faces with finer words need.
func TestReasons(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Request)
		want   sms.Reason
	}{
		"account":  {func(r *Request) { r.AccountID = closed }, sms.ReasonAccount},
		"sender":   {func(r *Request) { r.From = "Asked" }, sms.ReasonSender},
		"number":   {func(r *Request) { r.To = []string{"x"} }, sms.ReasonNumber},
		"no route": {func(r *Request) { r.To = []string{"4915112345678"} }, sms.ReasonNoRoute},
		"route":    {func(r *Request) { r.RouteID = routeOff }, sms.ReasonNoRoute},
		"no price": {func(r *Request) { r.AccountID, r.To = unpriced, []string{"8801612345678"} }, sms.ReasonNoPrice},
		"not here": {func(r *Request) { r.From = "OnlyOff" }, sms.ReasonSender},
		"empty":    {func(r *Request) { r.Text = "" }, sms.ReasonContent},
		"too long": {func(r *Request) { r.Text = strings.Repeat("x", 9999) }, sms.ReasonContent},
		"over":     {func(r *Request) { r.ValidFor = -time.Second }, sms.ReasonValidity},
	} {
		if _, err := planned(t, c.change); sms.ReasonOf(err) != c.want {
			t.Errorf("%s: reason %q of %v, want %q", name, sms.ReasonOf(err), err, c.want)
		}
	}
}

// TestRequestIsRead: a caller's request is not changed, which he may use again.
func TestRequestIsRead(t *testing.T) {
	cat := house(t)
	cat.Account(acme).SmartText = true
	req := Request{AccountID: acme, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: "a\x00 “b”"}
	p := &planner{cat: cat, now: noon, max: 1, protos: onlyText}
	if _, err := p.plan(&req); err != nil || req.Text != "a\x00 “b”" {
		t.Errorf("the request has %q now, %v", req.Text, err)
	}
}
