package admin

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// Meta is what the store knows of a noun. It is shown, and not part of the file.
type Meta struct {
	ID        int64     `yaml:"-" json:"id,string"`
	Version   int64     `yaml:"-" json:"version"`
	UpdatedAt time.Time `yaml:"-" json:"updated_at"`

	line int // in the file, for problems
}

// Stored is what the store knows of the noun that the spec was made of.
func (m *Meta) Stored() *Meta { return m }

// File is the declarative form of the configuration. A section that is nil is
// not listed: its nouns are left alone, also by a pruning apply.
type File struct {
	PriceLists []PriceListSpec `yaml:"price_lists" json:"price_lists"`
	Connectors []ConnectorSpec `yaml:"connectors" json:"connectors"`
	Routes     []RouteSpec     `yaml:"routes" json:"routes"`
	Accounts   []AccountSpec   `yaml:"accounts" json:"accounts"`
	Rules      []RuleSpec      `yaml:"rules" json:"rules"`

	name     string
	problems Problems
}

// AccountSpec is an account. Balance and counters are not configuration.
type AccountSpec struct {
	Meta           `yaml:",inline"`
	Name           string    `yaml:"name" json:"name"`
	Enabled        bool      `yaml:"enabled" json:"enabled"` // true when left out
	TimeZone       string    `yaml:"time_zone" json:"time_zone"`
	Country        string    `yaml:"country,omitempty" json:"country"` // ISO code or calling code
	PriceList      string    `yaml:"price_list,omitempty" json:"price_list"`
	CreditLimit    sms.Money `yaml:"credit_limit" json:"credit_limit"`
	MaxParts       int       `yaml:"max_parts,omitempty" json:"max_parts"`
	Routes         []string  `yaml:"routes,omitempty" json:"routes"` // that a call may name
	SmartText      bool      `yaml:"smart_text,omitempty" json:"smart_text"`
	GroupStart     int64     `yaml:"group_start,omitempty" json:"group_start"`
	RecipientStart int64     `yaml:"recipient_start,omitempty" json:"recipient_start"`
	InboxStart     int64     `yaml:"inbox_start,omitempty" json:"inbox_start"`

	Senders []SenderSpec `yaml:"senders" json:"senders,omitempty"`
	Numbers []NumberSpec `yaml:"numbers" json:"numbers,omitempty"`
	Keys    []KeySpec    `yaml:"keys" json:"keys,omitempty"`
	Logins  []LoginSpec  `yaml:"smpp" json:"smpp,omitempty"`
}

// SenderSpec is a sender id of an account.
type SenderSpec struct {
	Meta       `yaml:",inline"`
	Account    string           `yaml:"-" json:"account"`
	Name       string           `yaml:"name" json:"name"`
	Status     sms.SenderStatus `yaml:"status" json:"status"` // requested when left out
	Class      sms.Class        `yaml:"class,omitempty" json:"class"`
	Connectors []string         `yaml:"connectors,omitempty" json:"connectors"` // where it is registered, none: everywhere
	Note       string           `yaml:"note,omitempty" json:"note"`
}

// NumberSpec is a two-way number of an account, or its keyword on a shared one.
type NumberSpec struct {
	Meta    `yaml:",inline"`
	Account string `yaml:"-" json:"account"`
	Number  string `yaml:"number" json:"number"`
	Keyword string `yaml:"keyword,omitempty" json:"keyword"`
}

// KeySpec is a key pair of the smsAPI. The token comes as its keyed hash, or
// from an environment variable; an existing key keeps its token without either.
type KeySpec struct {
	Meta         `yaml:",inline"`
	Account      string   `yaml:"-" json:"account"`
	Name         string   `yaml:"name" json:"name"`
	APIKey       string   `yaml:"api_key" json:"api_key"`
	TokenHash    string   `yaml:"token_hash,omitempty" json:"-"`
	TokenEnv     string   `yaml:"token_env,omitempty" json:"-"`
	IPs          []string `yaml:"ips,omitempty" json:"ips"`
	GuardSeconds int      `yaml:"guard_seconds,omitempty" json:"guard_seconds"`
	Revoked      bool     `yaml:"revoked,omitempty" json:"revoked"`
}

