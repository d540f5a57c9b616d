package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/admin"
)

// Settings belong to the plug-in: whatever differs in them is a change that is
// told and stored.
func TestSettingsAreComparedExactly(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`{}`, `{tls: {}}`, `settings.tls: (none) → {}`},
		{`{tls: {}}`, `{}`, `settings.tls: {} → (none)`},
		{`{tls: {}}`, `{tls: {ca: x}}`, `settings.tls.ca: (none) → x|settings.tls: {} → (none)`},
		{`{tls: {}}`, `{tls: []}`, `settings.tls: {} → []`},
		{`{a: []}`, `{a: [[]]}`, `settings.a[0]: (none) → []|settings.a: [] → (none)`},
		{`{a: {}}`, `{a: "{}"}`, `settings.a: {} → "{}"`},
		{`{a: ""}`, `{}`, `settings.a: "" → (none)`},
		{`{a: null}`, `{a: "null"}`, `settings.a: null → "null"`},
		{`{a: 12345}`, `{a: "12345"}`, `settings.a: 12345 → "12345"`},
		{`{a: true}`, `{a: "true"}`, `settings.a: true → "true"`},
		{`{a: [x, y]}`, `{a: ["x, y"]}`, `settings.a: [x, y] → ["x, y"]`},
		{`{a: [x]}`, `{a: "[x]"}`, `settings.a: [x] → "[x]"`},
		{`{a.b: x}`, `{a: {b: x}}`, `settings.a.b: (none) → x|settings."a.b": x → (none)`},
		{`{a: [{b: x}]}`, `{"a[0]": {b: x}}`, `settings."a[0]".b: (none) → x|settings.a[0].b: x → (none)`},
		{`{password: ""}`, `{password_env: PW}`, `settings.password: "" → ***`},
		{`{hosts: ["a:1"]}`, `{hosts: ["a:1", "b:1"]}`, `settings.hosts: [a:1] → [a:1, b:1]`},
	} {
		t.Run(c.old+" to "+c.new, func(t *testing.T) {
			r := newRig(t)
			r.env["PW"] = "geheim"
			file := func(settings string) string {
				return fmt.Sprintf("connectors: [{name: gp, protocol: smpp, settings: %s}]", settings)
			}
			r.mustApply(file(c.old), admin.ApplyOptions{})
			before := r.version()
			want := "~ connector gp\n    " + strings.ReplaceAll(c.want, "|", "\n    ") + "\n"
			if got := r.mustApply(file(c.new), admin.ApplyOptions{}); got != want {
				t.Errorf("apply:\n%swant\n%s", got, want)
			}
			if r.version() == before {
				t.Error("nothing was stored")
			}
			if got := r.mustApply(file(c.new), admin.ApplyOptions{}); got != "" {
				t.Errorf("second apply:\n%s", got)
			}
		})
	}
}

// Counters are only ever raised: a lower start would be a change without effect.
func TestCounterStarts(t *testing.T) {
	const head = "accounts: [{name: shop, time_zone: UTC"
	r := newRig(t)
	r.mustApply(head+", group_start: 500, recipient_start: 600, inbox_start: 700}]", admin.ApplyOptions{})
	for key, stored := range map[string]int{"group_start": 500, "recipient_start": 600, "inbox_start": 700} {
		_, err := r.apply(fmt.Sprintf("%s, %s: %d}]", head, key, stored-1), admin.ApplyOptions{})
		want := fmt.Sprintf("%s is %d already and cannot become %d", key, stored, stored-1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if got := r.mustApply(head+"}]", admin.ApplyOptions{}); got != "" {
		t.Errorf("left out:\n%s", got)
	}
	if got := r.mustApply(head+", group_start: 501}]", admin.ApplyOptions{}); got != "~ account shop\n    group_start: 500 → 501\n" {
		t.Errorf("raised:\n%s", got)
	}
	if _, err := r.apply(head+", group_start: -1}]", admin.ApplyOptions{}); err == nil {
		t.Error("a start below 0 is taken")
	}
}
