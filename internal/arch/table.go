package arch

import (
	"fmt"
	"slices"
	"strings"
)

// everything stands for all rooms.
const everything = "*"

// room is a row of the import table. Its name is its folder, without internal/;
// folders below belong to it unless they have a row of their own. A name that ends
// in /* is a row for each folder there.
type room struct {
	name string
	may  []string // rooms that it may import, besides obs
	why  string   // the reason for the limit
	// noObs keeps logs and metrics out too.
	noObs bool
	// tests are what its tests may import besides.
	tests []string
}

// For tests, and for cmd: stand-ins for the real things, and with them the suites.
var (
	standIns = []string{"store/memory", "connect/fake", "smpp/smpptest", "sim"}
	doubles  = append([]string{"store/storetest", "connect/connecttest"}, standIns...)
)

const (
	whyPublic = "public packages stand alone, so that others can use them"
	whyDomain = "nouns know nothing: everybody imports the domain, so it imports nobody but gsm"
	whySeam   = "a contract speaks in nouns of sms only; adapters and the flow depend on it, never the other way"
	whyFlow   = "the flow knows the story through contracts and never an adapter, a connector or a face"
	whyAside  = "what stands beside the flow uses the contracts, never an adapter or a face"
	whyStore  = "an adapter knows its engine and the contract, nothing of the flow"
	whyLink   = "a connector knows its protocol and the contract: never the flow, the store or another connector"
	whyFace   = "a face translates its protocol to the flow's words: never another face, never an adapter"
	whySim    = "the far ends must be independent of the product, or they prove nothing"
	whyBase   = "boot, logs and the start and stop of the process know nothing of the product"
	whySuite  = "a suite holds every adapter to its contract, so it knows none of them"
)

// table is design.md §2.
var table = []room{
	{name: "gsm", why: whyPublic, noObs: true},
	{name: "smpp", why: whyPublic, noObs: true, tests: []string{"smpp/smpptest"}},
	{name: "smpp/smpptest", may: []string{"smpp"}, why: whyPublic, noObs: true},
	{name: "client", why: whyPublic, noObs: true},

	{name: "sms", may: []string{"gsm"}, why: whyDomain, noObs: true},
	{name: "store", may: []string{"sms"}, why: whySeam, noObs: true, tests: doubles},
	{name: "connect", may: []string{"sms", "gsm"}, why: whySeam, noObs: true, tests: doubles},
	{name: "egress", may: []string{"sms"}, why: whyAside},
	{name: "flow", may: []string{"sms", "gsm", "store", "connect"}, why: whyFlow, tests: doubles},

	{name: "webhook", may: []string{"sms", "store", "egress"}, why: whyAside, tests: doubles},
	{name: "account", may: []string{"sms", "store", "egress"}, why: whyAside, tests: doubles},
	{name: "campaign", may: []string{"sms", "store", "egress", "flow"}, why: whyAside, tests: doubles},
	{name: "admin", may: []string{"sms", "store", "egress", "flow", "account"}, why: whyAside, tests: doubles},

	{name: "store/sqlstore", may: []string{"sms", "store"}, why: whyStore, tests: doubles},
	{name: "store/memory", may: []string{"sms", "store"}, why: whyStore, tests: doubles},
	{name: "store/sqlite", may: []string{"sms", "store", "store/sqlstore"}, why: whyStore, tests: doubles},
	{name: "store/postgres", may: []string{"sms", "store", "store/sqlstore"}, why: whyStore, tests: doubles},
	{name: "store/storetest", may: append([]string{"store", "sms"}, standIns...), why: whySuite},

	{name: "connect/smppc", may: []string{"sms", "gsm", "connect", "egress", "smpp"}, why: whyLink, tests: doubles},
	{name: "connect/*", may: []string{"sms", "gsm", "connect", "egress"}, why: whyLink, tests: doubles},
	{name: "connect/connecttest", may: append([]string{"connect", "sms", "gsm"}, standIns...), why: whySuite},

	{name: "smsapi", may: face, why: whyFace, tests: doubles},
	{name: "api", may: face, why: whyFace, tests: doubles},
	{name: "smppd", may: append([]string{"smpp"}, face...), why: whyFace, tests: doubles},
	{name: "portal", may: face, why: whyFace, tests: doubles},

	{name: "sim", may: []string{"smpp", "smpp/smpptest", "gsm"}, why: whySim},
	{name: "config", may: []string{"run", "obs"}, why: whyBase},
	{name: "run", may: []string{"config", "obs"}, why: whyBase},
	{name: "obs", may: []string{"config", "run"}, why: whyBase},
	{name: "arch", why: "the test of the shape must not depend on what it tests", noObs: true},

	{name: "cmd", may: []string{everything}},
	{name: "e2e", may: []string{everything}},
	{name: "bench", may: []string{everything}},
}

