package account

import (
	"crypto/subtle"
	"encoding/hex"
	"net/netip"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// The reasons an operator sees.
const (
	ReasonNoKey     = "no api key in the call"
	ReasonNoToken   = "no api token in the call"
	ReasonKey       = "unknown api key"
	ReasonToken     = "wrong api token"
	ReasonRevoked   = "key is revoked"
	ReasonDisabled  = "account is disabled"
	ReasonAddress   = "address is not on the key's list"
	ReasonNoAccount = "key has no account any more"
)

// refused is the one answer to all of them.
func refused() error { return sms.Fail(sms.CodeUnauthorized, "Invalid user") }

// cacheSize bounds the memory of verified pairs; a full one is emptied.
const cacheSize = 4096

// Authenticator checks credentials against a catalog.
type Authenticator struct {
	hash     Hasher
	dummy    *sms.Credential // compared against when the key is unknown, to take the same time
	failures *Failures

	mu       sync.RWMutex
	verified map[pair]string // token hash that the pair was verified against
}

type pair struct{ key, token string }

// NewAuthenticator makes one; failures may be nil.
func NewAuthenticator(h Hasher, failures *Failures) *Authenticator {
	return &Authenticator{hash: h, failures: failures, verified: map[pair]string{},
		dummy: &sms.Credential{TokenHash: h.Hash("", NewToken())}}
}

// Authenticate returns the credential and its account, or the error that every
// refusal has in common.
func (a *Authenticator) Authenticate(cat *sms.Catalog, key, token string, from netip.Addr, now time.Time) (*sms.Credential, *sms.Account, error) {
	c := cat.Credential(key)
	known := c
	if known == nil {
		known = a.dummy
	}
	good := a.matches(known.TokenHash, key, token)
	var account *sms.Account
	if c != nil {
		account = cat.Account(c.AccountID)
	}
	if reason := why(cat, c, account, good, key, token, from); reason != "" {
		if c != nil {
			a.failures.add(c.AccountID, c.APIKey, from, reason, now)
		} else {
			a.failures.add(0, short(key), from, reason, now)
		}
		return nil, nil, refused()
	}
	return c, account, nil
}

func why(cat *sms.Catalog, c *sms.Credential, account *sms.Account, good bool, key, token string, from netip.Addr) string {
	switch {
	case key == "":
		return ReasonNoKey
	case token == "":
		return ReasonNoToken
	case c == nil:
		return ReasonKey
	case !good:
		return ReasonToken
	case c.Revoked:
		return ReasonRevoked
	case account == nil:
		return ReasonNoAccount
	case !account.Enabled:
		return ReasonDisabled
	case !cat.AllowedFrom(c, from):
		return ReasonAddress
	}
	return ""
}

// matches compares in constant time with the stored hash. A pair that was
// verified is remembered with the hash it matched, so that a changed token is
// noticed at once.
func (a *Authenticator) matches(stored, key, token string) bool {
	p := pair{key, token}
	a.mu.RLock()
	hash, ok := a.verified[p]
	a.mu.RUnlock()
	if ok && hash == stored {
		return true
	}
	var sum [32]byte
	want, err := hex.DecodeString(stored)
	if err != nil || subtle.ConstantTimeCompare(a.hash.sum(sum[:0], key, token), want) != 1 {
		return false
	}
	a.mu.Lock()
	if len(a.verified) >= cacheSize {
		clear(a.verified)
	}
	a.verified[p] = stored
	a.mu.Unlock()
	return true
}
