package smppd

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
)

// Door is the flow, as this face sees it.
type Door interface {
	AcceptAll(ctx context.Context, reqs []flow.Request) []flow.Result
	Cancel(ctx context.Context, account int64, ids []sms.MessageID) ([]sms.MessageID, error)
	Replace(ctx context.Context, account int64, id sms.MessageID, x flow.Replacement) error
	Catalog() *sms.Catalog
}

// Store is what this face needs of the database.
type Store interface {
	store.Deliverer
	store.Reader
}

// Options are what a Server is made of. Zero fields get the defaults named.
type Options struct {
	Door     Door
	Store    Store
	Auth     *account.Authenticator
	Log      *slog.Logger     // slog.Default
	Meter    Meter            // none
	Now      func() time.Time // time.Now
	SystemID string           // of ours, in bind responses; "Harkara"

	// Session shapes the sessions; Window, MaxInbound and the callbacks are the
	// face's own.
	Session smpp.Config
	// FailuresPerMinute of one address and system_id, see smpp.Server.
	FailuresPerMinute int
	// StopWithin is how long sessions have to answer what is in hand and to unbind
	// when the server stops, 10 s.
	StopWithin time.Duration
}

// Server is the face. Serve takes binds, Run delivers.
type Server struct {
	Options
	smpp smpp.Server
	bell chan struct{} // wakes Run

	mu      sync.Mutex
	logins  map[int64]*login // by id of the subscriber
	bound   int              // sessions
	catalog *sms.Catalog     // that the sessions are held to

	stopping   atomic.Bool
	complaints complaints
}

// mostWindow is the largest window a login can have (sms.SMPPLogin).
const mostWindow = 10_000

// New makes a Server.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SystemID == "" {
		o.SystemID = "Harkara"
	}
	if o.StopWithin == 0 {
		o.StopWithin = 10 * time.Second
	}
	s := &Server{Options: o, bell: make(chan struct{}, 1), logins: map[int64]*login{}}
	s.Session.MaxInbound = mostWindow // the login's own is held in session.go, where it can change
	if s.Session.ResponseTimeout == 0 {
		s.Session.ResponseTimeout = answerWithin
	}
	s.smpp = smpp.Server{Authenticate: s.authenticate, OnSession: s.onSession, OnRefused: s.onRefused,
		FailuresPerMinute: o.FailuresPerMinute}
	return s
}

// Serve takes connections until ctx ends; then it answers what is in hand, unbinds
// every session and returns. For TLS the listener is that of crypto/tls. It may
// run for several listeners, which must end together.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		s.shutdown()
	})
	err := s.smpp.Serve(l)
	if !stop() {
		<-ended
		return nil
	}
	if errors.Is(err, smpp.ErrServerClosed) {
		return nil // by the end of another listener's ctx
	}
	return err
}

// shutdown refuses new requests, so that those in hand come to an end, and unbinds.
func (s *Server) shutdown() {
	s.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), s.StopWithin)
	defer cancel()
	if err := s.smpp.Shutdown(ctx); err != nil {
		s.Log.Warn("smpp: sessions did not unbind in time and were closed")
	}
}

// authenticate decides a bind. An unknown system_id and a wrong password have one
// answer, ESME_RINVPASWD (SMPP 3.4 §5.1.3): nobody learns which system_ids there
// are. ESME_RBINDFAIL is for those who proved who they are.
func (s *Server) authenticate(_ context.Context, req *smpp.BindRequest) (smpp.Accept, smpp.Status) {
	b, st := s.admit(req)
	s.Meter.Bind(st)
	if st != smpp.StatusOK {
		return smpp.Accept{}, st
	}
	cfg := s.Session
	cfg.Window = b.login.noun.Load().SMPP.Window
	cfg.Handler = b
	return smpp.Accept{SystemID: s.SystemID, Config: &cfg, Data: b}, smpp.StatusOK
}

func (s *Server) admit(req *smpp.BindRequest) (*bind, smpp.Status) {
	now, cat := s.Now(), s.Door.Catalog()
	from, tls := addressOf(req.RemoteAddr), req.TLS != nil
	noun, _, err := s.Auth.Login(cat, req.SystemID, string(req.Password), from, tls, now)
	switch {
	case err != nil && sms.CodeOf(err) == sms.CodeForbidden:
		return nil, smpp.StatusBindFail
	case err != nil:
		return nil, smpp.StatusInvPaswd
	}
	b := &bind{server: s, login: s.loginOf(noun), from: from, tls: tls, hash: noun.SMPP.PasswordHash, at: now}
	if !b.login.admit(b, now) {
		return nil, smpp.StatusAlyBnd
	}
	return b, smpp.StatusOK
}

// addressOf is the peer's IP address.
func addressOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	return account.PeerAddr(a.String())
}

// pollEvery is how often a login's rows are looked for without a hint. It is longer
// where there are very many logins, so that looking costs the database little.
func (s *Server) pollEvery() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(poll, time.Duration(len(s.logins))*2*time.Millisecond)
}

// loginOf is the state of a login, made at its first bind and kept: its rate must
// not begin anew with every bind.
func (s *Server) loginOf(noun *sms.Subscriber) *login {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.logins[noun.ID]
	if l == nil {
		l = s.newLogin(noun)
		s.logins[noun.ID] = l
	}
	l.renew(noun, nil)
	return l
}

// onSession is told of a session before its first PDU.
func (s *Server) onSession(session *smpp.Session) {
	b := session.Data().(*bind) // authenticate gives every session one
	b.login.bound(b, session)
	s.count(1)
	b.hold(s.Door.Catalog()) // it may have changed since the bind was decided
	s.Log.Info("smpp: bound", "system_id", session.PeerSystemID(), "mode", session.Mode().String(), "from", b.from.String(), "tls", b.tls)
	s.Told()
	go func() {
		<-session.Closing()
		b.login.leave(b)
		<-session.Done()
		s.count(-1)
		s.Log.Info("smpp: unbound", "system_id", session.PeerSystemID(), "from", b.from.String(), "why", session.Err())
	}()
}

func (s *Server) count(change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound += change
	s.Meter.Sessions(s.bound) // under the lock, so that the last word is the right one
}

// onRefused logs quietly: strangers may cause it at will. What an operator should
// see is among the authentication failures.
func (s *Server) onRefused(from net.Addr, systemID string, why error) {
	s.Log.Debug("smpp: bind refused", "from", addressOf(from).String(), "err", why)
}

// follow holds the sessions to a catalog that has changed: those of a login that
// is gone, barred or has another password are unbound, windows are set.
func (s *Server) follow(cat *sms.Catalog) {
	s.mu.Lock()
	if s.catalog == cat {
		s.mu.Unlock()
		return
	}
	s.catalog = cat
	logins := make([]*login, 0, len(s.logins))
	for _, l := range s.logins {
		logins = append(logins, l)
	}
	s.mu.Unlock()
	for _, l := range logins {
		for _, b := range l.sessions() {
			b.hold(cat)
		}
		if noun := l.in(cat); noun != nil {
			l.renew(noun, nil)
		}
	}
}
