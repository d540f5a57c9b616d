package smppc

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

const smppPage = "../../../docs/smpp.md"

func readPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(smppPage)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// settingRow is a row of the tables of settings: | `key` | `default` | meaning |
var settingRow = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| (`[^`]*`)? ?\\| .*\\|$")

// TestSMPPPageHasTheSettings: the page has a row for every key and for no other,
// with the default that the key really has.
func TestSMPPPageHasTheSettings(t *testing.T) {
	_, section, _ := strings.Cut(readPage(t), "\n## Settings\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !ended {
		t.Fatalf("%s has no section Settings", smppPage)
	}
	want, err := parseSettings(json.RawMessage(minimal))
	if err != nil {
		t.Fatal(err)
	}
	table := want.table()
	seen := map[string]bool{}
	for _, row := range settingRow.FindAllStringSubmatch(section, -1) {
		key, cell := row[1], strings.Trim(row[2], "`")
		field, known := table[key]
		switch {
		case !known:
			t.Errorf("%s has a row for %s, which is no key", smppPage, key)
		case seen[key]:
			t.Errorf("%s has two rows for %s", smppPage, key)
		case slices.Contains([]string{"hosts", "system_id", "password"}, key):
			if cell != "" {
				t.Errorf("%s: %s has no default", smppPage, key)
			}
		default:
			checkDefault(t, key, cell, field)
		}
		seen[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if !seen[key] {
			t.Errorf("%s has no row for %s in its section Settings", smppPage, key)
		}
	}
}

// checkDefault reads the cell as the setting would be read, and compares.
func checkDefault(t *testing.T, key, cell string, field any) {
	t.Helper()
	want := reflect.ValueOf(field).Elem()
	got := reflect.New(want.Type())
	if cell != "" && decodeStrict(json.RawMessage(cell), got.Interface()) != nil {
		quoted, err := json.Marshal(cell)
		if err != nil {
			t.Fatal(err)
		}
		if err := decodeStrict(quoted, got.Interface()); err != nil {
			t.Errorf("%s: the default of %s cannot be read: it %v", smppPage, key, err)
			return
		}
	}
	if !reflect.DeepEqual(got.Elem().Interface(), want.Interface()) {
		t.Errorf("%s gives %s the default %q; it has %v", smppPage, key, cell, want.Interface())
	}
}

// TestSMPPPageHasTheVerdicts: every status that is no final refusal stands in the
// row of its verdict, and no other status does.
func TestSMPPPageHasTheVerdicts(t *testing.T) {
	page := readPage(t)
	code := regexp.MustCompile(`\(0x([0-9A-F]+)[,)]`)
	for word, verdict := range map[string]sms.Verdict{"throttle": sms.VerdictThrottle, "retry": sms.VerdictRetry} {
		_, row, found := strings.Cut(page, "\n| "+word+" | ")
		row, _, _ = strings.Cut(row, " | ")
		if !found {
			t.Errorf("%s has no row for the verdict %s", smppPage, word)
		}
		have := map[string]bool{}
		for _, m := range code.FindAllStringSubmatch(row, -1) {
			have[m[1]] = true
		}
		for status, v := range verdicts {
			hex := strings.TrimLeft(statusCode(status)[2:], "0")
			hex = strings.Repeat("0", max(0, 2-len(hex))) + hex
			name := strings.TrimPrefix(smpp.Status(status).String(), "ESME_")
			if v == verdict && (!have[hex] || !strings.Contains(row, name)) {
				t.Errorf("%s does not name %s (0x%s) in the row of %s", smppPage, name, hex, word)
			}
			if v == verdict {
				delete(have, hex)
			}
		}
		for hex := range have {
			t.Errorf("%s names 0x%s in the row of %s, where it does not belong", smppPage, hex, word)
		}
	}
}

// TestSMPPPageHasTheReasons: the page tells of each reason that a receipt may have
// whether sending again may help, and which refusals have one of their own.
func TestSMPPPageHasTheReasons(t *testing.T) {
	page := readPage(t)
	_, section, _ := strings.Cut(page, "\n### Why it did not arrive\n")
	section, _, _ = strings.Cut(section, "\n##")
	row := regexp.MustCompile("(?m)^\\| (`[a-z_`, ]+`) \\| .* \\| (yes|no) \\|$")
	seen := map[sms.Reason]bool{}
	for _, m := range row.FindAllStringSubmatch(section, -1) {
		for _, word := range strings.Split(m[1], ", ") {
			reason := sms.Reason(strings.Trim(word, "`"))
			if !slices.Contains(operatorReasons, reason) || reason.Retryable() != (m[2] == "yes") || seen[reason] {
				t.Errorf("%s has a row for %s with %q", smppPage, reason, m[2])
			}
			seen[reason] = true
		}
	}
	for _, reason := range operatorReasons {
		if !seen[reason] {
			t.Errorf("%s has no row for %s", smppPage, reason)
		}
	}
	_, refused, _ := strings.Cut(page, "\n| reject | ")
	refused, _, _ = strings.Cut(refused, "\n")
	for st, reason := range refusals {
		name := strings.TrimPrefix(st.String(), "ESME_")
		before, after, found := strings.Cut(refused, name+" (0x")
		if !found || !strings.HasPrefix(after, strings.ToUpper(statusCode(st)[len("0x000000"):])) || !strings.Contains(before, "`"+string(reason)+"` for") {
			t.Errorf("%s does not say that %s is %s", smppPage, name, reason)
		}
	}
}
