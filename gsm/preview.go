package gsm

import "errors"

// Report tells a person what a text costs, and why.
type Report struct {
	Size
	Characters int // code points
	// Outside lists the characters that force the text into UCS-2, each once,
	// in the order in which they first occur. It is filled also when the
	// caller chose UCS2. Where national tables are allowed, but no pair holds the
	// text, these are what the nearest pair lacks.
	Outside []Outsider
	// Smart is what [Substitute] would give, nil when it would change nothing.
	Smart *Smart
	// National is the size with each allowed language alone, in their order.
	// It is of kind UCS2 where the tables of the language do not help.
	National []LanguageSize
}

// Outsider is a character that the GSM 7-bit alphabet (or the charset in which
// the link writes it) lacks, and where it first occurs. Invalid UTF-8 shows as
// U+FFFD.
type Outsider struct {
	Rune   rune
	Offset int // in bytes
	Index  int // in code points, from 0
	Count  int // how often it occurs
	// Replacement is what [Substitute] knows for it, where Replaceable. It may
	// be empty: characters that cannot be seen are left out.
	Replacement string
	Replaceable bool
}

// Smart is a text after [Substitute], its size, and what was changed.
type Smart struct {
	Text          string
	Size          Size
	Substitutions []Substitution
}

// LanguageSize is the size of a text with the tables of one language.
type LanguageSize struct {
	Language Language
	Size     Size
}

// Preview explains the size of a text. It fails as [Measure] does; the report
// then still names the characters, and with ErrTooManyParts the size too.
func Preview(text string, o Options) (Report, error) {
	size, err := Measure(text, o)
	if errors.Is(err, ErrOptions) {
		return Report{}, err
	}
	tables := o.Encoding
	switch {
	case err == nil && size.Encoding != UCS2:
		tables = size.Encoding
	case o.national():
		tables = o.nearest(text)
	}
	report := Report{Size: size}
	report.Characters, report.Outside = o.outsiders(text, tables)
	if changed, list := Substitute(text, o); list != nil {
		// Too many parts are no reason to keep silent about how many.
		after, _ := o.measure(changed)
		report.Smart = &Smart{Text: changed, Size: after, Substitutions: list}
	}
	for _, l := range o.National {
		alone := o
		alone.National = []Language{l}
		// With an explicit encoding that the text does not fit, there is none.
		if with, err := alone.measure(text); err == nil && o.national() {
			report.National = append(report.National, LanguageSize{l, with})
		}
	}
	return report, err
}

// outsiders counts the characters of a text and lists those that keep it from
// being sent with the tables given on the link of o.
func (o Options) outsiders(text string, tables Encoding) (characters int, list []Outsider) {
	a := alphabetOf(tables)
	place, before := map[rune]int{}, rune(0) // place in list
	for offset, r := range text {
		if a.lookup(r) == unmapped || o.Charset.lacks(r) {
			at, seen := place[r]
			if !seen {
				at = len(list)
				place[r] = at
				found := Outsider{Rune: r, Offset: offset, Index: characters}
				found.Replacement, found.Replaceable = replacement(before, r)
				list = append(list, found)
			}
			list[at].Count++
		}
		before = r
		characters++
	}
	return characters, list
}

// nearest returns the pair of allowed tables that lacks the fewest characters of
// a text, the default one among equals.
func (o Options) nearest(text string) Encoding {
	counts := map[membership]int{} // characters by the tables that hold them
	for _, r := range text {
		counts[compiled.holding(r)]++
	}
	best, least := GSM7, len(text)+1
	for _, locking := range append([]Language{NoLanguage}, o.National...) {
		for _, single := range append([]Language{NoLanguage}, o.National...) {
			lacking := 0
			for held, n := range counts {
				if held.locking>>locking&1 == 0 && held.single>>single&1 == 0 {
					lacking += n
				}
			}
			if e := National(locking, single); e.Valid() && lacking < least {
				best, least = e, lacking
			}
		}
	}
	return best
}
