package sms

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/harkara/harkara/gsm"
)

// MaxPartsLimit is the largest number of parts a concatenated message can have
// (one octet in the UDH, TS 23.040 §9.2.3.24.1).
const MaxPartsLimit = 255

// maxMoney bounds configured amounts, far from overflow in sums.
const maxMoney = 1_000_000_000_000 * Credit

func invalid(format string, args ...any) error {
	return &Error{Code: CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

func (h *Head) named(kind Kind) error {
	h.Name = strings.TrimSpace(h.Name)
	if h.Name == "" || len(h.Name) > 100 {
		return invalid("give the %s a name of 1 to 100 characters", kind)
	}
	return nil
}

// fold is the form in which names are compared.
func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func owned(account int64, s string) string { return strconv.FormatInt(account, 10) + ":" + fold(s) }

// UniqueKey of each noun.
func (a *Account) UniqueKey() string    { return fold(a.Name) }
func (c *Credential) UniqueKey() string { return c.APIKey } // case matters: it is a secret's name
func (s *Sender) UniqueKey() string     { return owned(s.AccountID, s.Name) }
func (r *Route) UniqueKey() string      { return fold(r.Name) }
func (c *Connector) UniqueKey() string  { return fold(c.Name) }
func (r *Rule) UniqueKey() string       { return fold(r.Name) }
func (p *PriceList) UniqueKey() string  { return fold(p.Name) }
func (n *Number) UniqueKey() string     { return n.Name + ":" + fold(n.Keyword) }

// UniqueKey of a login is its system_id, whose case matters.
func (s *Subscriber) UniqueKey() string {
	if s.Channel == ChannelSMPP {
		return ChannelSMPP + ":" + s.Name
	}
	return owned(s.AccountID, s.Name)
}

// Validate checks the account and fills in defaults.
func (a *Account) Validate() error {
	if err := a.named(KindAccount); err != nil {
		return err
	}
	if a.TimeZone == "" {
		return invalid("give account %s a time zone such as Asia/Dhaka: dates without a zone are read in it", a.Name)
	}
	if _, err := time.LoadLocation(a.TimeZone); err != nil || a.TimeZone == "Local" {
		return invalid("%q is not an IANA time zone; write one such as Asia/Dhaka or UTC", a.TimeZone)
	}
	if a.MaxParts == 0 {
		a.MaxParts = 10
	}
	if a.MaxParts < 1 || a.MaxParts > MaxPartsLimit {
		return invalid("max_parts is %d; it must be between 1 and %d", a.MaxParts, MaxPartsLimit)
	}
	if a.CreditLimit < 0 || a.CreditLimit > maxMoney {
		return invalid("the credit limit is %s; it must be between 0 and %s", a.CreditLimit, maxMoney)
	}
	for _, start := range []*int64{&a.GroupStart, &a.RecipientStart, &a.InboxStart} {
		if *start == 0 {
			*start = 1
		}
		if *start < 1 || *start > 1<<31-1 {
			return invalid("counters start between 1 and %d: clients keep ids in 32 bits", 1<<31-1)
		}
	}
	return nil
}

// Validate checks the key pair.
func (c *Credential) Validate() error {
	if c.AccountID == 0 {
		return invalid("a key belongs to an account: name one")
	}
	if c.APIKey == "" || c.TokenHash == "" {
		return invalid("a key needs an API key and a token")
	}
	if c.GuardSeconds < 0 || c.GuardSeconds > 86400 {
		return invalid("the duplicate guard is %d seconds; it must be between 0 (off) and 86400", c.GuardSeconds)
	}
	for _, ip := range c.IPs {
		if _, err := ParseIPs(ip); err != nil {
			return err
		}
	}
	return c.named(KindCredential)
}

// ParseIPs reads an address or a CIDR block.
func ParseIPs(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil && !p.Addr().Is4In6() {
		return p.Masked(), nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.Prefix{}, invalid("%q is neither an IP address nor a block such as 203.0.113.0/24", s)
}

// Validate checks the sender id's status and class; its shape is checked where
// it is requested (numplan).
func (s *Sender) Validate() error {
	if s.AccountID == 0 {
		return invalid("a sender belongs to an account: name one")
	}
	if s.Status == "" {
		s.Status = SenderRequested
	}
	if s.Class == "" {
		s.Class = ClassTransactional
	}
	if s.Status != SenderRequested && s.Status != SenderApproved && s.Status != SenderRefused {
		return invalid("sender status %q is unknown; use requested, approved or refused", s.Status)
	}
	if s.Class != ClassOTP && s.Class != ClassTransactional && s.Class != ClassPromotional {
		return invalid("class %q is unknown; use otp, transactional or promotional", s.Class)
	}
	return s.named(KindSender)
}

// Validate checks the route and fills in defaults.
func (r *Route) Validate() error {
	if err := r.named(KindRoute); err != nil {
		return err
	}
	if len(r.Connectors) == 0 {
		return invalid("route %s has no connector: name at least one", r.Name)
	}
	if r.Long == "" {
		r.Long = LongUDH8
	}
	if r.OnUnknown == "" {
		r.OnUnknown = UnknownResend
	}
	if r.Long != LongUDH8 && r.Long != LongUDH16 && r.Long != LongSAR && r.Long != LongPayload {
		return invalid("long mode %q is unknown; use udh8, udh16, sar or payload", r.Long)
	}
	if r.OnUnknown != UnknownResend && r.OnUnknown != UnknownHold {
		return invalid("on_unknown %q is unknown; use resend or hold", r.OnUnknown)
	}
	if r.Validity == 0 {
		r.Validity = Duration(24 * time.Hour)
	}
	if r.ReceiptWait == 0 {
		r.ReceiptWait = Duration(48 * time.Hour)
	}
	if r.MaxAttempts == 0 {
		r.MaxAttempts = 20
	}
	if r.Validity < 0 || r.ReceiptWait < 0 || r.MaxAttempts < 0 || r.QueryAfter < 0 {
		return invalid("validity, receipt_wait, query_after and max_attempts of route %s cannot be negative", r.Name)
	}
	if r.QueryAfter > 0 && r.QueryAfter.Std() < time.Minute {
		return invalid("query_after of route %s must be at least 1m, or 0 for never", r.Name)
	}
	for _, t := range r.Types {
		if !KnownType(t) {
			return invalid("type %q of route %s is unknown", t, r.Name)
		}
	}
	for _, c := range r.Costs {
		if err := c.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (c Cost) validate() error {
	if c.Type != "" && !KnownType(c.Type) {
		return invalid("type %q of a cost price is unknown", c.Type)
	}
	if c.Cost < 0 || c.Cost > maxMoney {
		return invalid("the cost price for prefix %q is negative or too large", c.Prefix)
	}
	return digits(c.Prefix)
}

func (p Price) validate() error {
	if p.Type != "" && !KnownType(p.Type) {
		return invalid("type %q of a price is unknown", p.Type)
	}
	if p.Sender != "" && p.Sender != SenderAlpha && p.Sender != SenderNumeric {
		return invalid("sender kind %q of a price is unknown; use alphanumeric, numeric or none", p.Sender)
	}
	if p.Price < 0 || p.Price > maxMoney {
		return invalid("the price for prefix %q is negative or too large", p.Prefix)
	}
	return digits(p.Prefix)
}

// KnownType says whether t is one of Types.
func KnownType(t Type) bool {
	for _, have := range Types() {
		if have == t {
			return true
		}
	}
	return false
}

func digits(prefix string) error {
	if len(prefix) > 20 {
		return invalid("prefix %q is longer than any number", prefix)
	}
	for _, c := range prefix {
		if c < '0' || c > '9' {
			return invalid("prefix %q must be digits without +, or empty for every number", prefix)
		}
	}
	return nil
}

// Validate checks what all plug-ins share; the plug-in checks Settings.
func (c *Connector) Validate() error {
	if err := c.named(KindConnector); err != nil {
		return err
	}
	if c.Protocol == "" {
		return invalid("connector %s needs a protocol such as smpp", c.Name)
	}
	if c.Window == 0 {
		c.Window = 10
	}
	if !(c.Pace >= 0 && c.Pace <= 1e6) || c.Window < 1 || c.Window > 10000 {
		return invalid("connector %s: pace must be between 0 (no limit) and 1000000, window between 1 and 10000", c.Name)
	}
	if c.Mode != ModeRun && c.Mode != ModePause && c.Mode != ModeDrain {
		return invalid("connector %s: mode %q is unknown; use pause, drain, or nothing to run", c.Name, c.Mode)
	}
	return nil
}

// Validate checks the rule.
func (r *Rule) Validate() error {
	if err := digits(r.Prefix); err != nil {
		return err
	}
	if r.Type != "" && !KnownType(r.Type) {
		return invalid("type %q is unknown", r.Type)
	}
	if r.Priority < 0 || r.Priority > 1000 {
		return invalid("the priority of a rule is %d; it must be between 0 and 1000", r.Priority)
	}
	if r.RouteID == 0 {
		return invalid("a rule sends to a route: name one")
	}
	if r.Name == "" {
		r.Name = r.describe()
	}
	return r.named(KindRule)
}

// describe is the name of a rule that was given none: what it says.
func (r *Rule) describe() string {
	name := cmp.Or(r.Prefix, "any")
	if r.Type != "" {
		name += " " + string(r.Type)
	}
	if r.AccountID != 0 {
		name += fmt.Sprintf(" account %d", r.AccountID)
	}
	if r.Priority != 0 {
		name += fmt.Sprintf(" priority %d", r.Priority)
	}
	return name + fmt.Sprintf(" → route %d", r.RouteID)
}

// Validate checks the price list.
func (p *PriceList) Validate() error {
	if p.ChargeOn == "" {
		p.ChargeOn = "accepted"
	}
	if p.ChargeOn != "accepted" && p.ChargeOn != "delivered" {
		return invalid("charge_on %q is unknown; use accepted or delivered", p.ChargeOn)
	}
	seen := map[Price]bool{}
	for _, row := range p.Prices {
		if err := row.validate(); err != nil {
			return err
		}
		key := row
		key.Price = 0
		if seen[key] {
			return invalid("price list %s has two prices for prefix %q with the same type, sender and route", p.Name, row.Prefix)
		}
		seen[key] = true
	}
	return p.named(KindPriceList)
}

// Validate checks the two-way number.
func (n *Number) Validate() error {
	if n.AccountID == 0 {
		return invalid("a number belongs to an account: name one")
	}
	if n.Name == "" {
		return invalid("name the number in digits without +")
	}
	if strings.ContainsFunc(n.Keyword, unicode.IsSpace) {
		return invalid("keyword %q has a blank in it; a keyword is the first word of a message", n.Keyword)
	}
	return digits(n.Name)
}

// Validate checks the subscriber.
func (s *Subscriber) Validate() error {
	if s.AccountID == 0 {
		return invalid("a subscriber belongs to an account: name one")
	}
	if s.Channel != ChannelWebhook && s.Channel != ChannelFeed && s.Channel != ChannelSMPP {
		return invalid("a subscriber needs a channel: webhook, smpp or feed")
	}
	if err := s.named(KindSubscriber); err != nil {
		return err
	}
	if (s.Channel == ChannelSMPP) != (s.SMPP != nil) {
		return invalid("an SMPP login has settings of a login, and nothing else has")
	}
	if s.SMPP != nil {
		return s.SMPP.validate(s.Name)
	}
	return nil
}

// validate checks the login and fills in defaults. Field sizes are those of
// SMPP 3.4 §5.2.1.
func (l *SMPPLogin) validate(systemID string) error {
	if len(systemID) > 15 || strings.ContainsFunc(systemID, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return invalid("system_id %q must have at most 15 characters of ASCII without blanks", systemID)
	}
	if l.PasswordHash == "" {
		return invalid("SMPP login %s needs a password", systemID)
	}
	if l.MaxBinds == 0 {
		l.MaxBinds = 4
	}
	if l.Window == 0 {
		l.Window = 100
	}
	if l.MessageID == "" {
		l.MessageID = IDDecimal
	}
	if l.Keep == 0 {
		l.Keep = Duration(72 * time.Hour)
	}
	switch {
	case l.MaxBinds < 1 || l.MaxBinds > 1000 || l.Window < 1 || l.Window > 10000:
		return invalid("SMPP login %s: max_binds must be between 1 and 1000, window between 1 and 10000", systemID)
	case !(l.Rate >= 0 && l.Rate <= 1e6):
		return invalid("SMPP login %s: rate must be between 0 (no limit) and 1000000 a second", systemID)
	case l.MessageID != IDDecimal && l.MessageID != IDHex:
		return invalid("SMPP login %s: message_id %q is unknown; use decimal or hex", systemID, l.MessageID)
	case l.Alphabet > gsm.CharsetLatin1:
		return invalid("SMPP login %s: alphabet %s cannot be what data_coding 0 is; use gsm7, gsm7-packed, ascii or latin1", systemID, l.Alphabet)
	case l.Keep < Duration(time.Minute) || l.Keep > Duration(30*24*time.Hour):
		return invalid("SMPP login %s: keep must be between 1m and 720h", systemID)
	}
	for _, number := range l.Replies {
		if number != RepliesAll && (number == "" || digits(number) != nil) {
			return invalid("SMPP login %s: replies must be our numbers in digits without +, or all", systemID)
		}
	}
	for _, ip := range l.IPs {
		if _, err := ParseIPs(ip); err != nil {
			return err
		}
	}
	return nil
}
