package sms

import (
	"net/netip"
	"testing"
	"time"
)

// threeSent is a message of three parts, all taken by the operator, in the
// mode given.
func threeSent(mode ReceiptMode, charge ChargeOn) *Record {
	r := newRecord(3)
	r.ReceiptsOn, r.ChargeOn = mode, charge
	r.Claim(3, 9, 3, noon)
	for seq := 1; seq <= 3; seq++ {
		o := outcome(r, seq, VerdictAccepted)
		o.UpstreamID = "id"
		r.Outcome(o, noon)
	}
	return r
}

// TestReceiptOfOnePart: where a receipt is asked for one part only, it is the
// word on all; where each has one, each is waited for.
func TestReceiptOfOnePart(t *testing.T) {
	for _, c := range []struct {
		mode  ReceiptMode
		seq   int
		state PartState
		want  State
	}{
		{ReceiptsLast, 3, PartDelivered, Delivered},
		{ReceiptsFirst, 1, PartDelivered, Delivered},
		{ReceiptsLast, 3, PartUndelivered, Undelivered},
		{ReceiptsLast, 3, PartSent, Sent},      // intermediate
		{ReceiptsLast, 1, PartDelivered, Sent}, // not the one that was asked for
		{ReceiptsFirst, 3, PartDelivered, Sent},
		{ReceiptsAll, 3, PartDelivered, Sent},
	} {
		r := threeSent(c.mode, ChargeDelivered)
		ch := r.Receipt(c.seq, Receipt{State: c.state, Code: "5"}, noon)
		check(t, c.mode.String(), r.State, c.want)
		if c.want == Delivered {
			check(t, "captured", []Money{r.Captured, ch.Capture}, []Money{3 * Credit, 3 * Credit})
			check(t, "parts named", len(ch.Parts), 3)
		}
		if c.want == Undelivered {
			check(t, "released", r.Released, 3*Credit)
		}
	}
	// The receipt overtakes the answer of another part.
	r := newRecord(2)
	r.ReceiptsOn = ReceiptsLast
	r.Claim(3, 9, 2, noon)
	r.Outcome(outcome(r, 2, VerdictAccepted), noon)
	r.Receipt(2, Receipt{State: PartDelivered}, noon)
	check(t, "first still on the wire", r.State, Sending)
	r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	check(t, "all answered", r.State, Delivered)

}

func TestAsked(t *testing.T) {
	for mode, want := range map[ReceiptMode][3]bool{ReceiptsAll: {true, true, true}, ReceiptsLast: {false, false, true}, ReceiptsFirst: {true, false, false}} {
		for i, asked := range want {
			check(t, mode.String(), mode.Asked(i+1, 3), asked)
		}
		var back ReceiptMode
		word, _ := mode.MarshalText()
		if err := back.UnmarshalText(word); err != nil || back != mode {
			t.Errorf("%s: %v, %s", word, err, back)
		}
	}
	var m ReceiptMode
	if err := m.UnmarshalText([]byte("both")); CodeOf(err) != CodeInvalid {
		t.Errorf("both: %v", err)
	}
	check(t, "no mode", ReceiptMode(9).String(), "")
}

// TestNotices: who handed a message in is told of what it asked for, once.
func TestNotices(t *testing.T) {
	for _, c := range []struct {
		notify Notify
		state  PartState
		want   string
	}{
		{NotifyDelivered | NotifyFailed, PartDelivered, "deliver"},
		{NotifyDelivered, PartDelivered, "deliver"},
		{NotifyFailed, PartDelivered, ""},
		{NotifyFailed, PartUndelivered, "undeliver"},
		{NotifyDelivered, PartExpired, ""},
		{NotifyProgress | NotifyDelivered, PartDelivered, "answer deliver"},
		{0, PartDelivered, ""},
	} {
		r := newRecord(1)
		r.SubscriberID, r.Notify = 5, c.notify
		changes := []Change{r.Claim(3, 9, 1, noon)}
		changes = append(changes, r.Outcome(outcome(r, 1, VerdictAccepted), noon),
			r.Receipt(1, Receipt{State: c.state}, noon), r.Receipt(1, Receipt{State: PartRead}, noon), r.Receipt(1, Receipt{State: PartUndelivered}, noon))
		check(t, c.want, noticed(changes), c.want)
	}
	// An end of our own, and the real one that replaces it.
	r := newRecord(1)
	r.SubscriberID, r.Notify = 5, NotifyDelivered|NotifyFailed
	r.Claim(3, 9, 1, noon)
	r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	check(t, "closed, then delivered", noticed([]Change{r.Expire(noon.Add(3*time.Hour), true), r.Receipt(1, Receipt{State: PartDelivered}, noon)}), "close deliver")
}

