package smsapi

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

const boundaryHeader = `multipart/form-data; boundary=B`

// field is one multipart field with a free Content-Disposition.
func field(disposition, value string) string {
	return "--B\r\nContent-Disposition: " + disposition + "\r\n\r\n" + value + "\r\n"
}

func TestBodies(t *testing.T) {
	long := func(n int) string { return strings.Repeat("b", n) }
	const plain = "application/x-www-form-urlencoded"
	cases := []struct {
		name, contentType, query, body string
		want                           map[Name]string
	}{
		{"body over query", plain, "to=1&from=F", "to=2&text=x", map[Name]string{To: "2", From: "F", Text: "x"}},
		{"empty body value over query", plain, "to=1", "to", map[Name]string{To: ""}},
		{"last duplicate in a body", plain, "", "to=1&to=2", map[Name]string{To: "2"}},
		{"type with parameters", "Application/X-WWW-Form-Urlencoded ; charset=UTF-8", "", "to=1", map[Name]string{To: "1"}},
		{"type with a comma", plain + ", text/plain", "", "to=1", map[Name]string{To: "1"}},
		{"no type", "", "to=1", "to=2", map[Name]string{To: "2"}},
		{"line end after the body", plain, "", "to=1&text=x\r\n", map[Name]string{To: "1", Text: "x\r\n"}},
		{"text/plain is not a form", "text/plain", "to=1", "to=2", map[Name]string{To: "1"}},
		{"JSON", "application/json", "to=1", `{"a":"&to=2&"}`, map[Name]string{To: "1"}},
		{"JSON called a form", plain, "to=1", ` {"a":"&to=2&"}`, map[Name]string{To: "1"}},
		{"JSON list without a type", "", "to=1", `["&to=2&"]`, map[Name]string{To: "1"}},
		{"XML called a form", plain, "to=1", "\r\n<a>&to=2&</a>", map[Name]string{To: "1"}},
		{"unrelated", plain, "to=1", "do=1", map[Name]string{To: "1"}},
		{"only blanks", plain, "to=1", " \r\n", map[Name]string{To: "1"}},

		{"multipart", boundaryHeader, "to=1&from=F", field(`form-data; name="to"`, "2") + field(`form-data; name="text"`, "a+b%20&\r\n") + "--B--\r\n", map[Name]string{To: "2", From: "F", Text: "a+b%20&\r\n"}},
		{"multipart values are trimmed", boundaryHeader, "", field(`form-data; name=" apikey "`, " K\r\n") + field(`form-data; name="text"`, " x ") + "--B--\r\n", map[Name]string{APIKey: "K", Text: " x "}},
		{"multipart duplicates", boundaryHeader, "", field(`form-data; name="to"`, "1") + field(`form-data; name="to"`, "2") + "--B--\r\n", map[Name]string{To: "2"}},
		{"multipart, ways to write a name", boundaryHeader, "", field(`form-data; name=to`, "1") + field(`form-data; name='from'`, "2") + field(`Form-Data;NAME = "text" ;`, "3") + field(`form-data; x="; name=list"; name="type"`, "4") + field(`form-data; name="rou\te"`, "5") + "--B--\r\n", map[Name]string{To: "1", From: "2", Text: "3", Type: "4"}},
		{"multipart, quotes in a name", boundaryHeader, "", field(`form-data; name="a\"b\\"; x; name=to`, "1") + field(`form-data; name="to`, "2") + field(`form-data; name=`, "3") + field("form-data", "4") + field("", "5") + "--B--\r\n", map[Name]string{To: "2"}},
		{"multipart files are not parameters", boundaryHeader, "text=x", field(`form-data; name="text"; filename="a.txt"`, "1") + field(`form-data; name="text"; filename=""`, "2") + field(`form-data; name="text"; filename*=UTF-8''a`, "3") + "--B--\r\n", map[Name]string{Text: "x"}},
		{"multipart, quoted-printable stays", boundaryHeader, "", "--B\r\nContent-Disposition: form-data; name=\"text\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--B--\r\n", map[Name]string{Text: "=41"}},
		{"multipart with bare newlines", boundaryHeader, "", "--B\nContent-Disposition: form-data; name=\"to\"\n\n1\n--B--\n", map[Name]string{To: "1"}},
		{"multipart without an end", boundaryHeader, "", field(`form-data; name="to"`, "1") + strings.TrimSuffix(field(`form-data; name="text"`, "x"), "\r\n"), map[Name]string{To: "1", Text: "x"}},
		{"multipart, quoted boundary", `multipart/form-data; charset=utf-8; Boundary="a b:;c"`, "", "--a b:;c\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n1\r\n--a b:;c--\r\n", map[Name]string{To: "1"}},
		{"multipart, boundary with =", "multipart/form-data; boundary=----=_Part_1", "", "------=_Part_1\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n1\r\n------=_Part_1--\r\n", map[Name]string{To: "1"}},
		{"multipart, very long boundary", "multipart/form-data; boundary=" + long(10_000), "to=1", "--" + long(10_000) + "\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nx\r\n--" + long(10_000) + "--\r\n", map[Name]string{To: "1"}},
		{"multipart, boundary too long for the reader's buffer", "multipart/form-data; boundary=" + long(4091), "to=1", "--" + long(4091) + "\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n" + long(3000) + "\r\n--" + long(4091) + "--\r\n", map[Name]string{To: "1"}},
		{"multipart without a boundary", "multipart/form-data", "to=1", "--B\r\n", map[Name]string{To: "1"}},
		{"multipart that is none", boundaryHeader, "to=1", "to=2", map[Name]string{To: "1"}},
		{"multipart with a bad part", boundaryHeader, "to=1", field(`form-data; name="from"`, "F") + "--B\r\nno header\r\n\r\nx\r\n" + field(`form-data; name="to"`, "2") + "--B--\r\n", map[Name]string{To: "1", From: "F"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, sized := range []bool{true, false} {
				r := httptest.NewRequest("PUT", "/smsAPI?"+c.query, strings.NewReader(c.body))
				r.Header.Set("Content-Type", c.contentType)
				if !sized {
					r.ContentLength = -1
				}
				p, err := Decoder{}.Decode(r, ParseTarget(r.RequestURI))
				if got := collect(&p); err != nil || !reflect.DeepEqual(got, c.want) {
					t.Errorf("sized %v: got %q, %v\nwant %q", sized, got, err, c.want)
				}
			}
		})
	}
}

