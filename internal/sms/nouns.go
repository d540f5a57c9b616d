package sms

import (
	"encoding/json"
	"time"

	"github.com/harkara/harkara/gsm"
)

// Kind names a sort of configured noun in the store. The words are stored.
type Kind string

// Kinds.
const (
	KindAccount    Kind = "account"
	KindCredential Kind = "key"
	KindSender     Kind = "sender"
	KindRoute      Kind = "route"
	KindConnector  Kind = "connector"
	KindRule       Kind = "rule"
	KindPriceList  Kind = "price_list"
	KindNumber     Kind = "number"
	KindSubscriber Kind = "subscriber"
)

// Kinds lists them in the order in which they refer to each other: a noun only
// refers to kinds before its own.
func Kinds() []Kind {
	return []Kind{KindConnector, KindRoute, KindPriceList, KindAccount, KindRule, KindCredential, KindSender, KindNumber, KindSubscriber}
}

// Head is what every configured noun has. ID and Version are the store's.
type Head struct {
	ID        int64     `json:"id,string"`
	AccountID int64     `json:"account_id,string,omitempty"` // owner, 0 the house
	Name      string    `json:"name"`
	Version   int64     `json:"version"` // counts the changes of this noun
	UpdatedAt time.Time `json:"updated_at"`
}

// Meta makes the Head reachable through an interface.
func (h *Head) Meta() *Head { return h }

// Noun is a configured thing. Validate returns an Error that says what to do;
// UniqueKey is what no second noun of the kind may have.
type Noun interface {
	Meta() *Head
	Kind() Kind
	UniqueKey() string
	Validate() error
}

// Account is a customer. Its balance and its counters are not here: the store
// keeps them, since they change with every call.
type Account struct {
	Head
	Enabled        bool    `json:"enabled"`
	TimeZone       string  `json:"time_zone"` // IANA name, mandatory
	Country        string  `json:"country"`   // ISO 3166 code for numbers written without one
	PriceListID    int64   `json:"price_list_id,string"`
	CreditLimit    Money   `json:"credit_limit"`
	MaxParts       int     `json:"max_parts"`            // of one text, 1 to 255
	Routes         []int64 `json:"routes,omitempty"`     // that may be named in a call
	SmartText      bool    `json:"smart_text,omitempty"` // typographic characters are replaced where the text then goes in the GSM alphabet
	GroupStart     int64   `json:"group_start"`          // where the counters of the smsAPI start
	RecipientStart int64   `json:"recipient_start"`
	InboxStart     int64   `json:"inbox_start"`
}

// Credential is a key pair of the smsAPI. Only a keyed hash of the token is kept.
type Credential struct {
	Head
	APIKey       string   `json:"api_key"`
	TokenHash    string   `json:"token_hash"`    // hex HMAC-SHA-256, see account.HashToken
	IPs          []string `json:"ips,omitempty"` // addresses or CIDR blocks, empty: any
	Revoked      bool     `json:"revoked,omitempty"`
	GuardSeconds int      `json:"guard_seconds,omitempty"` // the same call within it returns the first group_id
}

// SenderStatus is where a sender id is in its approval.
type SenderStatus string

// Sender statuses.
const (
	SenderRequested SenderStatus = "requested"
	SenderApproved  SenderStatus = "approved"
	SenderRefused   SenderStatus = "refused"
)

// Class is what a message is for; it chooses the lane.
type Class string

// Classes.
const (
	ClassOTP           Class = "otp"
	ClassTransactional Class = "transactional"
	ClassPromotional   Class = "promotional"
)

// Lane of the class.
func (c Class) Lane() Lane {
	switch c {
	case ClassOTP:
		return LaneFirst
	case ClassPromotional:
		return LaneBulk
	}
	return LaneNormal
}

// Sender is a sender id an account asked for. Name is the approved spelling; it
// is matched without case.
type Sender struct {
	Head
	Status     SenderStatus `json:"status"`
	Connectors []int64      `json:"connectors,omitempty"` // where it is registered, empty: everywhere
	Class      Class        `json:"class"`
	Note       string       `json:"note,omitempty"`
}

// LongMode is how a text of several parts goes to the operator.
type LongMode string

// Long modes.
const (
	LongUDH8    LongMode = "udh8"    // TS 23.040 §9.2.3.24.1
	LongUDH16   LongMode = "udh16"   // TS 23.040 §9.2.3.24.8
	LongSAR     LongMode = "sar"     // SMPP 3.4 §5.3.2.22-24
	LongPayload LongMode = "payload" // SMPP 3.4 §5.3.2.32, one submission
)

