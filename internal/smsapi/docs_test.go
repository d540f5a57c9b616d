package smsapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/sms"
)

// answered are the error texts that the tests of this room get from the whole
// stack, letter by letter.
func answered() map[string]bool {
	texts := map[string]bool{textInternal: true, textUnavailable: true,
		"The path is case-sensitive: call /smsAPI, not /smsapi": true, // TestQ15LastPathElement
		"There is nothing at this path; call /smsAPI":           true,
		"This port speaks HTTPS; use https:// in the address":   true} // TestPlainHTTPOnTLSPort
	for _, c := range refusals {
		texts[c.message] = true
	}
	for _, c := range contentRefusals {
		texts[c.message] = true
	}
	for _, c := range templates {
		texts[c.err] = true
	}
	for _, c := range ownPages {
		texts[c.message] = true
	}
	delete(texts, "")
	return texts
}

// variants are texts that the page shows once, with a word that may be another.
var variants = []struct{ word, page string }{
	{`\d+ parts, at most \d+`, "11 parts, at most 10"},
	{`at most \d+ are allowed in one`, "at most 50000 are allowed in one"},
	{`Type (voice|mms|whatsapp) is not available: no (voice|mms|whatsapp)`, "Type voice is not available: no voice"},
	{`header=(image|video|document):`, "header=image:"},
	{`(lang|body|button)= has`, "body= has"},
}

func asOnThePage(text string) string {
	for _, v := range variants {
		text = regexp.MustCompile(v.word).ReplaceAllString(text, v.page)
	}
	return text
}

const compatibilityPage = "../../docs/compatibility.md"

// TestCompatibilityPage: the page lists exactly the error texts that there are,
// shows replies that were really given, and names the real limits.
func TestCompatibilityPage(t *testing.T) {
	b, err := os.ReadFile(compatibilityPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	_, table, ok := strings.Cut(page, "\n## Errors\n")
	table, _, ok2 := strings.Cut(table, "\n## ")
	if !ok || !ok2 {
		t.Fatal("the page has no section Errors")
	}
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(.*?)` \\|").FindAllStringSubmatch(table, -1) {
		listed[strings.ReplaceAll(m[1], `\|`, "|")] = true
	}
	given := map[string]bool{}
	for text := range answered() {
		given[asOnThePage(text)] = true
	}
	for text := range given {
		if !listed[text] {
			t.Errorf("the page does not list %q", text)
		}
	}
	for text := range listed {
		if !given[text] {
			t.Errorf("the page lists %q, which no call of these tests is answered with", text)
		}
	}

	replies, err := os.ReadFile("testdata/replies.txt")
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(page, -1) {
		lines := bufio.NewScanner(strings.NewReader(block[1]))
		for lines.Scan() {
			line := bytes.TrimSpace(lines.Bytes())
			if len(line) == 0 {
				continue
			}
			if shown++; !json.Valid(line) || !bytes.Contains(replies, append(append([]byte("\n"), line...), '\n')) {
				t.Errorf("not a reply of testdata/replies.txt: %s", line)
			}
		}
	}
	if shown < 6 {
		t.Errorf("%d replies shown", shown)
	}
	for phrase, same := range map[string]bool{
		"at most 1,000 a call":              inboxMost == 1000,
		"length in seconds, 1 to 3600":      maxVoice == 3600,
		"Too many recipients; at most 5000": DefaultMaxRecipients == 50_000,
	} {
		if !same || !strings.Contains(page, phrase) {
			t.Errorf("the limit in %q is not that of the code", phrase)
		}
	}
	for _, state := range sms.States() {
		if !strings.Contains(page, "`"+state.String()+"`") {
			t.Errorf("the fine status %s is missing", state)
		}
	}
	for _, name := range slices.Sorted(slices.Values(spelling[:])) {
		if !strings.Contains(page, name) {
			t.Errorf("the parameter %s is missing", name)
		}
	}
}
