package smppd

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestOneMessage is the whole way: bind, submit, the operator, the receipt.
func TestOneMessage(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		e := r.esme("shop", smpp.Transceiver)
		r.wait(time.Second)
		began := time.Now()
		id := r.submit(e, hello(), smpp.StatusOK)
		if err := e.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 10*time.Millisecond {
			t.Errorf("it took %v: nobody rang", took)
		}
		rec, g := r.message(id)
		if rec.State != sms.Delivered || g.Text != "hello" || g.From != "ACME" || rec.To != "8801712345678" || g.Face != "smpp" {
			t.Errorf("stored %v %+v", rec.State, g)
		}
		d := e.Deliveries()[0]
		if d.Receipt == nil || d.Receipt.ID != id || d.Receipt.TextID != id || d.Receipt.State != smpp.StateDelivered || d.Receipt.Err != "000" {
			t.Errorf("receipt %+v", d.Receipt)
		}
		p := d.PDU.(*smpp.DeliverSM)
		if p.Source.Addr != "8801712345678" || p.Destination.Addr != "ACME" || p.ESMClass != smpp.EsmReceipt {
			t.Errorf("receipt pdu %v", p)
		}
		r.wait(time.Second)
		if left := r.left(r.shop); left != 0 {
			t.Errorf("%d rows are left", left)
		}
		for _, secret := range []string{"hello", password} {
			if strings.Contains(r.logs.String(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
	})
}

// TestBindsAreDecided: one answer for those who guess, another one for those who
// may not come in; the operator sees why.
func TestBindsAreDecided(t *testing.T) {
	bubble(t, func(r *rig) {
		r.save(&sms.Account{Head: sms.Head{Name: "off"}, TimeZone: "UTC", Country: "BD"})
		add := func(systemID string, change func(*sms.Subscriber)) {
			l := r.newLogin(systemID)
			l.AccountID = r.acme.ID
			change(l)
			r.save(l)
		}
		add("listed", func(l *sms.Subscriber) { l.SMPP.IPs = []string{"198.51.100.0/24"} })
		add("tls", func(l *sms.Subscriber) { l.SMPP.RequireTLS = true })
		add("disabled", func(l *sms.Subscriber) { l.SMPP.Disabled = true })
		r.wait(time.Second)
		for _, c := range []struct {
			systemID, password, from string
			want                     smpp.Status
			reason                   string
		}{
			{"shop", password, "203.0.113.7:1", smpp.StatusOK, ""},
			{"shop", password, "[2001:db8::1]:1", smpp.StatusOK, ""},
			{"listed", password, "198.51.100.9:1", smpp.StatusOK, ""},
			{"listed", password, "203.0.113.7:1", smpp.StatusInvPaswd, account.ReasonLoginAddress},
			{"shop", "wrong", "203.0.113.7:1", smpp.StatusInvPaswd, account.ReasonPassword},
			{"nobody", password, "203.0.113.7:1", smpp.StatusInvPaswd, account.ReasonSystemID},
			{"tls", password, "203.0.113.7:1", smpp.StatusBindFail, account.ReasonLoginTLS},
			{"disabled", password, "203.0.113.7:1", smpp.StatusBindFail, account.ReasonLoginDisabled},
		} {
			e, err := r.bind(c.systemID, smpp.Transmitter, func(cfg *smpptest.ESMEConfig) {
				cfg.Bind.SystemID, cfg.Bind.Password, cfg.Bind.DialContext = c.systemID, smpp.Secret(c.password), r.pipes.dial(c.from)
			})
			if got := bindStatus(err); got != c.want {
				t.Errorf("%q from %s: %v (%v), want %v", c.systemID, c.from, got, err, c.want)
			}
			if e != nil && e.PeerSystemID() != "Harkara" {
				t.Errorf("we are %q", e.PeerSystemID())
			}
			if c.reason != "" && !r.audited(c.reason) {
				t.Errorf("%q: the operator does not see %q", c.systemID, c.reason)
			}
		}
		if n := r.meter.decided(smpp.StatusInvPaswd); n != 3 {
			t.Errorf("%d wrong credentials counted, want 3", n)
		}
	}, func(_ *rig, o *Options) { o.FailuresPerMinute = -1 })
}

func bindStatus(err error) smpp.Status {
	if s, ok := errors.AsType[*smpp.StatusError](err); ok {
		return s.Status
	}
	if err != nil {
		return 0xFFFF
	}
	return smpp.StatusOK
}

// audited says whether a refusal with the reason is kept for the operator.
func (r *rig) audited(reason string) bool {
	r.t.Helper()
	if err := r.audit.Flush(r.ctx); err != nil {
		r.t.Fatal(err)
	}
	rows, err := r.store.AuthFailures(r.ctx, 0, 100)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, row := range rows {
		if row.Reason == reason {
			return true
		}
	}
	return false
}

// left counts the delivery rows of a login.
func (r *rig) left(login *sms.Subscriber) int64 {
	r.t.Helper()
	stats, err := r.store.Stats(r.ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	return stats.Deliveries[login.ID]
}

// TestGuessingIsStopped: after some wrong passwords even the right one is not
// looked at, for a while, from that address.
func TestGuessingIsStopped(t *testing.T) {
	bubble(t, func(r *rig) {
		wrong := func(cfg *smpptest.ESMEConfig) { cfg.Bind.Password = "wrong" }
		for range 5 {
			if _, err := r.bind("shop", smpp.Transmitter, wrong); bindStatus(err) != smpp.StatusInvPaswd {
				t.Fatal(err)
			}
		}
		if _, err := r.bind("shop", smpp.Transmitter); bindStatus(err) != smpp.StatusBindFail {
			t.Errorf("the sixth try: %v", err)
		}
		if _, err := r.bind("other", smpp.Transmitter); err != nil {
			t.Errorf("another system_id: %v", err)
		}
		if _, err := r.bind("shop", smpp.Transmitter, func(cfg *smpptest.ESMEConfig) { cfg.Bind.DialContext = r.pipes.dial("198.51.100.1:1") }); err != nil {
			t.Errorf("another address: %v", err)
		}
		r.wait(time.Minute)
		if _, err := r.bind("shop", smpp.Transmitter); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	}, func(_ *rig, o *Options) { o.FailuresPerMinute = 5 })
}

func TestMostBinds(t *testing.T) {
	bubble(t, func(r *rig) {
		first := r.esme("shop", smpp.Transmitter)
		r.esme("shop", smpp.Receiver)
		if _, err := r.bind("shop", smpp.Transceiver); bindStatus(err) != smpp.StatusAlyBnd {
			t.Errorf("a third bind of two: %v", err)
		}
		r.esme("other", smpp.Transceiver)
		_ = first.Unbind(r.ctx)
		synctest.Wait()
		r.esme("shop", smpp.Transmitter)
		// One whose connection broke before it had a session is forgotten.
		l := r.server.logins[r.shop.ID]
		r.shop.SMPP.MaxBinds = 3
		l.noun.Store(r.shop)
		if !l.admit(&bind{at: time.Now()}, time.Now()) || l.admit(&bind{at: time.Now()}, time.Now()) {
			t.Error("the limit is not kept")
		}
		if !l.admit(&bind{at: time.Now()}, time.Now().Add(2*abandoned)) {
			t.Error("an abandoned bind keeps its place")
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.MaxBinds = 2 })
}

// TestModes: who may do what (SMPP 3.4 §2.3).
func TestModes(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx, rx := r.esme("shop", smpp.Transmitter), r.esme("shop", smpp.Receiver)
		r.submit(tx, hello(), smpp.StatusOK)
		if err := rx.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		if n := tx.Delivered(); n != 0 {
			t.Errorf("a transmitter was delivered %d", n)
		}
		if tx.Version() != smpp.Version34 || tx.PeerVersion() != smpp.Version34 {
			t.Errorf("version %#x", tx.PeerVersion())
		}
	})
}

// TestVersions: 3.3 sees no optional parameters, 5.0 its own words.
func TestVersions(t *testing.T) {
	for version, want := range map[uint8]struct {
		tlvs bool
		bad  smpp.Status
	}{0x33: {false, smpp.StatusSubmitFail}, 0x34: {true, smpp.StatusSubmitFail}, 0x50: {true, smpp.StatusInvDCS}} {
		bubble(t, func(r *rig) {
			r.operator(fake.Deliver)
			e := r.esme("shop", smpp.Transceiver, func(c *smpptest.ESMEConfig) { c.Bind.Version = version })
			r.submit(e, hello(), smpp.StatusOK)
			if err := e.WaitDelivered(r.ctx, 1); err != nil {
				t.Fatal(err)
			}
			d := e.Deliveries()[0]
			if p := d.PDU.(*smpp.DeliverSM); (len(p.TLVs) > 0) != want.tlvs || d.Receipt == nil || d.Receipt.TextID == "" {
				t.Errorf("%#x: receipt %v", version, p)
			}
			resp, err := e.Do(r.ctx, hello(func(p *smpp.SubmitSM) { p.DataCoding = 0x0B }))
			if statusOf(err) != want.bad {
				t.Errorf("%#x: %v, want %v", version, err, want.bad)
			}
			text, ok := smpp.TLVsOf(resp).Text(smpp.TagAdditionalStatusInfoText)
			if ok != want.tlvs || ok && !strings.Contains(text, "data_coding") {
				t.Errorf("%#x: additional_status_info_text %q", version, text)
			}
		})
	}
}

// TestChangesAreLive: the sessions of a login follow its configuration.
func TestChangesAreLive(t *testing.T) {
	for name, change := range map[string]func(*rig) (sms.Noun, func()){
		"disabled": func(r *rig) (sms.Noun, func()) { return r.shop, func() { r.shop.SMPP.Disabled = true } },
		"password": func(r *rig) (sms.Noun, func()) {
			return r.shop, func() { r.shop.SMPP.PasswordHash = r.hasher.Hash("shop", "new") }
		},
		"addresses":    func(r *rig) (sms.Noun, func()) { return r.shop, func() { r.shop.SMPP.IPs = []string{"198.51.100.1"} } },
		"requires TLS": func(r *rig) (sms.Noun, func()) { return r.shop, func() { r.shop.SMPP.RequireTLS = true } },
		"renamed":      func(r *rig) (sms.Noun, func()) { return r.shop, func() { r.shop.Name = "shop2" } },
		"account":      func(r *rig) (sms.Noun, func()) { return r.acme, func() { r.acme.Enabled = false } },
	} {
		bubble(t, func(r *rig) {
			tx, rx, other := r.esme("shop", smpp.Transmitter), r.esme("shop", smpp.Receiver), r.esme("other", smpp.Transceiver)
			r.edit(change(r))
			if !errors.Is(tx.Err(), smpp.ErrUnbound) || !errors.Is(rx.Err(), smpp.ErrUnbound) {
				t.Errorf("%s: the sessions are %v and %v", name, tx.Err(), rx.Err())
			}
			if other.Err() != nil {
				t.Errorf("%s: another login's session is %v", name, other.Err())
			}
			if r.meter.bound() != 1 {
				t.Errorf("%s: %d sessions are counted", name, r.meter.bound())
			}
		})
	}
}

// TestChangedDuringTheBind: between the decision and the session.
func TestChangedDuringTheBind(t *testing.T) {
	door := &changingDoor{}
	bubble(t, func(r *rig) {
		barred := *r.shop
		login := *r.shop.SMPP
		login.Disabled = true
		barred.SMPP = &login
		door.next = sms.NewCatalog(99, []sms.Noun{r.acme, &barred})
		e := r.esme("shop", smpp.Transceiver)
		<-e.Done()
		if !errors.Is(e.Err(), smpp.ErrUnbound) {
			t.Error(e.Err())
		}
	}, func(r *rig, o *Options) { door.rig, o.Door = r, door })
}

// changingDoor changes its catalog after it was asked for it by a bind.
type changingDoor struct {
	Door
	rig  *rig
	next *sms.Catalog
}

func (d *changingDoor) Catalog() *sms.Catalog {
	if d.next != nil && d.rig.meter.decided(smpp.StatusOK) > 0 {
		return d.next
	}
	return d.rig.flow.Catalog()
}

// TestWindowAndRateAreLive: without a new bind.
func TestWindowAndRateAreLive(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver)
		r.edit(r.shop, func() { r.shop.SMPP.Window, r.shop.SMPP.Rate = 7, 1 })
		if w := r.sessions("shop")[0].Window(); w != 7 {
			t.Errorf("our window is %d", w)
		}
		r.submit(e, hello(), smpp.StatusOK)
		r.submit(e, hello(), smpp.StatusThrottled)
		r.edit(r.shop, func() { r.shop.SMPP.Rate = 0 })
		for range 5 {
			r.submit(e, hello(), smpp.StatusOK)
		}
	})
}

