package smsapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/harkara/harkara/internal/sms"
)

// refusal is a call that is answered with an error.
type refusal struct {
	name    string
	change  func(r *rig) // of the nouns, before they are written; may be nil
	call    func(r *rig) reply
	request string
	message string
}

// sends is a sendsms with the given name, value pairs.
func sends(pairs ...string) func(r *rig) reply {
	return func(r *rig) reply { return r.send(pairs...) }
}

// calls is a GET of a target.
func calls(target string) func(r *rig) reply {
	return func(r *rig) reply { return r.get("/smsAPI" + target) }
}

const noRecipient = "No valid recipient; write numbers with country code, such as 8801712345678"

// refusals are the errors of the issue, one by one; contentRefusals, templates
// and ownPages have those of single types and of net/http.
var refusals = []refusal{
	{"no action", nil, calls("?" + who), "", "Unknown action; add one of the parameters sendsms, groupstatus, getinbox or balance"},
	{"no key", nil, calls("?balance&apitoken=T"), "balance", "Missing parameter: apikey"},
	{"empty key", nil, calls("?sendsms&apikey=%20&apitoken=T"), "sendsms", "Missing parameter: apikey"},
	{"no token", nil, calls("?getinbox&apikey=K"), "getinbox", "Missing parameter: apitoken"},
	{"wrong token", nil, calls("?groupstatus&apikey=K&apitoken=x&groupid=1"), "groupstatus", "Invalid user"},

	{"no sender", nil, calls("?sendsms&" + who + "&to=8801712345678&text=x"), "sendsms", "Missing parameter: from"},
	{"empty sender", nil, sends("from", " \t"), "sendsms", "Missing parameter: from"},
	{"no recipient", nil, calls("?sendsms&" + who + "&from=ACME&text=x"), "sendsms", "Missing parameter: to"},
	{"empty recipient", nil, sends("to", "\n"), "sendsms", "Missing parameter: to"},
	{"no text", nil, calls("?sendsms&" + who + "&from=ACME&to=8801712345678"), "sendsms", "Missing parameter: text"},
	{"empty text", nil, sends("text", ""), "sendsms", "Missing parameter: text"},
	{"blank text", nil, sends("text", " \r\n\t "), "sendsms", "Missing parameter: text"},
	{"text of zero bytes", nil, sends("text", "\x00\x00"), "sendsms", "Message text is empty"},
	{"text too long", nil, sends("text", strings.Repeat("x", 1531)), "sendsms", "Text is too long: it needs 11 parts, at most 10 are allowed"},
	{"text too long with the route's wider reference", func(r *rig) { r.route.Long, r.acme.MaxParts = sms.LongUDH16, 2 },
		sends("text", strings.Repeat("x", 306)), "sendsms", "Text is too long: it needs 3 parts, at most 2 are allowed"},
	{"unknown type", nil, sends("type", "fax"), "sendsms", "Unknown type; use sms, unicode, flash, voice, mms or whatsapp"},
	{"unknown sender", nil, sends("from", "NOBODY"), "sendsms", "Sender ID not allowed"},
	{"no number", nil, sends("to", "call me"), "sendsms", noRecipient},
	{"a number that is not possible", nil, sends("to", "88017123"), "sendsms", noRecipient},
	{"only separators", nil, sends("to", ",;,"), "sendsms", noRecipient},
	{"all numbers bad", nil, sends("to", "12,88017123\n+999"), "sendsms", noRecipient},
	{"too many recipients", func(r *rig) { r.face.MaxRecipients = 2 }, sends("to", manyNumbers(3)), "sendsms", "Too many recipients; at most 2 are allowed in one call"},
	{"no route", func(r *rig) { r.route.Enabled = false }, sends(), "sendsms", "No route to this number"},
	{"no price", func(r *rig) { r.prices.Prices = []sms.Price{{Prefix: "44", Price: sms.Credit}} }, sends(), "sendsms", "No price for this number"},
	{"bad date", nil, sends("scheduledate", "soon"), "sendsms", "scheduledate is not a date; write YYYY-MM-DD HH:mm:ss"},
	{"distant date", nil, sends("scheduledate", "2028-01-01"), "sendsms", "scheduledate is too far away; at most 365 days ahead are allowed"},
	{"route that is no number", nil, sends("route", "main"), "sendsms", "Unknown route; use route=0 for the default"},
	{"unknown route", nil, sends("route", "77"), "sendsms", "Unknown route, or not allowed for this account; use route=0 for the default"},
	{"forbidden route", nil, sends("route", "1"), "sendsms", "Unknown route, or not allowed for this account; use route=0 for the default"},
	{"disabled route", func(r *rig) { r.acme.Routes, r.route.Enabled = []int64{1}, false }, sends("route", "1"), "sendsms", "This route is disabled; use route=0 for the default"},
	{"route of another type", func(r *rig) { r.acme.Routes, r.route.Types = []int64{1}, []sms.Type{sms.TypeSMS} },
		sends("route", "1", "type", "flash"), "sendsms", "This route does not carry type flash; use route=0 for the default"},
	{"insufficient balance", nil, sends("to", manyNumbers(101)), "sendsms", "Insufficient balance; top up the account or send to fewer recipients"},
	{"insufficient balance for the parts", nil, sends("to", manyNumbers(11), "text", strings.Repeat("x", 1530)), "sendsms", "Insufficient balance; top up the account or send to fewer recipients"},

	{"no group", nil, calls("?groupstatus&" + who), "groupstatus", "Missing parameter: groupid"},
	{"unknown group", nil, calls("?groupstatus&" + who + "&groupid=1"), "groupstatus", "Unknown group; use the group_id that sendsms returned"},
	{"group that is no number", nil, calls("?groupstatus&" + who + "&groupid=1e3"), "groupstatus", "Unknown group; use the group_id that sendsms returned"},
	{"group beyond numbers", nil, calls("?groupstatus&" + who + "&groupid=99999999999999999999"), "groupstatus", "Unknown group; use the group_id that sendsms returned"},
	{"unknown list", nil, calls("?getinbox&" + who + "&list=new"), "getinbox", "list must be unread or all"},
	{"bad before", nil, calls("?getinbox&" + who + "&list=all&before=x"), "getinbox", "before must be the id of an inbox message"},
	{"before zero", nil, calls("?getinbox&" + who + "&list=all&before=0"), "getinbox", "before must be the id of an inbox message"},

	{"method", nil, func(r *rig) reply { return r.do(httptest.NewRequest(http.MethodPut, "/smsAPI?balance&"+who, nil)) }, "balance", "Method not supported; use GET or POST"},
	{"HEAD", nil, func(r *rig) reply { return r.do(httptest.NewRequest(http.MethodHead, "/smsAPI?sendsms&"+who, nil)) }, "sendsms", "HEAD sends nothing; use GET or POST"},
	{"body too large", func(r *rig) { r.face.decode.MaxBody = 1000 }, func(r *rig) reply {
		return r.post("/smsAPI?sendsms&"+who, "application/x-www-form-urlencoded", "from=ACME&text=x&to="+manyNumbers(100))
	}, "sendsms", "Request is too large; send fewer recipients in one call"},
	{"body cut", nil, func(r *rig) reply {
		req := httptest.NewRequest(http.MethodPost, "/smsAPI?sendsms&"+who+"&from=ACME&text=x&to=8801712345678", iotest.ErrReader(errors.New("reset")))
		req.ContentLength = 100
		return r.do(req)
	}, "sendsms", "Request did not arrive whole; send it again"},
}

// TestRefusals: each error has the documented shape and HTTP 200, and nothing
// is stored or charged.
func TestRefusals(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*rig) {}
			}
			r := newRig(t, change)
			c.call(r).refused(c.request, c.message)
			r.untouched()
			r.step()
			if n := len(r.link.Got()); n != 0 {
				t.Errorf("%d messages were sent", n)
			}
		})
	}
}

// TestBalanceToTheLastCredit: a call that the balance just pays for is accepted,
// the next is not.
func TestBalanceToTheLastCredit(t *testing.T) {
	r := newRig(t)
	r.send("to", manyNumbers(100)).queued()
	if got := r.call("balance"); got.body != `{"balance":"0"}` {
		t.Errorf("reply %s", got.body)
	}
	r.send().refused("sendsms", "Insufficient balance; top up the account or send to fewer recipients")
	r.edit(r.acme, func() { r.acme.CreditLimit = sms.Credit })
	r.send().queued()
	r.send().refused("sendsms", "Insufficient balance; top up the account or send to fewer recipients")
}