// LoginSpec lets a system of an account bind to us over SMPP. The password comes
// as its keyed hash, or from an environment variable; an existing login keeps its
// password without either.
type LoginSpec struct {
	Meta         `yaml:",inline"`
	Account      string       `yaml:"-" json:"account"`
	SystemID     string       `yaml:"system_id" json:"system_id"`
	PasswordHash string       `yaml:"password_hash,omitempty" json:"-"`
	PasswordEnv  string       `yaml:"password_env,omitempty" json:"-"`
	Disabled     bool         `yaml:"disabled,omitempty" json:"disabled"`
	IPs          []string     `yaml:"ips,omitempty" json:"ips"`
	RequireTLS   bool         `yaml:"require_tls,omitempty" json:"require_tls"`
	MaxBinds     int          `yaml:"max_binds,omitempty" json:"max_binds"`
	Rate         float64      `yaml:"rate,omitempty" json:"rate"`     // submissions a second over all binds, 0: no limit
	Window       int          `yaml:"window,omitempty" json:"window"` // of each bind, in each direction
	MessageID    string       `yaml:"message_id,omitempty" json:"message_id"`
	Alphabet     string       `yaml:"alphabet,omitempty" json:"alphabet"` // what data_coding 0 is
	Replies      []string     `yaml:"replies,omitempty" json:"replies"`   // our numbers whose replies it gets, or "all"
	Keep         sms.Duration `yaml:"keep,omitempty" json:"keep"`
}

// RouteSpec is a route.
type RouteSpec struct {
	Meta        `yaml:",inline"`
	Name        string            `yaml:"name" json:"name"`
	Number      int64             `yaml:"id,omitempty" json:"-"` // what the smsAPI calls route; chosen by the store when left out
	Enabled     bool              `yaml:"enabled" json:"enabled"`
	Connectors  []RouteConnector  `yaml:"connectors" json:"connectors"`
	Types       []sms.Type        `yaml:"types,omitempty" json:"types"`
	Long        sms.LongMode      `yaml:"long,omitempty" json:"long"`
	OnUnknown   sms.UnknownPolicy `yaml:"on_unknown,omitempty" json:"on_unknown"`
	Validity    sms.Duration      `yaml:"validity,omitempty" json:"validity"`
	ReceiptWait sms.Duration      `yaml:"receipt_wait,omitempty" json:"receipt_wait"`
	MaxAttempts int               `yaml:"max_attempts,omitempty" json:"max_attempts"`
	Receipts    sms.ReceiptMode   `yaml:"receipts" json:"receipts"`
	QueryAfter  sms.Duration      `yaml:"query_after,omitempty" json:"query_after"` // 0: the operator is never asked
	National    []string          `yaml:"national,omitempty" json:"national"`
	ShortCodes  []string          `yaml:"short_codes,omitempty" json:"short_codes"`
	Costs       []CostSpec        `yaml:"costs,omitempty" json:"costs"`
}

// RouteConnector is a connector's place in a route. In the file a plain name is
// one with priority 0.
type RouteConnector struct {
	Name     string `yaml:"name" json:"name"`
	Priority int    `yaml:"priority" json:"priority"`
}

// scalar reads the plain name.
func (c *RouteConnector) scalar(name string) { c.Name = name }

// CostSpec is a cost price of a route.
type CostSpec struct {
	Prefix string    `yaml:"prefix" json:"prefix"`
	Type   sms.Type  `yaml:"type,omitempty" json:"type,omitempty"`
	Cost   sms.Money `yaml:"cost" json:"cost"`
}

// ConnectorSpec is a link to an operator or provider. Settings belong to the
// plug-in of the protocol; see settings.go for the secrets among them.
type ConnectorSpec struct {
	Meta     `yaml:",inline"`
	Name     string            `yaml:"name" json:"name"`
	Protocol string            `yaml:"protocol" json:"protocol"`
	Enabled  bool              `yaml:"enabled" json:"enabled"`
	Pace     float64           `yaml:"pace,omitempty" json:"pace"` // parts a second, 0: as fast as the window allows
	Window   int               `yaml:"window,omitempty" json:"window"`
	Mode     sms.ConnectorMode `yaml:"mode,omitempty" json:"mode"`                                 // pause or drain; empty: it runs
	Shares   string            `yaml:"shares_receipts_with,omitempty" json:"shares_receipts_with"` // connector that may get its receipts
	Settings map[string]any    `yaml:"settings,omitempty" json:"settings"`
}

// RuleSpec sends numbers to a route. Without a name it is called after what it
// matches (autoName).
type RuleSpec struct {
	Meta     `yaml:",inline"`
	Name     string   `yaml:"name,omitempty" json:"name"`
	Account  string   `yaml:"account,omitempty" json:"account"` // empty: every account
	Prefix   string   `yaml:"prefix" json:"prefix"`
	Type     sms.Type `yaml:"type,omitempty" json:"type"`
	Route    string   `yaml:"route" json:"route"`
	Priority int      `yaml:"priority,omitempty" json:"priority"`
}

