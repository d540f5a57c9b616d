package engine

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const msgCols = `account_id integer not null, grp integer not null, recipient text not null, input text not null, state integer not null, provisional integer not null, reason text not null, code text not null, encoding integer not null, parts integer not null, answered integer not null, units integer not null, price integer not null, charge_on integer not null, reserved integer not null, captured integer not null, released integer not null, reserve_id integer not null, release_id integer not null, route_id integer not null, pinned integer not null, lane integer not null, only_id integer not null, avoid_id integer not null, attempts integer not null, due_at integer not null, expires_at integer not null, close_at integer not null, updated_at integer not null, deadline integer`

type variant struct {
	name       string
	page       int
	queueTable bool
	eventSeq   bool // event(seq pk) + index
	eventBare  bool // event(seq pk), no index
	partIdx    bool
	lazy       bool // deadline not moved at claim
	partRowid  bool
	cache      int
	ckpt       int
	noUp       bool
}

func must(t testing.TB, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}

func setup(t testing.TB, v variant) (*Conn, string) {
	dir, err := os.MkdirTemp("/work/main/.cache", "scratch")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	c, err := Open(dir+"/x.db", ReadWrite, time.Second)
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.Script(fmt.Sprintf(`pragma page_size=%d; pragma journal_mode=wal; pragma synchronous=full; pragma cache_size=%d; pragma wal_autocheckpoint=%d; pragma temp_store=memory`, v.page, -v.cache, v.ckpt)))
	must(t, c.Script(`create table message(id integer primary key, `+msgCols+`) strict;
	create index message_deadline on message(deadline) where deadline is not null;
	create table grp(account_id integer not null, number integer not null, first_message integer not null, first_recipient integer not null, count integer not null, type text not null, sender text not null, text text not null, file text not null, language text not null, duration integer not null, face text not null, at integer not null, send_at integer not null, primary key(account_id, number)) without rowid, strict;
	create table idem(account_id integer not null, key text not null, until integer not null, grp integer not null, primary key(account_id, key)) without rowid, strict;
	create index idem_until on idem(until);
	create table account(id integer primary key, posted integer, reserved integer, credit_limit integer, ng integer, nr integer, ni integer) strict;
	create table transfer(id integer primary key, account_id integer not null, kind integer not null, amount integer not null, at integer not null) strict;
	create index transfer_account on transfer(account_id, id);
	create table upstream(scope integer not null, key text not null, message_id integer not null, seq integer not null, primary key(scope, key, message_id, seq)) without rowid, strict;
	insert into account values(1,1000000000000,0,0,1,1,1)`))
	if v.queueTable {
		must(t, c.Script(`create table queue(route_id integer not null, lane integer not null, due_at integer not null, id integer not null, only_id integer not null, avoid_id integer not null, primary key(route_id, lane, due_at, id)) without rowid, strict`))
	} else {
		must(t, c.Script(`create index message_queue on message(route_id, lane, due_at, id, only_id, avoid_id) where state = 2`))
	}
	part := `create table part(message_id integer not null, seq integer not null, state integer not null, connector_id integer not null, upstream_id text not null, attempt integer not null, epoch integer not null, unknowns integer not null, code text not null, captured integer not null, capture_id integer not null, at integer not null, primary key(message_id, seq))`
	if v.partRowid {
		must(t, c.Script(part+` strict`))
	} else {
		must(t, c.Script(part+` without rowid, strict`))
	}
	if v.partIdx {
		must(t, c.Script(`create index part_sending on part(epoch) where state = 2`))
	}
	ev := ` account_id integer not null, message_id integer not null, at integer not null, trigger integer not null, state integer not null, part integer not null, connector_id integer not null, reason text not null, code text not null, receipt text`
	if v.eventSeq || v.eventBare {
		must(t, c.Script(`create table event(seq integer primary key,`+ev+`) strict`))
		if v.eventSeq {
			must(t, c.Script(`create index event_message on event(message_id)`))
		}
	} else {
		must(t, c.Script(`create table event(seq integer not null,`+ev+`, primary key(message_id, seq)) without rowid, strict`))
	}
	return c, dir
}

