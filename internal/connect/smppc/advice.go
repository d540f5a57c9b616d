package smppc

import (
	"fmt"

	"github.com/harkara/harkara/internal/sms"
)

// receiptBits of registered_delivery ask for a receipt of the end (SMPP 3.4 §5.2.17).
const receiptBits = 0x03

// advise names what a route asks for and the settings of its connector do not
// give. Each alone is right, so neither is refused. Settings that cannot be read
// are told where they are written.
func advise(c *sms.Connector, r *sms.Route) (list []string) {
	cfg, err := parseSettings(c.Settings)
	if err != nil {
		return nil
	}
	say := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if len(r.National) > 0 && r.Long == sms.LongPayload {
		say("national has its price in septets, but with long: payload a text of several parts goes out in UCS-2, "+
			"of which the operator makes more parts: use long: %s, or leave national out", sms.LongUDH8)
	}
	if len(r.National) > 0 && cfg.converts() {
		say("national needs default_alphabet gsm7 or gsm7-packed, and it is %s: what that lacks goes out in UCS-2 if it is one part, "+
			"and a longer text is refused (%s)", cfg.DefaultAlphabet, sms.ReasonContent)
	}
	if r.QueryAfter > 0 && cfg.Query != queryOn {
		say("query_after asks nobody: the connector has no query: on")
	}
	if r.Receipts != sms.ReceiptsAll && cfg.RegisteredDelivery&receiptBits == 0 {
		say("receipts: %s waits for receipts that registered_delivery %d does not ask for", r.Receipts, cfg.RegisteredDelivery)
	}
	return list
}
