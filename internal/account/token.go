package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// Lengths of the credentials that Harkara makes. Credentials of other lengths,
// brought from an old panel, are as good (compat.md Q23).
const (
	KeyLength   = 32
	TokenLength = 14
)

const alphanumerics = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// Hasher makes the keyed hash under which a token is stored. A token has too
// little room for a slow hash to be worth its time on every call; without the
// secret the stored hash cannot be tried against.
type Hasher struct{ secret []byte }

// NewHasher makes a Hasher from the installation's secret.
func NewHasher(secret []byte) Hasher { return Hasher{secret: secret} }

// Hash returns hex HMAC-SHA-256 of the token, bound to its API key so that two
// equal tokens do not show.
func (h Hasher) Hash(apiKey, token string) string {
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.sum(sum[:0], apiKey, token))
}

func (h Hasher) sum(dst []byte, apiKey, token string) []byte {
	m := hmac.New(sha256.New, h.secret)
	m.Write([]byte(apiKey))
	m.Write([]byte{0})
	m.Write([]byte(token))
	return m.Sum(dst)
}

// NewAPIKey makes a random API key.
func NewAPIKey() string { return random(KeyLength) }

// NewToken makes a random API token.
func NewToken() string { return random(TokenLength) }

// random returns n characters, each of 62 equally likely.
func random(n int) string {
	out := make([]byte, 0, n)
	var buf [64]byte
	for len(out) < n {
		rand.Read(buf[:])
		for _, b := range buf {
			if limit := byte(256 / len(alphanumerics) * len(alphanumerics)); b < limit && len(out) < n {
				out = append(out, alphanumerics[int(b)%len(alphanumerics)])
			}
		}
	}
	return string(out)
}
