package smppd

import (
	"time"

	"github.com/harkara/harkara/smpp"
)

// Meter counts what passes, for obs.
type Meter interface {
	// Bind is called for each bind_*, with the answer it got.
	Bind(status smpp.Status)
	// Sessions is how many are bound now.
	Sessions(n int)
	// Answered is called for each request of a customer. took is from its arrival
	// to its answer.
	Answered(command smpp.CommandID, status smpp.Status, took time.Duration)
	// Delivered is called for each receipt or reply that was offered or dropped.
	Delivered(what What, fate Fate)
}

// What is delivered.
type What string

// What is delivered to customers.
const (
	Receipt What = "receipt"
	Reply   What = "reply"
)

// Fate of a delivery.
type Fate string

// Fates of a delivery.
const (
	FateTaken   Fate = "taken"    // acknowledged
	FateRefused Fate = "refused"  // answered with an error: offered again later
	FateLost    Fate = "lost"     // no answer: offered again at once
	FateGivenUp Fate = "given_up" // not taken within the login's keep
)

type noMeter struct{}

func (noMeter) Bind(smpp.Status)                                    {}
func (noMeter) Sessions(int)                                        {}
func (noMeter) Answered(smpp.CommandID, smpp.Status, time.Duration) {}
func (noMeter) Delivered(What, Fate)                                {}