// counting counts what is read of a body.
type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestBodyErrors(t *testing.T) {
	const limit = 1000
	broken := errors.New("connection reset")
	big := strings.Repeat("x", 10*limit)
	cases := []struct {
		name     string
		body     io.Reader
		length   int64
		want     error
		mostRead int
	}{
		{"at the limit", strings.NewReader(big[:limit]), limit, nil, limit},
		{"at the limit, length unknown", strings.NewReader(big[:limit]), -1, nil, limit},
		{"announced too large", strings.NewReader(big), 10 * limit, ErrBodyTooLarge, drained * limit},
		{"too large, length unknown", strings.NewReader(big), -1, ErrBodyTooLarge, limit + 1 + drained*limit},
		{"one byte too large", strings.NewReader(big[:limit+1]), -1, ErrBodyTooLarge, limit + 1},
		{"cut", strings.NewReader("to=1"), 10, ErrBodyIncomplete, 4},
		{"cut at the beginning", strings.NewReader(""), 10, ErrBodyIncomplete, 0},
		{"fails", iotest.ErrReader(broken), 10, ErrBodyIncomplete, 0},
		{"fails, length unknown", iotest.ErrReader(broken), -1, ErrBodyIncomplete, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			body := &counting{Reader: c.body}
			r := httptest.NewRequest("POST", "/smsAPI?sendsms", body)
			r.ContentLength = c.length
			p, err := Decoder{MaxBody: limit}.Decode(r, ParseTarget(r.RequestURI))
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if errors.Is(err, ErrBodyTooLarge) && errors.Is(err, ErrBodyIncomplete) {
				t.Error("the errors cannot be told apart")
			}
			if body.n > c.mostRead || p.Action() != ActionSendSMS {
				t.Errorf("%d bytes read, action %v", body.n, p.Action())
			}
		})
	}
	r := httptest.NewRequest("POST", "/smsAPI", iotest.ErrReader(broken))
	r.ContentLength = 10
	if _, err := (Decoder{}).Decode(r, Target{}); !errors.Is(err, broken) {
		t.Errorf("the cause is lost: %v", err)
	}
	if _, err := (Decoder{}).Decode(&http.Request{}, Target{}); err != nil {
		t.Errorf("no body: %v", err)
	}
}

