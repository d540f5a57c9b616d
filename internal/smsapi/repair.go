package smsapi

import (
	"bytes"
	"strings"
)

// repairer follows the bytes that a client sends on one connection and finds
// the request lines that net/http would refuse, though every PHP host takes
// them: with raw blanks, newlines or other control bytes in the target (Q6).
//
// A request line is what stands before " HTTP/x.y" and a line end, so that a
// newline inside is found too. Between the method's blank and that mark
//
//   - blanks and control bytes become %XX;
//   - blanks directly after the method are dropped (RFC 9112 §3 allows it);
//   - a % not followed by two hexadecimal digits becomes %25, but only where
//     net/http would refuse it: in the path, after an & (/smsAPI&text=100%, Q9).
//     In a query the parameter decoder takes it as it is.
//
// Bytes from 0x80 stay: net/http accepts them.
//
// To find the next request line the repairer frames requests itself, but only
// those whose end is beyond doubt: without a body, or with one plain
// Content-Length. Any other head (Transfer-Encoding, a second or odd length,
// Upgrade, Expect, a folded line), CONNECT, an HTTP/2 preface and whatever does
// not begin like a request end the repair: all that follows passes untouched.
//
// Against smuggling: a byte that is not part of a request line is never
// changed; a repaired request is the last of its connection, since a header
// "Connection: close" follows its line and nothing after its body is handed
// over; and a line without the mark is never completed by inventing one.
//
// It keeps no input. What it needs to see at once is bounded by maxLookahead;
// the length of a line is bounded by the header limit of http.Server, which
// counts the bytes handed over.
type repairer struct {
	state state
	req   requestState

	head    [64]byte // the beginning of a header line that began in an earlier read
	headLen int      // its whole length so far, which may exceed len(head)

	// What to do on verdict edit: skip take bytes of input, emit put instead.
	take int
	put  []byte
	esc  [3]byte
}

// requestState is what is known of the request at hand.
type requestState struct {
	dirty     bool    // its line was changed
	amp       bool    // an & was seen in the path
	sawHost   bool    // after a raw newline, a line began with Host:
	hasLength bool    // a Content-Length was seen
	stops     byte    // classes of bytes that end a run of ordinary ones
	method    [8]byte // the beginning of the method
	methodLen int
	blanks    int   // dropped after the method
	skip      int   // bytes left of " HTTP/1.x" and its line end
	body      int64 // bytes left of the body; in the head, its length
}

type state uint8

const (
	atStart   state = iota // before a request
	inMethod               // in the method
	inLead                 // after the method's blank
	inTarget               // in the target
	inMark                 // in " HTTP/1.x" and its line end
	afterLine              // at the first header line
	inHead                 // in the header lines
	inBody                 // in a body of known length
	passing                // repair has ended, everything passes
	draining               // after a repaired request, nothing passes
)

// verdict is the reason why scan stopped.
type verdict uint8

const (
	clean verdict = iota // at the limit
	edit                 // the input at this point is to be replaced
	more                 // the decision needs bytes that have not arrived
)

const (
	maxMethod = 24 // longer ones are not HTTP
	maxBlanks = 16 // dropped after the method; net/http does not count them
	// maxLookahead bounds what scan asks for with more: " HTTP/1.x\r\n".
	maxLookahead = 11
)

// Classes of bytes.
const (
	stopAlways = 1 << iota // in a target: blank, control byte
	stopInPath             // in a target: ? & %
	token                  // may stand in a method (RFC 9110 §5.6.2)
)

var class = func() (t [256]byte) {
	for c := range 0x21 {
		t[c] = stopAlways
	}
	t[0x7f] = stopAlways
	t['?'], t['&'], t['%'] = stopInPath, stopInPath, stopInPath
	for _, c := range "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" {
		t[c] |= token
	}
	return t
}()

var closeHeader = []byte("Connection: close\r\n")

