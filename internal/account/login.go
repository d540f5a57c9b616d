package account

import (
	"net/netip"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// The reasons for a refused bind that an operator sees, besides those above.
const (
	ReasonNoSystemID    = "no system_id in the bind"
	ReasonSystemID      = "unknown system_id"
	ReasonPassword      = "wrong password"
	ReasonLoginAddress  = "address is not on the login's list"
	ReasonLoginTLS      = "the login requires TLS"
	ReasonLoginDisabled = "login is disabled"
	ReasonLoginOrphan   = "login has no account any more"
)

// Login is Authenticate for an SMPP bind: it returns the login and its account.
//
// An unknown system_id, a wrong password and a strange address have one error in
// common, sms.CodeUnauthorized, and take the same time: who guesses learns
// nothing. Who knows the password and calls from where he may is told that he may
// not come in, by sms.CodeForbidden and the reason.
func (a *Authenticator) Login(cat *sms.Catalog, systemID, password string, from netip.Addr, tls bool, now time.Time) (*sms.Subscriber, *sms.Account, error) {
	login := cat.Login(systemID)
	stored := a.dummy.TokenHash
	if login != nil {
		stored = login.SMPP.PasswordHash
	}
	good := a.matches(stored, systemID, password)
	if login == nil {
		reason := ReasonSystemID
		if systemID == "" {
			reason = ReasonNoSystemID
		}
		a.failures.add(0, short(systemID), from, reason, now)
		return nil, nil, refused()
	}
	reason, err := "", error(nil)
	switch {
	case !good:
		reason, err = ReasonPassword, refused()
	case !cat.LoginAllowedFrom(login, from):
		reason, err = ReasonLoginAddress, refused()
	default:
		if reason = Barred(cat, login, tls); reason == "" {
			return login, cat.Account(login.AccountID), nil
		}
		err = sms.Fail(sms.CodeForbidden, "Bind refused: "+reason)
	}
	a.failures.add(login.AccountID, login.Name, from, reason, now)
	return nil, nil, err
}

// Barred says why a login whose password is right may not be used all the same;
// empty when it may. Sessions that are bound are held to it too, when the
// configuration changes.
func Barred(cat *sms.Catalog, login *sms.Subscriber, tls bool) string {
	account := cat.Account(login.AccountID)
	switch {
	case login.SMPP.RequireTLS && !tls:
		return ReasonLoginTLS
	case login.SMPP.Disabled:
		return ReasonLoginDisabled
	case account == nil:
		return ReasonLoginOrphan
	case !account.Enabled:
		return ReasonDisabled
	}
	return ""
}
