package gsm_test

import (
	"fmt"
	"strings"

	"github.com/harkara/harkara/gsm"
)

func ExampleMeasure() {
	size, err := gsm.Measure(strings.Repeat("Hello ", 30), gsm.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(size.Encoding, size.Parts, size.Units, size.Left())
	// Output: gsm7 2 180 126
}

func ExampleSplit() {
	segments, err := gsm.Split(strings.Repeat("x", 153)+"€ and more", gsm.Options{Ref: 0x2A, Max: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range segments {
		fmt.Printf("%d/%d udh %x, %d septets\n", s.Concat.Seq, s.Concat.Total, s.Octets[:s.HeaderLen], s.Units)
	}
	// Output:
	// 1/2 udh 0500032a0201, 153 septets
	// 2/2 udh 0500032a0202, 11 septets
}

func ExamplePreview() {
	report, err := gsm.Preview("It’s ready – call us", gsm.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Encoding, report.Parts, "part,", report.Left(), "left")
	for _, o := range report.Outside {
		fmt.Printf("%c at character %d, like %s\n", o.Rune, o.Index, o.Replacement)
	}
	fmt.Println(report.Smart.Size.Encoding, report.Smart.Text)
	// Output:
	// ucs2 1 part, 50 left
	// ’ at character 2, like '
	// – at character 11, like -
	// gsm7 It's ready - call us
}

func ExampleSubstitute() {
	text, changes := gsm.Substitute("“Şeker” – ½ kg", gsm.Options{National: []gsm.Language{gsm.Turkish}})
	fmt.Println(text)
	for _, c := range changes {
		fmt.Printf("%c became %s\n", c.From, c.To)
	}
	// Output:
	// "Şeker" - 1/2 kg
	// “ became "
	// ” became "
	// – became -
	// ½ became 1/2
}

func ExampleNational() {
	o := gsm.Options{National: []gsm.Language{gsm.Turkish}}
	size, err := gsm.Measure(strings.Repeat("Şişli ", 25), o)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(size.Encoding, size.Parts, "part,", size.Left(), "left")
	for _, e := range size.Encoding.Elements() {
		fmt.Printf("element %02x: %x\n", e.ID, e.Data)
	}
	// Output:
	// gsm7(tr/-) 1 part, 5 left
	// element 25: 01
}

func ExampleAssemble() {
	// The sender cut a surrogate pair; the second part came first.
	text, missing, err := gsm.Assemble([]gsm.Part{
		{Concat: gsm.Concat{Ref: 7, Bits: gsm.Ref8, Total: 2, Seq: 2}, Charset: gsm.CharsetUCS2, Body: []byte{0xDE, 0x00}},
		{Concat: gsm.Concat{Ref: 7, Bits: gsm.Ref8, Total: 2, Seq: 1}, Charset: gsm.CharsetUCS2, Body: []byte{0, 'A', 0xD8, 0x3D}},
	})
	fmt.Println(text, missing, err)
	// Output: A😀 0 <nil>
}
