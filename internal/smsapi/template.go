package smsapi

import (
	"strings"
)

// A WhatsApp message that is not an answer must be one of the templates that
// were approved for the account. Clients name it inside text (Q24):
//
//	content:<template>|lang=<xx>|body=<p1>|body=<p2>|button=<p>|header=image:<url>
//
// The text goes to the connector as it came; checkTemplate only refuses what no
// connector could send.

const templateMark = "content:"

// checkTemplate checks a text that begins like a template. Any other text is a
// free one. Two slips of clients in the field are let pass: a stray "text="
// before the template, and empty pieces from a doubled "||".
func checkTemplate(text string) error {
	text = strings.TrimSpace(text)
	text = strings.TrimSpace(strings.TrimPrefix(text, "text="))
	rest, ok := strings.CutPrefix(text, templateMark)
	if !ok {
		return nil
	}
	name, rest, _ := strings.Cut(rest, "|")
	if strings.TrimSpace(name) == "" {
		return invalid("WhatsApp template: write its name after content:")
	}
	seen := map[string]int{}
	for piece := range strings.SplitSeq(rest, "|") {
		if strings.TrimSpace(piece) == "" {
			continue
		}
		key, value, _ := strings.Cut(piece, "=")
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		seen[key]++
		if err := checkPiece(key, value); err != nil {
			return err
		}
	}
	if seen["lang"] != 1 {
		return invalid("WhatsApp template: name its language once, such as lang=en")
	}
	if seen["header"] > 1 {
		return invalid("WhatsApp template: give at most one header")
	}
	return nil
}

func checkPiece(key, value string) error {
	switch key {
	case "lang", "body", "button", "header":
	default:
		return invalid("WhatsApp template: use only lang=, body=, button= and header= between the | signs")
	}
	if value == "" {
		return invalid("WhatsApp template: %s= has no value", key)
	}
	if key != "header" {
		return nil
	}
	kind, address, _ := strings.Cut(value, ":")
	switch strings.ToLower(kind) {
	case "image", "video", "document":
		if !isWebAddress(address) {
			return invalid("WhatsApp template: write the header as header=%s:https://…", strings.ToLower(kind))
		}
	}
	return nil // any other header is a text
}
