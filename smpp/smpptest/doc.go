// Package smpptest provides a scriptable SMSC and ESME for tests and simulators.
//
//	smsc, err := smpptest.Start(smpptest.Config{
//		OnSubmit: func(m *smpptest.Message) smpptest.Reply {
//			if m.N%10 == 0 {
//				return smpptest.Reply{Status: smpp.StatusThrottled}
//			}
//			return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateDelivered, After: time.Second}}}
//		},
//	})
//	…
//	smsc.Addr(), smsc.Received(), smsc.Deliver(ctx, "acme", &smpp.DeliverSM{…}), smsc.Drop(), smsc.Close()
//
// What an SMSC does with messages is put together from small pieces (script.go):
//
//	OnSubmit: smpptest.Between(100, 199, smpptest.Always(throttled), // a storm of ESME_RTHROTTLED
//		smpptest.Backwards(10, time.Millisecond,                 // responses in the opposite order
//			smpptest.LastPartOnly(smpptest.Always(delivered))))
//
//	wanted                         setting
//	response out of order          Backwards, Reply.Delay
//	response lost                  Reply.NoResponse
//	response twice                 Reply.Tamper: Twice
//	throttle storm, queue full     Between with Reply.Status, Config.Rate
//	half-open TCP                  SMSC.Freeze, Wire.Freeze
//	garbage after a good PDU       Reply.Tamper: Behind("…"), SMSC.Inject
//	half a PDU and the end         Reply.Tamper: Half, with DropAfter
//	PDU split at every octet       Config.Split: 1, Wire.Split
//	64 KiB payload                 nothing: message_payload of 65,535 octets just works
//	receipt before the response    Receipt.Early
//	receipt on a sibling bind      Receipt.Over: SiblingBind
//	receipt twice                  two elements of Reply.Receipts
//	receipt with an unknown id     Receipt.ID
//	hex against decimal            Receipt.Spell: HexAsDecimal
//	receipt of the last part only  LastPartOnly
//	unbind in mid-window           SMSC.Inject of an unbind; SMSC.Down in good order
//	restart                        SMSC.Down and SMSC.Up; SMSC.Drop is the crash
//	query, cancel, replace         Config.Remember
//
// Behaviour that a correct Session cannot show (garbage, half a PDU, wrong sequence numbers) is
// played with Conn, a connection that says exactly what it is told to.
//
// The package has no opinions about messages: it must not know of gateways, accounts or routes.
package smpptest
