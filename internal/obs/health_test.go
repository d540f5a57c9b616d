package obs

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func TestAdminPages(t *testing.T) {
	var h Health
	admin := AdminHandler(&h, NewRegistry("test"))
	if code, body := get(t, admin, "/livez"); code != 200 || body != "ok\n" {
		t.Errorf("livez: %d %q", code, body)
	}
	if code, body := get(t, admin, "/metrics"); code != 200 || !strings.Contains(body, `harkara_build_info{version="test"} 1`) {
		t.Errorf("metrics: %d %q", code, body)
	}
	if code, _ := get(t, admin, "/"); code != 404 {
		t.Errorf("/: %d", code)
	}
	if code, body := get(t, admin, "/readyz"); code != 200 || !strings.Contains(body, `"ready"`) {
		t.Errorf("readyz without checks: %d %s", code, body)
	}
}

func TestReadyz(t *testing.T) {
	var down error
	var h Health
	h.Check("database", func(context.Context) error { return down })
	h.Check("disk", func(context.Context) error { return nil })
	h.Check("broken", func(context.Context) error { return nil })
	admin := AdminHandler(&h, NewRegistry("test"))
	ask := func() (int, Report) {
		code, body := get(t, admin, "/readyz")
		var r Report
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		return code, r
	}
	if code, r := ask(); code != 200 || r.Status != "ready" || r.Checks["database"] != "ok" {
		t.Errorf("%d %+v", code, r)
	}
	down = errors.New("open postgres://u:" + canary + "@h/x: refused")
	if code, r := ask(); code != 503 || r.Status != "not ready" || r.Checks["disk"] != "ok" ||
		r.Checks["database"] != "open postgres://u:[redacted]@h/x: refused" {
		t.Errorf("%d %+v", code, r)
	}
	down = nil
	h.NotReady("stopping")
	if code, r := ask(); code != 503 || r.Reason != "stopping" || r.Checks["database"] != "ok" {
		t.Errorf("%d %+v", code, r)
	}
	h.NotReady("")
	if code, _ := ask(); code != 200 {
		t.Errorf("%d after NotReady was taken back", code)
	}
}

func TestPanickingCheckIsAReason(t *testing.T) {
	var h Health
	h.Check("broken", func(context.Context) error { panic("nil map") })
	if r, ok := h.Ready(context.Background()); ok || r.Checks["broken"] != "panic: nil map" {
		t.Errorf("%v %+v", ok, r)
	}
}

func TestHangingCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h Health
		var asked atomic.Int32
		release := make(chan struct{})
		h.Check("hangs", func(context.Context) error { asked.Add(1); <-release; return nil })
		began := time.Now()
		r, ok := h.Ready(t.Context())
		if ok || r.Checks["hangs"] != "no answer within 1s" || time.Since(began) != checkTimeout {
			t.Errorf("%v %+v after %s", ok, r, time.Since(began))
		}
		if r, _ := h.Ready(t.Context()); r.Checks["hangs"] != "no answer to an earlier question" || asked.Load() != 1 {
			t.Errorf("asked %d times, %+v", asked.Load(), r)
		}
		close(release)
		synctest.Wait()
		if r, ok := h.Ready(t.Context()); !ok || asked.Load() != 2 {
			t.Errorf("asked %d times, %+v", asked.Load(), r)
		}
	})
}
