package smpp_test

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// bindVersion binds a played ESME with an interface_version to a server with this handler, and gives the
// session and the bind response.
func bindVersion(t *testing.T, version uint8, h smpp.Handler) (*smpp.Session, *smpptest.Conn, *smpp.BindResp) {
	t.Helper()
	near, far := net.Pipe()
	peer := smpptest.NewConn(far)
	sessions := make(chan *smpp.Session, 1)
	srv := &smpp.Server{Authenticate: acceptAll, Config: smpp.Config{Handler: h}, OnSession: func(s *smpp.Session) { sessions <- s }}
	srv.ServeConn(near)
	say(t, peer, smpp.StatusOK, 1, &smpp.Bind{SystemID: "esme", InterfaceVersion: version})
	_, resp := next[*smpp.BindResp](t, peer)
	t.Cleanup(func() {
		_ = peer.Close()
		_ = srv.Close()
	})
	return <-sessions, peer, resp
}

// TestServerVersion: sc_interface_version is what both ends speak, and is not shown to old ESMEs.
func TestServerVersion(t *testing.T) {
	for _, tt := range []struct{ bind, agreed, told uint8 }{{0x00, 0x00, 0}, {0x33, 0x33, 0}, {0x34, 0x34, 0x34}, {0x50, 0x50, 0x50}, {0x51, 0x50, 0x50}, {0xFF, 0x50, 0x50}} {
		synctest.Test(t, func(t *testing.T) {
			s, _, resp := bindVersion(t, tt.bind, nil)
			told, _ := resp.TLVs.Uint8(smpp.TagSCInterfaceVersion)
			if s.Version() != tt.agreed || s.PeerVersion() != tt.bind || told != tt.told {
				t.Errorf("bind %#x: agreed %#x, told %#x; want %#x, %#x", tt.bind, s.Version(), told, tt.agreed, tt.told)
			}
		})
	}
}

// TestClientVersion: an SMSC that gives no version counts as 3.4.
func TestClientVersion(t *testing.T) {
	for _, tt := range []struct{ ours, theirs, agreed uint8 }{{0, 0, 0x34}, {0x50, 0, 0x34}, {0x50, 0x34, 0x34}, {0x50, 0x50, 0x50}, {0, 0x50, 0x34}, {0x33, 0, 0x33}} {
		synctest.Test(t, func(t *testing.T) {
			peer, result, s := dialPipe(ctx, smpp.BindConfig{SystemID: "acme", Version: tt.ours})
			h, b := next[*smpp.Bind](t, peer)
			resp := new(smpp.BindResp)
			if tt.theirs != 0 {
				resp.TLVs.AddUint8(smpp.TagSCInterfaceVersion, tt.theirs)
			}
			say(t, peer, smpp.StatusOK, h.Sequence, resp)
			if err := <-result; err != nil {
				t.Fatal(err)
			}
			if got := (*s).Version(); got != tt.agreed {
				t.Errorf("%#x to %#x (%#x on the wire): agreed %#x, want %#x", tt.ours, tt.theirs, b.InterfaceVersion, got, tt.agreed)
			}
			_ = (*s).Close()
			<-(*s).Done()
		})
	}
}

// TestCongestion: the SMSC says how busy it is in every kind of response, to peers that know the word.
func TestCongestion(t *testing.T) {
	tests := []struct {
		name    string
		version uint8
		answer  func(r smpp.Responder) error
		status  smpp.Status
		id      string
		percent int // -1: none
	}{
		{"with id", smpp.Version50, func(r smpp.Responder) error { return r.WithCongestion(85).RespondID("7") }, smpp.StatusOK, "7", 85},
		{"idle", smpp.Version50, func(r smpp.Responder) error { return r.WithCongestion(0).RespondID("7") }, smpp.StatusOK, "7", 0},
		{"too much", smpp.Version50, func(r smpp.Responder) error { return r.WithCongestion(200).RespondID("7") }, smpp.StatusOK, "7", 100},
		{"refused", smpp.Version50, func(r smpp.Responder) error { return r.WithCongestion(100).Respond(smpp.StatusThrottled, nil) }, smpp.StatusThrottled, "", 100},
		{"3.4", smpp.Version34, func(r smpp.Responder) error { return r.WithCongestion(85).RespondID("7") }, smpp.StatusOK, "7", -1},
		{"unsaid", smpp.Version50, func(r smpp.Responder) error { return r.RespondID("7") }, smpp.StatusOK, "7", -1},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			_, peer, _ := bindVersion(t, tt.version, smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) {
				if err := tt.answer(r); err != nil {
					t.Error(err)
				}
			}))
			say(t, peer, smpp.StatusOK, 2, submit("x"))
			h, p := next[*smpp.SubmitSMResp](t, peer)
			got, ok := smpp.Result{Response: p}.Congestion()
			if h.Status != tt.status || p.MessageID != tt.id || ok != (tt.percent >= 0) || ok && int(got) != tt.percent {
				t.Errorf("%s: %v %v, congestion %d %v", tt.name, h, p, got, ok)
			}
			say(t, peer, smpp.StatusOK, 3, &smpp.EnquireLink{}) // the next answer has none of it
			if h, p := next[*smpp.EnquireLinkResp](t, peer); h.Sequence != 3 || len(p.TLVs) != 0 {
				t.Errorf("%s: then %v %v", tt.name, h, p)
			}
		})
	}
	if _, ok := (smpp.Result{Outcome: smpp.TimedOut}).Congestion(); ok {
		t.Error("a request without a response has a congestion_state")
	}
	var wrong smpp.TLVs
	wrong.AddUint8(smpp.TagCongestionState, 101)
	if got, ok := wrong.CongestionState(); ok {
		t.Errorf("congestion_state %d is valid", got)
	}
}

