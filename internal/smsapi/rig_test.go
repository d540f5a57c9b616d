package smsapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// noon is when every rig begins: 18:00 in Dhaka, the zone of its accounts.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// The credentials of the rig's accounts. compat.md §2 writes K and T for them,
// so that its request lines can be sent byte for byte; any length is as good (Q23).
const (
	ownKey, ownToken     = "K", "T"
	otherKey, otherToken = "K2", "T2"
)

// rig is the face on the real stack: a stepped flow, the reference store and a
// fake connector. Its clock moves only when a test says so. At the end of every
// test the invariants of the data are checked.
type rig struct {
	t       testing.TB
	store   *memory.Store
	flow    *flow.Flow
	face    *Handler
	handler http.Handler
	link    *fake.Connector
	script  fake.Script // of the connector, before it is built
	hasher  account.Hasher
	logs    *logbook
	clock   atomic.Int64 // Unix nanoseconds

	acme, rival *sms.Account
	prices      *sms.PriceList
	route       *sms.Route
	connector   *sms.Connector
	credential  *sms.Credential
	failures    *account.Failures
}

// newRig has the account "acme" with 100 credits, credentials K and T and the
// sender ACME; "rival" with the same under K2 and T2; one connector on one route
// with a rule for every number, one credit a part. change may alter these nouns
// before they are written, and the options of the face.
func newRig(t testing.TB, change ...func(*rig)) *rig {
	t.Helper()
	r := &rig{t: t, store: memory.New(memory.Options{}), hasher: account.NewHasher([]byte("secret")), logs: &logbook{}}
	r.clock.Store(noon.UnixNano())
	r.prices = &sms.PriceList{Head: sms.Head{Name: "retail"}, Prices: []sms.Price{{Price: sms.Credit}}}
	r.connector = &sms.Connector{Head: sms.Head{Name: "operator"}, Protocol: fake.Protocol, Enabled: true, Window: 10_000}
	r.route = &sms.Route{Head: sms.Head{Name: "main"}, Enabled: true}
	newAccount := func(name string) *sms.Account {
		return &sms.Account{Head: sms.Head{Name: name}, Enabled: true, TimeZone: "Asia/Dhaka", Country: "BD"}
	}
	r.acme, r.rival = newAccount("acme"), newAccount("rival")
	r.credential = r.newCredential(ownKey, ownToken)
	r.failures = account.NewFailures(r.store)
	log := slog.New(slog.NewTextHandler(r.logs, nil)) // no redaction: the face itself must keep silent
	var err error
	r.flow, err = flow.New(context.Background(), flow.Options{Store: r.store, Node: "test", Log: log, Now: r.now,
		Jitter: func() float64 { return 1 }, Plugins: only(fake.Protocol, fake.Plugin(r.now, r.built))})
	if err != nil {
		t.Fatal(err)
	}
	r.face = NewHandler(Options{Door: r.flow, Store: r.store, Log: log, Now: r.now, Auth: account.NewAuthenticator(r.hasher, r.failures)})
	for _, c := range change {
		c(r)
	}
	r.configure()
	r.handler = r.face.Front(http.NotFoundHandler())
	r.step() // the flow sees the configuration
	t.Cleanup(r.check)
	return r
}

// only is a map of one. (Its type would be the connectors' contract, which a face
// does not know.)
func only[V any](name string, v V) map[string]V { return map[string]V{name: v} }

func (r *rig) built(c *fake.Connector) {
	if r.link = c; r.script != nil {
		c.SetScript(r.script)
	}
}

func (r *rig) newCredential(key, token string) *sms.Credential {
	return &sms.Credential{Head: sms.Head{Name: key}, APIKey: key, TokenHash: r.hasher.Hash(key, token)}
}

// configure writes the nouns in the order in which they refer to each other.
func (r *rig) configure() {
	r.t.Helper()
	r.save(r.prices)
	r.save(r.connector)
	r.route.Connectors = []sms.RouteConnector{{ID: r.connector.ID}}
	r.save(r.route)
	r.save(&sms.Rule{RouteID: r.route.ID})
	for _, a := range []*sms.Account{r.acme, r.rival} {
		a.PriceListID = r.prices.ID
		r.save(a)
		r.save(&sms.Sender{Head: sms.Head{Name: "ACME", AccountID: a.ID}, Status: sms.SenderApproved})
		r.topUp(a, 100*sms.Credit)
	}
	r.credential.AccountID = r.acme.ID
	r.save(r.credential)
	other := r.newCredential(otherKey, otherToken)
	other.AccountID = r.rival.ID
	r.save(other)
	r.save(&sms.Number{Head: sms.Head{Name: "8809601", AccountID: r.acme.ID}})
	r.save(&sms.Number{Head: sms.Head{Name: "8809602", AccountID: r.rival.ID}})
}

