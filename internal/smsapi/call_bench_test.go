package smsapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// forgetful accepts calls and keeps nothing, so that what is left is the cost of
// face and flow.
type forgetful struct {
	*memory.Store
	last atomic.Int64
}

func (s *forgetful) Accept(_ context.Context, _ time.Time, calls []sms.Call) ([]store.Accepted, error) {
	answers := make([]store.Accepted, len(calls))
	for i := range calls {
		answers[i].Group = calls[i].Group
		answers[i].Group.Number = s.last.Add(1)
	}
	return answers, nil
}

// sink is a ResponseWriter that keeps nothing but its header.
type sink struct {
	header http.Header
	status int
	bytes  int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { s.bytes += len(p); return len(p), nil }

// BenchmarkCall is one whole sendsms through face and flow, from the raw target
// to the rendered reply, without net/http's own part.
func BenchmarkCall(b *testing.B) {
	const uri = "/smsAPI?sendsms&apikey=K&apitoken=T&type=sms&from=ACME&to=8801711111111&text=Your+code+is+123456&route=0"
	b.Run("memory store", func(b *testing.B) {
		r := newRig(b, func(r *rig) { r.acme.CreditLimit = 1_000_000_000 * sms.Credit })
		benchmarkCalls(b, r.handler, uri)
	})
	b.Run("no store", func(b *testing.B) { benchmarkCalls(b, withoutStore(b), uri) })
	b.Run("no store, balance", func(b *testing.B) {
		benchmarkCalls(b, withoutStore(b), "/smsAPI?balance&apikey=K&apitoken=T")
	})
	b.Run("no store, 10,000 recipients", func(b *testing.B) {
		benchmarkCalls(b, withoutStore(b), strings.Replace(uri, "8801711111111", manyNumbers(10_000), 1))
	})
}

// withoutStore is the face on a flow whose store forgets what it accepts.
func withoutStore(b *testing.B) http.Handler {
	r := newRig(b)
	f, err := flow.New(b.Context(), flow.Options{Store: &forgetful{Store: r.store}, Node: "bench", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	face := NewHandler(Options{Door: f, Store: r.store, Log: slog.New(slog.DiscardHandler),
		Auth: account.NewAuthenticator(r.hasher, nil)})
	return face.Front(http.NotFoundHandler())
}

func benchmarkCalls(b *testing.B, h http.Handler, uri string) {
	r := &http.Request{Method: http.MethodGet, RequestURI: uri, RemoteAddr: "127.0.0.1:1", Body: http.NoBody, Header: http.Header{}}
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		w.bytes = 0
		h.ServeHTTP(w, r)
	}
	if w.status != http.StatusOK || w.bytes < len(`{"balance":"1"}`) {
		b.Fatalf("status %d, %d bytes", w.status, w.bytes)
	}
}
