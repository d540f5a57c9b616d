package smpp_test

import (
	"io"
	"net"
	"testing"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// FuzzSession: whatever a peer sends, before or after its bind, nothing panics, everything ends with
// the connection, and every request of ours is completed.
func FuzzSession(f *testing.F) {
	var all []byte
	for i, p := range []smpp.PDU{submit("x"), &smpp.QuerySM{}, &smpp.Unbind{}, &smpp.SubmitSMResp{MessageID: "7"}, &smpp.GenericNack{}, deliver("y"), &smpp.EnquireLink{}} {
		frame, err := smpp.Append(nil, smpp.Header{Sequence: uint32(i)}, p)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, frame...)
		f.Add(frame, i%2 == 0, true)
		f.Add(frame, i%2 == 0, false)
	}
	f.Add(all, true, true)
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), false, false)
	f.Fuzz(func(t *testing.T, stream []byte, esme, bind bool) {
		handler := smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
			_ = smpp.Print(p, true)
			_ = r.Respond(smpp.StatusOK, nil)
		})
		near, far := net.Pipe()
		peer := smpptest.NewConn(far)
		finished := make(chan struct{})
		srv := &smpp.Server{Authenticate: acceptAll, Config: smpp.Config{Handler: handler}}
		if esme {
			go func() {
				defer close(finished)
				s, err := smpp.BindConn(ctx, near, smpp.BindConfig{SystemID: "a", Session: smpp.Config{Handler: handler}})
				if err != nil {
					return
				}
				done := make(results, 1)
				if s.Send(ctx, submit("ours"), done) == nil {
					<-done
				}
				<-s.Done()
			}()
			if _, _, err := peer.Next(); err != nil {
				t.Fatal(err)
			}
			if bind {
				_ = peer.Send(smpp.StatusOK, 1, &smpp.BindResp{}) // a closed pipe ends it all
			}
		} else {
			srv.ServeConn(near)
			close(finished)
			if bind {
				_, _ = peer.Bind(&smpp.Bind{SystemID: "a"}) // a closed pipe ends it all
			}
		}
		drained := make(chan struct{})
		go func() {
			_, _ = io.Copy(io.Discard, peer.Conn)
			close(drained)
		}()
		_, _ = peer.Write(stream)
		_ = peer.Close()
		<-drained
		<-finished
		_ = srv.Close()
	})
}
