// Package connecttest is the conformance suite for connectors: every MUST of
// package connect has a test here, and every connector passes it.
//
//	func TestConformance(t *testing.T) {
//		connecttest.Run(t, connecttest.Harness{New: newConnectorAndFarEnd})
//	}
//
// A harness gives the suite a connector and the far end that it talks to (an
// SMSC, an HTTP provider, a SIP trunk), scripted through [FarEnd]. The suite
// knows no protocol. What it cannot know (which status is which verdict, how a
// receipt is read) belongs into the tests of the connector itself.
package connecttest
