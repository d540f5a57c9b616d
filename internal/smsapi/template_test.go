package smsapi

import (
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
)

// contentRefusals are sendsms calls of the types that need a connector of their
// own, and answers to them.
var contentRefusals = []struct {
	pairs   []string
	message string
}{
	{[]string{"type", "voice", "text", "", "file", "https://files.example/a.mp3", "duration", "9"}, "Type voice is not available: no voice connector is configured"},
	{[]string{"type", "voice", "text", "", "file", "https://files.example/a b.mp3", "duration", "30"}, "Type voice is not available: no voice connector is configured"},
	{[]string{"type", "Voice", "language", "bn", "duration", "30"}, "Type voice is not available: no voice connector is configured"},
	{[]string{"type", "voice", "language", "bn"}, "Missing parameter: duration (seconds, 1 to 3600)"},
	{[]string{"type", "mms", "file", "http://files.example/a.jpg"}, "Type mms is not available: no mms connector is configured"},
	{[]string{"type", "mms"}, "Type mms is not available: no mms connector is configured"},
	{[]string{"type", "whatsapp"}, "Type whatsapp is not available: no whatsapp connector is configured"},
	{[]string{"type", "whatsapp", "text", "", "file", "http://files.example/a.jpg"}, "Type whatsapp is not available: no whatsapp connector is configured"},
	{[]string{"type", "whatsapp", "text", "content:welcome|lang=en|body=Ann"}, "Type whatsapp is not available: no whatsapp connector is configured"},

	{[]string{"type", "voice", "text", ""}, "Missing parameter: file, or text and language"},
	{[]string{"type", "voice"}, "Missing parameter: language (of the text to speak)"},
	{[]string{"type", "voice", "file", "https://files.example/a.mp3"}, "A voice message has either a file or a text; leave one out"},
	{[]string{"type", "voice", "language", "bn", "duration", "half a minute"}, "duration must be a whole number of seconds from 1 to 3600"},
	{[]string{"type", "voice", "language", "bn", "duration", "0"}, "duration must be a whole number of seconds from 1 to 3600"},
	{[]string{"type", "voice", "language", "bn", "duration", "3601"}, "duration must be a whole number of seconds from 1 to 3600"},
	{[]string{"type", "mms", "text", ""}, "Missing parameter: text or file"},
	{[]string{"type", "whatsapp", "text", "\n"}, "Missing parameter: text or file"},
	{[]string{"type", "mms", "file", "a.jpg"}, "file must be a complete address that begins with http:// or https://"},
	{[]string{"type", "mms", "file", "ftp://files.example/a.jpg"}, "file must be a complete address that begins with http:// or https://"},
	{[]string{"type", "mms", "file", "file:///etc/passwd"}, "file must be a complete address that begins with http:// or https://"},
	{[]string{"type", "mms", "file", "https:///a.jpg"}, "file must be a complete address that begins with http:// or https://"},
	{[]string{"type", "mms", "file", "http://[::1/a.jpg"}, "file must be a complete address that begins with http:// or https://"},
}

// TestMissingConnectors: those types parse and check, and then name what is
// missing.
func TestMissingConnectors(t *testing.T) {
	r := newRig(t)
	for _, c := range contentRefusals {
		r.send(c.pairs...).refused("sendsms", c.message)
	}
	r.untouched()
}

// TestOtherTypesParameters: parameters of other types do not matter to a text.
func TestOtherTypesParameters(t *testing.T) {
	r := newRig(t)
	g, _ := r.stored(r.send("file", "nonsense", "language", "bn", "duration", "x").queued())
	if g.File != "" || g.Language != "" || g.Duration != 0 {
		t.Errorf("stored %+v", g)
	}
}

var templates = []struct {
	text string
	err  string // empty: fine
}{
	{"content:order_update|lang=en|body=Ann|body=12:30|button=abc|header=image:https://files.example/a.jpg", ""},
	{"content:welcome|lang=bn", ""},
	{"text=content:welcome|lang=en|body=Ann", ""},
	{" text= content:welcome | lang=en | body=Ann ", ""},
	{"content:welcome|lang=en||body=Ann||body=Bob|", ""},
	{"content:welcome|LANG=en|Body=a=b&c;d", ""},
	{"content:welcome|lang=en|header=Hello Ann", ""},
	{"content:welcome|lang=en|header=video:https://files.example/a.mp4", ""},
	{"content:welcome|lang=en|header=document:http://files.example/a.pdf", ""},
	{"content:welcome|lang=en|body=শুভ সকাল\nline", ""},
	{"just a text | with a bar = and more", ""},
	{"text=content", ""},
	{"", ""},
	{"content:|lang=en", "WhatsApp template: write its name after content:"},
	{"content: ", "WhatsApp template: write its name after content:"},
	{"content:welcome", "WhatsApp template: name its language once, such as lang=en"},
	{"content:welcome|body=Ann", "WhatsApp template: name its language once, such as lang=en"},
	{"content:welcome|lang=en|lang=bn", "WhatsApp template: name its language once, such as lang=en"},
	{"content:welcome|lang=", "WhatsApp template: lang= has no value"},
	{"content:welcome|lang=en|body=", "WhatsApp template: body= has no value"},
	{"content:welcome|lang=en|button", "WhatsApp template: button= has no value"},
	{"content:welcome|lang=en|footer=x", "WhatsApp template: use only lang=, body=, button= and header= between the | signs"},
	{"content:welcome|lang=en|Hello | you", "WhatsApp template: use only lang=, body=, button= and header= between the | signs"},
	{"content:welcome|lang=en|header=image:a.jpg", "WhatsApp template: write the header as header=image:https://…"},
	{"content:welcome|lang=en|header=Video", "WhatsApp template: write the header as header=video:https://…"},
	{"content:welcome|lang=en|header=a|header=b", "WhatsApp template: give at most one header"},
}

// TestQ24Templates: a template arrives at the flow to the letter; a broken one
// is refused with what to do. A connector that carries WhatsApp stands in for
// the one that is to come.
func TestQ24Templates(t *testing.T) {
	for _, c := range templates {
		err := checkTemplate(c.text)
		if got := ""; err != nil {
			got = err.Error()
			if got != c.err {
				t.Errorf("%q: %s, want %q", c.text, got, c.err)
			}
		} else if c.err != "" {
			t.Errorf("%q was let pass, want %q", c.text, c.err)
		}
	}

	r := newRig(t, func(r *rig) {
		plugin := r.flow.Plugins[fake.Protocol]
		plugin.Types = append(plugin.Types, sms.TypeWhatsApp)
		r.flow.Plugins[fake.Protocol] = plugin
		r.route.Types = []sms.Type{sms.TypeSMS, sms.TypeWhatsApp}
	})
	for _, c := range templates {
		if strings.TrimSpace(c.text) == "" {
			continue
		}
		got := r.send("type", "whatsapp", "text", c.text)
		if c.err != "" {
			got.refused("sendsms", c.err)
			continue
		}
		if g, _ := r.stored(got.queued()); g.Text != c.text || g.Type != sms.TypeWhatsApp {
			t.Errorf("%q was stored as %q", c.text, g.Text)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, c := range templates {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := checkTemplate(text)
		trimmed := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "text="))
		if err != nil && !strings.HasPrefix(trimmed, templateMark) {
			t.Fatalf("%q is no template and was refused: %v", text, err)
		}
	})
}
