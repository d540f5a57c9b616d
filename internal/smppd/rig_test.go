package smppd

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// rig is the face on the real stack: a working flow, the reference store and a
// fake operator. It lives in a synctest bubble (see bubble), so that its time
// stands still until everything waits.
type rig struct {
	t      testing.TB
	ctx    context.Context
	store  *memory.Store
	flow   *flow.Flow
	server *Server
	pipes  *pipes
	meter  *tally
	logs   *logbook
	hasher account.Hasher
	audit  *account.Failures

	mu     sync.Mutex
	link   *fake.Connector
	script fake.Script

	acme, rival *sms.Account
	shop, other *sms.Subscriber // logins "shop" of acme and "other" of rival
	route       *sms.Route
	connector   *sms.Connector

	esmes  []*smpptest.ESME
	silent bool // the flow gives no hints

	stopServe, stopRest context.CancelFunc
	serving, rest       sync.WaitGroup
}

const password = "secret"

// bubble runs test on a new rig in a synctest bubble. change may alter its nouns
// and options before they are used.
func bubble(t *testing.T, test func(r *rig), change ...func(*rig, *Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, change...)
		defer r.stop()
		r.wait(time.Second) // the flow has the configuration and its link
		test(r)
	})
}

func newRig(t testing.TB, change ...func(*rig, *Options)) *rig {
	t.Helper()
	r := &rig{t: t, ctx: context.Background(), store: memory.New(memory.Options{}), pipes: newPipes(), meter: newTally(), logs: &logbook{},
		hasher: account.NewHasher([]byte("secret"))}
	r.audit = account.NewFailures(r.store)
	newAccount := func(name string) *sms.Account {
		return &sms.Account{Head: sms.Head{Name: name}, Enabled: true, TimeZone: "Asia/Dhaka", Country: "BD"}
	}
	r.acme, r.rival = newAccount("acme"), newAccount("rival")
	r.shop, r.other = r.newLogin("shop"), r.newLogin("other")
	r.connector = &sms.Connector{Head: sms.Head{Name: "operator"}, Protocol: fake.Protocol, Enabled: true, Window: 10_000}
	r.route = &sms.Route{Head: sms.Head{Name: "main"}, Enabled: true}
	log := slog.New(slog.NewTextHandler(r.logs, nil)) // no redaction: the face itself must keep silent
	o := Options{Auth: account.NewAuthenticator(r.hasher, r.audit), Log: log, Meter: r.meter}
	for _, c := range change {
		c(r, &o)
	}
	var err error
	r.flow, err = flow.New(r.ctx, flow.Options{Store: r.store, Node: "test", Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Plugins: only(fake.Protocol, fake.Plugin(time.Now, r.built)), OnTold: func() {
			if !r.silent {
				r.server.Told()
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	switch d := o.Door.(type) {
	case nil:
		o.Door = r.flow
	case *slowDoor:
		d.Door = r.flow
	}
	if o.Store == nil {
		o.Store = r.store
	}
	r.server = New(o)
	r.configure()
	r.start()
	return r
}

// only is a map of one. (Its type would be the connectors' contract, which a face
// does not know.)
func only[V any](name string, v V) map[string]V { return map[string]V{name: v} }

func (r *rig) built(c *fake.Connector) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.link = c; r.script != nil {
		c.SetScript(r.script)
	}
}

func (r *rig) newLogin(systemID string) *sms.Subscriber {
	return &sms.Subscriber{Head: sms.Head{Name: systemID}, Channel: sms.ChannelSMPP,
		SMPP: &sms.SMPPLogin{PasswordHash: r.hasher.Hash(systemID, password), Replies: []string{sms.RepliesAll}}}
}

// configure writes the nouns in the order in which they refer to each other.
func (r *rig) configure() {
	prices := &sms.PriceList{Head: sms.Head{Name: "retail"}, Prices: []sms.Price{{Prefix: "880", Price: sms.Credit}, {Prefix: "1", Price: sms.Credit}}}
	r.save(prices)
	r.save(r.connector)
	r.route.Connectors = []sms.RouteConnector{{ID: r.connector.ID}}
	r.save(r.route)
	r.save(&sms.Rule{RouteID: r.route.ID})
	for _, a := range []*sms.Account{r.acme, r.rival} {
		a.PriceListID = prices.ID
		r.save(a)
		for _, name := range []string{"ACME", "8809600000001"} {
			r.save(&sms.Sender{Head: sms.Head{Name: name, AccountID: a.ID}, Status: sms.SenderApproved})
		}
		r.topUp(a, 100_000*sms.Credit)
	}
	r.shop.AccountID, r.other.AccountID = r.acme.ID, r.rival.ID
	r.save(r.shop)
	r.save(r.other)
	r.save(&sms.Number{Head: sms.Head{Name: "8809601", AccountID: r.acme.ID}})
	r.save(&sms.Number{Head: sms.Head{Name: "8809602", AccountID: r.rival.ID}})
}

func (r *rig) save(n sms.Noun) {
	r.t.Helper()
	if err := store.Save(r.ctx, r.store, time.Now(), "test", n); err != nil {
		r.t.Fatalf("save %s %s: %v", n.Kind(), n.Meta().Name, err)
	}
}

// edit writes a noun after a change and lets everybody see it.
func (r *rig) edit(n sms.Noun, change func()) {
	r.t.Helper()
	change()
	r.save(n)
	r.wait(time.Second)
}

func (r *rig) topUp(a *sms.Account, m sms.Money) {
	r.t.Helper()
	kind := sms.TransferTopUp
	if m < 0 {
		kind = sms.TransferAdjust
	}
	if _, err := r.store.Post(r.ctx, time.Now(), sms.Transfer{AccountID: a.ID, Kind: kind, Amount: m, Reason: "test"}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) start() {
	serve, stopServe := context.WithCancel(r.ctx)
	rest, stopRest := context.WithCancel(r.ctx)
	r.stopServe, r.stopRest = stopServe, stopRest
	r.serving.Go(func() { r.ends("serve", r.server.Serve(serve, r.pipes)) })
	r.rest.Go(func() { r.ends("run", r.server.Run(rest)) })
	r.rest.Go(func() { r.ends("work", r.flow.Work(rest, r.ctx)) })
	r.rest.Go(func() { r.ends("record", r.flow.Record(rest, r.ctx)) })
}

func (r *rig) ends(what string, err error) {
	if err != nil {
		r.t.Errorf("%s: %v", what, err)
	}
}

// stop ends the face, then the rest, as the process does, then the customers. It
// may be called twice.
func (r *rig) stop() {
	r.stopServe()
	r.serving.Wait()
	r.stopRest()
	r.rest.Wait()
	for _, e := range r.esmes {
		_ = e.Close()
	}
}

// operator scripts the far end.
func (r *rig) operator(s fake.Script) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.script = s
	if r.link != nil {
		r.link.SetScript(s)
	}
}

func (r *rig) fake() *fake.Connector {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.link
}

// wait lets d pass in the bubble (synctest.Wait panics outside of one).
func (r *rig) wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// esme binds as the login, or fails the test.
func (r *rig) esme(systemID string, mode smpp.Mode, change ...func(*smpptest.ESMEConfig)) *smpptest.ESME {
	r.t.Helper()
	e, err := r.bind(systemID, mode, change...)
	if err != nil {
		r.t.Fatalf("bind of %s: %v", systemID, err)
	}
	return e
}

func (r *rig) bind(systemID string, mode smpp.Mode, change ...func(*smpptest.ESMEConfig)) (*smpptest.ESME, error) {
	cfg := smpptest.ESMEConfig{Bind: smpp.BindConfig{Mode: mode, SystemID: systemID, Password: password, Version: smpp.Version34,
		DialContext: r.pipes.dial("203.0.113.7:4711"), Session: smpp.Config{Window: 100, EnquireInterval: -1}}}
	for _, c := range change {
		c(&cfg)
	}
	e, err := smpptest.Dial(r.ctx, "rig:2775", cfg)
	if err == nil {
		r.esmes = append(r.esmes, e)
	}
	return e, err
}

// submit sends p and wants the status.
func (r *rig) submit(e *smpptest.ESME, p *smpp.SubmitSM, want smpp.Status) string {
	r.t.Helper()
	id, err := e.Submit(r.ctx, p)
	if got := statusOf(err); got != want {
		r.t.Errorf("submit of %v: %v (%v), want %v", p, got, err, want)
	}
	return id
}

func statusOf(err error) smpp.Status {
	if s, ok := err.(*smpp.StatusError); ok {
		return s.Status
	}
	if err != nil {
		return 0xFFFF
	}
	return smpp.StatusOK
}

// hello is a good submit_sm that asks for a receipt.
func hello(change ...func(*smpp.SubmitSM)) *smpp.SubmitSM {
	p := &smpp.SubmitSM{Source: smpp.Address{TON: smpp.TONAlphanumeric, Addr: "ACME"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "8801712345678"},
		RegisteredDelivery: smpp.ReceiptAlways, ShortMessage: []byte("hello")}
	for _, c := range change {
		c(p)
	}
	return p
}

// message is one of acme's by the id that the customer has.
func (r *rig) message(id string) (sms.Record, sms.Group) {
	r.t.Helper()
	n, err := parseID(id, sms.IDDecimal)
	if err != nil {
		r.t.Fatalf("id %q: %v", id, err)
	}
	rec, g, _, err := r.store.Message(r.ctx, r.acme.ID, n)
	if err != nil {
		r.t.Fatalf("message %s: %v", id, err)
	}
	return rec, g
}

// pipes is a listener for connections in memory.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
	wrap  func(from1) from1 // changes our end of the next connections
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return pipeAddr("rig:2775") }

// dial is for smpp.BindConfig.DialContext: a connection from the address.
func (p *pipes) dial(from string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		end := from1{theirs, pipeAddr(from)}
		if p.wrap != nil {
			end = p.wrap(end)
		}
		select {
		case p.conns <- end:
			return ours, nil
		case <-p.done:
			return nil, net.ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

type pipeAddr string

func (pipeAddr) Network() string  { return "tcp" }
func (a pipeAddr) String() string { return string(a) }

// from1 is a connection that comes from an address.
type from1 struct {
	net.Conn
	addr pipeAddr
}

func (c from1) RemoteAddr() net.Addr { return c.addr }

// lingering is a connection whose reader learns of its end only when gone is closed.
type lingering struct {
	net.Conn
	gone chan struct{}
}

func (c lingering) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		<-c.gone
	}
	return n, err
}

// secure is dial over TLS.
func (p *pipes) secure(from string, server *tls.Config) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		p.conns <- tls.Server(from1{theirs, pipeAddr(from)}, server)
		return tls.Client(ours, &tls.Config{InsecureSkipVerify: true, ServerName: "rig"}), nil
	}
}

