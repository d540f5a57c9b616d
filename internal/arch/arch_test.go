package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestTheTree is the test of the house itself.
func TestTheTree(t *testing.T) {
	root := filepath.Join("..", "..")
	tree, err := ReadTree(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) < 20 {
		t.Errorf("only %d files in %s: this is not the tree", len(tree.Files), root)
	}
	text, err := os.ReadFile("allow.txt")
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := ParseAllowances(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Check(tree, allowed) {
		t.Error(f)
	}
}

// check runs the rules over a fake tree and prints the findings without the hints.
func check(t *testing.T, files map[string]string, allowed ...Allowance) []string {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.org/h\n\ngo 1.26\n")}}
	for name, src := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
	}
	tree, err := ReadTree(fsys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range Check(tree, allowed) {
		first, _, _ := strings.Cut(f.String(), "\n")
		got = append(got, first)
	}
	return got
}

func imports(pkg string, paths ...string) string {
	s := "package " + pkg + "\n"
	for _, p := range paths {
		s += fmt.Sprintf("import _ %q\n", p)
	}
	return s
}

func TestImports(t *testing.T) {
	const m = "example.org/h/"
	tests := []struct {
		name, file string
		imports    []string
		want       []string // the part after the place
	}{
		{"own folder below", "internal/sms/a.go", []string{m + "internal/sms/numplan", m + "gsm", "time", "github.com/x/y"}, nil},
		{"folder below to its room", "internal/sms/numplan/a.go", []string{m + "internal/sms"}, nil},
		{"allowed", "internal/flow/a.go", []string{m + "internal/sms", m + "gsm", m + "internal/store", m + "internal/connect", m + "internal/obs"}, nil},
		{"program", "cmd/harkara/a.go", []string{m + "internal/portal", m + "internal/store/sqlite", m + "internal/connect/smppc", m + "internal/sim"}, nil},
		{"e2e", "e2e/a_test.go", []string{m + "cmd/harkara", m + "internal/sim"}, nil},
		{"sqlite", "internal/store/sqlite/a.go", []string{m + "internal/store/sqlstore"}, nil},
		{"connector", "internal/connect/voice/a.go", []string{m + "internal/connect", m + "internal/egress"}, nil},
		{"connector's test", "internal/connect/smppc/a_test.go", []string{m + "internal/connect/connecttest", m + "smpp/smpptest"}, nil},
		{"suite", "internal/store/storetest/a.go", []string{m + "internal/store", m + "internal/store/memory"}, nil},
		{"flow's test", "internal/flow/a_test.go", []string{m + "internal/store/memory", m + "internal/connect/fake"}, nil},

		{"public", "gsm/a.go", []string{m + "internal/sms"}, []string{"gsm must not import sms: public packages stand alone, so that others can use them; it may import nothing of this module"}},
		{"public to obs", "smpp/a.go", []string{m + "internal/obs"}, []string{"smpp must not import obs: public packages stand alone, so that others can use them; it may import nothing of this module"}},
		{"domain", "internal/sms/a.go", []string{m + "internal/obs"}, []string{"sms must not import obs: nouns know nothing: everybody imports the domain, so it imports nobody but gsm; it may import gsm"}},
		{"domain's test", "internal/sms/a_test.go", []string{m + "internal/store"}, []string{"sms must not import store: nouns know nothing: everybody imports the domain, so it imports nobody but gsm; it may import gsm"}},
		{"contract", "internal/store/a.go", []string{m + "internal/obs"}, []string{"store must not import obs: a contract speaks in nouns of sms only; adapters and the flow depend on it, never the other way; it may import sms"}},
		{"flow to adapter", "internal/flow/a.go", []string{m + "internal/store/sqlite"}, []string{"flow must not import store/sqlite: the stores' adapters are known to cmd only; ask for an interface of store; it may import connect, gsm, obs, sms, store"}},
		{"flow to double", "internal/flow/a.go", []string{m + "internal/store/memory"}, []string{"flow must not import store/memory: suites and test doubles are for tests; it may import connect, gsm, obs, sms, store"}},
		{"flow to connector", "internal/flow/a.go", []string{m + "internal/connect/smppc"}, []string{"flow must not import connect/smppc: connectors are known to cmd/harkara/connectors.go only; it may import connect, gsm, obs, sms, store"}},
		{"flow to face", "internal/flow/a.go", []string{m + "internal/smsapi"}, []string{"flow must not import smsapi: nothing but cmd knows the faces; it may import connect, gsm, obs, sms, store"}},
		{"flow to protocol", "internal/flow/a.go", []string{m + "smpp"}, []string{"flow must not import smpp: the flow knows the story through contracts and never an adapter, a connector or a face; it may import connect, gsm, obs, sms, store"}},
		{"connector to connector", "internal/connect/voice/a.go", []string{m + "internal/connect/mms"}, []string{"connect/voice must not import connect/mms: a connector knows its protocol and the contract: never the flow, the store or another connector; it may import connect, egress, gsm, obs, sms"}},
		{"connector to another protocol", "internal/connect/voice/a.go", []string{m + "smpp"}, []string{"connect/voice must not import smpp: a connector knows its protocol and the contract: never the flow, the store or another connector; it may import connect, egress, gsm, obs, sms"}},
		{"face to face", "internal/api/a.go", []string{m + "internal/smsapi"}, []string{"api must not import smsapi: a face translates its protocol to the flow's words: never another face, never an adapter; it may import account, admin, campaign, flow, gsm, obs, sms, store"}},
		{"simulator", "internal/sim/a.go", []string{m + "internal/sms"}, []string{"sim must not import sms: the far ends must be independent of the product, or they prove nothing; it may import gsm, obs, smpp, smpp/smpptest"}},
		{"to a program", "internal/admin/a.go", []string{m + "cmd/harkara"}, []string{"admin must not import cmd/harkara: nothing imports a program or the tests of the whole; it may import account, egress, flow, obs, sms, store"}},
		{"unknown room", "internal/magic/a.go", nil, []string{"the folder internal/magic is no room of the table (internal/arch/table.go, design.md §2): put the code into a room, or add a row with its reason"}},
		{"root", "a.go", nil, []string{"the folder . is no room of the table (internal/arch/table.go, design.md §2): put the code into a room, or add a row with its reason"}},
		{"to an unknown room", "internal/api/a.go", []string{m + "internal/magic"}, []string{"api must not import magic: a face translates its protocol to the flow's words: never another face, never an adapter; it may import account, admin, campaign, flow, gsm, obs, sms, store"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := check(t, map[string]string{tt.file: imports("p", tt.imports...)})
			for i := range got {
				got[i] = regexp.MustCompile(`^[^ ]+: import: `).ReplaceAllString(got[i], "")
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
	if got := check(t, map[string]string{"cmd/harkara/a.go": imports("main", "C")}); len(got) != 1 || !strings.HasPrefix(got[0], "cmd/harkara/a.go:2: cgo: ") {
		t.Errorf("got %v", got)
	}
}

// lines returns a source of n lines in which a function has body lines.
func lines(n, body int) string {
	s := "package p\n\nfunc F() {\n" + strings.Repeat("\t_ = 0\n", body-2) + "}\n"
	return s + strings.Repeat("\n", n-strings.Count(s, "\n"))
}

func wide(name string, n int) string {
	s := "package p\n\ntype " + name + " interface {\n"
	for i := range n {
		s += fmt.Sprintf("\tM%d()\n", i)
	}
	return s + "}\n"
}

func TestHabits(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"within", map[string]string{"gsm/a.go": lines(500, 60), "gsm/a_test.go": lines(800, 120)}, nil},
		{"soft", map[string]string{"gsm/a.go": lines(501, 61), "gsm/a_test.go": lines(801, 121)}, []string{
			"gsm/a.go: file-lines: 501 lines; the habit is 500, the limit 800",
			"gsm/a.go:3: func-lines: F has 61 lines; the habit is 60, the limit 100",
			"gsm/a_test.go: file-lines: 801 lines; the habit is 800, the limit 1200",
			"gsm/a_test.go:3: func-lines: F has 121 lines; the habit is 120, the limit 250"}},
		{"generated", map[string]string{"gsm/a.go": "// Code generated by x. DO NOT EDIT.\n" + lines(2000, 200)}, nil},
		{"method", map[string]string{"gsm/a.go": strings.Replace(lines(70, 61), "func F", "func (t *T[K, V]) F", 1), "gsm/b.go": strings.Replace(lines(70, 61), "func F", "func (t T[K]) F", 1)}, []string{
			"gsm/a.go:3: func-lines: T.F has 61 lines; the habit is 60, the limit 100",
			"gsm/b.go:3: func-lines: T.F has 61 lines; the habit is 60, the limit 100"}},
		{"interface", map[string]string{"gsm/a.go": wide("I", 5), "gsm/b.go": wide("J", 6)}, []string{
			"gsm/b.go:3: methods: J has 6 methods; the habit is 5, the limit 7: let each user name the few that it needs"}},
		{"interface of interfaces", map[string]string{"gsm/a.go": "package p\ntype I interface { A; B; C; D; E; F; G; H; int | string }\n"}, nil},
		{"init", map[string]string{"gsm/a.go": "package p\nfunc init() {}\ntype T int\nfunc (T) init() {}\n"}, []string{
			"gsm/a.go:2: init: no init(): what happens at the start stands in cmd, where it can be read and tested"}},
		{"names", map[string]string{"gsm/a.go": "package util\n", "gsm/helpers_test.go": "package gsm\n", "gsm/types.go": "package gsm\n"}, []string{
			`gsm/a.go: name: "util" says nothing: name it after what it does, or put the code beside its only user`,
			`gsm/helpers_test.go: name: "helpers" says nothing: name it after what it does, or put the code beside its only user`,
			`gsm/types.go: name: "types" says nothing: name it after what it does, or put the code beside its only user`}},
		{"not go", map[string]string{"gsm/a.go": "package p\nfunc {\n"}, []string{"gsm/a.go: parse: cannot be read: gsm/a.go:2:6: expected 'IDENT', found '{'"}},
		{"left out", map[string]string{"gsm/testdata/a.go": "package util", "node_modules/x/a.go": "package util", ".cache/a.go": "package util", "_x/a.go": "package util", "vendor/a/a.go": "package util"}, nil},
		{"domain", map[string]string{"internal/sms/a.go": "package sms\nimport \"os\"\nimport clock \"time\"\nvar x = clock.Now()\nvar d = clock.Second\n"}, []string{
			"internal/sms/a.go:2: stdlib: sms must not use os: it has no I/O and no clock, time comes in as now",
			"internal/sms/a.go:4: stdlib: sms must not use time.Now: it has no I/O and no clock, time comes in as now"}},
		{"domain's tests and tools", map[string]string{"internal/sms/numplan/gen/main.go": "package main\nimport \"os\"\n", "internal/sms/a_test.go": "package sms\nimport \"os\"\n", "gsm/gen.go": "//go:build ignore\n\npackage main\nimport \"os\"\n"}, nil},
		{"another constraint is no tool", map[string]string{"gsm/a.go": "//go:build linux\n\npackage gsm\nimport \"os\"\n"}, []string{
			"gsm/a.go:4: stdlib: gsm must not use os: it has no I/O and no clock, time comes in as now"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := check(t, tt.files); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

const sleepy = `package p

import (
	"testing"
	"testing/synctest"
	tm "time"
)

func TestA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { tm.Sleep(tm.Second) })
	synctest.Test(t, inBubble)
}

func inBubble(t *testing.T) { tm.Sleep(tm.Second) }

func TestB(t *testing.T) { tm.Sleep(tm.Second) }

var f = func() { tm.Sleep(1) }
`

func TestSleeps(t *testing.T) {
	const why = ": sleep: time.Sleep in a test is slow or wrong: wait for a signal, or use testing/synctest"
	got := check(t, map[string]string{"gsm/a_test.go": sleepy, "internal/store/storetest/a.go": "package storetest\nimport \"time\"\nfunc F() { time.Sleep(1) }\n",
		"internal/sim/a.go": "package sim\nimport \"time\"\nfunc F() { time.Sleep(1) }\n"})
	want := []string{"gsm/a_test.go:16" + why, "gsm/a_test.go:18" + why, "internal/store/storetest/a.go:3" + why}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if got := check(t, map[string]string{"gsm/a_test.go": sleepy}, Allowance{Kind: Sleep, Subject: "gsm/a_test.go#TestB"}, Allowance{Kind: Sleep, Subject: "gsm/a_test.go"}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestShares(t *testing.T) {
	files := map[string]string{"gsm/a_test.go": lines(700, 3)}
	for i := range 9 {
		files[fmt.Sprintf("gsm/a%d.go", i)] = lines(223, 3)
	}
	rooms := []string{"smpp", "client", "internal/sms", "internal/flow", "internal/store", "internal/obs", "internal/run", "internal/api"}
	for i := range 20 {
		for _, r := range rooms[:4] {
			files[fmt.Sprintf("%s/a%d.go", r, i)] = lines(100, 3)
		}
	}
	// 2,007 of 10,007 lines: just above a fifth.
	if got := check(t, files); len(got) != 1 || got[0] != "gsm: share: 2007 of 10007 lines are in this package; the habit is one in 5 at most" {
		t.Errorf("got %v", got)
	}
	if got := check(t, files, Allowance{Kind: Share, Subject: "gsm"}); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	files["gsm/a0.go"] = lines(215, 3) // 1,999 of 9,999: too little code to tell
	if got := check(t, files); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func TestAllowances(t *testing.T) {
	allowed, err := ParseAllowances("# comment\n\n func-lines  gsm/a.go#F   the table of all states\nfile-lines gsm/b.go it is one long table\n")
	if err != nil || len(allowed) != 2 || allowed[0] != (Allowance{FuncLines, "gsm/a.go#F", "the table of all states", 3}) {
		t.Fatalf("%+v, %v", allowed, err)
	}
	files := map[string]string{"gsm/a.go": lines(80, 70), "gsm/b.go": lines(600, 3)}
	if got := check(t, files, allowed...); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := check(t, files, allowed[0]); len(got) != 1 || !strings.Contains(got[0], "gsm/b.go: file-lines") {
		t.Errorf("got %v", got)
	}
	files["gsm/a.go"], files["gsm/b.go"] = lines(110, 101), lines(6, 3)
	want := []string{"gsm/a.go:3: func-lines: F has 101 lines; the habit is 60, the limit 100",
		"internal/arch/allow.txt:3: stale: func-lines gsm/a.go#F is not found any more, or is past the hard limit: take the line out",
		"internal/arch/allow.txt:4: stale: file-lines gsm/b.go is not found any more, or is past the hard limit: take the line out"}
	if got := check(t, files, allowed...); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	for _, bad := range []string{"func-lines", "func-lines gsm/a.go#F", "func-lines gsm/a.go#F too long"} {
		if _, err := ParseAllowances(bad); err == nil || !strings.HasPrefix(err.Error(), "allow.txt:1: write a kind, a subject and a reason") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestFindingsTellHowToAllowThem(t *testing.T) {
	f := Finding{Kind: FuncLines, Path: "gsm/a.go", Line: 3, Name: "F", Why: "too long"}
	if got := f.String(); got != "gsm/a.go:3: func-lines: too long\n\t(with a good reason: add \"func-lines gsm/a.go#F\" and the reason to internal/arch/allow.txt)" {
		t.Error(got)
	}
	f.Hard = true
	if got := f.String(); got != "gsm/a.go:3: func-lines: too long" {
		t.Error(got)
	}
}

func TestTreesThatCannotBeRead(t *testing.T) {
	if _, err := ReadTree(fstest.MapFS{}); err == nil {
		t.Error("no go.mod, no error")
	}
	if _, err := ReadTree(fstest.MapFS{"go.mod": {Data: []byte("go 1.26\n")}}); err == nil || err.Error() != "go.mod names no module" {
		t.Errorf("got %v", err)
	}
	if _, err := ReadTree(os.DirFS("/does/not/exist")); err == nil {
		t.Error("no error")
	}
}

// Every name in the table is a row of its own, so that a slip of the pen there
// opens nothing.
func TestTableIsConsistent(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range table {
		if seen[r.name] {
			t.Errorf("%s stands there twice", r.name)
		}
		seen[r.name] = true
		if r.why == "" && !slices.Contains(r.may, everything) {
			t.Errorf("%s has no reason", r.name)
		}
	}
	for _, r := range table {
		for _, m := range append(slices.Clone(r.may), r.tests...) {
			if _, ok := roomOf(m); !ok && m != everything {
				t.Errorf("%s may import %s, which is no room", r.name, m)
			}
		}
	}
}