// PriceListSpec is what customers pay.
type PriceListSpec struct {
	Meta     `yaml:",inline"`
	Name     string      `yaml:"name" json:"name"`
	ChargeOn string      `yaml:"charge_on,omitempty" json:"charge_on"` // accepted or delivered
	Prices   []PriceSpec `yaml:"prices" json:"prices"`
}

// PriceSpec is one row. Empty fields match anything.
type PriceSpec struct {
	Prefix string         `yaml:"prefix" json:"prefix"`
	Type   sms.Type       `yaml:"type,omitempty" json:"type,omitempty"`
	Sender sms.SenderKind `yaml:"sender,omitempty" json:"sender,omitempty"`
	Route  string         `yaml:"route,omitempty" json:"route,omitempty"`
	Price  sms.Money      `yaml:"price" json:"price"`
}

// spec is what all of them can do. Its methods have pointer receivers.
type spec interface {
	Stored() *Meta
	Kind() sms.Kind
	// ref is how the entry is found among the nouns that are there.
	ref() Ref
	// load fills the spec from a noun.
	load(b *book, n sms.Noun)
	// build makes the noun; what is wrong goes to the builder.
	build(x *builder) sms.Noun
}

func (*AccountSpec) Kind() sms.Kind   { return sms.KindAccount }
func (*SenderSpec) Kind() sms.Kind    { return sms.KindSender }
func (*NumberSpec) Kind() sms.Kind    { return sms.KindNumber }
func (*KeySpec) Kind() sms.Kind       { return sms.KindCredential }
func (*RouteSpec) Kind() sms.Kind     { return sms.KindRoute }
func (*ConnectorSpec) Kind() sms.Kind { return sms.KindConnector }
func (*RuleSpec) Kind() sms.Kind      { return sms.KindRule }
func (*PriceListSpec) Kind() sms.Kind { return sms.KindPriceList }
func (*LoginSpec) Kind() sms.Kind     { return sms.KindSubscriber }

func (s *AccountSpec) ref() Ref   { return Ref{Name: s.Name} }
func (s *SenderSpec) ref() Ref    { return Ref{Account: s.Account, Name: senderName(s.Name)} }
func (s *NumberSpec) ref() Ref    { return Ref{Name: numberName(cleanNumber(s.Number), fold(s.Keyword))} }
func (s *KeySpec) ref() Ref       { return Ref{Name: s.APIKey} }
func (s *RouteSpec) ref() Ref     { return Ref{Name: s.Name} }
func (s *ConnectorSpec) ref() Ref { return Ref{Name: s.Name} }
func (s *RuleSpec) ref() Ref      { return Ref{Name: s.autoName()} }
func (s *PriceListSpec) ref() Ref { return Ref{Name: s.Name} }
func (s *LoginSpec) ref() Ref     { return Ref{Name: s.SystemID} }

// Mask takes the secrets out of a spec that is to be shown: those among the
// settings of a connector, and the hashes of tokens and passwords.
func Mask[S any, P Spec[S]](s *S) {
	switch s := any(P(s)).(type) {
	case *ConnectorSpec:
		s.Settings = mask(s.Settings).(map[string]any)
	case *KeySpec:
		s.TokenHash = ""
	case *LoginSpec:
		s.PasswordHash = ""
	case *AccountSpec:
		for i := range s.Keys {
			Mask(&s.Keys[i])
		}
		for i := range s.Logins {
			Mask(&s.Logins[i])
		}
	}
}

// newSpec makes the empty spec of a kind, nil for a kind without one.
func newSpec(k sms.Kind) spec {
	switch k {
	case sms.KindAccount:
		return &AccountSpec{Enabled: true}
	case sms.KindSender:
		return &SenderSpec{}
	case sms.KindNumber:
		return &NumberSpec{}
	case sms.KindCredential:
		return &KeySpec{}
	case sms.KindRoute:
		return &RouteSpec{Enabled: true}
	case sms.KindConnector:
		return &ConnectorSpec{Enabled: true}
	case sms.KindRule:
		return &RuleSpec{}
	case sms.KindPriceList:
		return &PriceListSpec{}
	case sms.KindSubscriber:
		return &LoginSpec{}
	}
	return nil
}