func (r *rig) now() time.Time { return time.Unix(0, r.clock.Load()).UTC() }

// at sets the clock before the rig begins.
func at(t time.Time) func(*rig) { return func(r *rig) { r.clock.Store(t.UnixNano()) } }

func (r *rig) save(n sms.Noun) {
	r.t.Helper()
	if err := store.Save(context.Background(), r.store, r.now(), "test", n); err != nil {
		r.t.Fatalf("save %s %s: %v", n.Kind(), n.Meta().Name, err)
	}
}

// edit writes a noun after a change and lets the flow see it.
func (r *rig) edit(n sms.Noun, change func()) {
	r.t.Helper()
	change()
	r.save(n)
	r.step()
}

// sender approves a sender of acme.
func (r *rig) sender(names ...string) {
	r.t.Helper()
	for _, name := range names {
		r.save(&sms.Sender{Head: sms.Head{Name: name, AccountID: r.acme.ID}, Status: sms.SenderApproved})
	}
	r.step()
}

func (r *rig) topUp(a *sms.Account, m sms.Money) {
	r.t.Helper()
	kind := sms.TransferTopUp
	if m < 0 {
		kind = sms.TransferAdjust
	}
	if _, err := r.store.Post(context.Background(), r.now(), sms.Transfer{AccountID: a.ID, Kind: kind, Amount: m, Reason: "test"}); err != nil {
		r.t.Fatal(err)
	}
}

// step lets everything happen that is due now.
func (r *rig) step() {
	r.t.Helper()
	for range 50 {
		next, err := r.flow.Step(context.Background(), r.now())
		if err != nil {
			r.t.Fatalf("step: %v", err)
		}
		if r.link != nil {
			r.link.Step(context.Background(), r.now())
		}
		if next.IsZero() || next.After(r.now()) {
			return
		}
	}
}

// answer gives each open attempt the operator's answer for its recipient, and
// again where one is sent again. The script must hold.
func (r *rig) answer(by map[string]fake.Answer) {
	r.t.Helper()
	for r.step(); ; r.step() {
		answered := false
		for _, s := range r.link.Got() {
			if a, ok := by[s.To]; ok && r.link.Resolve(s.Attempt, a) {
				answered = true
			}
		}
		if !answered {
			return
		}
	}
}

// pass moves the clock and steps.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	r.clock.Add(int64(d))
	r.step()
}

// reply is an answer of the face.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
	fields map[string]any // of the JSON object
}

// call makes a GET of the action by acme with further name, value pairs.
func (r *rig) call(action string, pairs ...string) reply {
	r.t.Helper()
	return r.callAs(ownKey, ownToken, action, pairs...)
}

func (r *rig) callAs(key, token, action string, pairs ...string) reply {
	r.t.Helper()
	return r.get("/smsAPI?" + query(append([]string{action, "", "apikey", key, "apitoken", token}, pairs...)...))
}

// send is a sendsms from ACME to one Bangladeshi number, unless pairs say otherwise.
func (r *rig) send(pairs ...string) reply {
	r.t.Helper()
	return r.call("sendsms", append([]string{"from", "ACME", "to", "8801712345678", "text", "hello"}, pairs...)...)
}

// query encodes name, value pairs in order; a later one of the same name wins
// by the rules of the face itself.
func query(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1]))
	}
	return b.String()
}

func (r *rig) get(target string) reply {
	r.t.Helper()
	return r.do(httptest.NewRequest(http.MethodGet, target, nil))
}

func (r *rig) post(target, contentType, body string) reply {
	r.t.Helper()
	req := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	return r.do(req)
}

func (r *rig) do(req *http.Request) reply {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	return read(r.t, w.Code, w.Header(), w.Body.String())
}

