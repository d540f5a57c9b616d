package egress

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// local starts a server and a client that may reach it.
func local(t *testing.T, h http.HandlerFunc) (*Client, string) {
	t.Helper()
	srv := httptest.NewServer(h)
	c := New(Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ports: []uint16{uint16(srv.Listener.Addr().(*net.TCPAddr).Port)}})
	t.Cleanup(func() { c.Close(); srv.Close() })
	return c, srv.URL
}

var (
	wav  = append([]byte("RIFF\x24\x00\x00\x00WAVEfmt "), make([]byte, 64)...)
	png  = []byte("\x89PNG\x0D\x0A\x1A\x0A0000")
	html = []byte("<!DOCTYPE html><title>404</title>")
)

// mp3 is two frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz (417 bytes each).
func mp3() []byte {
	b := make([]byte, 2*417)
	copy(b, "\xff\xfb\x90\x00")
	copy(b[417:], "\xff\xfb\x90\x00")
	return b
}

func TestFetch(t *testing.T) {
	c, url := local(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" || r.Header.Get("User-Agent") != "harkara" || r.Method != "GET" {
			t.Errorf("request %s %v", r.Method, r.Header)
		}
		w.Header().Set("Content-Type", "audio/x-wav; "+strings.Repeat("x", 300))
		w.Write(wav)
	})
	f, err := c.Fetch(t.Context(), url+"/a.wav", Limits{Types: []string{"audio/*"}})
	if err != nil || !bytes.Equal(f.Data, wav) || f.Type != "audio/wav" || len(f.Declared) != 255 || f.SHA256 != sha256.Sum256(wav) {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestFetchRefusesAnswers(t *testing.T) {
	send := func(b []byte) http.HandlerFunc { return func(w http.ResponseWriter, _ *http.Request) { w.Write(b) } }
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); w.Write(wav) }
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		limits Limits
		want   string
		again  bool // may be tried again
	}{
		{"declared too large", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1001")
			w.Write(make([]byte, 1001))
		}, Limits{Bytes: 1000}, "the file is larger than 1000 bytes", false},
		{"too large without a length", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.Write(make([]byte, 1000))
				w.(http.Flusher).Flush()
			}
		}, Limits{Bytes: 5000}, "the file is larger than 5000 bytes", false},
		{"one byte too large", send(make([]byte, 1001)), Limits{Bytes: 1000}, "the file is larger than 1000 bytes", false},
		{"empty", send(nil), Limits{}, "the file is empty", false},
		{"compressed", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "gzip"); w.Write(wav) }, Limits{}, "the file is compressed, although that was not asked for", false},
		{"not found", status(404), Limits{}, "the server answered with status 404", false},
		{"no content", status(202), Limits{}, "the server answered with status 202", false},
		{"busy", status(429), Limits{}, "the server answered with status 429", true},
		{"broken", status(502), Limits{}, "the server answered with status 502", true},
		{"another type", send(html), Limits{Types: []string{"audio/*", "video/mp4"}}, "the file is text/html; wanted is audio/* or video/mp4", false},
		{"a type that only looks alike", send(png), Limits{Types: []string{"image/p"}}, "the file is image/png; wanted is image/p", false},
		{"huge header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2*maxHeader)) }, Limits{}, "the server cannot be reached", true},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write(make([]byte, 10))
		}, Limits{}, "the server cannot be reached", true},
		{"never an answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, Limits{Time: time.Millisecond}, "the server did not answer in time", true},
		{"never the end", func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte("a"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, Limits{Time: 50 * time.Millisecond}, "the server did not answer in time", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, url := local(t, tt.answer)
			f, err := c.Fetch(t.Context(), url+"/?apitoken=canary", tt.limits)
			var e *Error
			if !errors.As(err, &e) || e.Message != tt.want || e.Refused == tt.again {
				t.Errorf("got %#v, want %s", err, tt.want)
			}
			if f.Data != nil || strings.Contains(fmt.Sprint(err), "canary") {
				t.Errorf("data of %d bytes, %v", len(f.Data), err)
			}
		})
	}
}

func TestFetchAtTheLimit(t *testing.T) {
	c, url := local(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1000)) })
	if f, err := c.Fetch(t.Context(), url, Limits{Bytes: 1000}); err != nil || len(f.Data) != 1000 {
		t.Errorf("%d bytes, %v", len(f.Data), err)
	}
}

