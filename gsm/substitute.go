package gsm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Substitution is one kind of change that [Substitute] made, or would make.
type Substitution struct {
	From   rune   // the character replaced; of letter and mark that became one character, the first mark
	To     string // what took its place, "" for nothing; of letter and mark, the one character
	Offset int    // of the first occurrence, in bytes of the original text
	Count  int
}

// Substitute replaces characters that GSM-7 lacks by others that look or read
// alike (see looksLike for what, and what not), where that pays: the whole text
// becomes GSM-7, with the national tables that o allows, or needs fewer parts.
// Otherwise it returns the text as it was and nothing else. Characters that o can
// already send as GSM-7 are never replaced, unless two of them need different
// tables.
//
// It begins with Unicode normalisation: letter and combining mark become one
// character where there is one. The few characters that NFC takes apart stay.
//
// A caller shows the substitutions to whoever wrote the text, or keeps them with
// the message: nothing is changed silently.
func Substitute(text string, o Options) (string, []Substitution) {
	if o.check() != nil {
		return text, nil
	}
	before, err := o.measure(text)
	if err == nil && before.Encoding == GSM7 {
		return text, nil // the default alphabet holds nothing to compose or drop
	}
	if (err != nil || before.Encoding == UCS2) && !o.hopeless(text) {
		if changed, list := o.toGSM7(text); list != nil {
			return changed, list
		}
	}
	if err != nil || before.Parts == 1 || norm.NFC.IsNormalString(text) && !strings.ContainsAny(text, invisible) {
		return text, nil
	}
	e := editor{keep: func(r rune) bool { return !strings.ContainsRune(invisible, r) }}
	if changed, list := e.edit(text); list != nil {
		if after, err := o.measure(changed); err == nil && after.Parts < before.Parts {
			return changed, list
		}
	}
	return text, nil
}

// toGSM7 tries to make GSM-7 of a text: first leaving what any allowed table
// holds, then, as perhaps no pair of tables holds all that, leaving only what the
// default alphabet holds.
func (o Options) toGSM7(text string) (string, []Substitution) {
	if o.Encoding == UCS2 {
		return text, nil
	}
	for _, allowed := range [2]func(rune) bool{o.inAnyTable, inDefault} {
		e := editor{keep: func(r rune) bool { return allowed(r) && !o.Charset.lacks(r) }}
		changed, list := e.edit(text)
		if list == nil {
			continue
		}
		if after, err := o.measure(changed); err == nil && after.Encoding.Kind() == GSM7 {
			return changed, list
		}
	}
	return text, nil
}

// hopeless reports whether text has a character that nothing here makes GSM-7:
// most texts in other scripts show it at once.
func (o Options) hopeless(text string) bool {
	before := rune(0)
	for i, r := range text {
		if o.inAnyTable(r) || unicode.IsMark(r) {
			before = r
			continue
		}
		to, known := replacement(before, r)
		if !known && (r == utf8.RuneError || norm.NFC.IsNormalString(text[i:i+utf8.RuneLen(r)])) {
			return true
		}
		if to != "" {
			before, _ = utf8.DecodeLastRuneInString(to)
		}
	}
	return false
}

func inDefault(r rune) bool { return defaultAlphabet.lookup(r) != unmapped }

// inAnyTable reports whether one of the tables that o may use holds r.
func (o Options) inAnyTable(r rune) bool {
	held := compiled.holding(r)
	allowed := uint16(1)<<o.Encoding.Locking() | uint16(1)<<o.Encoding.Single()
	if o.national() {
		for _, l := range o.National {
			allowed |= 1 << l
		}
	}
	return (held.locking|held.single)&allowed != 0
}

// editor makes one changed copy of a text.
type editor struct {
	keep func(rune) bool // leaves a character as it is

	out    strings.Builder
	list   []Substitution
	place  map[Substitution]int // in list, by From and To alone
	before rune                 // the last character that was kept or written
}

// edit returns the changed text and what was changed, nil for nothing.
func (e *editor) edit(text string) (string, []Substitution) {
	e.place = map[Substitution]int{}
	for at := 0; at < len(text); {
		end := at + 1
		if text[at] >= utf8.RuneSelf || end < len(text) && text[end] >= utf8.RuneSelf {
			end = at + max(norm.NFC.NextBoundaryInString(text[at:], true), 1)
		}
		e.piece(text[at:end], at)
		at = end
	}
	return e.out.String(), e.list
}

// piece handles a character with its marks, which begins at an offset.
func (e *editor) piece(piece string, offset int) {
	if composed, mark, ok := compose(piece); ok {
		e.note(mark, composed, offset)
		piece = composed
	}
	for i, r := range piece {
		width := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, width = utf8.DecodeRuneInString(piece[i:]) // an invalid byte stays what it is
		}
		to, ok := "", false
		if !e.keep(r) {
			to, ok = replacement(e.before, r)
		}
		if !ok {
			e.out.WriteString(piece[i : i+width])
			e.before = r
			continue
		}
		e.note(r, to, offset+i)
		e.out.WriteString(to)
		if to != "" {
			e.before, _ = utf8.DecodeLastRuneInString(to)
		}
	}
}

func (e *editor) note(from rune, to string, offset int) {
	key := Substitution{From: from, To: to}
	at, seen := e.place[key]
	if !seen {
		at = len(e.list)
		e.place[key] = at
		e.list = append(e.list, Substitution{From: from, To: to, Offset: offset})
	}
	e.list[at].Count++
}

// compose returns the NFC of a piece where that is shorter or, as for the Ångström
// sign, another single character, and the mark (or the only character) that went
// into it. Where NFC takes apart (Bengali U+09DC and others) the national tables
// hold the whole.
func compose(piece string) (composed string, mark rune, ok bool) {
	if len(piece) < 2 || norm.NFC.IsNormalString(piece) {
		return "", 0, false
	}
	mark, width := utf8.DecodeRuneInString(piece)
	if _, known := replacements[mark]; known && width == len(piece) {
		return "", 0, false // one step instead of two, from one odd space to another to a space
	}
	composed = norm.NFC.String(piece)
	if n := utf8.RuneCountInString(composed); n > 1 && n >= utf8.RuneCountInString(piece) {
		return "", 0, false
	}
	if width < len(piece) {
		mark, _ = utf8.DecodeRuneInString(piece[width:])
	}
	return composed, mark, true
}