func noticed(changes []Change) (words string) {
	for _, c := range changes {
		for _, e := range c.Events {
			if e.SubscriberID != 0 {
				if words != "" {
					words += " "
				}
				words += e.Trigger.String()
			}
		}
	}
	return words
}

// TestAsk: before a message is closed without a receipt its operator is asked,
// again and again at half of the time that is left.
func TestAsk(t *testing.T) {
	r := newRecord(2)
	r.AskAt = noon.Add(10 * time.Minute)
	at, _ := r.Deadline()
	check(t, "deadline in the queue", at, r.ExpiresAt)
	r.Claim(3, 9, 2, noon)
	for seq := 1; seq <= 2; seq++ {
		o := outcome(r, seq, VerdictAccepted)
		o.UpstreamID = "id"
		r.Outcome(o, noon)
	}
	r.Receipt(1, Receipt{State: PartDelivered}, noon)
	check(t, "to ask about", len(r.Unreceipted()), 1)
	var asked []time.Duration
	for range 20 {
		at, open := r.Deadline()
		if !open {
			break
		}
		check(t, "nothing before the time", r.Expire(at.Add(-time.Second), true), Change{})
		c := r.Expire(at, true)
		check(t, "touched", c.Touched, true)
		if c.Events[0].Trigger == OnAsk {
			check(t, "state while asking", r.State, Sent)
			asked = append(asked, at.Sub(noon))
		}
	}
	check(t, "asked", asked, []time.Duration{10 * time.Minute, 95 * time.Minute, 137*time.Minute + 30*time.Second, 158*time.Minute + 45*time.Second, 169*time.Minute + 22*time.Second + 500*time.Millisecond, 174*time.Minute + 41*time.Second + 250*time.Millisecond})
	check(t, "end", []any{r.State, r.Provisional, r.Reason}, []any{Unknown, true, ReasonNoReceipt})
}

// TestAskWhenItCannotBe: the operator is asked as soon as it can be, and until then
// nothing is said of a question.
func TestAskWhenItCannotBe(t *testing.T) {
	r := newRecord(1)
	r.AskAt = noon.Add(10 * time.Minute)
	r.Claim(3, 9, 1, noon)
	r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	nameless := *r
	c := nameless.Expire(r.AskAt, true)
	check(t, "no id to ask by", []any{c.Touched, len(c.Events), nameless.AskAt}, []any{true, 0, time.Time{}})
	r.Sub[0].UpstreamID = "id"
	check(t, "due before its time", r.AskDue(r.AskAt.Add(-1)), false)
	c = r.Expire(r.AskAt, false)
	check(t, "put off", []any{c.Touched, len(c.Events), r.AskAt.Sub(noon), r.State}, []any{true, 0, 15 * time.Minute, Sent})
	c = r.Expire(r.AskAt, true)
	check(t, "asked", []any{told(c), r.AskAt.Sub(noon)}, []any{"ask:sent", 97*time.Minute + 30*time.Second})
	for range 200 {
		at, open := r.Deadline()
		if !open {
			break
		}
		check(t, "due", r.AskDue(at), at.Before(r.CloseAt))
		c = r.Expire(at, false)
	}
	check(t, "never", []any{told(c), r.AskAt.IsZero(), r.State, r.UpdatedAt}, []any{"close:unknown", true, Unknown, r.CloseAt})
	check(t, "after the end", r.AskDue(noon.Add(time.Hour)), false)
	queued := newRecord(1)
	queued.AskAt = noon
	check(t, "not sent yet", queued.AskDue(noon), false)
}

