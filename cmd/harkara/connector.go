package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

var connectors = noun[admin.ConnectorSpec, *admin.ConnectorSpec]{
	head: "ID NAME PROTOCOL ENABLED MODE PACE WINDOW SHARES_RECEIPTS_WITH",
	row: func(c admin.ConnectorSpec) []any {
		return []any{c.ID, c.Name, c.Protocol, c.Enabled, modeWord(c.Mode), c.Pace, c.Window, c.Shares}
	},
}

func connectorCommand() *cobra.Command {
	return group("connector", "Links to operators and providers",
		connectors.list(), connectors.show(),
		connectors.create("create NAME", "Make a connector; running servers connect it at once", func(s *admin.ConnectorSpec, name, _ string) { s.Name, s.Settings = name, map[string]any{} },
			func(e *edits[admin.ConnectorSpec]) {
				e.text("protocol", "how it is reached: "+joined(quiet()), func(s *admin.ConnectorSpec) *string { return &s.Protocol })
				connectorFlags(e)
				e.yes("disabled", "make it disabled", func(s *admin.ConnectorSpec, yes bool) { s.Enabled = !yes })
			}),
		connectors.change(func(e *edits[admin.ConnectorSpec]) {
			e.text("name", "new name", func(s *admin.ConnectorSpec) *string { return &s.Name })
			connectorFlags(e)
			e.flag("unset", "key", "remove a setting", func(s *admin.ConnectorSpec, key string) error {
				if _, ok := s.Settings[key]; !ok {
					return fmt.Errorf("there is no setting %s", key)
				}
				delete(s.Settings, key)
				return nil
			})
		}),
		connectors.set("enable", "Connect it", func(s *admin.ConnectorSpec) { s.Enabled = true }),
		connectors.set("disable", "Finish what is on the way and disconnect it", func(s *admin.ConnectorSpec) { s.Enabled = false }),
		connectors.set("pause", "Submit nothing until it is resumed; it stays bound, receipts and replies come", func(s *admin.ConnectorSpec) { s.Mode = sms.ModePause }),
		connectors.set("drain", "Take nothing new and finish what it has; it stays bound, receipts and replies come", func(s *admin.ConnectorSpec) { s.Mode = sms.ModeDrain }),
		connectors.set("resume", "Submit again after pause or drain", func(s *admin.ConnectorSpec) { s.Mode = sms.ModeRun }),
		connectors.delete(), statusCommand())
}

// modeWord is the mode as it is shown.
func modeWord(m sms.ConnectorMode) string { return cmp.Or(string(m), "run") }

func connectorFlags(e *edits[admin.ConnectorSpec]) {
	e.number("pace", "parts a second; 0: as fast as the window allows", func(s *admin.ConnectorSpec) *float64 { return &s.Pace })
	integer(e, "window", "submissions without an answer, per bind (default 10)", func(s *admin.ConnectorSpec) *int { return &s.Window })
	e.text("shares-receipts-with", "connector over which its receipts may come too", func(s *admin.ConnectorSpec) *string { return &s.Shares })
	e.flag("set", "key=value", `a setting; the value is JSON where it is JSON, else text: hosts='["a:2775"]', system_id=acme, system_id='"123"'`, setSetting)
	e.flag("set-env", "key=NAME", "a secret setting, from an environment variable: password=GP_PASSWORD", secretSetting("_env"))
	e.flag("set-file", "key=PATH", "a secret setting, from a file", secretSetting("_file"))
}

func setSetting(s *admin.ConnectorSpec, text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return fmt.Errorf("write key=value")
	}
	if admin.IsSecret(key) {
		return fmt.Errorf("%s is a secret, which others could read from the command line: use --set-env %s=NAME or --set-file %s=PATH", key, key, key)
	}
	s.Settings[key] = parseSetting(value)
	return nil
}

// parseSetting takes JSON where the text is JSON. Whole numbers stay whole.
func parseSetting(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return text
	}
	return v
}

func secretSetting(source string) func(*admin.ConnectorSpec, string) error {
	return func(s *admin.ConnectorSpec, text string) error {
		key, place, ok := strings.Cut(text, "=")
		switch {
		case !ok || key == "" || place == "":
			return fmt.Errorf("write key=%s", map[string]string{"_env": "NAME", "_file": "PATH"}[source])
		case !admin.IsSecret(key):
			return fmt.Errorf("%s is no secret: use --set %s=value", key, key)
		}
		delete(s.Settings, key)
		s.Settings[key+source] = place
		return nil
	}
}
