package main

import (
	"encoding"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/harkara/harkara/internal/sms"
)

// edits are the flags of a create or change command: each that is given becomes
// a change of the spec, in their order.
type edits[S any] struct {
	flags *pflag.FlagSet
	list  []func(*S) error
}

// flag adds one whose text set puts into the spec.
func (e *edits[S]) flag(name, typ, help string, set func(s *S, text string) error) {
	e.flags.Var(&edit{typ: typ, add: func(text string) {
		e.list = append(e.list, func(s *S) error {
			if err := set(s, text); err != nil {
				return usagef("--%s: %v", name, err)
			}
			return nil
		})
	}}, name, help)
}

// apply makes the changes.
func (e *edits[S]) apply(s *S) error {
	for _, change := range e.list {
		if err := change(s); err != nil {
			return err
		}
	}
	return nil
}

// edit is a pflag.Value that hands its text on.
type edit struct {
	typ, text string
	add       func(string)
}

func (e *edit) String() string        { return e.text }
func (e *edit) Type() string          { return e.typ }
func (e *edit) Set(text string) error { e.text = text; e.add(text); return nil }

func (e *edits[S]) text(name, help string, field func(*S) *string) {
	e.flag(name, "text", help, func(s *S, text string) error { *field(s) = text; return nil })
}

// word is a text of a type of its own, which its room checks.
func word[S any, T ~string](e *edits[S], name, help string, field func(*S) *T) {
	e.flag(name, "word", help, func(s *S, text string) error { *field(s) = T(text); return nil })
}

// words is a list; an empty text empties it.
func words[S any, T ~string](e *edits[S], name, help string, field func(*S) *[]T) {
	e.flag(name, "a,b", help, func(s *S, text string) error {
		*field(s) = nil
		for _, w := range commas(text) {
			*field(s) = append(*field(s), T(w))
		}
		return nil
	})
}

func integer[S any, T ~int | ~int64](e *edits[S], name, help string, field func(*S) *T) {
	e.flag(name, "number", help, func(s *S, text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || int64(T(n)) != n {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*field(s) = T(n)
		return nil
	})
}

// number is one with decimals.
func (e *edits[S]) number(name, help string, field func(*S) *float64) {
	e.flag(name, "number", help, func(s *S, text string) error {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", text)
		}
		*field(s) = f
		return nil
	})
}

// yes is a flag that may stand alone: --require-tls is --require-tls=true.
func (e *edits[S]) yes(name, help string, set func(s *S, yes bool)) {
	e.flag(name, "bool", help, func(s *S, text string) error {
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		set(s, text == "true")
		return nil
	})
	e.flags.Lookup(name).NoOptDefVal = "true"
}

// parsed is a value that reads itself; its error says what to write.
func parsed[S any, T any, P interface {
	*T
	encoding.TextUnmarshaler
}](e *edits[S], name, typ, help string, field func(*S) *T) {
	e.flag(name, typ, help, func(s *S, text string) error { return P(field(s)).UnmarshalText([]byte(text)) })
}

func (e *edits[S]) money(name, help string, field func(*S) *sms.Money) {
	e.flag(name, "amount", help, func(s *S, text string) (err error) {
		*field(s), err = sms.ParseMoney(text)
		return err
	})
}

func (e *edits[S]) duration(name, help string, field func(*S) *sms.Duration) {
	e.flag(name, "duration", help, func(s *S, text string) error {
		if err := field(s).UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("%q is no duration: write one such as 90s, 30m or 24h", text)
		}
		return nil
	})
}

// commas splits a list.
func commas(text string) []string {
	var list []string
	for w := range strings.SplitSeq(text, ",") {
		if w = strings.TrimSpace(w); w != "" {
			list = append(list, w)
		}
	}
	return list
}
