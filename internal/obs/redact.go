package obs

import (
	"fmt"
	"net/url"
	"strings"
)

// Redacted stands where something was taken out.
const Redacted = "[redacted]"

// Redact returns s with the values of secrets and message texts taken out. It
// finds them by their names in whatever s is or contains: URLs and forms (also
// with blanks that were never encoded, with encoded names, or nested in another
// parameter), headers, JSON (also quoted once more), Go's print of maps and
// structs, user:password in a URL, and Bearer and Basic credentials.
//
// It errs to the side of taking out too much: where the end of a text cannot be
// told, the rest of the line goes. What is longer than 8 KiB is cut there, since
// what is logged must not cost more the more a peer sends.
func Redact(s string) string {
	if len(s) > maxRedact {
		return Redact(s[:maxRedact]) + fmt.Sprintf(" [%d bytes more]", len(s)-maxRedact)
	}
	// Without one of these no name can be followed by a value.
	if !strings.ContainsAny(s, "=:%>") && !containsScheme(s) {
		return s
	}
	r := redactor{in: s}
	for r.pos < len(s) {
		r.step()
	}
	if r.last == 0 {
		return s
	}
	r.out.WriteString(s[r.last:])
	return r.out.String()
}

const maxRedact = 8 << 10

// redactor walks over in; everything before last is already in out.
type redactor struct {
	in        string
	pos, last int
	out       strings.Builder
}

// step looks at one byte for the end of a name.
func (r *redactor) step() {
	switch c := r.in[r.pos]; c {
	case '=':
		r.value(r.pos, r.pos+1, "&")
	case ':':
		if strings.HasPrefix(r.in[r.pos:], "://") {
			r.userinfo()
			return
		}
		r.value(r.pos, r.pos+1, "")
	case '%':
		if n := encoded(r.in[r.pos:], "3d"); n > 0 {
			r.value(r.pos, r.pos+n, "%26")
			return
		}
		r.pos++
	case '>':
		r.element()
	case 'B', 'b':
		r.credentials()
	default:
		r.pos++
	}
}

// cut takes out in[from:to].
func (r *redactor) cut(from, to int) {
	if to > from {
		r.out.WriteString(r.in[r.last:from])
		r.out.WriteString(Redacted)
		r.last = to
	}
	r.pos = max(to, r.pos+1)
}

// value takes out the value that begins at begin if the name that ends at sep is
// sensitive. next is what separates it from the next parameter, if anything does.
func (r *redactor) value(sep, begin int, next string) {
	name, nameAt := nameBefore(r.in, sep)
	kind := kindOf(name)
	if kind == harmless && strings.EqualFold(name, "name") {
		if r.multipart(begin) {
			return
		}
	}
	if kind == harmless {
		r.pos = begin
		return
	}
	for begin < len(r.in) && (r.in[begin] == ' ' || r.in[begin] == '\t') {
		begin++
	}
	if strings.HasPrefix(r.in[begin:], Redacted) {
		r.pos = begin + len(Redacted)
		return
	}
	if open := quoteAt(r.in[begin:]); open != "" {
		begin += len(open)
		r.cut(begin, begin+closingQuote(r.in[begin:], open))
		return
	}
	if next == "" && sep > 0 && (r.in[sep-1] == '"' || r.in[sep-1] == '\'') {
		if n := jsonLength(r.in[begin:]); n > 0 {
			r.cut(begin, begin+n)
			return
		}
	}
	r.cut(begin, begin+r.length(kind, begin, nameAt, next))
}

// jsonLength is the length of a JSON number, literal or array of strings, or 0.
func jsonLength(s string) int {
	if strings.HasPrefix(s, "[\"") {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '"':
				i += 1 + closingQuote(s[i+1:], `"`)
			case ']':
				return i + 1
			}
		}
		return len(s)
	}
	if s == "" || strings.IndexByte("-0123456789tfn", s[0]) < 0 {
		return 0
	}
	if i := strings.IndexAny(s, ",}] \t\r\n"); i >= 0 {
		return i
	}
	return len(s)
}

// element takes out the content of the XML element whose start tag ends here.
func (r *redactor) element() {
	name, at := nameBefore(r.in, r.pos)
	begin := r.pos + 1
	if at > 0 && r.in[at-1] == ':' { // a namespace prefix
		_, at = nameBefore(r.in, at-1)
	}
	if at == 0 || r.in[at-1] != '<' || kindOf(name) == harmless {
		r.pos = begin
		return
	}
	n := strings.Index(r.in[begin:], "</")
	if n < 0 {
		n = len(r.in) - begin
	}
	r.cut(begin, begin+n)
}

// length is how long the unquoted value at begin is.
func (r *redactor) length(kind kind, begin, nameAt int, next string) int {
	rest := r.in[begin:]
	end := len(rest)
	shorten := func(i int) {
		if i >= 0 && i < end {
			end = i
		}
	}
	shorten(strings.IndexAny(rest, "\r\n"))
	if next != "" {
		shorten(strings.Index(rest, "&"))
		if next != "&" {
			shorten(encodedIndex(rest, "26"))
		}
	}
	if q := quoteAround(r.in, nameAt); q != "" {
		shorten(closingQuote(rest, q))
	}
	if kind == opaque && next != "" {
		shorten(strings.IndexAny(rest, " \t"))
	} else if next != "" {
		// The request line of a text with blanks that were not encoded.
		shorten(strings.LastIndex(rest[:end], " HTTP/1."))
	}
	return end
}

