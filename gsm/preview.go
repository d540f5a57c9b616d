package gsm

import "errors"

// Report tells a person what a text costs, and why.
type Report struct {
	Size
	Characters int // code points
	// Outside lists the characters that force the text into UCS-2, each once,
	// in the order in which they first occur. It is filled also when the
	// caller chose UCS2.
	Outside []Outsider
}

// Outsider is a character that the GSM 7-bit alphabet (or the charset in which
// the link writes it) lacks, and where it first occurs. Invalid UTF-8 shows as
// U+FFFD.
type Outsider struct {
	Rune   rune
	Offset int // in bytes
	Index  int // in code points, from 0
	Count  int // how often it occurs
}

// Preview explains the size of a text. It fails as [Measure] does; the report
// then still names the characters, and with ErrTooManyParts the size too.
func Preview(text string, o Options) (Report, error) {
	size, err := Measure(text, o)
	if errors.Is(err, ErrOptions) {
		return Report{}, err
	}
	report := Report{Size: size}
	place := map[rune]int{} // in Outside
	for offset, r := range text {
		index := report.Characters
		report.Characters++
		if !o.outside(r) {
			continue
		}
		at, seen := place[r]
		if !seen {
			at = len(report.Outside)
			place[r] = at
			report.Outside = append(report.Outside, Outsider{Rune: r, Offset: offset, Index: index})
		}
		report.Outside[at].Count++
	}
	return report, err
}