// read checks what holds of every reply that has a body.
func read(t testing.TB, status int, header http.Header, body string) reply {
	t.Helper()
	p := reply{t: t, status: status, header: header, body: body}
	if body != "" {
		if err := json.Unmarshal([]byte(body), &p.fields); err != nil {
			t.Fatalf("not a JSON object: %v: %q", err, body)
		}
	}
	return p
}

// word is a field that must be a string.
func (p reply) word(name string) string {
	p.t.Helper()
	s, ok := p.fields[name].(string)
	if !ok {
		p.t.Fatalf("%s is no string in %s", name, p.body)
	}
	return s
}

// queued returns the group id of an accepted send.
func (p reply) queued() string {
	p.t.Helper()
	if p.status != 200 || p.word("request") != "sendsms" || p.word("status") != "queued" || p.word("group_id") == "" {
		p.t.Fatalf("not queued: %d %s", p.status, p.body)
	}
	return p.word("group_id")
}

// refused checks an error reply: its shape, and that it has nothing of a success.
func (p reply) refused(request, message string) {
	p.t.Helper()
	want := fmt.Sprintf(`{"request":%q,"status":"error","message":%s}`, request, jsonText(message))
	if p.status != 200 || p.body != want {
		p.t.Errorf("got  %d %s\nwant 200 %s", p.status, p.body, want)
	}
}

func jsonText(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// recipients are the rows of a groupstatus.
func (p reply) recipients() []map[string]any {
	p.t.Helper()
	return rows(p, "recipients")
}

func rows(p reply, name string) []map[string]any {
	p.t.Helper()
	list, ok := p.fields[name].([]any)
	if !ok {
		p.t.Fatalf("no %s in %s", name, p.body)
	}
	out := make([]map[string]any, len(list))
	for i, row := range list {
		out[i] = row.(map[string]any)
	}
	return out
}

// numbers are the recipients of a group, failed ones with their status.
func (r *rig) numbers(group string) []string {
	r.t.Helper()
	var list []string
	for _, row := range r.call("groupstatus", "groupid", group).recipients() {
		to := row["to"].(string)
		if row["status"] == "failed" {
			to += " failed"
		}
		list = append(list, to)
	}
	return list
}

// stored is a group as the store has it.
func (r *rig) stored(group string) (sms.Group, []sms.Message) {
	r.t.Helper()
	n, err := strconv.ParseInt(group, 10, 64)
	if err != nil {
		r.t.Fatalf("group id %q: %v", group, err)
	}
	g, messages, err := r.store.Group(context.Background(), r.acme.ID, n)
	if err != nil {
		r.t.Fatal(err)
	}
	return g, messages
}

// balance of acme, or of another account.
func (r *rig) balance(of ...*sms.Account) sms.Balance {
	r.t.Helper()
	b, err := r.store.Balance(context.Background(), append(of, r.acme)[0].ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

// untouched fails the test if anything was stored or charged.
func (r *rig) untouched() {
	r.t.Helper()
	if b := r.balance(); b.Posted != 100*sms.Credit || b.Reserved != 0 {
		r.t.Errorf("posted %s, reserved %s after a refused call", b.Posted, b.Reserved)
	}
	err := r.store.Sweep(context.Background(), store.Visitor{
		Group:  func(g sms.Group) error { return fmt.Errorf("group %d was stored by a refused call", g.Number) },
		Record: func(m sms.Record) error { return fmt.Errorf("message %s was stored by a refused call", m.ID) },
		Balance: func(b sms.Balance, next store.Counters) error {
			if b.AccountID == r.acme.ID && next.Group != r.acme.GroupStart {
				return fmt.Errorf("a refused call took group number %d", r.acme.GroupStart)
			}
			return nil
		}})
	if err != nil {
		r.t.Error(err)
	}
}

// reply from a handset, to acme's number.
func (r *rig) inbound(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		if err := r.link.Inbound(context.Background(), sms.Inbound{From: "8801912345678", To: "8809601", Text: text, At: r.now()}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) check() {
	report, err := admin.Check(context.Background(), r.store)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range report.Findings {
		r.t.Error("check:", f)
	}
}

// logbook keeps what was logged.
type logbook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var _ io.Writer = (*logbook)(nil)

// manyNumbers is a list of n recipients, separated by commas.
func manyNumbers(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "88017%08d", i)
	}
	return b.String()
}