// TestBroadcast: the three broadcast requests from end to end.
func TestBroadcast(t *testing.T) {
	near, far := net.Pipe()
	srv := &smpp.Server{Authenticate: acceptAll, Config: smpp.Config{Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
		switch p := p.(type) {
		case *smpp.BroadcastSM:
			areas := slices.Collect(p.TLVs.BroadcastAreas())
			content, _ := p.TLVs.BroadcastContentType()
			every, _ := p.TLVs.BroadcastFrequencyInterval()
			if len(areas) != 2 || string(areas[1].Area) != "Khulna" || areas[1].Format != 0 || content != (smpp.BroadcastContent{Network: 1, Type: 1}) ||
				every != (smpp.BroadcastInterval{Unit: 9, Value: 15}) || string(p.Text()) != "Cyclone warning" {
				t.Errorf("broadcast_sm %v", smpp.Print(p, true))
			}
			_ = r.RespondID("b1") // a dead session shows below
		case *smpp.QueryBroadcastSM:
			resp := &smpp.QueryBroadcastSMResp{MessageID: p.MessageID}
			resp.TLVs.AddUint8(smpp.TagMessageState, uint8(smpp.StateDelivered))
			_ = r.Respond(smpp.StatusOK, resp)
		default:
			_ = r.Respond(smpp.StatusBcastCancelFail, nil)
		}
	})}}
	srv.ServeConn(near)
	defer srv.Close()
	s, err := smpp.BindConn(ctx, far, smpp.BindConfig{SystemID: "a", Version: smpp.Version50})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(); <-s.Done() }()

	b := &smpp.BroadcastSM{Source: smpp.Address{Addr: "1000"}}
	for _, area := range []string{"Dhaka", "Khulna"} {
		if err := b.TLVs.AddBroadcastArea(smpp.BroadcastArea{Area: []byte(area)}); err != nil {
			t.Fatal(err)
		}
	}
	b.TLVs.AddBroadcastContentType(smpp.BroadcastContent{Network: 1, Type: 1})
	b.TLVs.AddBroadcastFrequencyInterval(smpp.BroadcastInterval{Unit: 9, Value: 15})
	if err := smpp.TLVsOf(b).Add(smpp.TagMessagePayload, []byte("Cyclone warning")); err != nil {
		t.Fatal(err)
	}
	if resp, err := s.Do(ctx, b); err != nil || resp.(*smpp.BroadcastSMResp).MessageID != "b1" {
		t.Errorf("broadcast_sm: %v %v", resp, err)
	}
	resp, err := s.Do(ctx, &smpp.QueryBroadcastSM{MessageID: "b1"})
	if st, _ := smpp.TLVsOf(resp).MessageState(); err != nil || st != smpp.StateDelivered {
		t.Errorf("query_broadcast_sm: %v %v", resp, err)
	}
	if _, err := s.Do(ctx, &smpp.CancelBroadcastSM{MessageID: "b1"}); err == nil || err.Error() != "smpp: cancel_broadcast_sm_resp: ESME_RBCASTCANCELFAIL (cancel_broadcast_sm failed)" {
		t.Errorf("cancel_broadcast_sm: %v", err)
	}
	if err := b.TLVs.AddBroadcastArea(smpp.BroadcastArea{Area: make([]byte, 0xFFFF)}); err != smpp.ErrTLVTooLong {
		t.Errorf("an area of 65,536 octets: %v", err)
	}
	if _, ok := (smpp.TLVs{6, 1, 0, 1, 0}).BroadcastContentType(); ok {
		t.Error("a broadcast_content_type of one octet is read")
	}
}
