package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/admin"
)

// TestPageHasTheFieldsOfALogin: the first table of docs/smppd.md names every
// setting of a login, and no other.
func TestPageHasTheFieldsOfALogin(t *testing.T) {
	page, err := os.ReadFile("../../docs/smppd.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## A login\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var have, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(section, -1) {
		have = append(have, row[1])
	}
	spec := reflect.TypeFor[admin.LoginSpec]()
	for i := range spec.NumField() {
		name, _, _ := strings.Cut(spec.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" && name != "system_id" && !strings.HasPrefix(name, "password_") {
			want = append(want, name)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("the page has %v\nwant %v", have, want)
	}
}
