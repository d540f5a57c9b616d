package storetest

import (
	"bytes"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func inboundCases() []testCase {
	return []testCase{
		{"a whole message", inboundWhole},
		{"numbers of the inbox", inboundNumbers},
		{"owner by number and keyword", inboundOwner},
		{"nobody's", inboundNobody},
		{"segments in any order", inboundSegments},
		{"a segment that comes twice", inboundTwice},
		{"sets are kept apart", inboundSets},
		{"decode sees octets", inboundOctets},
		{"a set in one batch", inboundBatch},
		{"unread, oldest first", inboxUnread},
		{"all, newest first, paged back", inboxAll},
		{"marked read", inboxMark},
		{"from many goroutines", inboundRace},
	}
}

// rules give everything to the account; segments are joined with "|".
func rules(account int64) store.InboundRules {
	return store.InboundRules{
		Owner: func(string, string) int64 { return account },
		Decode: func(segments []sms.Segment) string {
			var texts [][]byte
			for _, s := range segments {
				texts = append(texts, s.Payload)
			}
			return string(bytes.Join(texts, []byte("|")))
		},
	}
}

func (f *fix) inbound(text string) sms.Inbound {
	return sms.Inbound{ConnectorID: connector, From: "+8801711111111", To: "2626", Text: text, At: f.now}
}

// segment is piece seq of total of the message with the reference.
func (f *fix) segment(ref uint16, seq, total uint8, text string) sms.Inbound {
	in := f.inbound("")
	in.Segment = &sms.Segment{Ref: ref, Total: total, Seq: seq, Payload: []byte(text)}
	return in
}

func (f *fix) receive(r store.InboundRules, in ...sms.Inbound) {
	f.Helper()
	f.ok(f.s.AddInbound(f.ctx, f.now, in, r))
}

func (f *fix) inbox(account int64, filter store.InboxFilter) []sms.InboxMessage {
	f.Helper()
	if filter.Limit == 0 {
		filter.Limit = 1000
	}
	list, err := f.s.Inbox(f.ctx, account, filter)
	f.ok(err)
	return list
}

// texts of an inbox, newest first.
func (f *fix) texts(account int64) []string {
	f.Helper()
	texts := []string{}
	for _, m := range f.inbox(account, store.InboxFilter{}) {
		texts = append(texts, m.Text)
	}
	return texts
}

func inboundWhole(f *fix) {
	a := f.account("a", 0)
	in := f.inbound("YES please\n😀")
	in.At = f.now.Add(-time.Minute)
	f.receive(rules(a), in)
	want(f, "inbox", f.inbox(a, store.InboxFilter{}), []sms.InboxMessage{{AccountID: a, Number: 1, ConnectorID: connector,
		From: "+8801711111111", To: "2626", Text: "YES please\n😀", At: f.now.Add(-time.Minute)}})
}

func inboundNumbers(f *fix) {
	a := f.account("a", 0, func(a *sms.Account) { a.InboxStart = 700 })
	b := f.account("b", 0)
	mixed := rules(a)
	mixed.Owner = func(_, text string) int64 {
		if text == "b" {
			return b
		}
		return a
	}
	f.receive(mixed, f.inbound("1"), f.inbound("b"), f.inbound("2"))
	f.receive(mixed, f.inbound("3"))
	var numbers []int64
	for _, m := range f.inbox(a, store.InboxFilter{}) {
		numbers = append(numbers, m.Number)
	}
	want(f, "numbers of a, newest first", numbers, []int64{702, 701, 700})
	want(f, "number of b", f.inbox(b, store.InboxFilter{})[0].Number, int64(1))
	want(f, "counter of a", f.counters(a).Inbox, int64(703))
	want(f, "texts", f.texts(a), []string{"3", "2", "1"})
}

func inboundOwner(f *fix) {
	a, b := f.account("a", 0), f.account("b", 0)
	f.ok(store.Save(f.ctx, f.s, f.now, "test", &sms.Number{Head: sms.Head{AccountID: a, Name: "2626"}}))
	f.ok(store.Save(f.ctx, f.s, f.now, "test", &sms.Number{Head: sms.Head{AccountID: b, Name: "2626"}, Keyword: "Win"}))
	catalog, err := store.Catalog(f.ctx, f.s)
	f.ok(err)
	r := rules(0)
	r.Owner = catalog.Owner
	f.receive(r, f.inbound("hello"), f.inbound("WIN a car"), f.segment(1, 2, 2, " b"), f.segment(1, 1, 2, "win a"))
	want(f, "by number", f.texts(a), []string{"hello"})
	want(f, "by keyword, also of a joined text", f.texts(b), []string{"win a| b", "WIN a car"})
}

func inboundNobody(f *fix) {
	a := f.account("a", 0)
	f.receive(rules(0), f.inbound("nobody's"))
	f.receive(rules(999999), f.inbound("of an account that is gone"))
	nobody := f.segment(1, 1, 1, "nobody's segment")
	f.receive(rules(0), nobody)
	want(f, "inbox", f.texts(a), []string{})
	want(f, "counter", f.counters(a).Inbox, int64(1))
	f.receive(rules(a), f.inbound("mine"))
	want(f, "the next one", f.inbox(a, store.InboxFilter{})[0].Number, int64(1))
	want(f, "kept under account 0", f.texts(0), []string{"nobody's segment", "of an account that is gone", "nobody's"})
	last := f.inbox(0, store.InboxFilter{Limit: 1})[0]
	want(f, "account and number", []int64{last.AccountID, last.Number}, []int64{0, 3})
	f.ok(f.s.MarkRead(f.ctx, 0, []int64{1, 3}))
	want(f, "unread", len(f.inbox(0, store.InboxFilter{UnreadOnly: true})), 1)
}

func inboundSegments(f *fix) {
	a := f.account("a", 0)
	for ref, order := range [][]uint8{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}, {3, 1, 2}} {
		for i, seq := range order {
			want(f, "inbox before the last segment", len(f.inbox(a, store.InboxFilter{})), ref)
			in := f.segment(uint16(ref), seq, 3, "part "+string(rune('0'+seq)))
			f.receive(rules(a), in)
			if i < 2 {
				f.later(time.Second)
			}
		}
		m := f.inbox(a, store.InboxFilter{})[0]
		want(f, "text", m.Text, "part 1|part 2|part 3")
		want(f, "whole", []any{m.Partial, m.From, m.To, m.ConnectorID}, []any{false, "+8801711111111", "2626", connector})
	}
	early := f.segment(9, 2, 2, "two")
	f.later(time.Second)
	f.receive(rules(a), f.segment(9, 1, 2, "one"))
	f.receive(rules(a), early)
	want(f, "it is as old as its oldest segment", f.inbox(a, store.InboxFilter{})[0].At, early.At)
	purged, err := f.s.Purge(f.ctx, f.now.Add(time.Hour), time.Minute, 100, rules(a))
	f.ok(err)
	want(f, "nothing is left", purged, 0)
}

