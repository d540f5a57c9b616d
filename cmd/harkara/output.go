package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
)

// printer writes what a command has to say, as text or JSON.
type printer struct {
	out  io.Writer
	json bool
}

func outputFlag(cmd *cobra.Command) {
	cmd.Flags().StringP("output", "o", "table", "table (for people) or json (for programs)")
}

func newPrinter(cmd *cobra.Command) (printer, error) {
	p := printer{out: cmd.OutOrStdout()}
	switch f := cmd.Flags().Lookup("output"); {
	case f == nil, f.Value.String() == "table":
	case f.Value.String() == "json":
		p.json = true
	default:
		return p, usagef("--output is %q; use table or json", f.Value.String())
	}
	return p, nil
}

// show writes v as JSON, or what text prints.
func (p printer) show(v any, text func(io.Writer)) error {
	if !p.json {
		text(p.out)
		return nil
	}
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table writes v as JSON, or rows under a head.
func (p printer) table(v any, head string, rows func(row func(cells ...any))) error {
	return p.show(v, func(w io.Writer) {
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tw, strings.ReplaceAll(head, " ", "\t"))
		rows(func(cells ...any) {
			words := make([]string, len(cells))
			for i, c := range cells {
				if words[i] = cell(c); words[i] == "" {
					words[i] = "-"
				}
			}
			fmt.Fprintln(tw, strings.Join(words, "\t"))
		})
		tw.Flush()
	})
}

// cell is one value in a table. Control characters, which others may have put
// there, do not reach the terminal (visible).
func cell(v any) string {
	switch v := v.(type) {
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format("2006-01-02 15:04:05")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []string:
		return visible(strings.Join(v, ", "))
	}
	return visible(fmt.Sprint(v))
}

// visible replaces what would move the cursor, break the line or turn the order of
// what stands beside it: control characters, the separators of lines and
// paragraphs, and the characters that change direction (UAX #9).
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// say writes a line for people.
func (p printer) say(format string, args ...any) {
	if !p.json {
		fmt.Fprintf(p.out, format+"\n", args...)
	}
}

// joined lists the keys of a map.
func joined[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }
