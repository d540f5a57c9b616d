package smppc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/connecttest"
	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "Canary7351Secret"

func TestConformance(t *testing.T) {
	for _, bind := range []string{"transceiver", "transmitter+receiver"} {
		for _, binds := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s %d", bind, binds), func(t *testing.T) {
				connecttest.Run(t, connecttest.Harness{
					New: func(t *testing.T, o connecttest.Options) (connect.Connector, connecttest.FarEnd) {
						f := newFarEnd(t)
						o.Noun.Settings = settings(map[string]any{"hosts": []string{f.gate.Addr().String()}, "bind": bind, "binds": binds, "query": "on"})
						c, err := smppc.Options{Log: o.Log}.New(o.Noun, o.Sink)
						if err != nil {
							t.Fatal(err)
						}
						return c, f
					},
					Secrets: []string{password},
					Links:   binds,
				})
			})
		}
	}
}

// settings are those of every test, and more.
func settings(more map[string]any) json.RawMessage {
	all := map[string]any{"system_id": "harkara", "password": password, "reconnect_min": "1ms", "reconnect_max": "10ms"}
	for k, v := range more {
		all[k] = v
	}
	raw, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return raw
}

// farEnd is an SMSC that answers when the suite says so.
type farEnd struct {
	t    *testing.T
	srv  *smpp.Server
	gate *gate

	mu   sync.Mutex
	seen []*request
	more chan struct{}
	shut bool // since Drop, until Restore
	live []*smpp.Session
	ends map[string]smpp.MessageState // that it can be asked about
}

func newFarEnd(t *testing.T) *farEnd {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &farEnd{t: t, gate: &gate{Listener: l}, more: make(chan struct{}), ends: map[string]smpp.MessageState{}}
	f.srv = &smpp.Server{FailuresPerMinute: -1,
		Authenticate: func(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			if b.SystemID != "harkara" || b.Password != password {
				return smpp.Accept{}, smpp.StatusInvPaswd
			}
			return smpp.Accept{SystemID: "far"}, smpp.StatusOK
		},
		OnSession: f.bound,
		Config:    smpp.Config{Handler: smpp.HandlerFunc(f.serve), MaxInbound: 1000},
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = f.srv.Serve(f.gate) // ends with Close below
	}()
	t.Cleanup(func() {
		_ = f.srv.Close() // never fails
		<-served
	})
	return f
}

// gate is a listener that turns everybody away while it is shut.
type gate struct {
	net.Listener
	mu   sync.Mutex
	shut bool
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g.mu.Lock()
		shut := g.shut
		g.mu.Unlock()
		if !shut {
			return c, nil
		}
		_ = c.Close() // nobody was served
	}
}

func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
}

// request is one submit_sm at the far end.
type request struct {
	to      string
	header  []byte
	body    []byte
	receipt bool
	r       smpp.Responder
}

var _ connecttest.Seen = (*request)(nil)

func newRequest(s *smpp.SubmitSM, r smpp.Responder) *request {
	q := &request{to: s.Destination.Addr, body: s.Text(), receipt: s.RegisteredDelivery&smpp.ReceiptMask == smpp.ReceiptAlways, r: r}
	if s.ESMClass&smpp.EsmUDHI != 0 {
		_, rest, _ := gsm.ParseUDH(q.body) // a bad one is no header
		q.header, q.body = q.body[:len(q.body)-len(rest)], rest
	}
	return q
}

func (q *request) To() string     { return q.to }
func (q *request) Header() []byte { return q.header }
func (q *request) Body() []byte   { return q.body }
func (q *request) Receipt() bool  { return q.receipt }

func (q *request) Answer(v sms.Verdict, id string) {
	// Errors say that it was answered, or that the link is gone.
	switch v {
	case sms.VerdictAccepted:
		_ = q.r.RespondID(id)
	case sms.VerdictRetry:
		_ = q.r.Respond(smpp.StatusSysErr, nil)
	case sms.VerdictThrottle:
		_ = q.r.Respond(smpp.StatusThrottled, nil)
	case sms.VerdictReject:
		_ = q.r.Respond(smpp.StatusInvDstAdr, nil)
	}
}