// TestTenThousandRecipients: the default limit is large enough (Q11).
func TestTenThousandRecipients(t *testing.T) {
	const n = 10_000
	list := strings.Repeat("%2B8801711111111%0D%0A", n)
	r := httptest.NewRequest("POST", "/smsAPI", strings.NewReader("sendsms&to="+list+"&text=x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p, err := Decoder{}.Decode(r, ParseTarget(r.RequestURI))
	if err != nil || len(strings.Fields(p.Get(To))) != n || p.Get(Text) != "x" {
		t.Errorf("%d recipients, %v", len(strings.Fields(p.Get(To))), err)
	}
}

// TestMultipartComesBack: whatever a correct client writes arrives.
func TestMultipartComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.MapOf(rapid.SampledFrom(spelling[:]), rapid.String()).Draw(t, "values")
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for n, v := range values {
			if err := w.WriteField(n, v); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		r := httptest.NewRequest("POST", "/smsAPI", &body)
		r.Header.Set("Content-Type", w.FormDataContentType())
		p, err := Decoder{}.Decode(r, ParseTarget(r.RequestURI))
		if err != nil {
			t.Fatal(err)
		}
		for n := range names {
			want, ok := values[n.String()]
			if n != Text {
				want = strings.Trim(want, " \t\r\n")
			}
			if p.Has(n) != ok || p.Get(n) != want {
				t.Fatalf("%v: got %q %v, want %q %v", n, p.Get(n), p.Has(n), want, ok)
			}
		}
	})
}

// FuzzBody feeds any body of any type: never a panic, never a lost query.
func FuzzBody(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "to=1")
	f.Add(boundaryHeader, field(`form-data; name="to"`, "1")+"--B--")
	f.Add(`multipart/form-data; boundary="B`, "--B\r\n\r\n")
	f.Add(`multipart/form-data; boundary=`, `--`)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest("POST", "/smsAPI?sendsms&before=7", strings.NewReader(body))
		r.Header["Content-Type"] = []string{contentType}
		p, err := Decoder{}.Decode(r, ParseTarget(r.RequestURI))
		if err != nil || !p.Has(SendSMS) || p.Get(Before) != "7" && !strings.Contains(body, "b") && !strings.Contains(body, "%") {
			t.Fatalf("%v, %q", err, collect(&p))
		}
	})
}

// TestLongBodies: a length that is only announced gets no memory for it, and a
// long body is read to its end, or refused.
func TestLongBodies(t *testing.T) {
	body := "text=" + strings.Repeat("x", 3*prepaid)
	for name, c := range map[string]struct {
		length int
		want   error
	}{"whole": {len(body), nil}, "cut": {len(body) + 1, ErrBodyIncomplete}, "much too long": {DefaultMaxBody + 1, ErrBodyTooLarge}} {
		r := httptest.NewRequest("POST", "/smsAPI?sendsms", strings.NewReader(body))
		r.ContentLength = int64(c.length)
		p, err := Decoder{}.Decode(r, ParseTarget(r.RequestURI))
		if !errors.Is(err, c.want) || err == nil && len(p.Get(Text)) != 3*prepaid {
			t.Errorf("%s: %d bytes of text, %v", name, len(p.Get(Text)), err)
		}
	}
	r := httptest.NewRequest("POST", "/smsAPI?sendsms", nil)
	r.Body, r.ContentLength = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), DefaultMaxBody
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := (Decoder{}).Decode(r, Target{}); !errors.Is(err, ErrBodyIncomplete) {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > DefaultMaxBody/2 {
		t.Errorf("%d bytes allocated for a body that never came", got)
	}
}