// sessions are ours of the login.
func (r *rig) sessions(systemID string) (list []*smpp.Session) {
	for _, s := range r.server.smpp.Sessions() {
		if s.PeerSystemID() == systemID {
			list = append(list, s)
		}
	}
	return list
}

// TestTLS: a login that requires it.
func TestTLS(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver, func(c *smpptest.ESMEConfig) {
			c.Bind.DialContext = r.pipes.secure("203.0.113.7:1", &tls.Config{Certificates: []tls.Certificate{certificate(t)}})
		})
		r.submit(e, hello(), smpp.StatusOK)
		r.edit(r.shop, func() { r.shop.SMPP.Window = 5 }) // TLS stays known
		if e.Err() != nil {
			t.Error(e.Err())
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.RequireTLS = true })
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestShutdown: what is in hand is answered, the rest refused, then we unbind.
func TestShutdown(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		door.open = make(chan struct{})
		e := r.esme("shop", smpp.Transceiver)
		type answer struct {
			id  string
			err error
		}
		answers := make(chan answer, 2)
		submit := func() {
			id, err := e.Submit(r.ctx, hello())
			answers <- answer{id, err}
		}
		go submit()
		synctest.Wait() // it is with the door
		r.stopServe()
		synctest.Wait()
		go submit()
		if late := <-answers; statusOf(late.err) != smpp.StatusThrottled {
			t.Errorf("a submit_sm during the stop: %v", late.err)
		}
		close(door.open)
		if kept := <-answers; kept.err != nil {
			t.Errorf("the one that was kept: %v", kept.err)
		} else if rec, _ := r.message(kept.id); rec.ID == 0 {
			t.Error("not kept")
		}
		r.serving.Wait()
		<-e.Done()
		if !errors.Is(e.Err(), smpp.ErrUnbound) {
			t.Errorf("the session ended with %v", e.Err())
		}
		if _, err := r.bind("shop", smpp.Transceiver); err == nil {
			t.Error("a bind after the stop")
		}
	}, func(_ *rig, o *Options) { o.Door = door })
}

// TestShutdownIsBounded: a peer that never answers unbind is cut off.
func TestShutdownIsBounded(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		door.open = make(chan struct{})
		e := r.esme("shop", smpp.Transceiver)
		go func() { _, _ = e.Submit(r.ctx, hello()) }()
		synctest.Wait()
		began := time.Now()
		r.stopServe()
		r.serving.Wait()
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("it took %v", took)
		}
		close(door.open)
		synctest.Wait()
	}, func(_ *rig, o *Options) { o.Door, o.StopWithin = door, 4*time.Second })
}

// TestServeEndsWithItsListener.
func TestServeEndsWithItsListener(t *testing.T) {
	s := New(Options{})
	p := newPipes()
	_ = p.Close()
	if err := s.Serve(context.Background(), p); err == nil {
		t.Error("a listener that fails is no good end")
	}
}
