package storetest

import (
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/store"
)

func auditCases() []testCase {
	return []testCase{
		{"counts are added", auditAdd},
		{"latest first, by account, limit", auditList},
		{"ten thousand rows", auditCap},
	}
}

func (f *fix) failures(account int64, limit int) []store.AuthFailure {
	f.Helper()
	list, err := f.s.AuthFailures(f.ctx, account, limit)
	f.ok(err)
	return list
}

func auditAdd(f *fix) {
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	row := store.AuthFailure{AccountID: 1, APIKey: "key", From: "203.0.113.9", Reason: "token", Count: 2, First: at(10), Last: at(20)}
	earlier, later := row, row
	earlier.Count, earlier.First, earlier.Last = 1, at(5), at(15)
	later.Count, later.First, later.Last = 4, at(12), at(30)
	f.ok(f.s.AddAuthFailures(f.ctx, []store.AuthFailure{row, earlier}))
	sum := row
	sum.Count, sum.First = 3, at(5)
	want(f, "an earlier one", f.failures(0, 10), []store.AuthFailure{sum})
	f.ok(f.s.AddAuthFailures(f.ctx, []store.AuthFailure{later}))
	f.ok(f.s.AddAuthFailures(f.ctx, nil))
	sum.Count, sum.Last = 7, at(30)
	want(f, "one row", f.failures(0, 10), []store.AuthFailure{sum})
	for _, edit := range []func(*store.AuthFailure){
		func(x *store.AuthFailure) { x.AccountID = 0 },
		func(x *store.AuthFailure) { x.APIKey = "Key" },
		func(x *store.AuthFailure) { x.From = "203.0.113.8" },
		func(x *store.AuthFailure) { x.Reason = "address" },
	} {
		x := row
		edit(&x)
		f.ok(f.s.AddAuthFailures(f.ctx, []store.AuthFailure{x}))
	}
	want(f, "rows of their own", len(f.failures(0, 10)), 5)
}

func auditList(f *fix) {
	var all []store.AuthFailure
	for i, account := range []int64{1, 2, 1, 0, 2} {
		at := noon.Add(time.Duration(i%3) * time.Hour).Add(time.Duration(i) * time.Minute)
		all = append(all, store.AuthFailure{AccountID: account, APIKey: fmt.Sprint(i), Count: 1, First: at, Last: at})
	}
	f.ok(f.s.AddAuthFailures(f.ctx, all))
	keys := func(account int64, limit int) (s string) {
		for _, x := range f.failures(account, limit) {
			s += x.APIKey
		}
		return s
	}
	want(f, "all", keys(0, 10), "24130")
	want(f, "limit", keys(0, 2), "24")
	want(f, "of an account", keys(2, 10), "41")
	want(f, "of nobody", keys(77, 10), "")
}

func auditCap(f *fix) {
	const kept = 10_000
	var all []store.AuthFailure
	for i := range kept + 50 {
		at := noon.Add(time.Duration(i) * time.Second)
		all = append(all, store.AuthFailure{APIKey: fmt.Sprint(i), Count: 1, First: at, Last: at})
	}
	f.ok(f.s.AddAuthFailures(f.ctx, all[:kept+20]))
	f.ok(f.s.AddAuthFailures(f.ctx, all[kept+20:]))
	list := f.failures(0, 2*kept)
	want(f, "rows", len(list), kept)
	want(f, "latest and oldest", []string{list[0].APIKey, list[kept-1].APIKey}, []string{fmt.Sprint(kept + 49), "50"})
}
