package smsapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime"
	"runtime/debug"
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
	Refused        func(sms.Code)   // told of each error reply that the Door does not know of; none
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
	if o.Refused == nil {
		o.Refused = func(sms.Code) {}
	}
	return &Handler{Options: o, decode: Decoder{MaxBody: o.MaxBody}}
}

// Front puts the handler before next, which gets what is not for this face.
func (h *Handler) Front(next http.Handler) http.Handler { return Front(h.serve, next) }

// call is one request on its way through the face.
type call struct {
	*Handler
	w http.ResponseWriter
	r *http.Request
	// ctx outlives the client: net/http cancels the request's own context when
	// it reads an end of file, but a raw-socket client that has shut down its
	// writing side still waits for the reply. The store bounds its own time.
	ctx     context.Context
	params  Params
	action  Action
	now     time.Time
	catalog *sms.Catalog // one snapshot for the whole call
	key     *sms.Credential
	account *sms.Account
	atDoor  bool // the Door refused it, and has counted it
	wrote   bool // the reply was begun
}

// serve answers one request. Every answer of this face, good or bad, is HTTP
// 200 with a JSON object (Q4); only paths that do not exist are 404.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, t Target) {
	c := &call{Handler: h, w: w, r: r, ctx: context.WithoutCancel(r.Context())}
	defer c.survive()
	head := w.Header()
	head["Access-Control-Allow-Origin"] = anyOrigin
	head["Cache-Control"] = noStore
	switch {
	case t.Match == OtherCase:
		_ = c.write(http.StatusNotFound, c.failure("The path is case-sensitive: call /smsAPI, not /smsapi"))
		return
	case t.Match == Below:
		_ = c.write(http.StatusNotFound, c.failure("There is nothing at this path; call /smsAPI"))
		return
	case r.Method == http.MethodOptions:
		head["Allow"] = methods
		head["Access-Control-Allow-Methods"] = methods
		head["Access-Control-Allow-Headers"] = anyOrigin
		head["Access-Control-Max-Age"] = oneDay
		c.wrote = true
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if err := c.answer(t); err != nil {
		if !c.atDoor {
			c.Refused(sms.CodeOf(err))
		}
		_ = c.write(http.StatusOK, c.failure(c.words(err)))
	}
}

// Header values that every reply shares.
var (
	contentType = []string{"application/json; charset=utf-8"}
	anyOrigin   = []string{"*"}
	noStore     = []string{"no-store"}
	methods     = []string{"GET, POST, HEAD, OPTIONS"}
	oneDay      = []string{"86400"} // seconds that a browser may remember a preflight
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
	case c.action == ActionSendSMS && c.r.Method == http.MethodHead:
		// RFC 9110 §9.2.1: HEAD is what link checkers use, and its reply could
		// not carry the group_id.
		return invalid("HEAD sends nothing; use GET or POST")
	}
	if err := c.authenticate(); err != nil {
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

// authenticate finds out who calls. A parameter that is not there is named,
// which tells nobody anything; every other refusal has one text.
func (c *call) authenticate() (err error) {
	c.now, c.catalog = c.Now(), c.Door.Catalog()
	from := account.ClientAddr(c.r, c.TrustedProxies)
	key, token := c.params.Get(APIKey), c.params.Get(APIToken)
	c.key, c.account, err = c.Auth.Authenticate(c.catalog, key, token, from, c.now)
	switch {
	case err == nil:
		return nil
	case key == "":
		return missing("apikey")
	case token == "":
		return missing("apitoken")
	}
	return err
}

// survive turns a defect of ours into an error reply instead of a cut
// connection. The value of a panic may hold what the caller sent, so that only
// the runtime's own words are logged; the stack has no contents in it.
func (c *call) survive() {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	what := fmt.Sprintf("%T", p)
	if err, ok := p.(runtime.Error); ok {
		what = err.Error()
	}
	c.Log.Error("smsapi: a call panicked", "request", c.action.String(), "panic", what, "stack", string(debug.Stack()))
	if c.wrote {
		panic(http.ErrAbortHandler) // a reply that is half out cannot be mended
	}
	c.Refused(sms.CodeInternal)
	_ = c.write(http.StatusOK, c.failure(textInternal))
}
