package smppd

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
)

// delivery is one row of the store on its way to the customer: a receipt, which is
// one deliver_sm, or a reply, which may be several. Its fields are guarded by the
// deliverer's mutex.
type delivery struct {
	*deliverer
	row store.Delivery
	seq uint64 // order of the claims, which is that of the commits

	pdus []*smpp.DeliverSM // of a reply, made when it is first sent
	next int               // PDU to send
	open int               // PDUs under way

	status smpp.Status // of an answer that was an error
	lost   bool        // a PDU had no answer, or was never written
}

func (x *delivery) what() What {
	if x.row.Inbound != nil {
		return Reply
	}
	return Receipt
}

// at is when what it tells happened.
func (x *delivery) at() time.Time {
	if x.row.Inbound != nil {
		return x.row.Inbound.At
	}
	return x.row.Event.At
}

// name is what may be logged of it.
func (x *delivery) name() string {
	if x.row.Inbound != nil {
		return "inbox " + sms.MessageID(x.row.Inbound.Number).String()
	}
	return x.row.Event.MessageID.String()
}

// pdu is the next PDU to send, for a session of the version. It is good until the
// next call.
func (x *delivery) pdu(version uint8) *smpp.DeliverSM {
	login := x.login.noun.Load()
	if x.row.Inbound == nil {
		receipt(&x.scratch, &x.row, login.SMPP.MessageID, x.zone, version)
		return &x.scratch
	}
	if x.pdus == nil {
		x.pdus = reply(x.row.Inbound, login.SMPP.Alphabet)
	}
	return x.pdus[x.next]
}

// last says whether the PDU to send is the last one. pdu was called before.
func (x *delivery) last() bool { return x.next+1 >= len(x.pdus) }

// flight is a PDU of a delivery under way over a session.
type flight struct {
	x       *delivery
	session *smpp.Session
}

// Complete takes the customer's answer to the PDU.
func (f flight) Complete(r smpp.Result) {
	if f.x.answered(f.session, r) {
		f.x.ring()
	}
}

// answered is Complete under the lock; it says whether the loop has something to do.
func (x *delivery) answered(session *smpp.Session, r smpp.Result) bool {
	d := x.deliverer
	d.mu.Lock()
	defer d.mu.Unlock()
	x.open--
	from, now := d.known[session], d.server.Now()
	from.open--
	switch r.Outcome {
	case smpp.Answered:
		from.answered(session.Window())
		if r.Status != smpp.StatusOK {
			x.status = r.Status
		}
	case smpp.TimedOut:
		from.timedOut(now, session.Window(), d.server.Session.ResponseTimeout)
		x.lost = true
	default:
		x.lost = true
	}
	if x.open == 0 && (x.next >= max(1, len(x.pdus)) || x.failed()) {
		d.finish(x, now)
	}
	d.pump(now)
	return d.wanted(now)
}

func (x *delivery) failed() bool { return x.lost || x.status != smpp.StatusOK }

// soon says that the status is about the receiver and not about the message: its
// queue is full, it is too busy. Then everything waits a little.
func soon(st smpp.Status) bool {
	switch st {
	case smpp.StatusMsgQFul, smpp.StatusThrottled, smpp.StatusSysErr, smpp.StatusRxTAppn:
		return true
	}
	return false
}

// Pauses after a receiver said that it is too busy, and how long a message waits
// that it refused. Both double.
const (
	busyFirst    = 500 * time.Millisecond
	busyMost     = 30 * time.Second
	refusedFirst = time.Minute
	refusedMost  = time.Hour
)

func doubled(first, most time.Duration, times int) time.Duration {
	if times > 20 {
		return most
	}
	return min(most, first<<max(0, times))
}
