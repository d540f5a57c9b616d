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
// Behaviour that a correct Session cannot show (garbage, half a PDU, wrong sequence numbers) is
// played with Conn, a connection that says exactly what it is told to.
//
// The package has no opinions about messages: it must not know of gateways, accounts or routes.
package smpptest
