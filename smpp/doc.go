// Package smpp speaks SMPP 3.4 (Short Message Peer-to-Peer Protocol, issue 1.2) and what SMPP 5.0 adds to
// it, as ESME and as SMSC.
//
// It has four layers, each usable without those above it:
//
//   - PDUs as data. grammar.go lists the fields of every command; encoding (Append), decoding (Decode),
//     printing (Print) and copying (Clone) are derived from that list (codec.go). Optional parameters
//     stay as they are on the wire (TLVs).
//   - Framer cuts a stream into PDUs.
//   - Session is a bound connection of either role: requests with a window, responses matched by
//     sequence number, the peer's requests for a Handler, timers, unbind. Dial makes one as ESME,
//     Server makes them as SMSC, Redial keeps one alive.
//   - Receipts: ParseReceipt, ReceiptFrom and MessageIDForms read what SMSCs really send.
//
// What a Session promises:
//
//   - A request that Send has accepted is completed exactly once, and its Outcome tells whether the
//     peer answered, may have acted on it, or certainly never saw it.
//   - Responses are matched to the request they answer or reported as unexpected, never mistaken.
//   - Nothing that a peer sends makes it panic, block for good, or take memory without bound.
//   - Strangers are limited: failed binds by address and by system_id, connections without a bind, the
//     size and the time of what they send.
//   - The peer is answered: unknown commands with generic_nack, broken bodies with an error response,
//     requests beyond Config.MaxInbound with a "later" status. Only a stream that cannot be cut into
//     PDUs any more ends the session.
//
// An ESME in short:
//
//	s, err := smpp.Dial(ctx, "smsc.example:2775", smpp.BindConfig{SystemID: "acme", Password: "secret"})
//	…
//	resp, err := s.Do(ctx, &smpp.SubmitSM{Source: …, Destination: …, ShortMessage: []byte("hello")})
//	…
//	err = s.Unbind(ctx)
//
// Package smpptest has both ends for tests; package proxy lets a Server stand behind a load balancer.
//
// The package knows nothing of alphabets, segmentation, routes or storage: short_message is octets. It
// depends on the standard library only and must not import anything of a product.
package smpp