func (f *farEnd) serve(p smpp.PDU, r smpp.Responder) {
	if q, ok := p.(*smpp.QuerySM); ok {
		f.answer(q, r)
		return
	}
	s, ok := p.(*smpp.SubmitSM)
	if !ok {
		f.t.Errorf("the far end got a %s", p.Command())
		_ = r.Respond(smpp.StatusInvCmdID, nil) // the test has failed already
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, newRequest(s, r))
	close(f.more)
	f.more = make(chan struct{})
}

// answer to a query_sm: what Know said.
func (f *farEnd) answer(q *smpp.QuerySM, r smpp.Responder) {
	f.mu.Lock()
	state, known := f.ends[q.MessageID]
	f.mu.Unlock()
	// Errors say that the link is gone.
	if !known || q.Source.Addr != "Harkara" {
		_ = r.Respond(smpp.StatusQueryFail, nil)
		return
	}
	_ = r.Respond(smpp.StatusOK, &smpp.QuerySMResp{MessageID: q.MessageID, State: state, FinalDate: "261124120000000+"})
}

var _ connecttest.Oracle = (*farEnd)(nil)

func (f *farEnd) Know(id string, state sms.PartState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ends[id] = map[sms.PartState]smpp.MessageState{sms.PartDelivered: smpp.StateDelivered, sms.PartUndelivered: smpp.StateUndeliverable}[state]
}

func (f *farEnd) Next(ctx context.Context) (connecttest.Request, error) {
	for {
		f.mu.Lock()
		if len(f.seen) > 0 {
			q := f.seen[0]
			f.seen = f.seen[1:]
			f.mu.Unlock()
			return q, nil
		}
		more := f.more
		f.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *farEnd) Receipt(ctx context.Context, r connecttest.Receipt) (bool, error) {
	word := "DELIVRD"
	if r.State == sms.PartUndelivered {
		word = "UNDELIV"
	}
	return f.deliver(ctx, &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, Source: smpp.Address{TON: 1, NPI: 1, Addr: r.To},
		Destination:  smpp.Address{Addr: "Harkara"},
		ShortMessage: []byte("id:" + r.ID + " sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:" + word + " err:000 text:Canary7351Text")})
}

func (f *farEnd) Inbound(ctx context.Context, m connecttest.Inbound) (bool, error) {
	return f.deliver(ctx, &smpp.DeliverSM{Source: smpp.Address{TON: 1, NPI: 1, Addr: m.From},
		Destination: smpp.Address{Addr: m.To}, ShortMessage: []byte(m.Text)})
}

func (f *farEnd) deliver(ctx context.Context, p *smpp.DeliverSM) (bool, error) {
	s, err := f.receiver(ctx)
	if err != nil {
		return false, err
	}
	_, err = s.Do(ctx, p)
	if refused, ok := errors.AsType[*smpp.StatusError](err); ok {
		if refused.Status != smpp.StatusSysErr {
			f.t.Errorf("refused with %s, which does not ask for it again", refused.Status)
		}
		return false, nil
	}
	return err == nil, err
}

// receiver waits for a session that can be delivered to.
func (f *farEnd) receiver(ctx context.Context) (*smpp.Session, error) {
	for {
		f.mu.Lock()
		for _, s := range f.live {
			if s.Mode().CanReceive() {
				f.mu.Unlock()
				return s, nil
			}
		}
		more := f.more
		f.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// bound is told of sessions; one whose bind was under way at Drop is cut too.
func (f *farEnd) bound(s *smpp.Session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live = append(f.live, s)
	if f.shut {
		_ = s.Close() // never fails
	}
	close(f.more)
	f.more = make(chan struct{})
}

func (f *farEnd) Drop() {
	f.gate.set(true)
	f.mu.Lock()
	f.shut = true
	live := f.live
	f.live = nil
	f.mu.Unlock()
	for _, s := range live {
		_ = s.Close() // never fails
		<-s.Done()
	}
}

func (f *farEnd) Restore() {
	f.mu.Lock()
	f.shut = false
	f.mu.Unlock()
	f.gate.set(false)
}
