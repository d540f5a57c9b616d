package smsapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Accepter is the door that every face enters through.
type Accepter interface {
	Accept(ctx context.Context, req flow.Request) (store.Accepted, error)
	Catalog() *sms.Catalog
}

// Options are what a Handler is made of.
type Options struct {
	Door           Accepter
	Store          store.Reader
	Auth           *account.Authenticator
	Log            *slog.Logger
	Now            func() time.Time // time.Now
	MaxBody        int64            // DefaultMaxBody
	MaxRecipients  int              // of one call, DefaultMaxRecipients
	TrustedProxies []netip.Prefix   // whose X-Forwarded-For is believed
}

// DefaultMaxRecipients bounds the recipients of one call.
const DefaultMaxRecipients = 50_000

// Handler answers the four calls.
type Handler struct {
	Options
	decode Decoder
}

// NewHandler makes a Handler.
func NewHandler(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.MaxRecipients == 0 {
		o.MaxRecipients = DefaultMaxRecipients
	}
	return &Handler{Options: o, decode: Decoder{MaxBody: o.MaxBody}}
}

// Front puts the handler before next, which gets what is not for this face.
func (h *Handler) Front(next http.Handler) http.Handler { return Front(h.serve, next) }

// call is one request on its way through the face.
type call struct {
	*Handler
	w       http.ResponseWriter
	r       *http.Request
	params  Params
	action  Action
	now     time.Time
	catalog *sms.Catalog // one snapshot for the whole call
	key     *sms.Credential
	account *sms.Account
}

// serve answers one request. Every answer of this face, good or bad, is HTTP
// 200 with a JSON object (Q4); only paths that do not exist are 404.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, t Target) {
	c := &call{Handler: h, w: w, r: r, now: h.Now(), catalog: h.Door.Catalog()}
	defer c.survive()
	head := w.Header()
	head["Content-Type"] = contentType
	head["Access-Control-Allow-Origin"] = anyOrigin
	head["Cache-Control"] = noStore
	switch {
	case t.Match == OtherCase:
		c.write(http.StatusNotFound, c.failure("The path is case-sensitive: call /smsAPI, not /smsapi"))
		return
	case t.Match == Below:
		c.write(http.StatusNotFound, c.failure("There is nothing at this path; call /smsAPI"))
		return
	case r.Method == http.MethodOptions:
		head.Set("Access-Control-Allow-Methods", "GET, POST, HEAD, OPTIONS")
		head.Set("Access-Control-Allow-Headers", "*")
		head.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if err := c.answer(t); err != nil {
		c.write(http.StatusOK, c.failure(c.words(err)))
	}
}

// Header values that every reply shares.
var (
	contentType = []string{"application/json; charset=utf-8"}
	anyOrigin   = []string{"*"}
	noStore     = []string{"no-store"}
)

// answer checks the request and the caller and runs the action.
func (c *call) answer(t Target) error {
	params, err := c.decode.Decode(c.r, t)
	c.params = params
	c.action = params.Action()
	switch {
	case err != nil:
		return bodyError(err)
	case c.r.Method != http.MethodGet && c.r.Method != http.MethodPost && c.r.Method != http.MethodHead:
		return invalid("Method not supported; use GET or POST")
	case c.action == NoAction:
		return invalid("Unknown action; add one of the parameters sendsms, groupstatus, getinbox or balance")
	}
	from := account.ClientAddr(c.r, c.TrustedProxies)
	c.key, c.account, err = c.Auth.Authenticate(c.catalog, params.Get(APIKey), params.Get(APIToken), from, c.now)
	if err != nil {
		return err
	}
	switch c.action {
	case ActionSendSMS:
		return c.sendSMS()
	case ActionGroupStatus:
		return c.groupStatus()
	case ActionGetInbox:
		return c.getInbox()
	default:
		return c.balance()
	}
}

// survive turns a defect of ours into an error reply instead of a cut connection.
func (c *call) survive() {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		c.Log.Error("smsapi: a call panicked", "request", c.action.String(), "panic", p)
		c.write(http.StatusOK, c.failure("Internal error; try again later"))
	}
}
