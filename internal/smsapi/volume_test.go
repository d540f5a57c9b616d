package smsapi

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/sms"
)

// TestTenThousandEndToEnd: 10,000 recipients in one call, by GET and by POST,
// over a socket: one group, every one of them in it and reserved once; and for
// one of the ways, sent and charged once.
func TestTenThousandEndToEnd(t *testing.T) {
	const n = 10_000
	many := manyNumbers(n)
	spaced := strings.ReplaceAll(many, ",", ", ")
	post := func(headers, body string) string { return sized("POST /smsAPI?sendsms HTTP/1.1", headers, body) }
	for name, request := range map[string]string{
		"GET":             withHost("GET /smsAPI?sendsms&"+who+"&from=ACME&text=x&to="+many+" HTTP/1.1", "", ""),
		"GET, raw blanks": withHost("GET /smsAPI?sendsms&"+who+"&from=ACME&text=x&to="+spaced+" HTTP/1.1", "", ""),
		"POST":            post(formType, who+"&from=ACME&text=x&to="+strings.ReplaceAll(many, ",", "%0D%0A")),
		"POST, multipart": post(multipartType, form("apikey", "K", "apitoken", "T", "from", "ACME", "text", "x", "to", many)),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig) { r.acme.CreditLimit = n * sms.Credit })
			c, err := r.open()["plain"]()
			p := newPeer(t, c, err)
			if _, err := io.WriteString(p, request); err != nil {
				t.Fatal(err)
			}
			status, body := p.answer(t)
			group := read(t, status, http.Header{}, body).queued()
			want, posted, reserved := "queued", 100*sms.Credit, n*sms.Credit
			if name == "POST" {
				r.step()
				want, posted, reserved = "sent", (100-n)*sms.Credit, 0
				if sent := len(r.link.Got()); sent != n {
					t.Errorf("%d submissions", sent)
				}
			}
			got := r.call("groupstatus", "groupid", group)
			list := got.recipients()
			if len(list) != n || list[0]["to"] != "8801700000000" || list[n-1]["to"] != "8801700009999" {
				t.Fatalf("%d recipients", len(list))
			}
			for _, row := range list {
				if row["status"] != want {
					t.Fatalf("recipient %v", row)
				}
			}
			if b := r.balance(); b.Posted != posted || b.Reserved != reserved {
				t.Errorf("posted %s, reserved %s", b.Posted, b.Reserved)
			}
		})
	}
}

// TestOversizedBody: a body over the limit is refused in the documented shape,
// while the client is still writing it.
func TestOversizedBody(t *testing.T) {
	r := newRig(t, func(r *rig) { r.face.decode.MaxBody = 100_000 })
	dial := r.open()["plain"]
	body := who + "&from=ACME&text=x&to=" + manyNumbers(10_000)
	for name, request := range map[string]string{
		"announced": sized("POST /smsAPI?sendsms HTTP/1.1", formType, body),
		"chunked":   withHost("POST /smsAPI?sendsms HTTP/1.1", formType+"Transfer-Encoding: chunked\r\n", "222e0\r\n"+body+"\r\n0\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := dial()
			p := newPeer(t, c, err)
			go io.WriteString(p, request) // the server may stop reading
			status, answer := p.answer(t)
			read(t, status, http.Header{}, answer).refused("sendsms", "Request is too large; send fewer recipients in one call")
		})
	}
	r.untouched()
}
