package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// limit is a habit with two marks: past soft it needs a reason in allow.txt, past
// hard none is good enough.
type limit struct{ soft, hard int }

// Tests may be longer, as tables and dialogues are data.
var (
	fileLines     = limit{500, 800}
	testFileLines = limit{800, 1200}
	funcLines     = limit{60, 100}
	testFuncLines = limit{120, 250}
	methods       = limit{5, 7}
)

const (
	// maxShare is the part of the code that one package may be, as 1/n, once there
	// is more than shareFrom lines of it.
	maxShare  = 5
	shareFrom = 10_000
)

// empty are names that say nothing about what is inside.
var empty = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "misc", "types", "shared", "lib"}

// checkHabits holds one file against the habits of size and naming.
func checkHabits(f *File) []Finding {
	var found []Finding
	add := func(kind Kind, line int, name string, hard bool, format string, args ...any) {
		found = append(found, Finding{Kind: kind, Path: f.Path, Line: line, Name: name, Hard: hard, Why: fmt.Sprintf(format, args...)})
	}
	base := strings.TrimSuffix(strings.TrimSuffix(path.Base(f.Path), ".go"), "_test")
	for _, n := range []string{strings.TrimSuffix(f.ast.Name.Name, "_test"), base} {
		if slices.Contains(empty, n) {
			add(Name, 0, "", true, "%q says nothing: name it after what it does, or put the code beside its only user", n)
			break
		}
	}
	if f.Generated {
		return found
	}
	lines, funcs := fileLines, funcLines
	if f.Test {
		lines, funcs = testFileLines, testFuncLines
	}
	if f.Lines > lines.soft {
		add(FileLines, 0, "", f.Lines > lines.hard, "%d lines; the habit is %d, the limit %d", f.Lines, lines.soft, lines.hard)
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			line := f.line(n.Pos())
			if n.Name.Name == "init" && n.Recv == nil {
				add(Init, line, "", true, "no init(): what happens at the start stands in cmd, where it can be read and tested")
			}
			if s := f.span(n); s > funcs.soft {
				add(FuncLines, line, funcName(n), s > funcs.hard, "%s has %d lines; the habit is %d, the limit %d", funcName(n), s, funcs.soft, funcs.hard)
			}
		case *ast.TypeSpec:
			if i, ok := n.Type.(*ast.InterfaceType); ok {
				if m := countMethods(i); m > methods.soft {
					add(Methods, f.line(n.Pos()), n.Name.Name, m > methods.hard, "%s has %d methods; the habit is %d, the limit %d: "+
						"let each user name the few that it needs", n.Name.Name, m, methods.soft, methods.hard)
				}
			}
		}
		return true
	})
	return found
}

// funcName is Name, or Type.Name for a method.
func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + d.Name.Name
		default:
			return d.Name.Name
		}
	}
}

// countMethods counts the methods that an interface lists itself. Embedded
// interfaces do not count: putting small ones together is no width.
func countMethods(i *ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		if _, ok := m.Type.(*ast.FuncType); ok {
			n += len(m.Names)
		}
	}
	return n
}

// pure are the rooms without I/O and without a clock, and what they may not use.
var (
	pure        = []string{"gsm", "sms"}
	impureCalls = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	impureStd   = []string{"database/sql", "log", "log/slog", "net", "net/http", "os", "os/exec", "os/signal", "syscall"}
)

// checkDomain keeps I/O and the clock out of the pure rooms.
func checkDomain(f *File) []Finding {
	from, _ := roomOf(f.Dir())
	if !slices.Contains(pure, from.name) || f.Test || f.Tool || f.ast.Name.Name == "main" { // a generator
		return nil
	}
	var found []Finding
	add := func(line int, what string) {
		found = append(found, Finding{Kind: Stdlib, Path: f.Path, Line: line, Hard: true,
			Why: fmt.Sprintf("%s must not use %s: it has no I/O and no clock, time comes in as now", from.name, what)})
	}
	for _, e := range f.Imports {
		if slices.Contains(impureStd, e.Path) {
			add(e.Line, e.Path)
		}
	}
	clock := f.localName("time")
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			for _, name := range impureCalls {
				if calls(c, clock, name) {
					add(f.line(c.Pos()), "time."+name)
				}
			}
		}
		return true
	})
	return found
}

// span of source, by position.
type extent struct{ from, to token.Pos }

// checkSleeps finds time.Sleep in tests and suites, except in what is handed to
// synctest.Test, where time is fake: a function literal, or a function by its name.
func checkSleeps(t *Tree) []Finding {
	handed := make(map[string]bool) // folder#function
	for _, f := range t.Files {
		for _, c := range bubbles(f) {
			for _, arg := range c.Args {
				if id, ok := arg.(*ast.Ident); ok {
					handed[f.Dir()+"#"+id.Name] = true
				}
			}
		}
	}
	var found []Finding
	for _, f := range t.Files {
		from, _ := roomOf(f.Dir())
		if !f.Test && from.why != whySuite {
			continue
		}
		var fake []extent
		for _, c := range bubbles(f) {
			fake = append(fake, extent{c.Pos(), c.End()})
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && handed[f.Dir()+"#"+fn.Name.Name] {
				fake = append(fake, extent{fn.Pos(), fn.End()})
			}
		}
		found = append(found, sleeps(f, fake)...)
	}
	return found
}

// bubbles lists the calls of synctest.Test in a file.
func bubbles(f *File) []*ast.CallExpr {
	var list []*ast.CallExpr
	name := f.localName("testing/synctest")
	if name == "" {
		return nil
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && calls(c, name, "Test") {
			list = append(list, c)
		}
		return true
	})
	return list
}

func sleeps(f *File, fake []extent) []Finding {
	var found []Finding
	clock := f.localName("time")
	for _, d := range f.ast.Decls {
		name := ""
		if fn, ok := d.(*ast.FuncDecl); ok {
			name = funcName(fn)
		}
		ast.Inspect(d, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			inBubble := func(e extent) bool { return e.from <= c.Pos() && c.End() <= e.to }
			if ok && calls(c, clock, "Sleep") && !slices.ContainsFunc(fake, inBubble) {
				found = append(found, Finding{Kind: Sleep, Path: f.Path, Line: f.line(c.Pos()), Name: name,
					Why: "time.Sleep in a test is slow or wrong: wait for a signal, or use testing/synctest"})
			}
			return true
		})
	}
	return found
}

// checkShares finds packages that are too much of the whole.
func checkShares(t *Tree) []Finding {
	total, byDir := 0, make(map[string]int)
	for _, f := range t.Files {
		if !f.Test && !f.Generated && !f.Tool {
			total += f.Lines
			byDir[f.Dir()] += f.Lines
		}
	}
	if total <= shareFrom {
		return nil
	}
	var found []Finding
	for dir, lines := range byDir {
		if lines*maxShare > total {
			found = append(found, Finding{Kind: Share, Path: dir,
				Why: fmt.Sprintf("%d of %d lines are in this package; the habit is one in %d at most", lines, total, maxShare)})
		}
	}
	return found
}
