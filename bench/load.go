package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// result is what one run measured.
type result struct {
	accepted time.Duration   // first call to last answer
	settled  time.Duration   // first call to last receipt recorded, or told to the customer
	answers  []time.Duration // from each call to its answer, sorted
	receipts []time.Duration // from each call to its receipt at the customer, sorted
	cpu      time.Duration   // of the server
	simCPU   time.Duration
	loadCPU  time.Duration // of this process
	rss      int64         // bytes, peak
}

// quantile of sorted durations; 1 is the maximum.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// load sends n calls over conns keep-alive connections, each connection one
// call at a time, and returns the sorted latencies. A call that is not answered
// "queued" ends the run.
func load(ctx context.Context, addr, key, token, sender string, n, conns int) (time.Duration, []time.Duration, error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	all := make([][]time.Duration, conns)
	errs := make([]error, conns)
	begin := time.Now()
	for i := range conns {
		wg.Go(func() { all[i], errs[i] = client(ctx, addr, key, token, sender, &next, int64(n)) })
	}
	wg.Wait()
	took := time.Since(begin)
	latencies := slices.Concat(all...)
	slices.Sort(latencies)
	return took, latencies, errors.Join(errs...)
}

func client(ctx context.Context, addr, key, token, sender string, next *atomic.Int64, n int64) ([]time.Duration, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	in := bufio.NewReaderSize(c, 4096)
	head := []byte("GET /smsAPI?sendsms&apikey=" + key + "&apitoken=" + token + "&type=sms&from=" + sender + "&to=8801")
	tail := []byte("&text=The+quick+brown+fox+jumps+over+the+lazy+dog+again HTTP/1.1\r\nHost: bench\r\n\r\n")
	var latencies []time.Duration
	var req []byte
	for i := next.Add(1); i <= n; i = next.Add(1) {
		req = append(req[:0], head...)
		req = strconv.AppendInt(req, number(i), 10)
		req = append(req, tail...)
		at := time.Now()
		if _, err := c.Write(req); err != nil {
			return latencies, err
		}
		if err := queued(in); err != nil {
			return latencies, err
		}
		latencies = append(latencies, time.Since(at))
	}
	return latencies, nil
}

// number is that of the i-th recipient, without 8801; it never ends in one of the
// simulator's special pairs.
func number(i int64) int64 { return 700_000_000 + (i/80)*100 + i%80 }

// queued reads one response and checks that it accepts the call.
func queued(in *bufio.Reader) error {
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(v)); err != nil {
				return err
			}
		}
	}
	if length < 0 || length > 4096 {
		return fmt.Errorf("a response of %d bytes", length)
	}
	var body [4096]byte
	if _, err := io.ReadFull(in, body[:length]); err != nil {
		return err
	}
	if !bytes.Contains(body[:length], []byte(`"status":"queued"`)) {
		return fmt.Errorf("not accepted: %s", body[:length])
	}
	return nil
}
