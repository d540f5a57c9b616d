package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/gsm"
)

// preview is what a text costs, and why.
type preview struct {
	previewSize
	Outside  []outside         `json:"outside_gsm7"`
	Text     string            `json:"text,omitempty"`     // with --smart: what would be sent
	Changes  []change          `json:"changes,omitempty"`  // with --smart: what was changed
	Smart    *previewSmart     `json:"smart,omitempty"`    // without --smart: what it would give
	National []previewLanguage `json:"national,omitempty"` // what each allowed language alone would give

	smart bool // asked for
}

type previewSize struct {
	Encoding   string `json:"encoding"`
	Characters int    `json:"characters"`
	Units      int    `json:"units"`
	Parts      int    `json:"parts"`
	Limit      int    `json:"units_per_part"`
	Left       int    `json:"units_left"`
}

type outside struct {
	Character   string  `json:"character"`
	Code        string  `json:"code"`
	Count       int     `json:"count"`
	First       int     `json:"first"`                 // place of the first one, from 1
	Replacement *string `json:"replacement,omitempty"` // what smart substitution knows for it; "" leaves it out
}

type change struct {
	From  string `json:"from"`
	Code  string `json:"code"`
	To    string `json:"to"`
	Count int    `json:"count"`
}

type previewSmart struct {
	previewSize
	Text    string   `json:"text"`
	Changes []change `json:"changes"`
}

type previewLanguage struct {
	Language string `json:"language"`
	previewSize
}

// previewFlags are the options of a text as people write them.
type previewFlags struct {
	unicode, smart bool
	ref            int
	encoding       string // empty for auto
	national       []string
}

func previewCommand() *cobra.Command {
	var f previewFlags
	cmd := &cobra.Command{Use: "preview TEXT", Short: "Count the parts of a text, and name the characters that make it expensive", Args: wants("TEXT"),
		Long: `Count the parts of a text, and name the characters that make it expensive.
"left" is how many characters may follow without another part; in the GSM alphabet those
of its extension (€ [ ] { } ^ ~ \ |) take two places, in UCS-2 emoji do.`}
	cmd.Flags().BoolVar(&f.unicode, "unicode", false, "as type unicode, always in UCS-2: short for --encoding ucs2")
	cmd.Flags().StringVar(&f.encoding, "encoding", "", "auto (the default), gsm7, ucs2, or one pair of national tables such as 'gsm7(tr/tr)' (locking/single, - for the default table)")
	cmd.Flags().StringSliceVar(&f.national, "national", nil, "languages whose tables the route allows: "+languageList())
	cmd.Flags().BoolVar(&f.smart, "smart", false, "with smart substitution, as for an account that has it")
	cmd.Flags().IntVar(&f.ref, "ref-bits", 8, "width of the reference of long texts: 8 (udh8) or 16 (udh16)")
	outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := newPrinter(cmd)
		if err != nil {
			return err
		}
		o, err := f.options()
		if err != nil {
			return err
		}
		v, err := f.preview(args[0], o)
		if err != nil && !errors.Is(err, gsm.ErrTooManyParts) {
			return err
		}
		return errors.Join(p.show(v, v.print), err)
	}
	return cmd
}

func languageList() string {
	var names []string
	for _, l := range gsm.Languages() {
		names = append(names, l.String())
	}
	return strings.Join(names, ", ")
}

func (f previewFlags) options() (gsm.Options, error) {
	o := gsm.Options{RefBits: gsm.RefBits(f.ref)}
	if f.ref != 8 && f.ref != 16 {
		return o, usagef("--ref-bits is %d; use 8 or 16", f.ref)
	}
	for _, name := range f.national {
		l, err := gsm.ParseLanguage(name)
		if err != nil {
			return o, usagef("--national has %q; use some of %s", name, languageList())
		}
		o.National = append(o.National, l)
	}
	switch {
	case f.unicode && f.encoding != "":
		return o, usagef("--unicode and --encoding exclude each other")
	case f.unicode:
		o.Encoding = gsm.UCS2
	case f.encoding != "":
		var err error
		if o.Encoding, err = gsm.ParseEncoding(f.encoding); err != nil {
			return o, usagef("--encoding: %s", strings.TrimPrefix(err.Error(), "gsm: "))
		}
		if o.Encoding == gsm.Octets {
			return o, usagef("--encoding octets is no text; use auto, gsm7, ucs2 or national tables such as gsm7(tr/tr)")
		}
	}
	return o, nil
}