// tally is a Meter that remembers.
type tally struct {
	mu       sync.Mutex
	binds    map[smpp.Status]int
	sessions int
	answers  map[smpp.CommandID]map[smpp.Status]int
	fates    map[What]map[Fate]int
}

func newTally() *tally {
	return &tally{binds: map[smpp.Status]int{}, answers: map[smpp.CommandID]map[smpp.Status]int{}, fates: map[What]map[Fate]int{}}
}

func (m *tally) Bind(st smpp.Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.binds[st]++
}

func (m *tally) Sessions(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions = n
}

func (m *tally) Answered(cmd smpp.CommandID, st smpp.Status, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.answers[cmd] == nil {
		m.answers[cmd] = map[smpp.Status]int{}
	}
	m.answers[cmd][st]++
}

func (m *tally) Delivered(what What, fate Fate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fates[what] == nil {
		m.fates[what] = map[Fate]int{}
	}
	m.fates[what][fate]++
}

// answered counts.
func (m *tally) answered(cmd smpp.CommandID, st smpp.Status) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.answers[cmd][st]
}

// bound counts.
func (m *tally) bound() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessions
}

// decided counts.
func (m *tally) decided(st smpp.Status) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.binds[st]
}

// fate counts.
func (m *tally) fate(what What, fate Fate) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fates[what][fate]
}

// logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text []byte
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