// TestAskLate: a message that waited in the queue until after the time is not
// asked about as soon as it was sent.
func TestAskLate(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{0: time.Minute, 30 * time.Minute: 90 * time.Minute, 2*time.Hour + 30*time.Minute: 2*time.Hour + 45*time.Minute} {
		r := newRecord(1)
		r.AskAt = noon.Add(time.Minute)
		r.Claim(3, 9, 1, noon.Add(wait))
		r.Outcome(outcome(r, 1, VerdictAccepted), noon.Add(wait))
		check(t, wait.String(), r.AskAt.Sub(noon), want)
	}
}

func TestReplace(t *testing.T) {
	x := Replacement{Text: "new", Encoding: 2, Parts: 1, Units: 1, DueAt: noon.Add(time.Minute), ExpiresAt: noon.Add(2 * time.Hour), Notify: NotifyFailed}
	r := newRecord(2)
	c := r.Replace(&x, noon)
	check(t, "change", []any{c.Touched, c.Replaced, told(c), c.Release}, []any{true, true, "replace:queued", Money(0)})
	check(t, "message", []any{r.Encoding, r.Parts, r.Units, r.DueAt, r.ExpiresAt, r.CloseAt, r.Notify},
		[]any{Encoding(2), 1, 1, noon.Add(time.Minute), noon.Add(2 * time.Hour), noon.Add(4 * time.Hour), NotifyFailed})
	r.Claim(3, 9, 1, noon)
	c = r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	check(t, "charged for what was sent", c.Capture, Credit)
	c = r.Receipt(1, Receipt{State: PartDelivered}, noon)
	check(t, "the rest is released", c.Release, Credit)

	same := newRecord(1)
	same.State = Scheduled
	same.AskAt = noon.Add(time.Hour)
	check(t, "no times", told(same.Replace(&Replacement{Parts: 1, Units: 1}, noon)), "replace:scheduled")
	check(t, "times stay", []time.Time{same.DueAt, same.ExpiresAt}, []time.Time{noon, noon.Add(time.Hour)})

	same.Replace(&Replacement{Parts: 1, Units: 1, DueAt: noon.Add(time.Minute)}, noon)
	check(t, "asked later too", same.AskAt, noon.Add(time.Hour+time.Minute))

	for what, r := range map[string]*Record{"too dear": newRecord(1), "claimed": newRecord(2), "handed back": newRecord(2), "ended": newRecord(2)} {
		switch what {
		case "claimed", "handed back":
			r.Claim(3, 9, 2, noon)
			if what == "handed back" {
				r.Outcome(outcome(r, 1, VerdictDown), noon)
				r.Outcome(outcome(r, 2, VerdictDown), noon)
			}
		case "ended":
			r.Cancel(noon)
		}
		before := *r
		check(t, what, []any{r.Replace(&Replacement{Parts: 2, Units: 2}, noon), *r}, []any{Change{}, before})
	}
}

// TestReasonOfReceipt: the operator's word in ours, and the raw code beside it.
func TestReasonOfReceipt(t *testing.T) {
	r := newRecord(1)
	r.Claim(3, 9, 1, noon)
	r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	c := r.Receipt(1, Receipt{State: PartUndelivered, Reason: ReasonAbsent, Code: "27"}, noon)
	check(t, "message", []any{r.Reason, r.Code}, []any{ReasonAbsent, "27"})
	check(t, "event", []any{c.Events[0].Reason, c.Events[0].Code}, []any{ReasonAbsent, "27"})
	for rc, want := range map[*Receipt]Reason{{State: PartUndelivered}: ReasonUndelivered, {State: PartExpired}: ReasonOpExpired, {State: PartRejected}: ReasonOperator,
		{State: PartRejected, Reason: ReasonFiltered}: ReasonFiltered, {State: PartDelivered, Reason: ReasonFiltered}: "", {State: PartSent}: ""} {
		check(t, rc.State.String(), rc.Why(), want)
	}
	check(t, "retryable", []bool{ReasonAbsent.Retryable(), ReasonNobody.Retryable(), Reason("").Retryable()}, []bool{true, false, false})
}

