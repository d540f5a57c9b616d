package admin

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/harkara/harkara/internal/sms"
)

// passwordMade is the length of the passwords that we make: SMPP 3.4 §5.2.2 has
// room for 8 characters and a NUL. The others bound passwords brought from
// elsewhere: passwordLeast is what the limit of attempts protects, passwordMost
// what the server can read.
const (
	passwordLeast = 6
	passwordMade  = 8
	passwordMost  = 64
)

// passwordLetters has 32 characters that are not mistaken for each other.
const passwordLetters = "abcdefghijkmnpqrstuvwxyz23456789"

// newPassword makes one of 40 random bits. That is little: it stands behind the
// server's limit of attempts, and is better tied to addresses too.
func newPassword() string {
	raw := make([]byte, passwordMade)
	rand.Read(raw) // never fails: crypto/rand
	for i, b := range raw {
		raw[i] = passwordLetters[int(b)%len(passwordLetters)]
	}
	return string(raw)
}

// passwordShape refuses what no client can send, or what is soon guessed. The
// error does not hold the value.
func passwordShape(password string) error {
	if err := credentialShape("password", password); err != nil {
		return err
	}
	if len(password) < passwordLeast {
		return fmt.Errorf("password is shorter than %d characters, which is soon guessed: take one of %d to %d", passwordLeast, passwordLeast, passwordMade)
	}
	if len(password) > passwordMost {
		return fmt.Errorf("password is longer than %d characters, which no bind can carry", passwordMost)
	}
	return nil
}

// NewLogin makes an SMPP login. An empty password is made at random; a given one
// is for customers that move here. The password is returned this once: only its
// keyed hash is stored.
func (d *Desk) NewLogin(ctx context.Context, s LoginSpec, password string) (_ LoginSpec, newPassword string, err error) {
	if s.PasswordHash, password, err = d.password(s.SystemID, password); err != nil {
		return s, "", err
	}
	s, err = Create(ctx, d, s)
	return s, password, err
}

// NewPassword replaces the password of a login, at random when it is empty. The
// old one is refused from then on, and its sessions end.
func (d *Desk) NewPassword(ctx context.Context, ref Ref, password string) (_ LoginSpec, newPassword string, err error) {
	s, _, err := Change(ctx, d, ref, func(s *LoginSpec) error {
		s.PasswordHash, password, err = d.password(s.SystemID, password)
		return err
	})
	return s, password, err
}

// password makes a password if it is empty, and its hash.
func (d *Desk) password(systemID, password string) (hash, used string, err error) {
	if password == "" {
		password = newPassword()
	}
	if err := passwordShape(password); err != nil {
		return "", "", sms.Fail(sms.CodeInvalid, err.Error())
	}
	hash, err = d.Hash(systemID, password)
	return hash, password, err
}

func (s *LoginSpec) build(x *builder) sms.Noun {
	l := &sms.SMPPLogin{PasswordHash: s.PasswordHash, Disabled: s.Disabled, IPs: s.IPs, RequireTLS: s.RequireTLS, MaxBinds: s.MaxBinds,
		Rate: s.Rate, Window: s.Window, MessageID: s.MessageID, Replies: make([]string, 0, len(s.Replies)), Keep: s.Keep}
	if s.Alphabet != "" {
		x.word("alphabet", s.Alphabet, &l.Alphabet)
	}
	for _, number := range s.Replies {
		if number != sms.RepliesAll {
			number = cleanNumber(number)
		}
		l.Replies = append(l.Replies, number)
	}
	login := &sms.Subscriber{Head: sms.Head{Name: s.SystemID, AccountID: x.owner(s.Account)}, Channel: sms.ChannelSMPP, SMPP: l}
	old, _ := x.as.(*sms.Subscriber)
	if old != nil && old.AccountID != login.AccountID && login.AccountID != 0 {
		// What waits for it would go to the other customer.
		x.problem("it belongs to account %s and cannot go to another: delete it, and make one for %s", x.book.name(sms.KindAccount, old.AccountID), s.Account)
	}
	if old != nil && old.Name != s.SystemID {
		x.problem("its system_id is %s and cannot become %s, since its password is bound to it: make a new login", old.Name, s.SystemID)
	}
	switch {
	case s.PasswordEnv != "" && s.PasswordHash != "" && (old == nil || old.SMPP.PasswordHash != s.PasswordHash):
		x.problem("password_hash and password_env are both set: keep one")
	case s.PasswordEnv != "":
		if password := x.secret("password_env", "env", s.PasswordEnv); password != "" && x.ok {
			x.hashPassword(login, password)
		}
	case s.PasswordHash == "" && old != nil:
		l.PasswordHash = old.SMPP.PasswordHash
	case !tokenHash.MatchString(s.PasswordHash):
		x.problem("a new login needs its password: password_env: NAME_OF_A_VARIABLE, or password_hash: 64 hex digits as `harkara export --secrets` prints")
	}
	return login
}

func (x *builder) hashPassword(login *sms.Subscriber, password string) {
	if err := passwordShape(password); err != nil {
		x.problem("%v", err)
		return
	}
	hash, err := x.desk.Hash(login.Name, password)
	if err != nil {
		x.problem("%v", err)
	}
	login.SMPP.PasswordHash = hash
}
