// Command gen writes table_gen.go of package numplan: the calling codes, the
// countries and a digit trie that says, for the leading digits of a national
// number, which lengths are possible, which are mobile, and whose it is.
//
// The facts come from the libphonenumber metadata inside
// github.com/nyaruka/phonenumbers and from overrides.go. Run it with
// `go generate ./internal/sms/numplan` after raising that dependency or
// changing an override. The product itself never imports this command.
package main

import (
	"flag"
	"fmt"
	"os"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

func main() {
	out := flag.String("o", "table_gen.go", "file to write")
	flag.Parse()
	source, err := generate()
	if err == nil {
		err = os.WriteFile(*out, source, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "numplan/gen:", err)
		os.Exit(1)
	}
}

// generate returns the text of table_gen.go.
func generate() ([]byte, error) {
	plans, err := loadPlans()
	if err != nil {
		return nil, err
	}
	t := newTable(plans)
	return t.source()
}

// regionName returns the English name of a region.
func regionName(iso, code string) (string, error) {
	if name, ok := networkNames[code]; ok {
		return name, nil
	}
	region, err := language.ParseRegion(iso)
	if err != nil {
		return "", fmt.Errorf("no name for region %s of +%s: %w", iso, code, err)
	}
	return display.English.Regions().Name(region), nil
}