// scan advances over b[:limit] and returns how many bytes may be handed over
// as they are; the rest of b is only looked at. The verdict says what is at
// b[n:]. On edit the caller must drop r.take bytes and emit r.put before it
// calls again; on more it must call again with the same bytes and some more.
func (r *repairer) scan(b []byte, limit int) (n int, v verdict) {
	for n < limit {
		switch r.state {
		case atStart:
			// net/http tolerates line ends here after a POST.
			if b[n] == '\r' || b[n] == '\n' {
				n++
				continue
			}
			r.state, r.req = inMethod, requestState{stops: stopAlways | stopInPath}
		case inMethod:
			n, v = n+1, r.scanMethod(b[n])
		case inLead:
			n, v = r.scanLead(b, n)
		case inTarget:
			n, v = r.scanTarget(b, n, limit)
		case inMark:
			k := min(limit-n, r.req.skip)
			n, r.req.skip = n+k, r.req.skip-k
			if r.req.skip == 0 {
				r.state = afterLine
			}
		case afterLine:
			v = r.afterLine(b[n])
		case inHead:
			n = r.scanHead(b, n, limit)
		case inBody:
			k := min(int64(limit-n), r.req.body)
			n, r.req.body = n+int(k), r.req.body-k
			if r.req.body == 0 {
				r.finish()
			}
		case passing:
			return limit, clean
		case draining:
			return n, r.replace(len(b)-n, nil)
		}
		if v != clean {
			return n, v
		}
	}
	return n, clean
}

func (r *repairer) replace(take int, put []byte) verdict {
	r.take, r.put = take, put
	return edit
}

// escape replaces one byte by its escape and marks the request as repaired.
func (r *repairer) escape(c byte) verdict {
	const digits = "0123456789ABCDEF"
	r.req.dirty = true
	r.esc = [3]byte{'%', digits[c>>4], digits[c&15]}
	return r.replace(1, r.esc[:])
}

func (r *repairer) scanMethod(c byte) verdict {
	switch {
	case class[c]&token != 0 && r.req.methodLen < maxMethod:
		if r.req.methodLen < len(r.req.method) {
			r.req.method[r.req.methodLen] = c
		}
		r.req.methodLen++
	case c == ' ' && r.req.methodLen > 0 && string(r.req.method[:min(r.req.methodLen, len(r.req.method))]) != "CONNECT":
		r.state = inLead
	default:
		r.state = passing
	}
	return clean
}

// scanLead drops blanks between the method's blank and the target.
func (r *repairer) scanLead(b []byte, n int) (int, verdict) {
	if b[n] != ' ' && b[n] != '\t' {
		r.state = inTarget
		return n, clean
	}
	if r.req.blanks == maxBlanks {
		r.state = passing
		return n, clean
	}
	switch k, v := markAt(b[n:]); {
	case v == more:
		return n, more
	case k > 0: // an empty target: not ours to invent one
		r.state = passing
		return n, clean
	}
	r.req.blanks++
	r.req.dirty = true
	return n, r.replace(1, nil)
}

func (r *repairer) scanTarget(b []byte, n, limit int) (int, verdict) {
	for n < limit && class[b[n]]&r.req.stops == 0 {
		n++
	}
	if n == limit {
		return n, clean
	}
	switch c := b[n]; c {
	case '?':
		r.req.stops = stopAlways
		return n + 1, clean
	case '&':
		r.req.amp = true
		return n + 1, clean
	case '%':
		if !r.req.amp {
			return n + 1, clean
		}
		switch bad, v := badEscape(b[n:]); {
		case v == more:
			return n, more
		case bad:
			return n, r.escape('%')
		}
		return n + 1, clean
	case ' ':
		k, v := markAt(b[n:])
		switch {
		case v == more:
			return n, more
		case k == 0:
			return n, r.escape(' ')
		case b[n+len(" HTTP/")] != '1':
			r.state = passing // HTTP/2 preface, or a version net/http refuses
		default:
			r.state, r.req.skip = inMark, k
		}
		return n, clean
	case '\n':
		return r.newline(b, n)
	default:
		return n, r.escape(c)
	}
}

// newline decides about a raw newline in the target. It belongs to the text,
// unless the mark will not come: a Host header and an empty line mean that the
// head is over and its request line was malformed. The newline then passes, so
// that net/http answers 400 at once and not after its time limit.
func (r *repairer) newline(b []byte, n int) (int, verdict) {
	next := b[n+1:]
	host, v := hasPrefixFold(next, "host:")
	if v == more {
		return n, more
	}
	r.req.sawHost = r.req.sawHost || host
	if r.req.sawHost && !host {
		end := bytes.TrimPrefix(next, []byte("\r"))
		if len(end) == 0 {
			return n, more
		}
		if end[0] == '\n' {
			r.state = passing
			return n, clean
		}
	}
	return n, r.escape('\n')
}

