package smsapi

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"
)

const cleanRequest = "GET /smsAPI?sendsms&apikey=0123456789abcdef0123456789abcdef&apitoken=0123456789abcd&type=sms&from=ACME&to=8801711111111&text=Your+code+is+123456&route=0 HTTP/1.1\r\n" +
	"Host: sms.example\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n"

// keepAlive is one client on one connection.
type keepAlive struct {
	conn net.Conn
	r    *bufio.Reader
	took time.Duration
	made uint64 // allocations in the process
}

// rounds makes n requests one after the other.
func (k *keepAlive) rounds(b *testing.B, n int) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range n {
		if _, err := io.WriteString(k.conn, cleanRequest); err != nil {
			b.Fatal(err)
		}
		for { // until the empty line; the reply has no body
			line, err := k.r.ReadSlice('\n')
			if err != nil {
				b.Fatal(err)
			}
			if len(line) == 2 {
				break
			}
		}
	}
	k.took += time.Since(start)
	runtime.ReadMemStats(&after)
	k.made += after.Mallocs - before.Mallocs
}

// BenchmarkWrapped compares clean keep-alive requests over loopback through
// the wrapper with the same through stock net/http, in turns, and reports the
// ratio of the times and the allocations a request of each.
func BenchmarkWrapped(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	clients := make([]*keepAlive, 2)
	for i := range clients {
		inner := listen(b)
		var l net.Listener = inner
		if i == 1 {
			l = NewListener(inner)
		}
		serve(b, quietServer(handler), l)
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		clients[i] = &keepAlive{conn: conn, r: bufio.NewReader(conn)}
		clients[i].rounds(b, 100)
		clients[i].took, clients[i].made = 0, 0
	}
	const batch = 50
	turns := 0
	for b.Loop() {
		first := turns % 2
		clients[first].rounds(b, batch)
		clients[1-first].rounds(b, batch)
		turns++
	}
	requests := float64(turns * batch)
	stock, wrapped := clients[0], clients[1]
	b.ReportMetric(float64(wrapped.took)/float64(stock.took), "wrapped/stock")
	b.ReportMetric(float64(stock.took)/requests, "stock-ns/req")
	b.ReportMetric(float64(wrapped.took)/requests, "wrapped-ns/req")
	b.ReportMetric(float64(stock.made)/requests, "stock-allocs/req")
	b.ReportMetric(float64(wrapped.made)/requests, "wrapped-allocs/req")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkScan is the cost of the wrapper alone.
func BenchmarkScan(b *testing.B) {
	s := &stream{Conn: &loop{request: cleanRequest}}
	buf := make([]byte, 4096)
	b.SetBytes(int64(len(cleanRequest)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeGET is target and query of one clean call.
func BenchmarkDecodeGET(b *testing.B) {
	const uri = "/smsAPI?sendsms&apikey=0123456789abcdef0123456789abcdef&apitoken=0123456789abcd&type=sms&from=ACME&to=8801711111111&text=Your+code+is+123456&route=0"
	r := &http.Request{RequestURI: uri, Body: http.NoBody}
	b.ReportAllocs()
	for b.Loop() {
		p, err := Decoder{}.Decode(r, ParseTarget(r.RequestURI))
		if err != nil || p.Action() != ActionSendSMS {
			b.Fatal(err)
		}
	}
}