// preview makes the report. With --smart its figures are of the changed text, its
// characters outside GSM-7 those of the text as it was given.
func (f previewFlags) preview(text string, o gsm.Options) (preview, error) {
	r, err := gsm.Preview(text, o)
	v := preview{Outside: []outside{}, smart: f.smart}
	for _, x := range r.Outside {
		v.Outside = append(v.Outside, outsideOf(x))
	}
	if f.smart {
		v.Text = text
		if r.Smart != nil {
			v.Text, v.Changes = r.Smart.Text, changesOf(r.Smart.Substitutions)
			r, err = gsm.Preview(v.Text, o)
		}
	} else if r.Smart != nil {
		v.Smart = &previewSmart{sizeOf(r.Smart.Size, utf8.RuneCountInString(r.Smart.Text)), r.Smart.Text, changesOf(r.Smart.Substitutions)}
	}
	v.previewSize = sizeOf(r.Size, r.Characters)
	for _, n := range r.National {
		v.National = append(v.National, previewLanguage{n.Language.String(), sizeOf(n.Size, r.Characters)})
	}
	return v, err
}

func sizeOf(s gsm.Size, characters int) previewSize {
	return previewSize{s.Encoding.String(), characters, s.Units, s.Parts, s.Limit, s.Left()}
}

func outsideOf(x gsm.Outsider) outside {
	o := outside{Character: string(x.Rune), Code: codePoint(x.Rune), Count: x.Count, First: x.Index + 1}
	if x.Replaceable {
		o.Replacement = &x.Replacement
	}
	return o
}

func changesOf(list []gsm.Substitution) []change {
	changes := make([]change, 0, len(list))
	for _, s := range list {
		changes = append(changes, change{string(s.From), codePoint(s.From), s.To, s.Count})
	}
	return changes
}

func codePoint(r rune) string { return fmt.Sprintf("U+%04X", r) }

func (v preview) print(w io.Writer) {
	fmt.Fprintf(w, "encoding    %s\ncharacters  %d\nparts       %s\nleft        %s\n", v.Encoding, v.Characters, v.parts(), v.room())
	var list []string
	for _, x := range v.Outside {
		line := fmt.Sprintf("%s %s at %d (%d times", visible(x.Character), x.Code, x.First, x.Count)
		if x.Replacement != nil {
			line += ", replaceable by " + quoted(*x.Replacement)
		}
		list = append(list, line+")")
	}
	if list != nil {
		fmt.Fprintf(w, "not GSM-7   %s\n", strings.Join(list, ", "))
	}
	if v.smart {
		fmt.Fprintf(w, "text        %s\nchanged     %s\n", visible(v.Text), changed(v.Changes))
	}
	if v.Smart != nil {
		fmt.Fprintf(w, "smart       %s, %s: %s\n", v.Smart.Encoding, v.Smart.parts(), changed(v.Smart.Changes))
	}
	for _, n := range v.National {
		fmt.Fprintf(w, "%-11s %s, %s\n", "only "+n.Language, n.Encoding, n.parts())
	}
}

func (s previewSize) parts() string {
	return fmt.Sprintf("%d (%d of %d units used in the last)", s.Parts, s.Limit-s.Left, s.Limit)
}

// room is how many characters may follow without another part, of those that take
// one unit.
func (s previewSize) room() string {
	if s.Left == 1 {
		return "1 character"
	}
	return fmt.Sprintf("%d characters", s.Left)
}

func changed(list []change) string {
	if len(list) == 0 {
		return "nothing"
	}
	var lines []string
	for _, c := range list {
		lines = append(lines, fmt.Sprintf("%s %s to %s (%d times)", visible(c.From), c.Code, quoted(c.To), c.Count))
	}
	return strings.Join(lines, ", ")
}

// quoted shows a replacement, which may be a space, a line end or nothing.
func quoted(s string) string {
	switch s {
	case "":
		return "nothing"
	case " ":
		return "space"
	case "\n":
		return "line end"
	}
	return visible(s)
}
