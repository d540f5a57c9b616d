package arch

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Tree is the source of a module.
type Tree struct {
	Module string // its import path
	Files  []*File
	broken []Finding
}

// File is a Go file of the module.
type File struct {
	Path      string // from the root, with slashes
	Test      bool   // _test.go
	Generated bool   // has the line that generators write
	Tool      bool   // has //go:build ignore: run by hand, part of no package
	Lines     int
	Imports   []Edge
	fset      *token.FileSet
	ast       *ast.File
}

// Edge is an import.
type Edge struct {
	Path string // import path
	Line int
}

// Dir is the folder of the file, "." for the root.
func (f *File) Dir() string { return path.Dir(f.Path) }

func (f *File) line(p token.Pos) int { return f.fset.Position(p).Line }

// span is the number of lines of a node.
func (f *File) span(n ast.Node) int { return f.line(n.End()) - f.line(n.Pos()) + 1 }

// ReadTree parses every Go file of the module whose go.mod is at the root of fsys.
// Folders that the go command ignores are left out, and what tools install.
func ReadTree(fsys fs.FS) (*Tree, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, err
	}
	t := &Tree{}
	for line := range strings.Lines(string(mod)) {
		if m, ok := strings.CutPrefix(strings.TrimSpace(line), "module "); ok {
			t.Module = strings.TrimSpace(m)
			break
		}
	}
	if t.Module == "" {
		return nil, errors.New("go.mod names no module")
	}
	return t, fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(d.Name()):
			return fs.SkipDir
		case d.IsDir() || path.Ext(p) != ".go":
			return nil
		}
		src, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		t.add(p, src)
		return nil
	})
}

func skipped(dir string) bool {
	if dir == "." {
		return false
	}
	return dir[0] == '.' || dir[0] == '_' || dir == "testdata" || dir == "vendor" || dir == "node_modules"
}

func (t *Tree) add(p string, src []byte) {
	f := &File{Path: p, Test: strings.HasSuffix(p, "_test.go"), Lines: bytes.Count(src, []byte("\n")), fset: token.NewFileSet()}
	var err error
	f.ast, err = parser.ParseFile(f.fset, p, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.broken = append(t.broken, Finding{Kind: Parse, Path: p, Hard: true, Why: fmt.Sprintf("cannot be read: %v", err)})
		return
	}
	f.Generated = ast.IsGenerated(f.ast)
	f.Tool = isTool(f.ast)
	for _, i := range f.ast.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the parser has checked it
		}
		f.Imports = append(f.Imports, Edge{Path: p, Line: f.line(i.Pos())})
	}
	t.Files = append(t.Files, f)
}

// isTool tells a file with a build constraint that needs the tag "ignore".
func isTool(f *ast.File) bool {
	for _, group := range f.Comments {
		if group.Pos() > f.Package {
			break
		}
		for _, c := range group.List {
			x, err := constraint.Parse(c.Text)
			if err == nil && !x.Eval(func(tag string) bool { return tag != "ignore" }) {
				return true
			}
		}
	}
	return false
}

// localName is the name under which the file knows an import, or nothing.
func (f *File) localName(importPath string) string {
	for _, i := range f.ast.Imports {
		if p, err := strconv.Unquote(i.Path.Value); err != nil || p != importPath {
			continue
		}
		if i.Name != nil {
			return i.Name.Name
		}
		return path.Base(importPath)
	}
	return ""
}

// calls reports whether c calls the function name of the package known as pkg.
func calls(c *ast.CallExpr, pkg, name string) bool {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name || pkg == "" {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}
