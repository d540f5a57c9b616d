package obs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

type account struct {
	Name     string
	APIToken string `json:"api_token"`
	Inner    *account
}

type nilError struct{ s string }

func (e *nilError) Error() string { return e.s }

type valuer struct{ token string }

func (v valuer) LogValue() slog.Value {
	return slog.GroupValue(slog.String("apitoken", v.token), slog.String("name", "acme"))
}

// Every way of logging something, each with a canary in it.
func canaryLogs() map[string]func(*slog.Logger) {
	u, _ := url.Parse("http://u:" + canary + "@h/?apitoken=" + canary)
	opaque := make(chan int)
	return map[string]func(*slog.Logger){
		"attribute":           func(l *slog.Logger) { l.Info("x", "apitoken", canary) },
		"attribute, spelling": func(l *slog.Logger) { l.Info("x", "API-Token", canary, "smpp_password", canary, "Text", canary) },
		"number":              func(l *slog.Logger) { l.Info("x", "pin", 7351) },
		"message":             func(l *slog.Logger) { l.Info("GET /smsAPI?apikey=" + canary) },
		"string":              func(l *slog.Logger) { l.Info("x", "url", "/smsAPI?text=a "+canary) },
		"error": func(l *slog.Logger) {
			l.Info("x", "error", &url.Error{Op: "Get", URL: u.String(), Err: errors.New("refused")})
		},
		"wrapped error": func(l *slog.Logger) {
			l.Info("x", "error", fmt.Errorf("send: %w", errors.New(`bad json {"text":"`+canary+`"}`)))
		},
		"group":           func(l *slog.Logger) { l.Info("x", slog.Group("call", slog.Group("form", "apitoken", canary))) },
		"sensitive group": func(l *slog.Logger) { l.Info("x", slog.Group("secret", "value", canary, "n", 7351)) },
		"with":            func(l *slog.Logger) { l.With("password", canary).Info("x") },
		"with group":      func(l *slog.Logger) { l.WithGroup("a").With("secret", canary).WithGroup("b").Info("x", "text", canary) },
		"in a sensitive group": func(l *slog.Logger) {
			l.WithGroup("authorization").With("value", canary).WithGroup("x").Info("x", "y", canary, "n", 7351)
		},
		"url": func(l *slog.Logger) { l.Info("x", "url", u) },
		"header": func(l *slog.Logger) {
			l.Info("x", "header", http.Header{"Authorization": {canary}, "X-Api-Key": {canary}})
		},
		"form": func(l *slog.Logger) { l.Info("x", "form", url.Values{"apitoken": {canary, canary}, "text": {canary}}) },
		"struct": func(l *slog.Logger) {
			l.Info("x", "account", account{APIToken: canary, Inner: &account{APIToken: canary}})
		},
		"bytes":     func(l *slog.Logger) { l.Info("x", "data", []byte("text="+canary)) },
		"LogValuer": func(l *slog.Logger) { l.Info("x", "account", valuer{canary}) },
		"not json":  func(l *slog.Logger) { l.Info("x", "v", map[string]any{"c": opaque, "text": canary}) },
		"stringer":  func(l *slog.Logger) { l.Info("x", "v", stringer{}) },
		"text":      func(l *slog.Logger) { l.Info("x", "v", texter{}) },
	}
}

type stringer struct{}

func (stringer) String() string { return "apitoken=" + canary }

type texter struct{}

func (texter) MarshalText() ([]byte, error) { return []byte("apitoken=" + canary), nil }

var logTime = regexp.MustCompile(`time=\S+|"time":"[^"]*"`)

func TestNoCanaryReachesALog(t *testing.T) {
	for name, write := range canaryLogs() {
		for _, format := range []string{"text", "json"} {
			t.Run(name+"/"+format, func(t *testing.T) {
				var out bytes.Buffer
				l, err := NewLogger(&out, format, nil)
				if err != nil {
					t.Fatal(err)
				}
				write(l)
				// The time of a line may hold the canary's digits by chance.
				line := logTime.ReplaceAllString(out.String(), "")
				if strings.Contains(line, "7351") {
					t.Errorf("canary survived: %s", line)
				}
				if !strings.Contains(line, Redacted) {
					t.Errorf("nothing was taken out, so this case tests nothing: %s", line)
				}
			})
		}
	}
}

func TestLogKeepsTheRest(t *testing.T) {
	var out bytes.Buffer
	l, err := NewLogger(&out, "json", slog.LevelDebug)
	if err != nil {
		t.Fatal(err)
	}
	var missing *nilError
	l.With("connector", "op1").WithGroup("").WithGroup("part").Debug("sent", "n", 3, "took", time.Second, "ok", true,
		"addr", netip.MustParseAddr("10.0.0.1"), "nothing", nil, "ids", []int{1, 2}, "text_set", true, "broken", missing,
		"err", errors.New("link lost"))
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	delete(got, "time")
	want := map[string]any{"level": "DEBUG", "msg": "sent", "connector": "op1", "part": map[string]any{
		"n": 3.0, "took": 1e9, "ok": true, "addr": "10.0.0.1", "nothing": nil, "ids": "[1,2]", "text_set": true,
		"broken": "!PANIC in *obs.nilError", "err": "link lost"}}
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

func TestLoggerOptions(t *testing.T) {
	if _, err := NewLogger(&bytes.Buffer{}, "xml", nil); err == nil || !strings.Contains(err.Error(), "use text or json") {
		t.Errorf("got %v", err)
	}
	l, err := NewLogger(&bytes.Buffer{}, "", slog.LevelWarn)
	if err != nil {
		t.Fatal(err)
	}
	if l.Enabled(context.Background(), slog.LevelInfo) || !l.Enabled(context.Background(), slog.LevelWarn) {
		t.Error("the level is not kept")
	}
}
