package smpp_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestSetWindowGrows: Sends that wait go on at once, nothing that is open is lost, and the responses
// still find their requests in the greater table.
func TestSetWindowGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grown, all = 300, 301
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 2})
		done := make(results, all)
		var sent atomic.Int32
		for range all {
			go func() {
				if err := s.Send(ctx, submit("x"), done); err != nil {
					t.Error(err)
				}
				sent.Add(1)
			}()
		}
		seqs := readSubmits(t, peer, 2)
		if synctest.Wait(); sent.Load() != 2 {
			t.Fatalf("%d requests in a window of 2", sent.Load())
		}
		s.SetWindow(grown)
		seqs = append(seqs, readSubmits(t, peer, grown-2)...)
		if synctest.Wait(); sent.Load() != grown || s.Window() != grown || s.Stats().Open != grown {
			t.Fatalf("%d requests in a window of %d, %+v", sent.Load(), s.Window(), s.Stats())
		}
		for i := len(seqs) - 1; i >= 0; i-- { // the oldest last
			say(t, peer, smpp.StatusOK, seqs[i], &smpp.SubmitSMResp{MessageID: "7"})
			if r := <-done; r.Sequence != seqs[i] || r.Err() != nil {
				t.Fatalf("%+v for sequence %d", r, seqs[i])
			}
			if i == len(seqs)-1 {
				readSubmits(t, peer, 1) // the one that had no place yet
			}
		}
		if st := s.Stats(); st.Open != 1 || st.Unexpected != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// readSubmits reads n submit_sm and gives their numbers.
func readSubmits(t *testing.T, peer *smpptest.Conn, n int) []uint32 {
	t.Helper()
	var seqs []uint32
	for range n {
		h, _ := next[*smpp.SubmitSM](t, peer)
		seqs = append(seqs, h.Sequence)
	}
	return seqs
}

// TestSetWindowShrinks: what is open finishes, and a new request waits until fewer are open than the
// new window allows.
func TestSetWindowShrinks(t *testing.T) {
	tests := []struct{ before, set, after int }{{4, 2, 2}, {4, 1, 1}, {4, 0, 1}, {4, -7, 1}, {4, 3, 3}}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: tt.before})
			done := make(results, 10)
			for range tt.before {
				mustSend(t, s, submit("x"), done)
			}
			seqs := readSubmits(t, peer, tt.before)
			s.SetWindow(tt.set)
			if s.Window() != tt.after {
				t.Fatalf("SetWindow(%d): window %d", tt.set, s.Window())
			}
			waits := make(chan error, 1)
			go func() { waits <- s.Send(ctx, submit("waits"), done) }()
			for open := tt.before; open > 0; open-- {
				synctest.Wait()
				if room := open < tt.after; room != (len(waits) == 1) {
					t.Fatalf("%d open in a window of %d: let in %v", open, tt.after, len(waits) == 1)
				} else if room {
					break
				}
				if err := s.TrySend(submit("no"), done); !errors.Is(err, smpp.ErrWindowFull) {
					t.Fatalf("TrySend: %v", err)
				}
				say(t, peer, smpp.StatusOK, seqs[0], &smpp.SubmitSMResp{})
				seqs = seqs[1:]
				if r := <-done; r.Err() != nil {
					t.Fatal(r.Err())
				}
			}
			if err := <-waits; err != nil {
				t.Fatal(err)
			}
			readSubmits(t, peer, 1)
		})
	}
}

// TestSetWindowWhileSending: the window changes under many senders; every request is answered once, and
// there are never more in flight than the greatest window.
func TestSetWindowWhileSending(t *testing.T) {
	const senders, each, most = 6, 400, 64
	smsc, err := smpptest.Start(smpptest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer smsc.Close()
	s, err := smpp.Dial(ctx, smsc.Addr(), smpp.BindConfig{SystemID: "a", Session: smpp.Config{Window: 1}})
	if err != nil {
		t.Fatal(err)
	}
	var answered atomic.Int64
	var wg, changing sync.WaitGroup
	stop := make(chan struct{})
	changing.Go(func() {
		for n := 1; ; n = n%most + 1 {
			select {
			case <-stop:
				return
			default:
				s.SetWindow(n)
				s.SetWindow(most + 1 - n)
			}
		}
	})
	for range senders {
		wg.Go(func() {
			for range each {
				err := s.Send(ctx, submit("x"), smpp.CompleteFunc(func(r smpp.Result) {
					if n := s.Stats().Open; n > most {
						t.Errorf("%d requests are open", n)
					}
					if r.Err() == nil {
						answered.Add(1)
					}
				}))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	changing.Wait()
	if err := s.Unbind(ctx); err != nil || answered.Load() != senders*each {
		t.Errorf("%d of %d answered (%v)", answered.Load(), senders*each, err)
	}
}
