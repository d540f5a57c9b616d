package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// The benchmarks write to the disk of the working directory, not to a
// temporary file system in memory, unless BENCH_DIR names another one. They report messages a second and, since
// that depends on the disk and on who else uses it, the processor time a
// message costs.

func benchStore(b *testing.B, o Options) *Store {
	dir, err := os.MkdirTemp(cmp.Or(os.Getenv("BENCH_DIR"), "."), "bench")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return openAt(b, filepath.Join(dir, "harkara.db"), o)
}

func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// report adds the figures of n messages to the benchmark's line.
func report(b *testing.B, n int, began time.Time, cpu time.Duration) {
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "msg/s")
	b.ReportMetric(float64((cpuTime()-cpu).Nanoseconds())/1e3/float64(n), "cpu-µs/msg")
}

func accounts(b testing.TB, s store.Store, n int) []int64 {
	b.Helper()
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = newAccount(b, s, fmt.Sprint("a", i), 1e9*sms.Credit)
	}
	return ids
}

// keys are how idempotency keys and the operator's ids follow each other. It
// matters more than anything else: rising ones fill one page of a tree after the
// other, scattered ones touch a page each.
type keys string

const (
	rising    keys = "rising"
	scattered keys = "scattered"
)

func (k keys) key(n int) string {
	if k == scattered {
		return fmt.Sprintf("%016x", uint64(n)*0x9E3779B97F4A7C15)
	}
	return fmt.Sprintf("%016x", n)
}

// BenchmarkAccept has callers that each wait for the answer to one message.
func BenchmarkAccept(b *testing.B) {
	for _, c := range []struct {
		callers, accounts int
		keys              keys
	}{{1, 1, rising}, {50, 1, rising}, {50, 1, scattered}, {50, 50, rising}, {500, 1, rising}, {500, 1, scattered}, {500, 500, rising}} {
		b.Run(fmt.Sprintf("callers=%d/accounts=%d/keys=%s", c.callers, c.accounts, c.keys), func(b *testing.B) {
			s := benchStore(b, Options{})
			ids := accounts(b, s, c.accounts)
			batch := store.NewBatcher(1000, func(ctx context.Context, calls []sms.Call) ([]store.Accepted, error) {
				return s.Accept(ctx, time.Now(), calls)
			})
			var next atomic.Int64
			took := make([][]time.Duration, c.callers)
			b.ReportAllocs()
			b.ResetTimer()
			began, cpu := time.Now(), cpuTime()
			var all sync.WaitGroup
			for caller := range c.callers {
				all.Go(func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						start := time.Now()
						a, err := batch.Do(context.Background(), oneMessage(ids[n%int64(len(ids))], c.keys.key(int(n)), start))
						if err != nil || a.Err != nil {
							b.Error(err, a.Err)
							return
						}
						took[caller] = append(took[caller], time.Since(start))
					}
				})
			}
			all.Wait()
			report(b, b.N, began, cpu)
			reportTimes(b, slices.Concat(took...))
		})
	}
}

func reportTimes(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1e3, "p99-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1e3, "max-ms")
}

// BenchmarkLife takes messages through their whole life in batches: accept,
// claim, outcome, receipt.
func BenchmarkLife(b *testing.B) {
	for _, c := range []struct {
		size, accounts, subscribers int
		keys                        keys
	}{{100, 1, 0, rising}, {250, 1, 0, rising}, {500, 1, 0, rising}, {250, 1, 0, scattered}, {250, 100, 0, rising}, {250, 1, 1, rising}} {
		b.Run(fmt.Sprintf("batch=%d/accounts=%d/subscribers=%d/keys=%s", c.size, c.accounts, c.subscribers, c.keys), func(b *testing.B) {
			s := benchStore(b, Options{})
			l := &life{b: b, s: s, ids: accounts(b, s, c.accounts), size: c.size, keys: c.keys}
			for range c.subscribers {
				n := &sms.Subscriber{Head: sms.Head{AccountID: l.ids[0], Name: "hook"}, Channel: "webhook"}
				if err := store.Save(b.Context(), s, noon, "bench", n); err != nil {
					b.Fatal(err)
				}
				l.subscriber = n.ID
			}
			b.ReportAllocs()
			b.ResetTimer()
			began, cpu := time.Now(), cpuTime()
			for n := 0; n < b.N; n += c.size {
				l.batch()
			}
			report(b, l.n, began, cpu)
			for i, name := range []string{"accept", "claim", "outcome", "receipt"} {
				b.ReportMetric(float64(l.took[i].Microseconds())/float64(l.n), name+"-µs")
			}
		})
	}
}