// multipart takes out the value of a part of multipart/form-data whose
// Content-Disposition names it at begin.
func (r *redactor) multipart(begin int) bool {
	open := quoteAt(r.in[begin:])
	if open == "" {
		return false
	}
	n := closingQuote(r.in[begin+len(open):], open)
	if kindOf(r.in[begin+len(open):begin+len(open)+n]) == harmless {
		return false
	}
	for _, blank := range []string{"\r\n\r\n", "\n\n"} {
		if i := strings.Index(r.in[begin:], blank); i >= 0 {
			from := begin + i + len(blank)
			to := strings.Index(r.in[from:], "\n--")
			if to < 0 {
				to = len(r.in) - from
			}
			r.cut(from, from+to)
			return true
		}
	}
	return false
}

// userinfo takes out the password of scheme://user:password@host.
func (r *redactor) userinfo() {
	begin := r.pos + len("://")
	rest := r.in[begin:]
	if i := strings.IndexAny(rest, " \t\r\n\"'<>`"); i >= 0 {
		rest = rest[:i]
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	at := strings.LastIndexByte(authority, '@')
	colon := strings.IndexByte(authority, ':')
	if at < 0 && colon >= 0 && strings.Trim(authority[colon+1:], "0123456789]") != "" && !strings.HasPrefix(authority, "[") {
		// Not a port: a password with a raw slash, question mark or number sign.
		at = strings.LastIndexByte(rest, '@')
	}
	if colon < 0 || at < colon {
		r.pos = begin
		return
	}
	r.cut(begin+colon+1, begin+at)
}

// credentials takes out what follows "Bearer " or "Basic ".
func (r *redactor) credentials() {
	for _, scheme := range []string{"Bearer ", "Basic "} {
		if len(r.in)-r.pos <= len(scheme) || !strings.EqualFold(r.in[r.pos:r.pos+len(scheme)], scheme) {
			continue
		}
		begin := r.pos + len(scheme)
		end := begin
		for end < len(r.in) && isToken(r.in[end]) {
			end++
		}
		// A shorter one is a word of a sentence about such credentials.
		if end-begin >= 8 {
			r.cut(begin, end)
			return
		}
	}
	r.pos++
}

func isToken(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("+/=._~-", c) >= 0
}

func containsScheme(s string) bool {
	s = strings.ToLower(s)
	return strings.Contains(s, "bearer ") || strings.Contains(s, "basic ")
}

// nameBefore returns the parameter, header or field name that ends at end, and
// where it begins.
func nameBefore(s string, end int) (name string, at int) {
	for end > 0 && (s[end-1] == ' ' || s[end-1] == '"' || s[end-1] == '\'' || s[end-1] == '\\') {
		end--
	}
	at = end
	for at > 0 && end-at < maxName && isName(s[at-1]) {
		at--
	}
	name = s[at:end]
	for range 3 { // nested parameters are encoded again at each level
		if !strings.Contains(name, "%") {
			break
		}
		decoded, err := url.QueryUnescape(name)
		if err != nil {
			break
		}
		name = decoded
	}
	// What an encoded separator left in front, such as "?a=1&" of a nested URL.
	if i := strings.LastIndexAny(name, "?&=/:;, "); i >= 0 {
		name = name[i+1:]
	}
	// Go's print of a map, map[text:...], but not text[0].
	if i := strings.LastIndexByte(name, '['); i > strings.LastIndexByte(name, ']') {
		name = name[i+1:]
	}
	return name, at
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.%[]+", c) >= 0
}

// encoded returns the length of a percent-encoded byte at the start of s, encoded
// once or more (%3d, %253d, ...), or 0.
func encoded(s, hex string) int {
	n := 1
	for strings.HasPrefix(s[n:], "25") {
		n += 2
	}
	if len(s) >= n+2 && s[0] == '%' && strings.EqualFold(s[n:n+2], hex) {
		return n + 2
	}
	return 0
}

func encodedIndex(s, hex string) int {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && encoded(s[i:], hex) > 0 {
			return i
		}
	}
	return -1
}

// quoteAt returns the quote at the start of s with the backslashes before it, or
// nothing.
func quoteAt(s string) string {
	n := 0
	for n < len(s) && s[n] == '\\' {
		n++
	}
	if n < len(s) && (s[n] == '"' || s[n] == '\'') {
		return s[:n+1]
	}
	return ""
}

// closingQuote returns where the quoted text s ends: at a quote like open behind
// as many backslashes.
func closingQuote(s, open string) int {
	quote, slashes := open[len(open)-1], len(open)-1
	run := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			run++
			continue
		case quote:
			// An escaped backslash before the closing quote also makes a longer
			// run; reading on then takes out more, not less.
			if run == slashes {
				return i - run
			}
		}
		run = 0
	}
	return len(s)
}

// quoteAround returns the innermost double quote inside of which position at is,
// or nothing. Only the line counts.
func quoteAround(s string, at int) string {
	begin := strings.LastIndexByte(s[:at], '\n') + 1
	var open []string // a quote within a quote has more backslashes before it
	for i := begin; i < at; i++ {
		if s[i] != '"' {
			continue
		}
		j := i
		for j > begin && s[j-1] == '\\' {
			j--
		}
		q := s[j : i+1]
		for len(open) > 0 && len(open[len(open)-1]) > len(q) {
			open = open[:len(open)-1]
		}
		if len(open) > 0 && open[len(open)-1] == q {
			open = open[:len(open)-1]
		} else {
			open = append(open, q)
		}
	}
	if len(open) == 0 {
		return ""
	}
	return open[len(open)-1]
}