func inboundTwice(f *fix) {
	a := f.account("a", 0)
	f.receive(rules(a), f.segment(9, 1, 2, "one"), f.segment(9, 1, 2, "one"))
	f.receive(rules(a), f.segment(9, 1, 2, "one"))
	want(f, "inbox", f.texts(a), []string{})
	f.receive(rules(a), f.segment(9, 2, 2, "two"))
	want(f, "inbox", f.texts(a), []string{"one|two"})
}

func inboundSets(f *fix) {
	a := f.account("a", 0)
	base := f.segment(9, 1, 2, "one")
	variants := []func(*sms.Inbound){
		func(in *sms.Inbound) { in.ConnectorID = other },
		func(in *sms.Inbound) { in.From = "+8801722222222" },
		func(in *sms.Inbound) { in.To = "2727" },
		func(in *sms.Inbound) { in.Segment.Ref = 10 },
		func(in *sms.Inbound) { in.Segment.Total = 3 },
	}
	f.receive(rules(a), base)
	for _, edit := range variants {
		in := f.segment(9, 2, 2, "two")
		edit(&in)
		f.receive(rules(a), in)
	}
	want(f, "none is complete", f.texts(a), []string{})
	f.receive(rules(a), f.segment(9, 2, 2, "two"))
	want(f, "the one that is", f.texts(a), []string{"one|two"})
}