// BenchmarkDeliveries is BenchmarkLife of messages that an SMPP login handed in:
// it is told of the answer and of the end.
func BenchmarkDeliveries(b *testing.B) {
	for _, size := range []int{100, 250, 500} {
		b.Run(fmt.Sprint("batch=", size), func(b *testing.B) {
			s := benchStore(b, Options{})
			l := &life{b: b, s: s, ids: accounts(b, s, 1), size: size, keys: rising, notify: sms.NotifyDelivered | sms.NotifyProgress}
			n := &sms.Subscriber{Head: sms.Head{AccountID: l.ids[0], Name: "esme"}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{PasswordHash: "x"}}
			l.ok(store.Save(b.Context(), s, noon, "bench", n))
			l.subscriber = n.ID
			b.ReportAllocs()
			b.ResetTimer()
			began, cpu := time.Now(), cpuTime()
			for n := 0; n < b.N; n += size {
				l.batch()
			}
			report(b, l.n, began, cpu)
			for i, name := range []string{"accept", "claim", "outcome", "receipt", "told", "ack"} {
				b.ReportMetric(float64(l.took[i].Nanoseconds())/1e3/float64(l.n), name+"-µs")
			}
		})
	}
}

type life struct {
	b          *testing.B
	s          *Store
	ids        []int64
	size       int
	keys       keys
	subscriber int64
	notify     sms.Notify // of what the subscriber is told, 0: of everything
	n          int
	took       [6]time.Duration
}

func (l *life) ok(err error) {
	l.b.Helper()
	if err != nil {
		l.b.Fatal(err)
	}
}

func (l *life) batch() {
	ctx, now := l.b.Context(), time.Now()
	calls := make([]sms.Call, l.size)
	for i := range calls {
		calls[i] = oneMessage(l.ids[(l.n+i)%len(l.ids)], l.keys.key(l.n+i), now)
		if m := &calls[i].Messages[0]; l.notify != 0 {
			m.SubscriberID, m.Notify = l.subscriber, l.notify
		}
	}
	lap := cpuTime()
	step := func(i int) {
		t := cpuTime()
		l.took[i] += t - lap
		lap = t
	}
	_, err := l.s.Accept(ctx, now, calls)
	l.ok(err)
	step(0)
	got, _, err := l.s.Claim(ctx, now, store.ClaimRequest{RouteID: 7, ConnectorID: 3, Epoch: 1, Limit: l.size})
	l.ok(err)
	if len(got) != l.size {
		l.b.Fatalf("claimed %d of %d", len(got), l.size)
	}
	step(1)
	outcomes := make([]sms.Outcome, len(got))
	receipts := make([]sms.Receipt, len(got))
	for i, m := range got {
		id := l.keys.key(int(m.ID.Counter()))
		outcomes[i] = sms.Outcome{AttemptRef: sms.AttemptRef{Message: m.ID, Seq: 1, Attempt: m.Sub[0].Attempt, Epoch: 1},
			ConnectorID: 3, Verdict: sms.VerdictAccepted, UpstreamID: id, At: now}
		receipts[i] = sms.Receipt{ConnectorID: 3, IDs: []string{id}, To: m.To, State: sms.PartDelivered, Code: "000", At: now,
			Raw: "id:" + id + " sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000"}
	}
	_, err = l.s.RecordOutcomes(ctx, now, nil, outcomes)
	l.ok(err)
	step(2)
	matched, err := l.s.ApplyReceipts(ctx, now, receipts)
	l.ok(err)
	for _, m := range matched {
		if m.Matched != store.ReceiptApplied {
			l.b.Fatalf("receipt %+v", m)
		}
	}
	step(3)
	if l.subscriber != 0 {
		list, err := l.s.ClaimDeliveries(ctx, now, l.subscriber, 10*l.size, now.Add(time.Minute))
		l.ok(err)
		step(4)
		acked := make([]int64, len(list))
		for i, d := range list {
			acked[i] = d.ID
		}
		if l.notify != 0 && len(list) != 2*l.size {
			l.b.Fatalf("told of %d", len(list))
		}
		l.ok(l.s.AckDeliveries(ctx, acked))
		step(5)
	}
	l.n += l.size
}
