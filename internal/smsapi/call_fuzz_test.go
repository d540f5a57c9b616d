package smsapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/sms"
)

// FuzzCall gives the whole face any target and any body: it never panics, always
// answers an object of strings in one of the documented shapes, and a call that
// is not queued leaves nothing.
func FuzzCall(f *testing.F) {
	for _, c := range []struct{ target, body string }{
		{"/smsAPI?sendsms&" + who + "&from=ACME&to=8801712345678&text=x", ""},
		{"/smsAPI&groupstatus&" + who + "&groupid=1", ""},
		{"/smsAPI?getinbox&" + who + "&list=all&before=9", ""},
		{"/smsAPI?balance&" + who, "do=1"},
		{"/smsAPI/", "sendsms&" + who + "&from=acme&to=+880%31&type=whatsapp&text=content:a|lang=en||body=%ff"},
		{"/smsAPI?sendsms&" + who, "from=ACME&to=1;2,01712345678&type=voice&duration=9&language=en&text=a&scheduledate=2026-12-24 0:0"},
		{"/smsAPI?sendsms&" + who, "from=ACME&to=01712345678&route=1&text=%00&scheduledate=Sun Jan 27 12:03:37 06 2019"},
		{"/x/smsAPI&x", "--x\r\n"},
	} {
		f.Add(c.target, c.body)
	}
	r := newRig(f, func(r *rig) { r.acme.CreditLimit = 1_000_000 * sms.Credit })
	balance := func() sms.Balance {
		b, err := r.store.Balance(context.Background(), r.acme.ID)
		if err != nil {
			panic(err)
		}
		return b
	}
	f.Fuzz(func(t *testing.T, target, body string) {
		if ParseTarget(target).Match == NotOurs {
			return
		}
		before := balance()
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		req.RequestURI = target
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		got := read(t, w.Code, w.Header(), w.Body.String())
		everyScalarIsAString(t, "reply", got.fields)
		status, _ := got.fields["status"].(string)
		switch {
		case got.fields["balance"] != nil && len(got.fields) == 1:
		case status == "queued" && len(got.fields) == 4, status == "success":
		case status == "error" && len(got.fields) == 3 && got.word("message") != "":
		default:
			t.Errorf("reply %d %s", w.Code, w.Body)
		}
		if after := balance(); status != "queued" && after != before {
			t.Errorf("%s moved credit", w.Body)
		}
		if logs := r.logs.String(); strings.Contains(logs, "panicked") {
			t.Fatalf("log %s", logs)
		}
	})
}
