package smpp_test

import (
	"testing"
	"testing/synctest"

	"github.com/harkara/harkara/smpp"
)

// TestStrayOctets: what each end does with a request whose optional parameters do not add up to its end.
// Whatever is decided, the fault is reported, and the whole parameters before it are kept.
func TestStrayOctets(t *testing.T) {
	const ok, refused = smpp.StatusOK, smpp.StatusInvOptParStream
	good := "\x02\x04\x00\x02\x12\x34" // user_message_reference
	tests := []struct {
		name, tail string
		smsc, esme smpp.Status
	}{
		{"nothing", good, ok, ok},
		{"a NUL", good + "\x00", ok, ok},
		{"three NULs", good + "\x00\x00\x00", ok, ok},
		{"a NUL alone", "\x00", ok, ok},
		{"the last letter of the text", "t", refused, ok},
		{"a tag and half a length", good + "\x04\x27\x00", refused, ok},
		{"a parameter cut off", good + "\x04\x23\x00\x03\x03\x00", refused, ok},
		{"message_payload cut off", good + "\x04\x24\x00\x03\x03\x00", refused, refused},
		{"message_payload with the length of another order", "\x04\x24\x05\x00Hello", refused, refused},
	}
	for _, tt := range tests {
		for _, role := range []smpp.Role{smpp.SMSC, smpp.ESME} {
			synctest.Test(t, func(t *testing.T) {
				faults, refs := 0, 0
				cfg := smpp.Config{
					Fault: func(*smpp.Session, error) { faults++ },
					Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
						if ref, ok := smpp.TLVsOf(p).UserMessageReference(); ok && ref == 0x1234 {
							refs++
						}
						_ = r.Respond(smpp.StatusOK, nil) // its answer is looked at below
					}),
				}
				bind, p, want := boundBy, smpp.PDU(submit("Hello")), tt.smsc
				if role == smpp.ESME {
					bind, p, want = bindTo, deliver("Hello"), tt.esme
				}
				_, peer := bind(t, smpp.Transceiver, cfg)
				frame, err := smpp.Append(nil, smpp.Header{}, p)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := peer.Write(rawFrame(p.Command(), 0, 5, string(frame[smpp.HeaderSize:])+tt.tail)); err != nil {
					t.Fatal(err)
				}
				h, _, err := peer.Next()
				if err != nil || h.Sequence != 5 || h.Status != want {
					t.Errorf("%s to the %s: %v %v, want %s", tt.name, role, h, err, want)
				}
				if odd := tt.name != "nothing"; odd != (faults == 1) {
					t.Errorf("%s to the %s: %d faults", tt.name, role, faults)
				}
				if hasRef := tt.tail[0] == 2; (hasRef && want == ok) != (refs == 1) {
					t.Errorf("%s to the %s: the parameter before it was seen %d times", tt.name, role, refs)
				}
			})
		}
	}
}

// TestStrayOctetsInBind: a NUL too many does not keep anybody out.
func TestStrayOctetsInBind(t *testing.T) {
	for tail, want := range map[string]smpp.Status{"\x00": smpp.StatusOK, "\x02\x10\x00\x01": smpp.StatusInvOptParStream} {
		synctest.Test(t, func(t *testing.T) {
			srv := &smpp.Server{Authenticate: acceptAll}
			peer := attach(srv)
			if _, err := peer.Write(rawFrame(smpp.CmdBindTransceiver, 0, 1, "id\x00pw\x00\x00\x34\x00\x00\x00"+tail)); err != nil {
				t.Fatal(err)
			}
			if h, _ := next[*smpp.BindResp](t, peer); h.Status != want {
				t.Errorf("%q: %v, want %s", tail, h, want)
			}
			_ = peer.Close()
			_ = srv.Close()
		})
	}
}