// afterLine is before the first header line, which begins with c.
func (r *repairer) afterLine(c byte) verdict {
	switch {
	case !r.req.dirty:
		r.state = inHead
	case c == ' ' || c == '\t':
		// A continuation of nothing, which net/http refuses, and which would
		// continue the header put before it.
		r.state = passing
	default:
		r.state = inHead
		return r.replace(0, closeHeader)
	}
	return clean
}

// scanHead reads header lines up to the empty one.
func (r *repairer) scanHead(b []byte, n, limit int) int {
	for r.state == inHead && n < limit {
		part := b[n:limit]
		end := bytes.IndexByte(part, '\n')
		if end < 0 {
			r.carry(part)
			return limit
		}
		n += end + 1
		line, size := part[:end], end
		if r.headLen > 0 {
			r.carry(line)
			line, size = r.head[:min(r.headLen, len(r.head))], r.headLen
			r.headLen = 0
		}
		r.header(line, size)
	}
	return n
}

// carry keeps the beginning of a line that goes on in the next read.
func (r *repairer) carry(part []byte) {
	if r.headLen < len(r.head) {
		copy(r.head[r.headLen:], part)
	}
	r.headLen += len(part)
}

// header looks at one header line, without its newline. The line has size
// bytes; those beyond len(r.head) may be missing, and are not looked at.
func (r *repairer) header(line []byte, size int) {
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 {
		r.state = inBody
		if r.req.body == 0 {
			r.finish()
		}
		return
	}
	if r.framing(line) {
		n, ok := plainLength(line[len("content-length:"):])
		if r.req.hasLength || !ok || size > len(r.head) {
			r.state = passing
		}
		r.req.body, r.req.hasLength = n, true
	}
}

// framing looks at the name of a header line. It reports a Content-Length, and
// ends the repair on a line that may change the framing in another way.
func (r *repairer) framing(line []byte) bool {
	if line[0] == ' ' || line[0] == '\t' {
		r.state = passing
		return false
	}
	switch bytes.IndexByte(line, ':') {
	case len("content-length"):
		return bytes.EqualFold(line[:len("content-length")], []byte("content-length"))
	case len("transfer-encoding"):
		if bytes.EqualFold(line[:len("transfer-encoding")], []byte("transfer-encoding")) {
			r.state = passing
		}
	case len("upgrade"):
		if bytes.EqualFold(line[:len("upgrade")], []byte("upgrade")) {
			r.state = passing
		}
	case len("expect"):
		if bytes.EqualFold(line[:len("expect")], []byte("expect")) {
			r.state = passing
		}
	}
	return false
}

// finish is the end of a request.
func (r *repairer) finish() {
	r.state = atStart
	if r.req.dirty {
		r.state = draining
	}
}

// markAt looks for " HTTP/x.y" and a line end at the start of b. It returns
// their length, or 0 if they are not there.
func markAt(b []byte) (int, verdict) {
	const word = " HTTP/0.0" // 0: any digit
	for i := range len(word) {
		switch {
		case i == len(b):
			return 0, more
		case word[i] == '0' && '0' <= b[i] && b[i] <= '9':
		case word[i] != b[i]:
			return 0, clean
		}
	}
	k := len(word)
	if k < len(b) && b[k] == '\r' {
		k++
	}
	switch {
	case k == len(b):
		return 0, more
	case b[k] == '\n':
		return k + 1, clean
	}
	return 0, clean
}

// badEscape reports whether the % at the start of b begins no escape.
func badEscape(b []byte) (bool, verdict) {
	for i := 1; i <= 2; i++ {
		if i == len(b) {
			return false, more
		}
		if !isHex(b[i]) {
			return true, clean
		}
	}
	return false, clean
}

// hasPrefixFold compares without case. An empty or matching but too short b
// needs more.
func hasPrefixFold(b []byte, prefix string) (bool, verdict) {
	k := min(len(b), len(prefix))
	switch {
	case !strings.EqualFold(string(b[:k]), prefix[:k]):
		return false, clean
	case k < len(prefix):
		return false, more
	}
	return true, clean
}

// plainLength parses a length of 1 to 18 digits with blanks around it.
func plainLength(b []byte) (int64, bool) {
	b = bytes.Trim(b, " \t")
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
