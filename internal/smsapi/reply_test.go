package smsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// broken is a door behind which something of ours is wrong.
type broken struct {
	Accepter
	panics any
	err    error
}

func (b broken) Accept(_ context.Context, _ flow.Request) (store.Accepted, error) {
	if b.panics != nil {
		panic(b.panics)
	}
	return store.Accepted{}, b.err
}

// TestQ04AlwaysJSON: every answer is HTTP 200 with a JSON body, whatever is
// wrong with the call, also when we are. Wrong paths are 404, in JSON too; what
// net/http answers by itself is TestOwnPages.
func TestQ04AlwaysJSON(t *testing.T) {
	r := newRig(t)
	for name, got := range map[string]reply{
		"no parameters":    r.get("/smsAPI"),
		"bad credentials":  r.callAs("x", "y", "balance"),
		"unknown group":    r.call("groupstatus", "groupid", "9"),
		"missing":          r.call("sendsms"),
		"method":           r.do(httptest.NewRequest("DELETE", "/smsAPI?balance&"+who, nil)),
		"success":          r.call("balance"),
		"accepted":         r.send(),
		"JSON is no form":  r.post("/smsAPI", "application/json", `{"sendsms":1}`),
		"broken multipart": r.post("/smsAPI?balance&"+who, "multipart/form-data; boundary=x", "--x\r\n\r\n"),
	} {
		if got.status != 200 || got.header.Get("Content-Type") != "application/json; charset=utf-8" || got.fields == nil ||
			got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Length") != strconv.Itoa(len(got.body)) {
			t.Errorf("%s: %d %v %s", name, got.status, got.header, got.body)
		}
	}
}

func TestQ04OurOwnFailures(t *testing.T) {
	const internal, unavailable = "Internal error; try again later", "Service is temporarily unavailable; try again later"
	door := func(b broken) func(r *rig) {
		return func(r *rig) { b.Accepter = r.flow; r.face.Door = b }
	}
	t.Run("panic", func(t *testing.T) {
		r := newRig(t, door(broken{panics: "something"}))
		r.send().refused("sendsms", internal)
		if !strings.Contains(r.logs.String(), "a call panicked") {
			t.Errorf("log %q", r.logs)
		}
		r.untouched()
	})
	t.Run("runtime panic", func(t *testing.T) {
		r := newRig(t, func(r *rig) { r.face.Store = nil })
		r.call("balance").refused("balance", internal)
		if !strings.Contains(r.logs.String(), "nil pointer") {
			t.Errorf("the runtime's words are not in the log: %q", r.logs)
		}
	})
	t.Run("an error without a code", func(t *testing.T) {
		r := newRig(t, door(broken{err: errors.New("inside")}))
		r.send().refused("sendsms", internal)
		if !strings.Contains(r.logs.String(), "inside") {
			t.Errorf("log %q", r.logs)
		}
	})
	t.Run("abort", func(t *testing.T) {
		r := newRig(t, door(broken{panics: http.ErrAbortHandler}))
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("recovered %v", p)
			}
		}()
		r.send()
	})
	t.Run("panic in the middle of a reply", func(t *testing.T) {
		r := newRig(t)
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("recovered %v: half a reply must be cut", p)
			}
		}()
		r.handler.ServeHTTP(&tripping{}, httptest.NewRequest("GET", "/smsAPI?balance&"+who, nil))
	})
	// A store that fails never gives a false queued, nor a half success.
	for verb, action := range map[memory.Verb]string{memory.VerbAccept: "sendsms", memory.VerbGroup: "groupstatus", memory.VerbInbox: "getinbox", memory.VerbBalance: "balance"} {
		t.Run("store fails at "+string(verb), func(t *testing.T) {
			r := newRig(t)
			r.inbound("one")
			group := r.callAs(otherKey, otherToken, "sendsms", "from", "ACME", "to", "8801712345678", "text", "x").queued()
			r.store.FailNext(verb, sms.Unavailable("disk is full", errors.New("ENOSPC")))
			got := r.callAs(otherKey, otherToken, action, "from", "ACME", "to", "8801712345678", "text", "x", "groupid", group)
			got.refused(action, unavailable)
			if !strings.Contains(r.logs.String(), "disk is full") || !strings.Contains(r.logs.String(), "ENOSPC") {
				t.Errorf("the operator sees %q", r.logs)
			}
			if b := r.balance(r.rival); b.Reserved != sms.Credit {
				t.Errorf("reserved %s, want 1, for the call before", b.Reserved)
			}
			if next := r.callAs(otherKey, otherToken, "sendsms", "from", "ACME", "to", "8801712345678", "text", "x").queued(); next != "2" {
				t.Errorf("the next group is %s: the failed call has left a trace", next)
			}
		})
	}
	t.Run("a commit whose answer was lost is found", func(t *testing.T) {
		r := newRig(t)
		r.store.FailNext(memory.VerbAccept, store.ErrCommitUnknown)
		r.send().queued()
		if b := r.balance(); b.Reserved != sms.Credit {
			t.Errorf("reserved %s", b.Reserved)
		}
	})
}

