package smppd

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// login is what is known of a customer's login while this process lives. Its
// sessions share it.
type login struct {
	id       int64
	noun     atomic.Pointer[sms.Subscriber] // as configured now
	gate     gate
	outgoing *deliverer

	mu    sync.Mutex
	binds map[*bind]struct{}

	receivers atomic.Pointer[[]*smpp.Session] // that can be delivered to, the longest bound first
}

func (s *Server) newLogin(noun *sms.Subscriber) *login {
	l := &login{id: noun.ID, binds: map[*bind]struct{}{}}
	l.noun.Store(noun)
	l.receivers.Store(new([]*smpp.Session))
	l.outgoing = newDeliverer(s, l)
	return l
}

// in is the login in the catalog, nil when it is gone. (Another one may have its
// system_id by then.)
func (l *login) in(cat *sms.Catalog) *sms.Subscriber {
	if noun := cat.Login(l.noun.Load().Name); noun != nil && noun.ID == l.id {
		return noun
	}
	return nil
}

// renew gives the login its noun, and a session of it the window, unless it has a
// newer one: a bind that began before a change may be decided after it.
func (l *login) renew(noun *sms.Subscriber, session *smpp.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if noun.Version >= l.noun.Load().Version {
		l.noun.Store(noun)
	}
	if session != nil {
		session.SetWindow(l.noun.Load().SMPP.Window)
	}
}

// abandoned is after how long a bind that was allowed and never became a session
// is forgotten: the connection broke in between. It is longer than the session
// initialisation timer.
const abandoned = time.Minute

// admit makes room for one more bind; false when the login has all it may have.
func (l *login) admit(b *bind, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for other := range l.binds {
		if other.session == nil && now.Sub(other.at) > abandoned {
			delete(l.binds, other)
		}
	}
	if len(l.binds) >= l.noun.Load().SMPP.MaxBinds {
		return false
	}
	l.binds[b] = struct{}{}
	return true
}

// bound gives the bind its session.
func (l *login) bound(b *bind, session *smpp.Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b.session = session
	l.binds[b] = struct{}{}
	l.listLocked()
}

func (l *login) leave(b *bind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.binds, b)
	l.listLocked()
}

// sessions are those of the login that live, in no order.
func (l *login) sessions() (list []*bind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for b := range l.binds {
		if b.session != nil {
			list = append(list, b)
		}
	}
	return list
}

// listLocked makes the list of receivers anew.
func (l *login) listLocked() {
	var binds []*bind
	for b := range l.binds {
		if b.session != nil && b.session.Mode().CanReceive() {
			binds = append(binds, b)
		}
	}
	slices.SortFunc(binds, func(a, b *bind) int { return a.at.Compare(b.at) })
	list := make([]*smpp.Session, len(binds))
	for i, b := range binds {
		list[i] = b.session
	}
	l.receivers.Store(&list)
}

// gate keeps a login to its rate over all its binds: a level, to which each
// request adds one and which sinks at the rate. A whole second's worth may come at
// once, as senders that count per second do it.
type gate struct {
	mu    sync.Mutex
	level float64
	at    time.Time
	rate  float64 // of the last request
}

// pass says whether n requests may pass now; none that may not are counted. When
// there is room for one, all of one submit_multi may pass, and the room they took
// too much is missing afterwards.
func (g *gate) pass(now time.Time, rate float64, n int) bool {
	if rate <= 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if since := now.Sub(g.at).Seconds(); since > 0 {
		g.level = max(0, g.level-rate*since)
		g.at = now
	}
	if rate != g.rate { // what came under another rate counts for a second of this one at most
		g.level, g.rate = min(g.level, max(1, rate)), rate
	}
	const rounding = 1e-9
	if g.level+1 > max(1, rate)+rounding {
		return false
	}
	g.level += float64(n)
	return true
}