// face is what a face may import.
var face = []string{"sms", "gsm", "flow", "account", "campaign", "admin", "store"}

// roomOf finds the row of a folder. A row for each folder (/*) is returned with
// that folder's name.
func roomOf(dir string) (room, bool) {
	name := strings.TrimPrefix(dir, "internal/")
	for n := name; n != "." && n != ""; {
		for _, r := range table {
			if r.name == n {
				return r, true
			}
		}
		parent, _, found := cutLast(n)
		if !found {
			break
		}
		for _, r := range table {
			if r.name == parent+"/*" {
				r.name = n
				return r, true
			}
		}
		n = parent
	}
	return room{}, false
}

// cutLast splits at the last slash.
func cutLast(p string) (parent, base string, found bool) {
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		return p[:i], p[i+1:], true
	}
	return p, "", false
}

// checkImports holds the imports of a file against the table.
func checkImports(module string, f *File) []Finding {
	var found []Finding
	add := func(line int, kind Kind, why string) {
		found = append(found, Finding{Kind: kind, Path: f.Path, Line: line, Hard: true, Why: why})
	}
	from, known := roomOf(f.Dir())
	if !known {
		add(0, Import, fmt.Sprintf("the folder %s is no room of the table (internal/arch/table.go, design.md §2): "+
			"put the code into a room, or add a row with its reason", f.Dir()))
		return found
	}
	for _, e := range f.Imports {
		if e.Path == "C" {
			add(e.Line, Cgo, "the product has no cgo: it must build and run everywhere without a C compiler")
		}
		dir, ours := strings.CutPrefix(e.Path, module+"/")
		if !ours {
			continue
		}
		to, known := roomOf(dir)
		if !known || !from.mayImport(to, f.Test) {
			add(e.Line, Import, fmt.Sprintf("%s must not import %s: %s; it may import %s",
				from.name, strings.TrimPrefix(dir, "internal/"), reason(from, to), from.list(f.Test)))
		}
	}
	return found
}

func (r room) mayImport(to room, test bool) bool {
	return to.name == r.name || slices.Contains(r.may, everything) || slices.Contains(r.may, to.name) ||
		to.name == "obs" && !r.noObs || test && slices.Contains(r.tests, to.name)
}

// reason says why an edge is forbidden: by what is imported where that is clearer.
func reason(from, to room) string {
	switch {
	case from.why == whyPublic || from.why == whyDomain:
		return from.why
	case slices.Contains([]string{"cmd", "e2e", "bench"}, to.name):
		return "nothing imports a program or the tests of the whole"
	case from.name != "sim" && slices.Contains(doubles, to.name):
		return "suites and test doubles are for tests"
	case to.why == whyLink && from.why != whyLink:
		return "connectors are known to cmd/harkara/connectors.go only"
	case to.why == whyStore && from.why != whyStore:
		return "the stores' adapters are known to cmd only; ask for an interface of store"
	case to.why == whyFace && from.why != whyFace:
		return "nothing but cmd knows the faces"
	}
	return from.why
}

// list names what the room may import.
func (r room) list(test bool) string {
	rooms := slices.Clone(r.may)
	if !r.noObs && r.name != "obs" {
		rooms = append(rooms, "obs")
	}
	if test {
		rooms = append(rooms, r.tests...)
	}
	if len(rooms) == 0 {
		return "nothing of this module"
	}
	slices.Sort(rooms)
	return strings.Join(slices.Compact(rooms), ", ")
}
