package admin

import (
	"context"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/sms"
)

// NewKey makes an API key. An empty APIKey or token is made at random; given
// ones are for accounts that move here from another system. The token is
// returned this once: only its keyed hash is stored.
func (d *Desk) NewKey(ctx context.Context, s KeySpec, token string) (_ KeySpec, newToken string, err error) {
	if s.APIKey == "" {
		s.APIKey = account.NewAPIKey()
	}
	if token == "" {
		token = account.NewToken()
	}
	if s.TokenHash, err = d.hash(s.APIKey, token); err != nil {
		return s, "", err
	}
	s, err = Create(ctx, d, s)
	return s, token, err
}

// NewToken replaces the token of a key, at random when it is empty. The old one
// is refused from then on.
func (d *Desk) NewToken(ctx context.Context, ref Ref, token string) (_ KeySpec, newToken string, err error) {
	if token == "" {
		token = account.NewToken()
	}
	s, _, err := Change(ctx, d, ref, func(s *KeySpec) error {
		s.TokenHash, err = d.hash(s.APIKey, token)
		return err
	})
	return s, token, err
}

func (d *Desk) hash(apiKey, token string) (string, error) {
	for what, s := range map[string]string{"the API key": apiKey, "the token": token} {
		if err := credentialShape(what, s); err != nil {
			return "", sms.Fail(sms.CodeInvalid, err.Error())
		}
	}
	return d.Hash(apiKey, token)
}
