package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Masked stands for a secret in what is shown. In a file it means: keep the one
// that is stored.
const Masked = "***"

// secretWords make the name of a setting that of a secret.
var secretWords = []string{"password", "passwd", "passphrase", "secret", "token", "api_key", "apikey", "private_key", "auth_key"}

// IsSecret says whether a setting of this name is never shown. Names that end in
// _file or _env name where a secret is and are none.
func IsSecret(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	if strings.HasSuffix(name, "_file") || strings.HasSuffix(name, "_env") {
		return false
	}
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(name, w) })
}

// mask is a copy of settings without the secrets.
func mask(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if out[key] = mask(value); IsSecret(key) && !empty(value) {
				out[key] = Masked
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = mask(value)
		}
		return out
	}
	return v
}

func empty(v any) bool { return v == nil || v == "" }

// settings makes the stored form of a connector's settings: PASSWORD_env and
// PASSWORD_file (of a name that IsSecret) are replaced by what they point to, a
// masked secret by the one in old.
func (x *builder) settings(settings, old map[string]any) json.RawMessage {
	raw, err := json.Marshal(x.resolve(settings, old))
	if err != nil {
		x.problem("settings: keys must be words and values plain; check the nesting")
		return nil
	}
	return raw
}

func (x *builder) resolve(v, old any) any {
	switch v := v.(type) {
	case map[string]any:
		before, _ := old.(map[string]any)
		return x.resolveMap(v, before)
	case []any:
		before, _ := old.([]any)
		out := make([]any, len(v))
		for i, value := range v {
			var was any
			if i < len(before) {
				was = before[i]
			}
			out[i] = x.resolve(value, was)
		}
		return out
	}
	return v
}

func (x *builder) resolveMap(settings, old map[string]any) map[string]any {
	out := make(map[string]any, len(settings))
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		value := settings[key]
		name, source := cutSource(key)
		switch {
		case source != "":
			if _, twice := settings[name]; twice {
				x.problem("settings: %s and %s are both set: keep one", name, key)
				continue
			}
			text, ok := value.(string)
			if !ok || text == "" {
				x.problem("settings: %s must name %s", key, map[string]string{"env": "an environment variable", "file": "a file"}[source])
				continue
			}
			out[name] = x.secret("settings: "+key, source, text)
		case IsSecret(key) && value == Masked:
			if empty(old[key]) {
				x.problem("settings: %s is masked (%s) but nothing is stored: write %s_env: NAME_OF_A_VARIABLE", key, Masked, key)
			}
			out[key] = old[key]
		default:
			out[key] = x.resolve(value, old[key])
		}
	}
	return out
}

// cutSource splits password_env into password and env.
func cutSource(key string) (name, source string) {
	for _, source := range []string{"env", "file"} {
		if name, ok := strings.CutSuffix(key, "_"+source); ok && IsSecret(name) {
			return name, source
		}
	}
	return key, ""
}

// secret reads the environment variable or the file. Its errors name the place,
// never the value.
func (x *builder) secret(what, source, place string) string {
	var value string
	var err error
	if source == "env" {
		value = x.desk.Getenv(place)
	} else {
		var b []byte
		b, err = x.desk.ReadFile(place)
		value = strings.TrimRight(string(b), "\r\n")
	}
	switch {
	case err != nil:
		x.problem("%s: %v", what, err)
	case value == "" && source == "env":
		x.problem("%s: the environment variable %s is empty: set it", what, place)
	case value == "":
		x.problem("%s: %s is empty", what, place)
	}
	return value
}

// Problems are all that is wrong in what was asked, one line each.
type Problems []string

func (p Problems) Error() string {
	if len(p) == 1 {
		return p[0]
	}
	return fmt.Sprintf("%d problems:\n  %s", len(p), strings.Join(p, "\n  "))
}