func q(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

func lifecycle(t testing.TB, c *Conn, v variant, batches, size int) (d [4]time.Duration) {
	p := func(s string) *Stmt {
		st, err := c.Prepare(s)
		must(t, err)
		return st
	}
	begin, commit := p("begin immediate"), p("commit")
	insMsg := p("insert into message values(" + q(31) + ")")
	insGrp := p("insert into grp values(" + q(14) + ")")
	insIdem := p("insert into idem values(" + q(4) + ")")
	insEv := p("insert into event values(" + q(11) + ")")
	selMsg := p("select * from message where id = ?")
	selGrp := p("select * from grp where account_id=? and number=?")
	insPart := p("insert into part values(" + q(12) + ")")
	selPart := p("select * from part where message_id = ? order by seq")
	updPart := p("update part set state=?, connector_id=?, upstream_id=?, attempt=?, epoch=?, unknowns=?, code=?, captured=?, capture_id=?, at=? where message_id=? and seq=?")
	updMsg := p("update message set state=?, provisional=?, reason=?, code=?, answered=?, captured=?, released=?, release_id=?, only_id=?, avoid_id=?, attempts=?, due_at=?, updated_at=? where id=?")
	updMsgD := p("update message set state=?, provisional=?, reason=?, code=?, answered=?, captured=?, released=?, release_id=?, only_id=?, avoid_id=?, attempts=?, due_at=?, updated_at=?, deadline=? where id=?")
	insUp := p("insert into upstream values(?,?,?,?)")
	selUp := p("select message_id, seq from upstream where scope=? and key=?")
	updAcc := p("update account set posted=?, reserved=?, ng=?, nr=? where id=?")
	insTr := p("insert into transfer values(?,?,?,?,?)")
	var insQ, delQ, selQ *Stmt
	if v.queueTable {
		insQ = p("insert into queue values(?,?,?,?,?,?)")
		delQ = p("delete from queue where route_id=? and lane=? and due_at=? and id=?")
		selQ = p("select id, due_at from queue where route_id=? and lane=? and due_at<=? order by due_at, id limit ?")
	} else {
		selQ = p("select id, due_at from message indexed by message_queue where state = 2 and route_id=? and lane=? and due_at<=? order by due_at, id limit ?")
	}
	now := int64(1764000000000000)
	id0 := int64(20000) << 37
	seq := int64(0)
	event := func(id int64, trig int64, receipt string) {
		seq++
		insEv.Int(seq)
		insEv.Int(1)
		insEv.Int(id)
		insEv.Int(now)
		insEv.Int(trig)
		insEv.Int(2)
		insEv.Int(0)
		insEv.Int(3)
		insEv.Text("")
		insEv.Text("")
		if receipt == "" {
			insEv.Null()
		} else {
			insEv.Text(receipt)
		}
		must(t, insEv.Run())
	}
	load := func(id int64) {
		selMsg.Int(id)
		ok, err := selMsg.Next()
		must(t, err)
		if !ok {
			t.Fatal("none")
		}
		for i := 0; i < 31; i++ {
			switch i {
			case 3, 4, 7, 8:
				selMsg.GetText()
			default:
				selMsg.GetInt()
			}
		}
		selMsg.Reset()
	}
	loadPart := func(id int64) {
		selPart.Int(id)
		for {
			ok, err := selPart.Next()
			must(t, err)
			if !ok {
				break
			}
			for i := 0; i < 12; i++ {
				switch i {
				case 4, 8:
					selPart.GetText()
				default:
					selPart.GetInt()
				}
			}
		}
	}
	update := func(id, state int64, deadline *int64) {
		st := updMsg
		if deadline != nil {
			st = updMsgD
		}
		st.Int(state)
		st.Int(0)
		st.Text("")
		st.Text("")
		for i := 0; i < 7; i++ {
			st.Int(0)
		}
		st.Int(now)
		st.Int(now)
		if deadline != nil {
			if *deadline == 0 {
				st.Null()
			} else {
				st.Int(*deadline)
			}
		}
		st.Int(id)
		must(t, st.Run())
	}
	updatePart := func(id, state int64, up string) {
		updPart.Int(state)
		updPart.Int(3)
		updPart.Text(up)
		updPart.Int(1)
		updPart.Int(7)
		updPart.Int(0)
		updPart.Text("")
		updPart.Int(350000)
		updPart.Int(7)
		updPart.Int(now)
		updPart.Int(id)
		updPart.Int(1)
		must(t, updPart.Run())
	}
	acct := func() {
		seq++
		updAcc.Int(100)
		updAcc.Int(100)
		updAcc.Int(100)
		updAcc.Int(100)
		updAcc.Int(1)
		must(t, updAcc.Run())
		insTr.Int(seq)
		insTr.Int(1)
		insTr.Int(1)
		insTr.Int(1)
		insTr.Int(now)
		must(t, insTr.Run())
	}
	n := int64(0)
	t0 := cpu()
	for b := 0; b < batches; b++ {
		must(t, begin.Run())
		for i := 0; i < size; i++ {
			n++
			now++
			id := id0 + n
			insGrp.Int(1)
			insGrp.Int(n)
			insGrp.Int(id)
			insGrp.Int(n)
			insGrp.Int(1)
			insGrp.Text("sms")
			insGrp.Text("ACME")
			insGrp.Text("Your code is 123456. Do not share it with anybody, please. Thank you for shopping.")
			insGrp.Text("")
			insGrp.Text("")
			insGrp.Int(0)
			insGrp.Text("smsapi")
			insGrp.Int(now)
			insGrp.Int(0)
			must(t, insGrp.Run())
			insMsg.Int(id)
			insMsg.Int(1)
			insMsg.Int(n)
			insMsg.Text("8801711223344")
			insMsg.Text("")
			insMsg.Int(2)
			insMsg.Int(0)
			insMsg.Text("")
			insMsg.Text("")
			for k := 0; k < 4; k++ {
				insMsg.Int(1)
			}
			insMsg.Int(350000)
			insMsg.Int(0)
			insMsg.Int(350000)
			for k := 0; k < 2; k++ {
				insMsg.Int(0)
			}
			insMsg.Int(12345)
			insMsg.Int(0)
			insMsg.Int(1)
			insMsg.Int(0)
			insMsg.Int(1)
			insMsg.Int(0)
			insMsg.Int(0)
			insMsg.Int(0)
			insMsg.Int(now)
			insMsg.Int(now + 86400e6)
			insMsg.Int(now + 3*86400e6)
			insMsg.Int(now)
			insMsg.Int(now + 86400e6)
			must(t, insMsg.Run())
			if v.queueTable {
				insQ.Int(1)
				insQ.Int(1)
				insQ.Int(now)
				insQ.Int(id)
				insQ.Int(0)
				insQ.Int(0)
				must(t, insQ.Run())
			}
			event(id, 1, "")
			insIdem.Int(1)
			insIdem.Text(fmt.Sprintf("%08x-%d", uint32(n*2654435761), n))
			insIdem.Int(now + 86400e6)
			insIdem.Int(n)
			must(t, insIdem.Run())
		}
		acct()
		must(t, commit.Run())
	}
	d[0] = cpu() - t0
	t0 = cpu()
	var ids, dues []int64
	for b := 0; b < batches; b++ {
		must(t, begin.Run())
		ids, dues = ids[:0], dues[:0]
		selQ.Int(1)
		selQ.Int(1)
		selQ.Int(now + 1e9)
		selQ.Int(int64(size))
		for {
			ok, err := selQ.Next()
			must(t, err)
			if !ok {
				break
			}
			ids = append(ids, selQ.GetInt())
			dues = append(dues, selQ.GetInt())
		}
		if len(ids) != size {
			t.Fatal(len(ids))
		}
		for i, id := range ids {
			load(id)
			selGrp.Int(1)
			selGrp.Int(id - id0)
			ok, err := selGrp.Next()
			must(t, err)
			if !ok {
				t.Fatal("nogrp")
			}
			for i := 0; i < 14; i++ {
				switch i {
				case 5, 6, 7, 8, 9, 11:
					selGrp.GetText()
				default:
					selGrp.GetInt()
				}
			}
			selGrp.Reset()
			if v.queueTable {
				delQ.Int(1)
				delQ.Int(1)
				delQ.Int(dues[i])
				delQ.Int(id)
				must(t, delQ.Run())
			}
			insPart.Int(id)
			insPart.Int(1)
			insPart.Int(2)
			insPart.Int(3)
			insPart.Text("")
			insPart.Int(1)
			insPart.Int(7)
			insPart.Int(0)
			insPart.Text("")
			insPart.Int(0)
			insPart.Int(0)
			insPart.Int(now)
			must(t, insPart.Run())
			if v.lazy {
				update(id, 3, nil)
			} else {
				dl := now + 3*86400e6
				update(id, 3, &dl)
			}
			event(id, 3, "")
		}
		must(t, commit.Run())
	}
	d[1] = cpu() - t0
	t0 = cpu()
	key := func(n int64) string { return fmt.Sprintf("%x-%d", n*2654435761, n) }
	for b := 0; b < batches; b++ {
		must(t, begin.Run())
		for i := 0; i < size; i++ {
			n := int64(b*size + i + 1)
			id := id0 + n
			load(id)
			loadPart(id)
			k := key(n)
			updatePart(id, 4, k)
			update(id, 5, nil)
			event(id, 7, "")
			if !v.noUp {
				insUp.Int(3)
				insUp.Text(k)
				insUp.Int(id)
				insUp.Int(1)
				must(t, insUp.Run())
			}
		}
		acct()
		must(t, commit.Run())
	}
	d[2] = cpu() - t0
	t0 = cpu()
	for b := 0; b < batches; b++ {
		must(t, begin.Run())
		for i := 0; i < size; i++ {
			n := int64(b*size + i + 1)
			id := id0 + n
			k := key(n)
			if !v.noUp {
				selUp.Int(3)
				selUp.Text(k)
				ok, err := selUp.Next()
				must(t, err)
				if !ok {
					t.Fatal("noup")
				}
				id = selUp.GetInt()
				selUp.Reset()
			}
			load(id)
			loadPart(id)
			updatePart(id, 5, k)
			var zero int64
			update(id, 6, &zero)
			event(id, 8, "id:"+k+" sub:001 dlvrd:001 submit date:2611242200 done date:2611242201 stat:DELIVRD err:000")
		}
		acct()
		must(t, commit.Run())
	}
	d[3] = cpu() - t0
	return d
}

func TestScratch(t *testing.T) {
	base := variant{name: "base", page: 4096, cache: 65536, ckpt: 4000, lazy: true}
	vs := []variant{base}
	add := func(name string, f func(*variant)) {
		v := base
		f(&v)
		v.name = name
		vs = append(vs, v)
	}
	add("queueTable", func(v *variant) { v.queueTable = true })
	add("eventSeq+index", func(v *variant) { v.eventSeq = true })
	add("eventSeq bare", func(v *variant) { v.eventBare = true })
	add("partIdx", func(v *variant) { v.partIdx = true })
	add("partRowid", func(v *variant) { v.partRowid = true })
	add("notlazy", func(v *variant) { v.lazy = false })
	add("page8k", func(v *variant) { v.page = 8192 })
	add("page16k", func(v *variant) { v.page = 16384 })
	add("cache256M", func(v *variant) { v.cache = 262144 })
	add("ckpt1000", func(v *variant) { v.ckpt = 1000 })
	add("ckpt16000", func(v *variant) { v.ckpt = 16000 })
	add("noUp", func(v *variant) { v.noUp = true })
	add("base again", func(v *variant) {})
	for _, v := range vs {
		if f := os.Getenv("V"); f != "" && !strings.Contains(v.name, f) {
			continue
		}
		c, _ := setup(t, v)
		batches, size := 200, 250
		d := lifecycle(t, c, v, batches, size)
		total := d[0] + d[1] + d[2] + d[3]
		n := float64(batches * size)
		fmt.Printf("%-16s accept %5.1f claim %5.1f outcome %5.1f receipt %5.1f µs/msg  -> %6.0f msg/s\n", v.name, us(d[0], n), us(d[1], n), us(d[2], n), us(d[3], n), n/total.Seconds())
	}
}

func us(d time.Duration, n float64) float64 { return float64(d.Microseconds()) / n }

func cpu() time.Duration {
	var r syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