// tripping is a connection that fails in the middle of a reply, loudly.
type tripping struct{}

func (*tripping) Header() http.Header       { return http.Header{} }
func (*tripping) WriteHeader(int)           {}
func (*tripping) Write([]byte) (int, error) { panic("wire is on fire") }

// everyScalarIsAString walks a reply.
func everyScalarIsAString(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			everyScalarIsAString(t, where+"."+k, inner)
		}
	case []any:
		for _, inner := range v {
			everyScalarIsAString(t, where+"[]", inner)
		}
	case string:
	default:
		t.Errorf("%s is %T", where, v)
	}
}

var int32Digits = regexp.MustCompile(`^[1-9][0-9]{0,9}$`)

func fitsInt32(s string) bool {
	n, err := strconv.ParseInt(s, 10, 32)
	return err == nil && n > 0 && int32Digits.MatchString(s)
}

func TestQ08StringsAndIDs(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.acme.GroupStart, r.acme.RecipientStart, r.acme.InboxStart = 1_000_000, 2_000_000_000, 2_147_483_646
	})
	sent := r.send("to", "8801712345678,8801812345678,bad")
	r.inbound("one", "two")
	status, inbox, balance := r.call("groupstatus", "groupid", "1000000", "detail", "1"), r.call("getinbox"), r.call("balance")
	for _, got := range []reply{sent, status, inbox, balance, r.call("nothing"), r.callAs("a", "b", "balance")} {
		everyScalarIsAString(t, "reply", got.fields)
	}
	if id := sent.queued(); id != "1000000" || !fitsInt32(id) {
		t.Errorf("group_id %s", id)
	}
	if id := r.send().queued(); id != "1000001" {
		t.Errorf("group_id %s, want the next of the account", id)
	}
	var ids []string
	for _, row := range append(status.recipients(), rows(inbox, "inbox")...) {
		ids = append(ids, row["id"].(string))
	}
	if want := []string{"2000000000", "2000000001", "2000000002", "2147483646", "2147483647"}; !reflect.DeepEqual(ids, want) {
		t.Errorf("ids %s, want %s", ids, want)
	}
	for _, id := range ids {
		if !fitsInt32(id) {
			t.Errorf("id %s does not fit a signed 32-bit integer", id)
		}
	}
	// The counters are those of the account.
	if id := r.callAs(otherKey, otherToken, "sendsms", "from", "ACME", "to", "8801712345678", "text", "x").queued(); id != "1" {
		t.Errorf("the other account's first group_id is %s", id)
	}
}

func TestQ08Balance(t *testing.T) {
	const c = sms.Credit
	cases := []struct {
		posted, limit sms.Money
		reserved      int // messages, of one credit each
		want          string
	}{
		{100 * c, 0, 0, "100"},
		{100*c + c*99/100, 0, 0, "100"},
		{100*c - 1, 0, 0, "99"},
		{100 * c, 0, 3, "97"},
		{100 * c, 50 * c, 3, "147"},
		{c / 2, 0, 0, "0"},
		{1, 0, 0, "0"},
		{0, 0, 0, "0"},
		{-1, 0, 0, "-1"}, // rounded down, not towards zero
		{-c / 2, 0, 0, "-1"},
		{-5 * c / 2, 0, 0, "-3"},
		{-5 * c / 2, 5 * c, 2, "0"},
		{12_345 * c, 0, 0, "12345"},
		{1_234_567_890 * c, 0, 0, "1234567890"},
	}
	for _, x := range cases {
		r := newRig(t, func(r *rig) { r.acme.CreditLimit = 1000 * c })
		if more := x.posted - 100*c; more != 0 {
			r.topUp(r.acme, more)
		}
		for range x.reserved {
			r.send().queued()
		}
		r.edit(r.acme, func() { r.acme.CreditLimit = x.limit })
		if got := r.call("balance"); got.body != `{"balance":"`+x.want+`"}` {
			t.Errorf("posted %s, limit %s, %d reserved: %s, want %s", x.posted, x.limit, x.reserved, got.body, x.want)
		}
	}
}

