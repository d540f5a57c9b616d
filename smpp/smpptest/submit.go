package smpptest

import (
	"sync"
	"time"

	"github.com/harkara/harkara/smpp"
)

// serve is the handler of every session.
func (c *SMSC) serve(p smpp.PDU, r smpp.Responder) {
	m := Message{Session: r.Session(), Header: r.Header()}
	if !m.fill(p) {
		if c.cfg.OnOther != nil {
			c.cfg.OnOther(p, r)
		} else {
			c.Answer(p, r)
		}
		return
	}
	m.N, m.Received = c.numbers.Add(1), time.Now()
	reply := c.decide(&m)
	m.Status = reply.Status
	if m.Status == smpp.StatusOK {
		if m.MessageID = reply.MessageID; m.MessageID == "" && !reply.NoResponse && !reply.Drop {
			m.MessageID = c.cfg.NewID(m.N)
		}
	}
	c.keep(&m)
	if m.Status == smpp.StatusOK {
		c.archive.add(&m)
	}
	for _, rc := range reply.Receipts {
		if rc.Early {
			c.sendEarly(&m, rc)
		}
	}
	if reply.Delay <= 0 {
		c.reply(&m, &reply, r)
		return
	}
	late, slow := m.clone(), reply // both outlive this call
	c.timer.after(reply.Delay, func() { c.reply(&late, &slow, r) })
}

// decide asks the script.
func (c *SMSC) decide(m *Message) Reply {
	switch {
	case c.mute.Load():
		return Reply{NoResponse: true}
	case !c.rate.allow(m.Received):
		c.throttled.Add(1)
		return Reply{Status: smpp.StatusThrottled}
	case c.cfg.OnSubmit != nil:
		return c.cfg.OnSubmit(m)
	}
	return Reply{}
}

func (c *SMSC) keep(m *Message) {
	c.mu.Lock()
	if len(c.received) < c.cfg.Keep {
		c.received = append(c.received, m.clone())
	}
	c.mu.Unlock()
	c.submits.Add(1) // who waits for it finds it in Received
	c.news.touch()
}

// reply answers, or does not, and sends the receipts. Errors of Respond mean that the session is gone.
func (c *SMSC) reply(m *Message, reply *Reply, r smpp.Responder) {
	switch {
	case reply.Drop:
		_ = r.Session().Close()
		return
	case reply.NoResponse:
		return
	}
	if reply.Tamper != nil {
		tamper(m, reply)
	}
	switch {
	case reply.Nack:
		_ = r.Nack(reply.Status)
	case reply.Body != nil:
		_ = r.Respond(reply.Status, reply.Body)
	case reply.Status != smpp.StatusOK:
		_ = r.Respond(reply.Status, nil)
	default:
		_ = r.RespondID(m.MessageID)
	}
	for _, rc := range reply.Receipts {
		if !rc.Early {
			c.post(m, rc)
		}
	}
	if reply.DropAfter {
		r.Session().CloseWhenWritten()
	}
}

func tamper(m *Message, reply *Reply) {
	cmd := m.Header.Command.Response()
	if reply.Nack {
		cmd = smpp.CmdGenericNack
	}
	if w := wireOf(m.Session); w != nil {
		w.Tamper(cmd, m.Header.Sequence, reply.Tamper)
	}
}

// rateLimit counts messages in seconds of its own.
type rateLimit struct {
	perSecond int

	mu    sync.Mutex
	begin time.Time
	n     int
}

func (l *rateLimit) allow(now time.Time) bool {
	if l.perSecond <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.begin) >= time.Second {
		l.begin, l.n = now, 0
	}
	l.n++
	return l.n <= l.perSecond
}