// UnknownPolicy is what happens after an outcome that nobody knows.
type UnknownPolicy string

// Policies.
const (
	UnknownResend UnknownPolicy = "resend" // once, by the same connector, same reference
	UnknownHold   UnknownPolicy = "hold"
)

// ReceiptMode says which parts of a text have a receipt. It is asked for those
// only, and where it is one part, its receipt is the word on all of them.
type ReceiptMode uint8

// Receipt modes. The numbers are stored.
const (
	ReceiptsAll   ReceiptMode = 0
	ReceiptsLast  ReceiptMode = 1
	ReceiptsFirst ReceiptMode = 2
)

var receiptModes = [...]string{"all", "last", "first"}

// String is "all", "last" or "first".
func (m ReceiptMode) String() string {
	if int(m) < len(receiptModes) {
		return receiptModes[m]
	}
	return ""
}

// MarshalText gives the word.
func (m ReceiptMode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the word; "" is all.
func (m *ReceiptMode) UnmarshalText(b []byte) error {
	for i, word := range receiptModes {
		if string(b) == word || len(b) == 0 {
			*m = ReceiptMode(i)
			return nil
		}
	}
	return invalid("receipts %q is unknown; use all, last or first", b)
}

// Asked says whether a receipt is asked for the part, of so many.
func (m ReceiptMode) Asked(seq, parts int) bool {
	return m == ReceiptsAll || m == ReceiptsLast && seq == parts || m == ReceiptsFirst && seq == 1
}

// RouteConnector is a connector's place in a route: the lowest priority that is
// up carries the traffic, equal ones share it.
type RouteConnector struct {
	ID       int64 `json:"id,string"`
	Priority int   `json:"priority"`
}

// Cost is what the operator takes for one unit.
type Cost struct {
	Prefix string `json:"prefix"`
	Type   Type   `json:"type,omitempty"`
	Cost   Money  `json:"cost"`
}

// Route is a way to operators. Its ID is what the smsAPI calls route.
type Route struct {
	Head
	Enabled     bool             `json:"enabled"`
	Connectors  []RouteConnector `json:"connectors"`
	Types       []Type           `json:"types,omitempty"` // empty: sms, unicode, flash
	Long        LongMode         `json:"long"`
	OnUnknown   UnknownPolicy    `json:"on_unknown"`
	Validity    Duration         `json:"validity"`     // from due time
	ReceiptWait Duration         `json:"receipt_wait"` // from the end of validity
	MaxAttempts int              `json:"max_attempts"`
	Receipts    ReceiptMode      `json:"receipts,omitempty"`
	QueryAfter  Duration         `json:"query_after,omitempty"` // the operator is asked about what has no receipt so long after it was due, 0: never
	National    []gsm.Language   `json:"national,omitempty"`    // national tables of TS 23.038 that handsets behind it know
	ShortCodes  []string         `json:"short_codes,omitempty"` // numbers that are no phone numbers
	Costs       []Cost           `json:"costs,omitempty"`
}

// Carries says whether the route takes messages of the type.
func (r *Route) Carries(t Type) bool {
	if len(r.Types) == 0 {
		return t.Channel() == TypeSMS
	}
	for _, have := range r.Types {
		if have == t {
			return true
		}
	}
	return false
}

// ConnectorMode is what a connector that is enabled, and so bound, does.
type ConnectorMode string

// Modes of a connector. In all of them receipts and replies come in.
const (
	ModeRun   ConnectorMode = ""      // submits
	ModePause ConnectorMode = "pause" // submits nothing: what is claimed and not written goes back into the queue
	ModeDrain ConnectorMode = "drain" // claims nothing more; what is claimed is still submitted
)

// Connector is a link to one operator or provider.
type Connector struct {
	Head
	Protocol string          `json:"protocol"` // which plug-in: "smpp", ...
	Enabled  bool            `json:"enabled"`
	Pace     float64         `json:"pace"`   // parts a second, 0: as fast as the window allows
	Window   int             `json:"window"` // submissions without an answer, per bind
	Mode     ConnectorMode   `json:"mode,omitempty"`
	ScopeID  int64           `json:"scope_id,string,omitempty"` // connector whose receipts it shares, 0: its own
	Settings json.RawMessage `json:"settings"`                  // of the plug-in
}

// Scope is the connector id under which upstream ids are kept.
func (c *Connector) Scope() int64 {
	if c.ScopeID != 0 {
		return c.ScopeID
	}
	return c.ID
}

// Rule sends numbers to a route. The longest prefix wins, then the rule of the
// account, then the one that names the type, then the lowest priority.
type Rule struct {
	Head
	Prefix   string `json:"prefix"`
	Type     Type   `json:"type,omitempty"`
	RouteID  int64  `json:"route_id,string"`
	Priority int    `json:"priority"`
}

// SenderKind is the form of a sender id, as price lists and TON/NPI see it.
type SenderKind string

// Sender kinds.
const (
	SenderAlpha   SenderKind = "alphanumeric"
	SenderNumeric SenderKind = "numeric"
)

// Price is one row of a price list. Empty fields match anything.
type Price struct {
	Prefix  string     `json:"prefix"`
	Type    Type       `json:"type,omitempty"`
	Sender  SenderKind `json:"sender,omitempty"`
	RouteID int64      `json:"route_id,string,omitempty"`
	Price   Money      `json:"price"` // of one unit
}

// PriceList is what customers pay.
type PriceList struct {
	Head
	ChargeOn string  `json:"charge_on"` // "accepted" or "delivered"
	Prices   []Price `json:"prices"`
}

// Number is a two-way number: it decides whose inbox a reply goes to. Name is
// the number's digits; Keyword is set where several accounts share it.
type Number struct {
	Head
	Keyword string `json:"keyword,omitempty"`
}

// Channels of subscribers.
const (
	ChannelWebhook = "webhook" // every event of the account
	ChannelFeed    = "feed"    // every event of the account
	ChannelSMPP    = "smpp"    // what became of messages that came over it, and replies
)

// Subscriber is a system of the customer that is told what happens. Each thing
// it is told is a delivery row until it has acknowledged it.
type Subscriber struct {
	Head
	Channel string     `json:"channel"`
	SMPP    *SMPPLogin `json:"smpp,omitempty"`
}

// EveryEvent says that each event of the account goes to the subscriber.
func (s *Subscriber) EveryEvent() bool { return s.Channel != ChannelSMPP }

// SMPPLogin lets a customer's system bind to us. Its system_id is the name of
// the subscriber. Only a keyed hash of the password is kept.
type SMPPLogin struct {
	PasswordHash string      `json:"password_hash"` // hex HMAC-SHA-256, see account.Hasher
	Disabled     bool        `json:"disabled,omitempty"`
	IPs          []string    `json:"ips,omitempty"` // addresses or CIDR blocks, empty: any
	RequireTLS   bool        `json:"require_tls,omitempty"`
	MaxBinds     int         `json:"max_binds"`         // sessions at a time
	Rate         float64     `json:"rate,omitempty"`    // submissions a second over all binds, 0: no limit
	Window       int         `json:"window"`            // requests without an answer, of each bind and in each direction
	MessageID    string      `json:"message_id"`        // how ids are written: "decimal" or "hex"
	Alphabet     gsm.Charset `json:"alphabet"`          // what data_coding 0 is, both ways
	Replies      []string    `json:"replies,omitempty"` // our numbers whose replies it gets; "all" for those of the account, none: no replies
	Keep         Duration    `json:"keep,omitempty"`    // how long what it does not take is offered
}

// RepliesAll in Replies stands for all numbers of the account.
const RepliesAll = "all"

// Ways to write message ids.
const (
	IDDecimal = "decimal"
	IDHex     = "hex"
)

// Kind of the noun.
func (*Account) Kind() Kind    { return KindAccount }
func (*Credential) Kind() Kind { return KindCredential }
func (*Sender) Kind() Kind     { return KindSender }
func (*Route) Kind() Kind      { return KindRoute }
func (*Connector) Kind() Kind  { return KindConnector }
func (*Rule) Kind() Kind       { return KindRule }
func (*PriceList) Kind() Kind  { return KindPriceList }
func (*Number) Kind() Kind     { return KindNumber }
func (*Subscriber) Kind() Kind { return KindSubscriber }

// NewNoun makes an empty noun of the kind, nil for a kind nobody knows.
func NewNoun(k Kind) Noun {
	switch k {
	case KindAccount:
		return new(Account)
	case KindCredential:
		return new(Credential)
	case KindSender:
		return new(Sender)
	case KindRoute:
		return new(Route)
	case KindConnector:
		return new(Connector)
	case KindRule:
		return new(Rule)
	case KindPriceList:
		return new(PriceList)
	case KindNumber:
		return new(Number)
	case KindSubscriber:
		return new(Subscriber)
	}
	return nil
}

// Duration is a time.Duration that reads and prints as "24h" in JSON and YAML.
type Duration time.Duration

// Std is the standard library's form.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// MarshalText prints "24h0m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads "24h", "90s".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err == nil {
		*d = Duration(v)
	}
	return err
}