func TestQ14BalanceAndInbox(t *testing.T) {
	r := newRig(t)
	if got := r.call("balance"); !reflect.DeepEqual(got.fields, map[string]any{"balance": "100"}) {
		t.Errorf("success %s", got.body)
	}
	if got := r.callAs("wrong", "T", "balance"); !reflect.DeepEqual(got.fields, map[string]any{"request": "balance", "status": "error", "message": "Invalid user"}) {
		t.Errorf("failure %s", got.body)
	}
	for _, list := range []string{"unread", "all", ""} {
		if got := r.call("getinbox", "list", list); got.body != `{"request":"getinbox","status":"success","inbox":[]}` {
			t.Errorf("empty inbox, list=%q: %s", list, got.body)
		}
	}
}

// TestSection5Words: the documented sample, one failed, one sent, one queued,
// is sent as a group; and the other two words of a group.
func TestSection5Words(t *testing.T) {
	r := newRig(t, func(r *rig) { r.script = fake.Hold })
	cases := []struct{ to, word, each string }{
		{"8801700000001,8801700000002,8801700000003", "sent", "failed sent queued"},
		{"8801700000001,8801700000003", "queued", "failed queued"},
		{"8801700000001,nonsense", "failed", "failed failed"},
		{"8801700000002", "sent", "sent"},
		{"8801700000003", "queued", "queued"},
	}
	for _, c := range cases {
		group := r.send("to", c.to).queued()
		r.answer(map[string]fake.Answer{"8801700000001": {Verdict: sms.VerdictReject}, "8801700000002": {Verdict: sms.VerdictAccepted}})
		got := r.call("groupstatus", "groupid", group)
		var each []string
		for _, row := range got.recipients() {
			each = append(each, row["status"].(string))
		}
		if got.word("group_status") != c.word || strings.Join(each, " ") != c.each || got.word("status") != "success" {
			t.Errorf("%s: %s", c.to, got.body)
		}
	}
}

// TestSection5EveryState: no state shows another word than queued, sent, failed,
// and detail=1 adds the fine one.
func TestSection5EveryState(t *testing.T) {
	words := map[sms.State]string{sms.Scheduled: "queued", sms.Queued: "queued", sms.Sending: "queued", sms.Held: "queued",
		sms.Sent: "sent", sms.Delivered: "sent", sms.PartiallyDelivered: "sent", sms.Read: "sent",
		sms.Undelivered: "failed", sms.Expired: "failed", sms.Rejected: "failed", sms.Canceled: "failed", sms.Failed: "failed", sms.Unknown: "failed"}
	for _, state := range sms.States() {
		for _, answered := range []bool{false, true} {
			m := sms.Message{To: "1", State: state, Answered: answered}
			want := words[state]
			if state == sms.Unknown && answered {
				want = "sent" // an unknown end after a response
			}
			row := string(appendRecipient(nil, &sms.Group{}, &m, m.Word(), true))
			if !strings.Contains(row, `"status":"`+want+`"`) || !strings.Contains(row, `"detail":"`+state.String()+`"`) {
				t.Errorf("%s, answered %t: %s, want %s", state, answered, row, want)
			}
		}
	}
}

// TestDetailIsAsked: only detail=1 and the like add keys that clients do not know.
func TestDetailIsAsked(t *testing.T) {
	r := newRig(t)
	group := r.send().queued()
	for value, want := range map[string]int{"1": 6, "": 6, "true": 6, "0": 3, " 0 ": 3} {
		if got := r.call("groupstatus", "groupid", group, "detail", value).recipients()[0]; len(got) != want {
			t.Errorf("detail=%q: %v", value, got)
		}
	}
	if got := r.call("groupstatus", "groupid", group).recipients()[0]; len(got) != 3 {
		t.Errorf("without: %v", got)
	}
}

