package obs

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// canary is never allowed to survive.
const canary = "CaNaRy7351"

func TestRedactTakesOut(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"query", "/smsAPI?sendsms&apikey=CANARY&apitoken=CANARY&type=sms&to=123", "/smsAPI?sendsms&apikey=[redacted]&apitoken=[redacted]&type=sms&to=123"},
		{"path without question mark", "https://h/smsAPI&balance&apikey=CANARY&apitoken=CANARY", "https://h/smsAPI&balance&apikey=[redacted]&apitoken=[redacted]"},
		{"request line with raw blanks", "GET /smsAPI?sendsms&apitoken=CANARY&to=1&text=Hi my CANARY code HTTP/1.1", "GET /smsAPI?sendsms&apitoken=[redacted]&to=1&text=[redacted] HTTP/1.1"},
		{"text before the end", "text=a CANARY=b&to=1", "text=[redacted]&to=1"},
		{"form", "to=1&text=CANARY+x&apitoken=CANARY", "to=1&text=[redacted]&apitoken=[redacted]"},
		{"upper case", "?ApiToken=CANARY&TEXT=CANARY", "?ApiToken=[redacted]&TEXT=[redacted]"},
		{"encoded name", "?%61pitoken=CANARY&te%78t=CANARY", "?%61pitoken=[redacted]&te%78t=[redacted]"},
		{"separators in the name", "?api_token=CANARY&api-key=CANARY&api.token=CANARY", "?api_token=[redacted]&api-key=[redacted]&api.token=[redacted]"},
		{"array name", "?text[]=CANARY&text[0]=CANARY&text%5B%5D=CANARY", "?text[]=[redacted]&text[0]=[redacted]&text%5B%5D=[redacted]"},
		{"nested url", "?file=http%3A%2F%2Fx%2F%3Fapitoken%3DCANARY%26a%3D1&to=2", "?file=http%3A%2F%2Fx%2F%3Fapitoken%3D[redacted]%26a%3D1&to=2"},
		{"twice nested", "?u=x%253Fa%253D1%2526apitoken%253DCANARY%2526b", "?u=x%253Fa%253D1%2526apitoken%253D[redacted]%2526b"},
		{"error of net/http", `Get "http://h/x?text=CANARY&apitoken=CANARY": dial tcp: refused`, `Get "http://h/x?text=[redacted]&apitoken=[redacted]": dial tcp: refused`},
		{"quoted error in an error", `send: "Get \"http://h/x?password=a CANARY\": EOF", gave up`, `send: "Get \"http://h/x?password=[redacted]\": EOF", gave up`},
		{"header", "Authorization: Bearer CANARY\r\nAccept: */*", "Authorization: [redacted]\r\nAccept: */*"},
		{"key header", "X-Api-Key: CANARY", "X-Api-Key: [redacted]"},
		{"cookie", "Cookie: session=CANARY; other=CANARY", "Cookie: [redacted]"},
		{"bearer alone", "peer sent Bearer CANARY in a trailer", "peer sent Bearer [redacted] in a trailer"},
		{"basic alone", "basic dXNlcjpDQU5BUlk=CANARY", "basic [redacted]"},
		{"json", `{"apitoken":"CANARY","text" : "say \"CANARY\" twice","to":"1"}`, `{"apitoken":"[redacted]","text" : "[redacted]","to":"1"}`},
		{"json in a string", `body "{\"text\":\"a \\\"CANARY\\\" b\",\"to\":\"1\"}"`, `body "{\"text\":\"[redacted]\",\"to\":\"1\"}"`},
		{"json array", `{"text":["CANARY","b] CANARY"],"to":1}`, `{"text":[redacted],"to":1}`},
		{"json number", `{"pin":735112,"to":1}`, `{"pin":[redacted],"to":1}`},
		{"go struct", fmt.Sprintf("%+v", struct{ To, Text string }{"1", "CANARY is here"}), "{To:1 Text:[redacted]"},
		{"go map", fmt.Sprint(map[string][]string{"text": {"CANARY ] CANARY"}}), "map[text:[redacted]"},
		{"userinfo", "postgres://harkara:CANARY@db:5432/x", "postgres://harkara:[redacted]@db:5432/x"},
		{"userinfo with a slash", "postgres://harkara:a/CANARY@db/x", "postgres://harkara:[redacted]@db/x"},
		{"userinfo with an at sign", "http://u:a@CANARY@h/p", "http://u:[redacted]@h/p"},
		{"logfmt", "bind failed system_id=acme password=CANARY", "bind failed system_id=acme password=[redacted]"},
		{"longer names", "smpp_password=CANARY", "smpp_password=[redacted]"},
		{"camelCase", "clientSecret: CANARY", "clientSecret: [redacted]"},
		{"multipart", "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nCANARY\nCANARY\r\n--b--", "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n[redacted]\n--b--"},
		{"multipart without an end", "name=\"apitoken\"\n\nCANARY", "name=\"apitoken\"\n\n[redacted]"},
		{"xml", "<mm7:Text>CANARY</mm7:Text><password>CANARY</password><to>1</to>", "<mm7:Text>[redacted]</mm7:Text><password>[redacted]</password><to>1</to>"},
		{"unterminated quote", `{"text":"CANARY`, `{"text":"[redacted]`},
		{"unterminated array", `{"text":["CANARY`, `{"text":[redacted]`},
		{"unterminated element", `<text>CANARY`, `<text>[redacted]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := strings.ReplaceAll(tt.in, "CANARY", canary)
			got := Redact(in)
			if strings.Contains(got, canary) {
				t.Errorf("canary survived: %s", got)
			}
			if got != tt.want {
				t.Errorf("Redact(%q)\n got %q\nwant %q", in, got, tt.want)
			}
			if again := Redact(got); again != got {
				t.Errorf("a second pass changes it to %q", again)
			}
		})
	}
}

func TestRedactLeaves(t *testing.T) {
	for _, s := range []string{
		"", "stopping", "listening on 127.0.0.1:8080", "took 12ms: 3 of 4", "message_id=12 group_id=3",
		"http://host:8080/path@x?to=1&type=text", "http://[::1]:8080/a@b", "Content-Type: text/plain; charset=utf-8",
		"context: deadline exceeded", "ftp://host", "a=b&c=d", "basic auth is required", "Bearer", "name=\"to\"\r\n\r\n123",
		"secrets are kept", "100% of x", "<to>1</to>", "a > b", "textual=1", "time=12:30:45",
	} {
		if got := Redact(s); got != s {
			t.Errorf("Redact(%q) = %q", s, got)
		}
	}
}

func TestRedactCutsLongInput(t *testing.T) {
	got := Redact(strings.Repeat("x", maxRedact) + "apitoken=" + canary)
	if strings.Contains(got, canary) || !strings.HasSuffix(got, "x [19 bytes more]") {
		t.Errorf("got ...%q", got[len(got)-40:])
	}
}

func TestRedactAllocatesNothingWithoutASecret(t *testing.T) {
	s := "claimed 100 messages of route 3: took=12ms"
	if n := testing.AllocsPerRun(100, func() { Redact(s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// However a form is printed, the value of a sensitive name does not survive.
func TestRedactProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SampledFrom([]string{"apikey", "apitoken", "text", "password", "secret"}).Draw(t, "name")
		value := canary + rapid.String().Draw(t, "tail") // whatever else is in it
		values := url.Values{secret: {value}}
		for _, other := range rapid.SliceOfN(rapid.SampledFrom([]string{"to", "from", "type", "route"}), 0, 4).Draw(t, "others") {
			values.Add(other, rapid.String().Draw(t, "other"))
		}
		u := url.URL{Scheme: "http", Host: "h", Path: "/smsAPI", RawQuery: values.Encode()}
		for _, s := range []string{
			values.Encode(), u.String(), fmt.Sprint(values), fmt.Sprintf("%q", u.String()),
			(&url.Error{Op: "Get", URL: u.String(), Err: http.ErrServerClosed}).Error(),
			fmt.Sprintf("%+v", http.Header{secret: {value}}),
			url.Values{"next": {u.String()}}.Encode(),
		} {
			if got := Redact(s); strings.Contains(got, canary) {
				t.Fatalf("%q\n left %q", s, got)
			}
		}
	})
}

func FuzzRedact(f *testing.F) {
	for _, s := range []string{"?apitoken=x&text=y z HTTP/1.1", `{"text":"\"`, "a://b:c@d", "%253d", `name="text"`, "<a:text>", "Bearer aaaaaaaaaaaa"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		Redact(s) // must not panic
		// Whatever comes before, a query's secret at the end is found.
		if got := Redact(s + "\n/smsAPI?apitoken=" + canary); len(s) < maxRedact/2 && strings.Contains(got, canary) {
			t.Errorf("canary survived behind %q: %q", s, got)
		}
	})
}

func BenchmarkRedactURL(b *testing.B) {
	const s = "/smsAPI?sendsms&apikey=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&apitoken=bbbbbbbbbbbbbb&type=sms&from=ACME&to=8801700000000&text=hello+world"
	b.ReportAllocs()
	for b.Loop() {
		Redact(s)
	}
}
