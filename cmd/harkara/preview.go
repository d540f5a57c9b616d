package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/gsm"
)

// preview is what a text costs, and why.
type preview struct {
	Encoding   string    `json:"encoding"`
	Characters int       `json:"characters"`
	Units      int       `json:"units"`
	Parts      int       `json:"parts"`
	Limit      int       `json:"units_per_part"`
	Left       int       `json:"units_left"`
	Outside    []outside `json:"outside_gsm7"`
}

type outside struct {
	Character string `json:"character"`
	Code      string `json:"code"`
	Count     int    `json:"count"`
	First     int    `json:"first"` // place of the first one, from 1
}

func previewCommand() *cobra.Command {
	var unicode bool
	var ref int
	cmd := &cobra.Command{Use: "preview TEXT", Short: "Count the parts of a text, and name the characters that make it expensive", Args: wants("TEXT")}
	cmd.Flags().BoolVar(&unicode, "unicode", false, "as type unicode, always in UCS-2")
	cmd.Flags().IntVar(&ref, "ref-bits", 8, "width of the reference of long texts: 8 (udh8) or 16 (udh16)")
	outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := newPrinter(cmd)
		if err != nil {
			return err
		}
		o := gsm.Options{RefBits: gsm.RefBits(ref)}
		if ref != 8 && ref != 16 {
			return usagef("--ref-bits is %d; use 8 or 16", ref)
		}
		if unicode {
			o.Encoding = gsm.UCS2
		}
		r, err := gsm.Preview(args[0], o)
		if err != nil && !errors.Is(err, gsm.ErrTooManyParts) {
			return err
		}
		v := preview{r.Encoding.String(), r.Characters, r.Units, r.Parts, r.Limit, r.Left(), []outside{}}
		for _, x := range r.Outside {
			v.Outside = append(v.Outside, outside{string(x.Rune), fmt.Sprintf("U+%04X", x.Rune), x.Count, x.Index + 1})
		}
		return errors.Join(p.show(v, v.print), err)
	}
	return cmd
}

func (v preview) print(w io.Writer) {
	fmt.Fprintf(w, "encoding    %s\ncharacters  %d\nparts       %d (%d of %d units used in the last)\n",
		v.Encoding, v.Characters, v.Parts, v.Limit-v.Left, v.Limit)
	var list []string
	for _, x := range v.Outside {
		list = append(list, fmt.Sprintf("%s %s at %d (%d times)", visible(x.Character), x.Code, x.First, x.Count))
	}
	if list != nil {
		fmt.Fprintf(w, "not GSM-7   %s\n", strings.Join(list, ", "))
	}
}
