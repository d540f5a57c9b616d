package sqlite

import (
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// record is a message and its parts as the writer holds them.
type record struct {
	sms.Record
	deadline int64 // as stored: not after the real one, 0 none
	askAt    int64 // as stored
	stored   int   // parts that have rows

	// What the call has changed.
	listed  bool // in tx.records
	row     bool
	whole   bool  // of the row also what only Replace changes
	changed []int // indices into Sub
}

// load finds a message, nil if there is none.
func (t *tx) load(id sms.MessageID) (*record, error) {
	if r, ok := t.m.records.get(id); ok {
		return r, nil
	}
	s := t.message
	s.Int(int64(id))
	found, err := s.Next()
	if !found {
		return nil, err
	}
	r := new(record)
	r.Message, r.deadline = readMessage(s)
	r.askAt = sqlstore.Micros(r.AskAt)
	s.Reset()
	if r.Sub, err = readParts(t.parts, id); err != nil {
		return nil, err
	}
	r.stored = len(r.Sub)
	t.m.records.put(id, r)
	return r, nil
}

// group finds the content of a message.
func (t *tx) groupOf(m *sms.Message) (*sms.Group, error) {
	key := groupKey{m.AccountID, m.Group}
	if g, ok := t.m.groups.get(key); ok {
		return g, nil
	}
	g, err := readGroup(t.group, key)
	if err != nil || g == nil {
		return g, err
	}
	t.m.groups.put(key, g)
	return g, nil
}

// apply takes over what a life-cycle function did to r: its money and events
// now, its rows when the call ends. rc is the receipt behind it, if any.
func (t *tx) apply(r *record, c *sms.Change, rc *sms.Receipt, at int64) (err error) {
	t.dirty = true
	if c.Capture > 0 {
		id, err := t.book(r.AccountID, sms.TransferCapture, c.Capture, at)
		if err != nil {
			return err
		}
		for _, i := range c.Captured {
			r.Sub[i].CaptureID = id
			c.Parts = appendNew(c.Parts, i)
		}
	}
	if c.Release > 0 {
		if r.ReleaseID, err = t.book(r.AccountID, sms.TransferRelease, c.Release, at); err != nil {
			return err
		}
	}
	if c.Touched || len(c.Parts) > 0 {
		r.AskAt = micros(r.AskAt) // a part of what was left
		r.row, r.whole = r.row || c.Touched, r.whole || c.Replaced
		for _, i := range c.Parts {
			r.changed = appendNew(r.changed, i)
		}
		if !r.listed {
			r.listed = true
			t.records = append(t.records, r)
		}
	}
	for i := range c.Events {
		if err := t.log(&c.Events[i], rc); err != nil {
			return err
		}
	}
	return nil
}

func appendNew(list []int, i int) []int {
	if slices.Contains(list, i) {
		return list
	}
	return append(list, i)
}

// write brings the rows of a record up to date.
func (t *tx) write(r *record) error {
	for _, i := range r.changed {
		if err := t.writePart(r, &r.Sub[i], i < r.stored); err != nil {
			return err
		}
	}
	if len(r.changed) > 0 {
		r.stored = len(r.Sub)
	}
	if r.row {
		if err := t.writeMessage(r); err != nil {
			return err
		}
	}
	r.listed, r.row, r.whole, r.changed = false, false, false, r.changed[:0]
	return nil
}

func (t *tx) writePart(r *record, p *sms.Part, stored bool) error {
	s := t.addPart
	if stored {
		s = t.setPart
	} else {
		s.Int(int64(r.ID))
		s.Int(int64(p.Seq))
	}
	s.Int(int64(p.State))
	s.Int(p.ConnectorID)
	s.Text(p.UpstreamID)
	s.Int(int64(p.Attempt))
	s.Int(p.Epoch)
	s.Int(int64(p.Unknowns))
	s.Text(p.Code)
	s.Int(int64(p.Captured))
	s.Int(p.CaptureID)
	s.Int(sqlstore.Micros(p.At))
	if stored {
		s.Int(int64(r.ID))
		s.Int(int64(p.Seq))
	}
	return t.run(s)
}

// writeMessage moves the deadline only when the stored one would be too late,
// or when there is none any more (see message_deadline in the schema).
func (t *tx) writeMessage(r *record) error {
	real := deadlineOf(&r.Message)
	move := real == 0 && r.deadline != 0 || real != 0 && (r.deadline == 0 || real < r.deadline)
	ask := sqlstore.Micros(r.AskAt)
	whole := r.whole || ask != r.askAt
	s := t.statements.setMessage
	switch {
	case whole:
		s = t.setMessageWhole
	case move:
		s = t.setMessageDeadline
	}
	m := &r.Message
	bindChanging(s, m)
	if move || whole {
		r.deadline = real
		bindDeadline(s, real)
	}
	if whole {
		r.askAt = ask
		bindRare(s, m)
	}
	s.Int(int64(m.ID))
	return t.run(s)
}

// noDeadline stands for a deadline at the zero time, which has passed; 0 is
// none.
const noDeadline = -1

// deadlineOf is the real deadline as it is stored, 0 for none.
func deadlineOf(m *sms.Message) int64 {
	at, open := m.Deadline()
	switch {
	case !open:
		return 0
	case at.IsZero():
		return noDeadline
	}
	return at.UnixMicro()
}

func bindDeadline(s *engine.Stmt, at int64) {
	if at == 0 {
		s.Null()
	} else {
		s.Int(at)
	}
}

// bindChanging binds what changes in a message's life, in the order of setMessage.
func bindChanging(s *engine.Stmt, m *sms.Message) {
	s.Int(int64(m.State))
	s.Bool(m.Provisional)
	s.Bool(m.Answered)
	s.Text(string(m.Reason))
	s.Text(m.Code)
	s.Int(int64(m.Captured))
	s.Int(int64(m.Released))
	s.Int(m.ReleaseID)
	s.Int(m.OnlyID)
	s.Int(m.AvoidID)
	s.Int(int64(m.Attempts))
	s.Int(sqlstore.Micros(m.DueAt))
	s.Int(sqlstore.Micros(m.UpdatedAt))
}

// bindRare binds the columns of setRare.
func bindRare(s *engine.Stmt, m *sms.Message) {
	s.Int(int64(m.Encoding))
	s.Int(int64(m.Parts))
	s.Int(int64(m.Units))
	s.Int(sqlstore.Micros(m.ExpiresAt))
	s.Int(sqlstore.Micros(m.CloseAt))
	s.Int(int64(m.Notify))
	s.Int(sqlstore.Micros(m.AskAt))
}

func bindMessage(s *engine.Stmt, m *sms.Message, deadline int64) {
	s.Int(int64(m.ID))
	s.Int(m.AccountID)
	s.Int(m.Group)
	s.Text(m.To)
	s.Text(m.Input)
	s.Int(int64(m.Encoding))
	s.Int(int64(m.Parts))
	s.Int(int64(m.Units))
	s.Int(int64(m.Price))
	s.Int(int64(m.ChargeOn))
	s.Int(int64(m.Reserved))
	s.Int(m.ReserveID)
	s.Int(m.RouteID)
	s.Bool(m.Pinned)
	s.Int(int64(m.Lane))
	s.Int(sqlstore.Micros(m.ExpiresAt))
	s.Int(sqlstore.Micros(m.CloseAt))
	bindChanging(s, m)
	s.Int(int64(m.ReceiptsOn))
	s.Int(m.SubscriberID)
	s.Int(int64(m.Notify))
	s.Int(sqlstore.Micros(m.AskAt))
	bindDeadline(s, deadline)
}

func readMessage(s *engine.Stmt) (m sms.Message, deadline int64) {
	m.ID = sms.MessageID(s.GetInt())
	m.AccountID = s.GetInt()
	m.Group = s.GetInt()
	m.To = s.GetText()
	m.Input = s.GetText()
	m.Encoding = sms.Encoding(s.GetInt())
	m.Parts = int(s.GetInt())
	m.Units = int(s.GetInt())
	m.Price = sms.Money(s.GetInt())
	m.ChargeOn = sms.ChargeOn(s.GetInt())
	m.Reserved = sms.Money(s.GetInt())
	m.ReserveID = s.GetInt()
	m.RouteID = s.GetInt()
	m.Pinned = s.GetBool()
	m.Lane = sms.Lane(s.GetInt())
	m.ExpiresAt = sqlstore.Time(s.GetInt())
	m.CloseAt = sqlstore.Time(s.GetInt())
	m.State = sms.State(s.GetInt())
	m.Provisional = s.GetBool()
	m.Answered = s.GetBool()
	m.Reason = sms.Reason(s.GetText())
	m.Code = s.GetText()
	m.Captured = sms.Money(s.GetInt())
	m.Released = sms.Money(s.GetInt())
	m.ReleaseID = s.GetInt()
	m.OnlyID = s.GetInt()
	m.AvoidID = s.GetInt()
	m.Attempts = int(s.GetInt())
	m.DueAt = sqlstore.Time(s.GetInt())
	m.UpdatedAt = sqlstore.Time(s.GetInt())
	m.ReceiptsOn = sms.ReceiptMode(s.GetInt())
	m.SubscriberID = s.GetInt()
	m.Notify = sms.Notify(s.GetInt())
	m.AskAt = sqlstore.Time(s.GetInt())
	return m, s.GetInt()
}

// readParts runs the statement for the parts of a message.
func readParts(s *engine.Stmt, id sms.MessageID) (list []sms.Part, err error) {
	s.Int(int64(id))
	for {
		more, err := s.Next()
		if !more {
			return list, err
		}
		s.GetInt()
		list = append(list, sms.Part{Seq: int(s.GetInt()), State: sms.PartState(s.GetInt()), ConnectorID: s.GetInt(),
			UpstreamID: s.GetText(), Attempt: int(s.GetInt()), Epoch: s.GetInt(), Unknowns: int(s.GetInt()), Code: s.GetText(),
			Captured: sms.Money(s.GetInt()), CaptureID: s.GetInt(), At: sqlstore.Time(s.GetInt())})
	}
}

func bindGroup(s *engine.Stmt, g *sms.Group) {
	s.Int(g.AccountID)
	s.Int(g.Number)
	s.Int(int64(g.FirstMessage))
	s.Int(g.FirstRecipient)
	s.Int(int64(g.Count))
	s.Text(string(g.Type))
	s.Text(g.From)
	s.Text(g.Text)
	s.Text(g.File)
	s.Text(g.Language)
	s.Int(g.Duration.Microseconds())
	s.Text(g.Face)
	s.Int(sqlstore.Micros(g.At))
	s.Int(sqlstore.Micros(g.SendAt))
	bindRaw(s, g.Raw)
	s.Int(int64(g.Coding))
	s.Int(int64(g.Protocol))
}

func bindRaw(s *engine.Stmt, raw *sms.Raw) {
	if raw == nil {
		s.Null()
		s.Null()
		return
	}
	s.Blob(raw.Header)
	s.Blob(raw.Body)
}

// readGroup runs the statement for one group, nil if there is none.
func readGroup(s *engine.Stmt, key groupKey) (*sms.Group, error) {
	s.Int(key.account)
	s.Int(key.number)
	found, err := s.Next()
	if !found {
		return nil, err
	}
	g := scanGroup(s)
	s.Reset()
	return g, nil
}

func scanGroup(s *engine.Stmt) *sms.Group {
	g := &sms.Group{AccountID: s.GetInt(), Number: s.GetInt(), FirstMessage: sms.MessageID(s.GetInt()), FirstRecipient: s.GetInt(),
		Count: int(s.GetInt()), Type: sms.Type(s.GetText()), From: s.GetText(), Text: s.GetText(), File: s.GetText(), Language: s.GetText(),
		Duration: time.Duration(s.GetInt()) * time.Microsecond, Face: s.GetText(), At: sqlstore.Time(s.GetInt()), SendAt: sqlstore.Time(s.GetInt())}
	if s.IsNull() {
		s.GetBlob()
		s.GetBlob()
	} else {
		g.Raw = &sms.Raw{Header: s.GetBlob(), Body: s.GetBlob()}
	}
	g.Coding, g.Protocol = uint8(s.GetInt()), uint8(s.GetInt())
	return g
}

func bindEvent(s *engine.Stmt, e *sms.Event) {
	s.Int(int64(e.MessageID))
	s.Int(e.Seq)
	s.Int(e.AccountID)
	s.Int(sqlstore.Micros(e.At))
	s.Int(int64(e.Trigger))
	s.Int(int64(e.State))
	s.Int(int64(e.Part))
	s.Int(e.ConnectorID)
	s.Text(string(e.Reason))
	s.Text(e.Code)
}

func scanEvent(s *engine.Stmt) sms.Event {
	return sms.Event{MessageID: sms.MessageID(s.GetInt()), Seq: s.GetInt(), AccountID: s.GetInt(), At: sqlstore.Time(s.GetInt()),
		Trigger: sms.Trigger(s.GetInt()), State: sms.State(s.GetInt()), Part: int(s.GetInt()), ConnectorID: s.GetInt(),
		Reason: sms.Reason(s.GetText()), Code: s.GetText()}
}