// TestSection5Life follows one message through the face to every end.
func TestSection5Life(t *testing.T) {
	receipt := func(state sms.PartState) fake.Answer {
		return fake.Answer{Verdict: sms.VerdictAccepted, Receipts: []fake.Receipt{{State: state, After: time.Minute}}}
	}
	cases := []struct {
		name           string
		answer         fake.Answer
		soon, soonFine string
		later, fine    string
		reason         string
	}{
		{"delivered", receipt(sms.PartDelivered), "sent", "sent", "sent", "delivered", ""},
		{"undelivered", receipt(sms.PartUndelivered), "sent", "sent", "failed", "undelivered", "undelivered"},
		{"rejected", fake.Answer{Verdict: sms.VerdictReject}, "failed", "rejected", "failed", "rejected", "operator_rejected"},
		{"no receipt", fake.Answer{Verdict: sms.VerdictAccepted}, "sent", "sent", "sent", "unknown", "no_receipt"},
		{"no answer", fake.Answer{Verdict: sms.VerdictUnknown}, "queued", "held", "failed", "unknown", "outcome_unknown"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(r *rig) { r.script = fake.Hold })
			group := r.send().queued()
			look := func(word, fine, reason string) {
				t.Helper()
				got := r.call("groupstatus", "groupid", group, "detail", "1")
				row := got.recipients()[0]
				if row["status"] != word || row["detail"] != fine || reason != "" && row["reason"] != reason {
					t.Errorf("%s, want %s (%s, %s)", got.body, word, fine, reason)
				}
			}
			r.answer(map[string]fake.Answer{"8801712345678": c.answer})
			look(c.soon, c.soonFine, "")
			r.pass(time.Minute)
			r.pass(73 * time.Hour)
			look(c.later, c.fine, c.reason)
		})
	}
}

// TestSection6Golden keeps the replies to the letter.
func TestSection6Golden(t *testing.T) {
	r := newRig(t, func(r *rig) { r.acme.GroupStart, r.acme.RecipientStart, r.acme.InboxStart = 1234, 21, 12 })
	r.inbound("Hi. This is message 1", "quotes \" and \\, <tags> & অ\n2nd line\u2028")
	calls := []struct {
		name  string
		reply reply
	}{
		{"sendsms", r.send("to", "8801712345678,bad,01812345678")},
		{"sendsms, error", r.send("from", "nobody")},
		{"groupstatus", r.call("groupstatus", "groupid", "1234")},
		{"groupstatus, detail=1", r.call("groupstatus", "groupid", "1234", "detail", "1")},
		{"groupstatus, error", r.call("groupstatus", "groupid", "1")},
		{"getinbox, list=all", r.call("getinbox", "list", "all")},
		{"getinbox", r.call("getinbox")},
		{"getinbox again", r.call("getinbox")},
		{"getinbox, error", r.call("getinbox", "list", "some")},
		{"balance", r.call("balance")},
		{"balance, error", r.callAs("K", "wrong", "balance")},
		{"no action", r.call("send")},
		{"wrong path", r.get("/smsapi?balance&" + who)},
		{"preflight", r.do(httptest.NewRequest("OPTIONS", "/smsAPI", nil))},
	}
	var all strings.Builder
	for _, c := range calls {
		fmt.Fprintf(&all, "=== %s\n%d\n", c.name, c.reply.status)
		for _, name := range slices.Sorted(maps.Keys(c.reply.header)) {
			fmt.Fprintf(&all, "%s: %s\n", name, c.reply.header.Get(name))
		}
		fmt.Fprintf(&all, "\n%s\n", c.reply.body)
	}
	golden(t, "replies.txt", all.String())
}

// TestSection6Errors: an error object has three keys and none of a success.
func TestSection6Errors(t *testing.T) {
	r := newRig(t)
	for _, got := range []reply{r.call("sendsms"), r.call("groupstatus"), r.call("getinbox", "list", "x"), r.callAs("x", "x", "balance"), r.call("x")} {
		if len(got.fields) != 3 || got.word("status") != "error" || got.word("message") == "" {
			t.Errorf("reply %s", got.body)
		}
	}
}

// TestRenderedStrings holds our rendering against encoding/json.
func TestRenderedStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching("[\x00-\x7f]*"), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
			rapid.StringMatching("[\u2027-\u202a\"\\\\\ufffd]*")).Draw(t, "s")
		b := appendString([]byte("x"), s)
		var got string
		if err := json.Unmarshal(b[1:], &got); err != nil || got != each(s) {
			t.Fatalf("%q became %s, read as %q, %v", s, b, got, err)
		}
		if !utf8.Valid(b) || strings.ContainsAny(string(b), "\x00\n\r\t\u2028\u2029") {
			t.Fatalf("%q became %q", s, b)
		}
	})
}

// each replaces every byte that is no UTF-8 by its own U+FFFD.
func each(s string) string { return string([]rune(s)) }

func TestObject(t *testing.T) {
	for want, pairs := range map[string][]string{`{}`: nil, `{"a":""}`: {"a", ""}, `{"a":"1","b":"2"}`: {"a", "1", "b", "2"}, `{"a":"1\"\\\u0001"}`: {"a", "1\"\\\x01"}} {
		if got := string(object(pairs...)); got != want {
			t.Errorf("%q: %s", pairs, got)
		}
	}
}