func login(change func(*SMPPLogin)) *Subscriber {
	l := &SMPPLogin{PasswordHash: "00"}
	change(l)
	return &Subscriber{Head: Head{ID: 1, Name: "esme1", AccountID: 1}, Channel: ChannelSMPP, SMPP: l}
}

func TestLoginValidate(t *testing.T) {
	s := login(func(*SMPPLogin) {})
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	check(t, "defaults", *s.SMPP, SMPPLogin{PasswordHash: "00", MaxBinds: 4, Window: 100, MessageID: IDDecimal, Keep: Duration(72 * time.Hour)})
	for what, change := range map[string]func(*SMPPLogin){
		"no password": func(l *SMPPLogin) { l.PasswordHash = "" },
		"binds":       func(l *SMPPLogin) { l.MaxBinds = -1 },
		"window":      func(l *SMPPLogin) { l.Window = 10001 },
		"rate":        func(l *SMPPLogin) { l.Rate = -1 },
		"ids":         func(l *SMPPLogin) { l.MessageID = "octal" },
		"alphabet":    func(l *SMPPLogin) { l.Alphabet = 4 },
		"keep":        func(l *SMPPLogin) { l.Keep = Duration(time.Second) },
		"replies":     func(l *SMPPLogin) { l.Replies = []string{"+880"} },
		"no reply":    func(l *SMPPLogin) { l.Replies = []string{""} },
		"address":     func(l *SMPPLogin) { l.IPs = []string{"here"} },
	} {
		if err := login(change).Validate(); CodeOf(err) != CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, bad := range map[string]*Subscriber{
		"blank":       {Head: Head{Name: "a b", AccountID: 1}, Channel: ChannelSMPP, SMPP: &SMPPLogin{PasswordHash: "00"}},
		"long":        {Head: Head{Name: "a234567890123456", AccountID: 1}, Channel: ChannelSMPP, SMPP: &SMPPLogin{PasswordHash: "00"}},
		"no settings": {Head: Head{Name: "a", AccountID: 1}, Channel: ChannelSMPP},
		"a feed":      {Head: Head{Name: "a", AccountID: 1}, Channel: ChannelFeed, SMPP: &SMPPLogin{PasswordHash: "00"}},
		"channel":     {Head: Head{Name: "a", AccountID: 1}, Channel: "mail"},
	} {
		if err := bad.Validate(); CodeOf(err) != CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	if s.UniqueKey() != "smpp:esme1" || (&Subscriber{Head: Head{Name: "S", AccountID: 2}, Channel: ChannelFeed}).UniqueKey() != "2:s" {
		t.Error("unique keys")
	}
	if s.EveryEvent() || !(&Subscriber{Channel: ChannelWebhook}).EveryEvent() {
		t.Error("who gets every event")
	}
}

// TestTold: whose login gets a reply.
func TestTold(t *testing.T) {
	all := login(func(l *SMPPLogin) { l.Replies = []string{RepliesAll} })
	one := login(func(l *SMPPLogin) { l.Replies = []string{"2626"} })
	one.ID, one.Name = 2, "esme2"
	none := login(func(l *SMPPLogin) { l.IPs = []string{"203.0.113.0/24"} })
	none.ID, none.Name = 3, "esme3"
	other := login(func(l *SMPPLogin) { l.Replies = []string{RepliesAll} })
	other.ID, other.Name, other.AccountID = 4, "esme4", 2
	cat := NewCatalog(1, []Noun{all, one, none, other})
	check(t, "both", cat.Told(1, "2626"), []int64{1, 2})
	check(t, "of any number", cat.Told(1, "880"), []int64{1})
	check(t, "of the other account", cat.Told(2, "2626"), []int64{4})
	check(t, "of nobody", cat.Told(0, "2626"), nil)
	if cat.Login("esme3") != none || cat.Login("ESME3") != nil {
		t.Error("login by system_id")
	}
	check(t, "addresses", []bool{cat.LoginAllowedFrom(all, netip.MustParseAddr("192.0.2.1")), cat.LoginAllowedFrom(none, netip.MustParseAddr("203.0.113.9")), cat.LoginAllowedFrom(none, netip.MustParseAddr("192.0.2.1"))},
		[]bool{true, true, false})
}