func inboundOctets(f *fix) {
	a := f.account("a", 0)
	r := rules(a)
	var seen []sms.Segment
	r.Decode = func(segments []sms.Segment) string {
		seen = segments
		return "joined"
	}
	one := sms.Segment{Ref: 65535, Total: 2, Seq: 1, DCS: 8, Payload: []byte{0xD8, 0x3D}}
	two := sms.Segment{Ref: 65535, Total: 2, Seq: 2, DCS: 8, Payload: []byte{0xDE, 0x00, 0x00}}
	for _, s := range []sms.Segment{two, one} {
		in := f.inbound("")
		in.Segment = &s
		f.receive(r, in)
	}
	want(f, "segments in order of Seq", seen, []sms.Segment{one, two})
	want(f, "inbox", f.texts(a), []string{"joined"})
}

func inboundBatch(f *fix) {
	a := f.account("a", 0)
	f.receive(rules(a), f.segment(1, 2, 2, "b"), f.inbound("whole"), f.segment(2, 1, 2, "c"), f.segment(1, 1, 2, "a"), f.segment(2, 2, 2, "d"))
	want(f, "in the order in which they were complete", f.texts(a), []string{"c|d", "a|b", "whole"})
}

func inboxUnread(f *fix) {
	a := f.account("a", 0)
	f.receive(rules(a), f.inbound("1"), f.inbound("2"), f.inbound("3"), f.inbound("4"))
	f.ok(f.s.MarkRead(f.ctx, a, []int64{2}))
	numbers := func(limit int) (list []int64) {
		for _, m := range f.inbox(a, store.InboxFilter{UnreadOnly: true, Limit: limit}) {
			want(f, "read", m.Read, false)
			list = append(list, m.Number)
		}
		return list
	}
	want(f, "unread", numbers(0), []int64{1, 3, 4})
	want(f, "limit", numbers(2), []int64{1, 3})
	f.ok(f.s.MarkRead(f.ctx, a, []int64{1, 3, 4}))
	want(f, "none", numbers(0), []int64(nil))
}

func inboxAll(f *fix) {
	a := f.account("a", 0)
	for range 5 {
		f.receive(rules(a), f.inbound("x"))
	}
	f.ok(f.s.MarkRead(f.ctx, a, []int64{4}))
	for _, c := range []struct {
		filter store.InboxFilter
		want   []int64
	}{
		{store.InboxFilter{}, []int64{5, 4, 3, 2, 1}},
		{store.InboxFilter{Limit: 2}, []int64{5, 4}},
		{store.InboxFilter{Limit: 2, Before: 4}, []int64{3, 2}},
		{store.InboxFilter{Limit: 2, Before: 2}, []int64{1}},
		{store.InboxFilter{Limit: 2, Before: 1}, nil},
		{store.InboxFilter{Before: 1 << 40}, []int64{5, 4, 3, 2, 1}},
	} {
		var got []int64
		for _, m := range f.inbox(a, c.filter) {
			want(f, "read flag", m.Read, m.Number == 4)
			got = append(got, m.Number)
		}
		want(f, show(c.filter), got, c.want)
	}
}

func inboxMark(f *fix) {
	a, b := f.account("a", 0), f.account("b", 0)
	f.receive(rules(a), f.inbound("1"), f.inbound("2"))
	f.ok(f.s.MarkRead(f.ctx, b, []int64{1}))
	want(f, "another account cannot", len(f.inbox(a, store.InboxFilter{UnreadOnly: true})), 2)
	f.ok(f.s.MarkRead(f.ctx, a, []int64{1, 1, 77}))
	f.ok(f.s.MarkRead(f.ctx, a, []int64{1}))
	f.ok(f.s.MarkRead(f.ctx, a, nil))
	want(f, "unread", len(f.inbox(a, store.InboxFilter{UnreadOnly: true})), 1)
	want(f, "reading marks nothing", len(f.inbox(a, store.InboxFilter{UnreadOnly: true})), 1)
}

func inboundRace(f *fix) {
	a := f.account("a", 0)
	together(8, func(i int) error {
		err := f.s.AddInbound(f.ctx, f.now, []sms.Inbound{f.segment(1, uint8(i+1), 8, string(rune('a'+i))), f.inbound("whole")}, rules(a))
		if err != nil {
			f.Errorf("AddInbound: %v", err)
		}
		return err
	})
	n := map[string]int{}
	for _, text := range f.texts(a) {
		n[text]++
	}
	want(f, "inbox", n, map[string]int{"whole": 8, "a|b|c|d|e|f|g|h": 1})
	want(f, "counter", f.counters(a).Inbox, int64(10))
}
