package egress

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Limits bound a fetch. Zero fields take the values of [DefaultLimits], except
// Redirects and Types.
type Limits struct {
	Bytes     int64         // size of the file
	Time      time.Duration // from the look-up to the last byte
	Redirects int           // 0 to 3
	// Types are the media types that are wanted: "audio/mpeg", or "image/*" for a
	// whole kind. None means any.
	Types []string
}

// DefaultLimits are for the `file` of a message.
var DefaultLimits = Limits{Bytes: 10 << 20, Time: 15 * time.Second}

// File is what was fetched.
type File struct {
	Data []byte
	// Type is the media type that the content shows, never what the server said.
	Type string
	// Declared is the server's Content-Type, at most 255 characters of it.
	Declared string
	SHA256   [sha256.Size]byte
}

// Fetch gets a file. Nothing of it is kept if it is too large, comes too slowly or
// shows another type than was wanted. Errors are of type [*Error].
func (c *Client) Fetch(ctx context.Context, rawURL string, l Limits) (File, error) {
	if l.Bytes <= 0 {
		l.Bytes = DefaultLimits.Bytes
	}
	if l.Time <= 0 {
		l.Time = DefaultLimits.Time
	}
	ctx, cancel := context.WithTimeout(ctx, l.Time)
	defer cancel()
	u, err := c.rules.Check(rawURL)
	if err != nil {
		return File{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return File{}, refuse("the URL cannot be parsed")
	}
	req.Header.Set("User-Agent", "harkara")
	req.Header.Set("Accept", "*/*")
	resp, err := c.Do(req, l.Redirects)
	if err != nil {
		return File{}, err
	}
	defer resp.Body.Close()
	if err := checkAnswer(resp, l); err != nil {
		return File{}, err
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, l.Bytes+1))
	if err != nil {
		return File{}, failure(err)
	}
	return newFile(data, resp.Header.Get("Content-Type"), l)
}

// checkAnswer refuses an answer by its header.
func checkAnswer(resp *http.Response, l Limits) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
	case code >= 300 && code < 400:
		return refuse("the server redirects (status %d), which is not followed", code)
	case code == http.StatusTooManyRequests || code >= 500:
		return &Error{Message: fmt.Sprintf("the server answered with status %d", code)}
	default:
		return refuse("the server answered with status %d", code)
	}
	if e := resp.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return refuse("the file is compressed, although that was not asked for")
	}
	if resp.ContentLength > l.Bytes {
		return tooLarge(l)
	}
	return nil
}

func tooLarge(l Limits) error { return refuse("the file is larger than %d bytes", l.Bytes) }

// newFile checks the content.
func newFile(data []byte, declared string, l Limits) (File, error) {
	if int64(len(data)) > l.Bytes {
		return File{}, tooLarge(l)
	}
	if len(data) == 0 {
		return File{}, refuse("the file is empty")
	}
	f := File{Data: data, Type: Sniff(data), Declared: declared[:min(len(declared), 255)], SHA256: sha256.Sum256(data)}
	if len(l.Types) > 0 && !wanted(f.Type, l.Types) {
		return File{}, refuse("the file is %s; wanted is %s", f.Type, strings.Join(l.Types, " or "))
	}
	return f, nil
}

func wanted(mediaType string, types []string) bool {
	for _, t := range types {
		if kind, ok := strings.CutSuffix(t, "*"); ok && strings.HasPrefix(mediaType, kind) || t == mediaType {
			return true
		}
	}
	return false
}
