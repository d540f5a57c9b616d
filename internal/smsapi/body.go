package smsapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
)

// DefaultMaxBody is the largest request body that is read, in bytes. 10,000
// recipients with escaped separators take about 200 KiB.
const DefaultMaxBody = 1 << 20

// prepaid is how much memory an announced length gets at once. A longer body
// gets it as it arrives: announcing costs a client nothing.
const prepaid = 64 << 10

// ErrBodyTooLarge is returned for a body above the limit.
var ErrBodyTooLarge = errors.New("smsapi: request body too large, send fewer recipients in one call")

// ErrBodyIncomplete is returned when the body could not be read to its end.
// The call must be refused: a cut list of recipients or a cut text must not be
// sent.
var ErrBodyIncomplete = errors.New("smsapi: request body incomplete, send it again")

// Decoder decodes the parameters of requests.
type Decoder struct {
	// MaxBody is the largest body in bytes; 0 means DefaultMaxBody.
	MaxBody int64
}

// Decode collects the parameters of r, whose target has been parsed to t:
// first those of the target, then those of the body, which win (Q2). The method
// does not matter. A body counts if it is urlencoded, multipart/form-data, or
// has no Content-Type; any other body, and one that is JSON or XML by its first
// byte, is ignored without harm to the query parameters.
//
// The error is nil or wraps ErrBodyTooLarge or ErrBodyIncomplete; the
// parameters of the target are returned with it.
func (d Decoder) Decode(r *http.Request, t Target) (Params, error) {
	var p Params
	p.AddQuery(t.Query)
	p.AddQuery(t.Tail)
	if r.Body == nil || r.Body == http.NoBody {
		return p, nil
	}
	header := r.Header.Get("Content-Type")
	kind := mediaType(header)
	if kind == ignoredBody {
		// Not read: it may be of any size and is none of ours.
		return p, nil
	}
	body, err := d.read(r)
	if err != nil {
		return p, err
	}
	if kind == multipartBody {
		p.addMultipart(body, boundary(header))
	} else if !looksForeign(body) {
		p.AddQuery(string(body))
	}
	return p, nil
}

// read reads the whole body, within the limit.
func (d Decoder) read(r *http.Request) ([]byte, error) {
	limit := d.MaxBody
	if limit <= 0 {
		limit = DefaultMaxBody
	}
	if r.ContentLength > limit {
		return nil, tooLarge(r, limit)
	}
	var b []byte
	var err error
	if r.ContentLength >= 0 && r.ContentLength <= prepaid {
		b = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, b)
	} else {
		b, err = io.ReadAll(io.LimitReader(r.Body, limit+1))
		if err == nil && int64(len(b)) < r.ContentLength {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBodyIncomplete, err)
	}
	if int64(len(b)) > limit {
		return nil, tooLarge(r, limit)
	}
	return b, nil
}

// drained is how many times the limit is read and thrown away of a body that is
// too large: many clients read the answer only when they have written all, and
// would see a reset connection instead of it.
const drained = 8

func tooLarge(r *http.Request, limit int64) error {
	_, _ = io.CopyN(io.Discard, r.Body, drained*limit) // the answer is the same
	return fmt.Errorf("%w (limit %d bytes)", ErrBodyTooLarge, limit)
}

type bodyKind uint8

const (
	ignoredBody bodyKind = iota
	urlencodedBody
	multipartBody
)

// mediaType reads a Content-Type as PHP does: up to ; or , or a blank, without
// case. mime.ParseMediaType would refuse parameters that clients get wrong.
func mediaType(header string) bodyKind {
	header = trimBlanks(header)
	if i := strings.IndexAny(header, ";, \t"); i >= 0 {
		header = header[:i]
	}
	switch {
	case header == "", strings.EqualFold(header, "application/x-www-form-urlencoded"):
		return urlencodedBody
	case strings.EqualFold(header, "multipart/form-data"):
		return multipartBody
	}
	return ignoredBody
}

// looksForeign reports whether a body is JSON or XML although its type does
// not say so (curl -d and many libraries call every body urlencoded).
func looksForeign(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[' || body[0] == '<')
}

// boundary finds the multipart boundary, quoted or not; "" if there is none.
func boundary(header string) string {
	_, rest, _ := strings.Cut(header, ";")
	b, _ := parameter(rest, "boundary")
	return b
}

// addMultipart takes the fields of a multipart/form-data body. Files (parts
// with a filename) are not parameters. What cannot be read as a part ends the
// list, as in PHP.
func (p *Params) addMultipart(body []byte, boundary string) {
	if boundary == "" {
		return
	}
	// Some clients leave out the closing delimiter; the body itself is
	// complete, that much the caller has seen to.
	closing := "\r\n--" + boundary + "--\r\n"
	parts := multipart.NewReader(io.MultiReader(bytes.NewReader(body), strings.NewReader(closing)), boundary)
	for {
		// Raw: PHP does not undo a Content-Transfer-Encoding.
		part, err := parts.NextRawPart()
		if err != nil {
			return
		}
		_, disposition, _ := strings.Cut(part.Header.Get("Content-Disposition"), ";")
		raw, _ := parameter(disposition, "name")
		_, file := parameter(disposition, "filename")
		_, extFile := parameter(disposition, "filename*")
		name, known := exact(trimBlanks(raw))
		if file || extFile || !known {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return
		}
		p.put(name, string(value))
	}
}

// parameter finds key among the parameters of a header value, s being what
// follows the first semicolon. Values may be bare or in single or double quotes.
func parameter(s, key string) (string, bool) {
	for s != "" {
		var name, value string
		name, s = cutAny(s, "=;")
		if strings.HasPrefix(s, "=") {
			value, s = parameterValue(s[1:])
		}
		if strings.EqualFold(trimBlanks(name), key) {
			return value, true
		}
		_, s, _ = strings.Cut(s, ";")
	}
	return "", false
}

// parameterValue takes a value off s, up to a semicolon that is not in quotes.
func parameterValue(s string) (value, rest string) {
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] != '"' && s[0] != '\'' {
		value, rest = cutAny(s, ";,")
		return trimBlanks(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == s[0]:
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s) && (s[i+1] == s[0] || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// cutAny splits s before the first byte that is in stops.
func cutAny(s, stops string) (before, rest string) {
	if i := strings.IndexAny(s, stops); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}