func TestFetchCanceled(t *testing.T) {
	c, url := local(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Fetch(ctx, url, Limits{}); err == nil || err.Error() != "the request was canceled" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestLookupProblems(t *testing.T) {
	c := New(Rules{Resolver: &hosts{answers: map[string][][]string{"nowhere.example": {{"fails"}}, "empty.example": {{}}}}})
	for host, want := range map[string]string{"nowhere.example": "the host cannot be looked up", "empty.example": "the host has no address"} {
		_, err := c.Fetch(t.Context(), "http://"+host+"/", Limits{})
		var e *Error
		if !errors.As(err, &e) || e.Refused || e.Message != want {
			t.Errorf("%s: got %v", host, err)
		}
	}
	if _, err := c.dialContext(t.Context(), "tcp", "no port"); err == nil || err.Error() != "the address is not valid" {
		t.Errorf("got %v", err)
	}
}

func TestNextAddressIsTried(t *testing.T) {
	c := New(Rules{Resolver: &hosts{answers: map[string][][]string{"two.example": {{"93.184.215.14", "2606:4700::1111"}}}}})
	var dialled []string
	here, there := net.Pipe()
	defer there.Close()
	c.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		if len(dialled) == 1 {
			return nil, errors.New("unreachable")
		}
		return here, nil
	}
	conn, err := c.dialContext(t.Context(), "tcp", "two.example:80")
	if err != nil || fmt.Sprint(dialled) != "[93.184.215.14:80 [2606:4700::1111]:80]" {
		t.Errorf("%v, %v", dialled, err)
	}
	conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dialled = nil
	if _, err := c.dialContext(ctx, "tcp", "two.example:80"); err == nil || len(dialled) != 1 {
		t.Errorf("went on after the end of its context: %v, %v", dialled, err)
	}
}

func TestDoKeepsTheRequest(t *testing.T) {
	c, url := local(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, "%s %s %s %t", r.Method, r.Header.Get("Webhook-Id"), b, strings.HasPrefix(r.Host, "127.0.0.1:"))
	})
	req, err := http.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader("event"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Webhook-Id", "7")
	req.Host = "internal.example"
	resp, err := c.Do(req, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "POST 7 event true" {
		t.Errorf("%s, %v", b, err)
	}
	req.URL.Scheme = "ftp"
	var e *Error
	if _, err := c.Do(req, 0); !errors.As(err, &e) || !e.Refused {
		t.Errorf("got %v", err)
	}
}

func TestSniff(t *testing.T) {
	second := mp3()
	copy(second[417:], "\x00\x00\x00\x00")
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"wav", wav, "audio/wav"}, {"png", png, "image/png"}, {"html", html, "text/html"}, {"jpeg", []byte("\xff\xd8\xff\xe0"), "image/jpeg"},
		{"mp3 with a tag", []byte("ID3\x03\x00"), "audio/mpeg"}, {"mp3", mp3(), "audio/mpeg"}, {"start of an mp3", mp3()[:4], "audio/mpeg"},
		{"mpeg 2", []byte("\xff\xf3\x40\xc0"), "audio/mpeg"}, {"mpeg 2.5", []byte("\xff\xe3\x40\xc0"), "audio/mpeg"},
		{"one frame and noise", second, "application/octet-stream"}, {"bad bit rate", []byte("\xff\xfb\xf0\x00"), "application/octet-stream"},
		{"bad sampling rate", []byte("\xff\xfb\x9c\x00"), "application/octet-stream"}, {"reserved version", []byte("\xff\xeb\x90\x00"), "application/octet-stream"},
		{"aac", []byte("\xff\xf1\x50\x80\x00\x1f\xfc"), "audio/aac"}, {"amr", []byte("#!AMR\n\x3c"), "audio/amr"}, {"amr-wb", []byte("#!AMR-WB\n\x3c"), "audio/amr-wb"},
		{"3gp", []byte("\x00\x00\x00\x14ftyp3gp4\x00\x00\x02\x00"), "video/3gpp"}, {"m4a", []byte("\x00\x00\x00\x14ftypM4A \x00\x00\x02\x00"), "audio/mp4"},
		{"mp4", []byte("\x00\x00\x00\x14ftypisom\x00\x00\x02\x00"), "video/mp4"}, {"mov", []byte("\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00"), "video/quicktime"},
		{"heic", []byte("\x00\x00\x00\x14ftypheic\x00\x00\x02\x00"), "image/heic"}, {"ogg", []byte("OggS\x00"), "application/ogg"},
		{"pdf", []byte("%PDF-1.7"), "application/pdf"}, {"utf-16 text", []byte("\xff\xfea\x00"), "text/plain"}, {"nothing", nil, "text/plain"},
		{"script that says it is an image", []byte("<script>"), "text/html"},
	}
	for _, tt := range tests {
		if got := Sniff(tt.data); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func FuzzSniff(f *testing.F) {
	f.Add(mp3())
	f.Add([]byte("\xff\xf1\x50\x80"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got := Sniff(b); !strings.Contains(got, "/") {
			t.Errorf("%q", got)
		}
	})
}
