package account_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/account"
)

func TestHash(t *testing.T) {
	h := account.NewHasher([]byte("secret"))
	// printf 'key\0token' | openssl dgst -sha256 -hmac secret
	const want = "ce9f7ef359c70d580e25aef5654f47c4924f3407c449016eba71bdc67cf3513a"
	if got := h.Hash("key", "token"); got != want {
		t.Errorf("hash %s", got)
	}
	for name, other := range map[string]string{
		"another key":    h.Hash("key2", "token"),
		"another token":  h.Hash("key", "token2"),
		"shifted":        h.Hash("keyt", "oken"),
		"another secret": account.NewHasher([]byte("secret2")).Hash("key", "token"),
	} {
		if other == want {
			t.Errorf("%s gives the same hash", name)
		}
	}
}

func TestRandomCredentials(t *testing.T) {
	key, token := regexp.MustCompile(`^[A-Za-z0-9]{32}$`), regexp.MustCompile(`^[A-Za-z0-9]{14}$`)
	seen := map[string]bool{}
	var used strings.Builder
	for range 500 {
		k, tok := account.NewAPIKey(), account.NewToken()
		if !key.MatchString(k) || !token.MatchString(tok) {
			t.Fatalf("key of %d, token of %d characters", len(k), len(tok))
		}
		if seen[k] || seen[tok] {
			t.Fatal("a credential came twice")
		}
		seen[k], seen[tok] = true, true
		used.WriteString(k + tok)
	}
	// 23,000 draws: each of 62 characters about 371 times, give or take ten
	// standard deviations of 19.
	count := map[rune]int{}
	for _, c := range used.String() {
		count[c]++
	}
	for c, n := range count {
		if n < 180 || n > 560 {
			t.Errorf("%c came %d times", c, n)
		}
	}
	if len(count) != 62 {
		t.Errorf("%d characters are used, want 62", len(count))
	}
}
