package smppd

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// raw is a connection that says what it is told to, bound as shop.
func (r *rig) raw() *smpptest.Conn {
	r.t.Helper()
	conn, err := r.pipes.dial("203.0.113.66:1")(r.ctx, "", "")
	if err != nil {
		r.t.Fatal(err)
	}
	c := smpptest.NewConn(conn)
	if st, err := c.Bind(&smpp.Bind{SystemID: "shop", Password: password, InterfaceVersion: smpp.Version34}); err != nil || st != smpp.StatusOK {
		r.t.Fatalf("bind: %v %v", st, err)
	}
	return c
}

// TestHostilePeers: whatever one customer's connection does, the others are served
// at once, and in the end nothing is left of it.
func TestHostilePeers(t *testing.T) {
	frame := func(cmd smpp.CommandID, seq uint32, body []byte) []byte {
		b := make([]byte, smpp.HeaderSize, smpp.HeaderSize+len(body))
		binary.BigEndian.PutUint32(b, uint32(smpp.HeaderSize+len(body)))
		binary.BigEndian.PutUint32(b[4:], uint32(cmd))
		binary.BigEndian.PutUint32(b[12:], seq)
		return append(b, body...)
	}
	good, err := smpp.Append(nil, smpp.Header{Sequence: 7}, hello())
	if err != nil {
		t.Fatal(err)
	}
	for name, attack := range map[string]func(c net.Conn){
		"garbage":             func(c net.Conn) { _, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n")) },
		"garbage behind good": func(c net.Conn) { _, _ = c.Write(append(bytes.Clone(good), "garbage garbage garbage"...)) },
		"huge length":         func(c net.Conn) { _, _ = c.Write([]byte{0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1}) },
		"tiny length":         func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1}) },
		"half a PDU":          func(c net.Conn) { _, _ = c.Write(good[:20]) },
		"bad bodies": func(c net.Conn) {
			for seq := range uint32(200) {
				_, _ = c.Write(frame(smpp.CmdSubmitSM, seq+1, bytes.Repeat([]byte{0xFF}, 40)))
			}
		},
		"empty bodies": func(c net.Conn) {
			for _, cmd := range []smpp.CommandID{smpp.CmdSubmitSM, smpp.CmdSubmitMulti, smpp.CmdDataSM, smpp.CmdQuerySM, smpp.CmdCancelSM, smpp.CmdReplaceSM, smpp.CmdDeliverSM} {
				_, _ = c.Write(frame(cmd, 1, nil))
			}
		},
		"unknown commands":  func(c net.Conn) { _, _ = c.Write(frame(0x0000FF00, 1, []byte("x"))) },
		"answers to nobody": func(c net.Conn) { _, _ = c.Write(frame(smpp.CmdDeliverSM.Response(), 99, []byte{0})) },
		"one number for all": func(c net.Conn) {
			for range 300 {
				_, _ = c.Write(good)
			}
		},
		"a second bind": func(c net.Conn) {
			_, _ = c.Write(frame(smpp.CmdBindTransceiver, 2, []byte("shop\x00pw\x00\x00\x34\x00\x00\x00")))
		},
		"gone":           func(c net.Conn) { _ = c.Close() },
		"gone with work": func(c net.Conn) { _, _ = c.Write(bytes.Repeat(good, 20)); _ = c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			for _, reads := range []bool{true, false} {
				bubble(t, func(r *rig) {
					r.operator(fake.Deliver)
					c := r.raw()
					if reads {
						go func() {
							for {
								if _, _, err := c.Next(); err != nil {
									return
								}
							}
						}()
					}
					go attack(c)
					r.wait(time.Second)
					e := r.esme("other", smpp.Transceiver)
					began := time.Now()
					r.submit(e, hello(), smpp.StatusOK)
					if err := e.WaitDelivered(r.ctx, 1); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(began); took > time.Second {
						t.Errorf("another customer waited %v", took)
					}
					_ = c.Close()
					r.wait(time.Minute)
					if n := r.meter.bound(); n != 1 {
						t.Errorf("%d sessions are left", n)
					}
					if strings.Contains(r.logs.String(), "panic") {
						t.Errorf("log %s", r.logs)
					}
				})
			}
		})
	}
}

// TestPeerThatReadsNothing is cut off, and then its messages are neither lost nor
// doubled in the store.
func TestPeerThatReadsNothing(t *testing.T) {
	bubble(t, func(r *rig) {
		c := r.raw()
		good, err := smpp.Append(nil, smpp.Header{Sequence: 7}, hello())
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = c.Write(bytes.Repeat(good, 50)) }()
		r.wait(time.Minute)
		if n := r.meter.bound(); n != 0 {
			t.Errorf("it is bound after a minute (%d)", n)
		}
		if n := r.meter.answered(smpp.CmdSubmitSM, smpp.StatusOK); n != 50 {
			t.Errorf("%d were kept", n)
		}
	})
}
