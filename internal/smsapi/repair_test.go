package smsapi

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scripted is a net.Conn that delivers its input in chunks of the given sizes
// (the last one repeats; none means all at once) and then EOF.
type scripted struct {
	in     []byte
	chunks []int
	out    bytes.Buffer
	closed bool
}

func (c *scripted) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	if len(c.chunks) > 0 {
		p = p[:min(len(p), c.chunks[0])]
		if len(c.chunks) > 1 {
			c.chunks = c.chunks[1:]
		}
	}
	n := copy(p, c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *scripted) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *scripted) Close() error                     { c.closed = true; return nil }
func (c *scripted) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *scripted) SetDeadline(time.Time) error      { return nil }
func (c *scripted) SetReadDeadline(time.Time) error  { return nil }
func (c *scripted) SetWriteDeadline(time.Time) error { return nil }

// passThrough reads all that a stream makes of in, with reads of at most size
// bytes over chunks.
func passThrough(t testing.TB, in string, size int, chunks ...int) string {
	t.Helper()
	s := &stream{Conn: &scripted{in: []byte(in), chunks: chunks}}
	var out []byte
	buf := make([]byte, size)
	for {
		n, err := s.Read(buf)
		out = append(out, buf[:n]...)
		if err == io.EOF {
			return string(out)
		}
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		if n == 0 {
			t.Fatal("Read returned 0, nil")
		}
	}
}

const tail = "Host: h\r\n\r\n"

// repairCases are whole inputs of a connection and what net/http must get.
var repairCases = []struct{ name, in, want string }{
	{"clean", "GET /a?b=c HTTP/1.1\r\n" + tail, ""},
	{"clean, bare newlines", "GET /a HTTP/1.1\nHost: h\n\n", ""},
	{"clean, HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", ""},
	{"clean, raw UTF-8", "GET /a?t=আমি HTTP/1.1\r\n" + tail, ""},
	{"lone percents in a query", "GET /a?t=100%&u=100%%20 HTTP/1.1\r\n" + tail, ""},
	{"bad percent in an ordinary path", "GET /a%zz HTTP/1.1\r\n" + tail, ""},
	{"pipelined clean", "GET /a HTTP/1.1\r\n" + tail + "POST /b HTTP/1.1\r\nContent-Length: 3\r\n" + tail + "x y" + "GET /c HTTP/1.1\r\n" + tail, ""},
	{"line ends after a POST", "POST /a HTTP/1.1\r\nContent-Length: 1\r\n" + tail + "x\r\nGET /c HTTP/1.1\r\n" + tail, ""},

	{"blanks", "GET /a?t=x y z HTTP/1.1\r\n" + tail, "GET /a?t=x%20y%20z HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"blank before the mark", "GET /a?t=x  HTTP/1.1\r\n" + tail, "GET /a?t=x%20 HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"blank in the path", "GET /a b HTTP/1.1\n" + tail, "GET /a%20b HTTP/1.1\nConnection: close\r\n" + tail},
	{"blanks after the method", "GET  \t /a HTTP/1.1\r\n" + tail, "GET /a HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"newlines", "GET /a?t=x\r\ny\nz HTTP/1.1\r\n" + tail, "GET /a?t=x%0D%0Ay%0Az HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"empty line in the text", "GET /a?t=x\r\n\r\ny HTTP/1.1\r\n" + tail, "GET /a?t=x%0D%0A%0D%0Ay HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"a text line like a header", "GET /a?t=x\nHost: me\ny HTTP/1.1\r\n" + tail, "GET /a?t=x%0AHost:%20me%0Ay HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"control bytes", "GET /a?t=\x00\t\x1b\x7f HTTP/1.1\r\n" + tail, "GET /a?t=%00%09%1B%7F HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"almost a mark", "GET /a?t=HTTP HTTP/ HTTP/1 HTTP/1.1 HTTP/1.d HTTP/1.1\r\n" + tail, "GET /a?t=HTTP%20HTTP/%20HTTP/1%20HTTP/1.1%20HTTP/1.d HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"a letter is no digit", "GET /a HTTP/d.d\r\n", "GET /a%20HTTP/d.d%0D\n"},
	{"percent after & in a path", "GET /a&t=100%&u=%4&v=%41%?w=% HTTP/1.1\r\n" + tail, "GET /a&t=100%25&u=%254&v=%41%25?w=% HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"absolute form", "GET http://h/a?t=x y HTTP/1.1\r\n" + tail, "GET http://h/a?t=x%20y HTTP/1.1\r\nConnection: close\r\n" + tail},

	{"nothing after a repaired request", "GET /a b HTTP/1.1\r\n" + tail + "GET /c HTTP/1.1\r\n" + tail, "GET /a%20b HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"nothing after a repaired body", "POST /a b HTTP/1.1\r\nContent-Length: 3\r\n" + tail + "x yGET /c HTTP/1.1\r\n" + tail, "POST /a%20b HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n" + tail + "x y"},
	{"second request repaired", "GET /a HTTP/1.1\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail + "GET /d HTTP/1.1\r\n" + tail, "GET /a HTTP/1.1\r\n" + tail + "GET /b%20c HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"body looks like a request line", "POST /a HTTP/1.1\r\ncontent-length:\t 11 \r\n" + tail + "GET /x y HT" + "GET /b c HTTP/1.1\r\n" + tail, "POST /a HTTP/1.1\r\ncontent-length:\t 11 \r\n" + tail + "GET /x y HT" + "GET /b%20c HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"long header lines", "GET /a HTTP/1.1\r\nCookie: " + strings.Repeat("c", 300) + "\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, "GET /a HTTP/1.1\r\nCookie: " + strings.Repeat("c", 300) + "\r\n" + tail + "GET /b%20c HTTP/1.1\r\nConnection: close\r\n" + tail},

	{"chunked ends repair", "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + tail + "0\r\n\r\nGET /b c HTTP/1.1\r\n" + tail, ""},
	{"two lengths end repair", "POST /a HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"odd length ends repair", "POST /a HTTP/1.1\r\nContent-Length: +0\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"empty length ends repair", "POST /a HTTP/1.1\r\nContent-Length:\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"long length ends repair", "POST /a HTTP/1.1\r\nContent-Length: 0000000000000000000\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"padded length ends repair", "POST /a HTTP/1.1\r\nContent-Length: 0\r\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"length in a long line ends repair", "POST /a HTTP/1.1\r\nContent-Length:" + strings.Repeat(" ", 60) + "0\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"length in the longest line", "POST /a HTTP/1.1\r\nContent-Length:" + strings.Repeat(" ", 47) + "0\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, "POST /a HTTP/1.1\r\nContent-Length:" + strings.Repeat(" ", 47) + "0\r\n" + tail + "GET /b%20c HTTP/1.1\r\nConnection: close\r\n" + tail},
	{"long Transfer-Encoding ends repair", "POST /a HTTP/1.1\r\nTransfer-Encoding:" + strings.Repeat(" ", 60) + "chunked\r\n" + tail + "0\r\n\r\nGET /b c HTTP/1.1\r\n" + tail, ""},
	{"upgrade ends repair", "GET /a HTTP/1.1\r\nUPGRADE: x\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"expect ends repair", "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"folded line ends repair", "GET /a HTTP/1.1\r\nX: y\r\n z\r\n" + tail + "GET /b c HTTP/1.1\r\n" + tail, ""},
	{"CONNECT ends repair", "CONNECT a b HTTP/1.1\r\n" + tail, ""},
	{"HTTP/2 preface ends repair", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nGET /b c HTTP/1.1\r\n" + tail, ""},
	{"TLS on a plain port", "\x16\x03\x01\x02\x00\x01 GET /b c HTTP/1.1\r\n", ""},
	{"no method", " /b c HTTP/1.1\r\n" + tail, ""},
	{"long method", strings.Repeat("M", 25) + " /b c HTTP/1.1\r\n" + tail, ""},
	{"many blanks after the method", "GET" + strings.Repeat(" ", 40) + "/b HTTP/1.1\r\n" + tail, "GET " + strings.Repeat(" ", 23) + "/b HTTP/1.1\r\n" + tail},
	{"empty target", "GET  HTTP/1.1\r\n" + tail, ""},
	{"folded line after a repaired one", "GET /a b HTTP/1.1\r\n x\r\n" + tail + "GET /c HTTP/1.1\r\n" + tail, "GET /a%20b HTTP/1.1\r\n x\r\n" + tail + "GET /c HTTP/1.1\r\n" + tail},
	{"end after a repaired line", "GET /a b HTTP/1.1\r\n", "GET /a%20b HTTP/1.1\r\n"},
	{"repaired and chunked", "POST /a b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + tail + "0\r\n\r\n", "POST /a%20b HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n" + tail + "0\r\n\r\n"},

	// A line that never gets its mark stays one line without a version.
	{"no version", "GET /a\r\n" + tail, "GET /a%0D%0AHost:%20h%0D\n\r\n"},
	{"lower-case version", "GET /a http/1.1\r\n" + tail, "GET /a%20http/1.1%0D%0AHost:%20h%0D\n\r\n"},
	{"no version, bare newlines", "GET /a\nhost: h\nX: y\n\nrest of it", "GET /a%0Ahost:%20h%0AX:%20y\n\nrest of it"},
	{"blank after the version", "GET /a HTTP/1.1 \r\n" + tail, "GET /a%20HTTP/1.1%20%0D%0AHost:%20h%0D\n\r\n"},
	{"end in the line", "GET /a b", "GET /a%20b"},
	{"end in the mark", "GET /a HTTP/1.", ""},
	{"end in an escape", "GET /a&b=%4", ""},
	{"end after a newline", "GET /a\n", ""},
	{"end in the method", "GE", ""},
	{"nothing", "", ""},
}

func TestRepair(t *testing.T) {
	for _, c := range repairCases {
		t.Run(c.name, func(t *testing.T) {
			want := c.want
			if want == "" {
				want = c.in
			}
			if err := agrees([]byte(c.in), want); err != nil {
				t.Errorf("the model does not agree: %v", err)
			}
			for _, size := range []int{1, 2, 3, 7, 64, 4096} {
				for _, chunk := range []int{1, 2, 5, 13, 4096} {
					if got := passThrough(t, c.in, size, chunk); got != want {
						t.Fatalf("reads of %d over chunks of %d: got\n%q\nwant\n%q", size, chunk, got, want)
					}
				}
			}
		})
	}
}

// model is a second, declarative reading of the same rules over a whole input.
// If the input ends in a request line without a mark, exact is false and out is
// what precedes the target of that line.
func model(in []byte) (out []byte, exact bool) {
	for {
		start := len(in) - len(bytes.TrimLeft(in, "\r\n"))
		out, in = append(out, in[:start]...), in[start:]
		m := modelMethod.FindSubmatch(in)
		if m == nil || string(m[1]) == "CONNECT" {
			return append(out, in...), true
		}
		out, in = append(out, m[0]...), in[len(m[0]):]
		blanks := len(in) - len(bytes.TrimLeft(in, " \t"))
		mark := modelMark.FindSubmatchIndex(in)
		if blanks > maxBlanks {
			return append(out, in[maxBlanks:]...), true
		}
		if mark != nil && mark[0] == blanks-1 {
			return append(out, in[mark[0]:]...), true
		}
		line := in
		if mark != nil {
			line = in[:mark[0]]
		}
		if g := modelGiveUp.FindSubmatchIndex(line); g != nil {
			return append(append(out, modelEscape(in[blanks:g[2]])...), in[g[2]:]...), true
		}
		if mark == nil {
			return out, false
		}
		target := modelEscape(line[blanks:])
		dirty := string(target) != string(line)
		out = append(append(out, target...), in[mark[0]:mark[1]]...)
		major := in[mark[2]]
		in = in[mark[1]:]
		if major != '1' {
			return append(out, in...), true
		}
		if dirty && (len(in) == 0 || in[0] == ' ' || in[0] == '\t') {
			return append(out, in...), true
		}
		if dirty {
			out = append(out, "Connection: close\r\n"...)
		}
		n, framed := modelHead(in)
		if !framed {
			return append(out, in...), true
		}
		n = min(n, len(in))
		out, in = append(out, in[:n]...), in[n:]
		if dirty || len(in) == 0 {
			return out, true
		}
	}
}

var (
	modelMethod = regexp.MustCompile("^([-!#$%&'*+.^_`|~0-9A-Za-z]{1,24}) ")
	modelMark   = regexp.MustCompile(` HTTP/([0-9])\.[0-9]\r?\n`)
	modelGiveUp = regexp.MustCompile(`(?is)\n[Hh][Oo][Ss][Tt]:.*?(\n)\r?\n`)
	modelHeader = regexp.MustCompile(`(?i)^(content-length|transfer-encoding|upgrade|expect):(.*)$`)
	modelLength = regexp.MustCompile(`^[ \t]*([0-9]{1,18})[ \t]*$`)
	modelGood   = regexp.MustCompile(`^%[0-9A-Fa-f]{2}`)
)

// modelEscape escapes a target.
func modelEscape(target []byte) []byte {
	path, query, hasQuery := bytes.Cut(target, []byte("?"))
	head, rest, hasAmp := bytes.Cut(path, []byte("&"))
	var b strings.Builder
	each := func(s []byte, percent bool) {
		for i, c := range s {
			bad := percent && c == '%' && !modelGood.Match(s[i:])
			if c <= ' ' || c == 0x7f || bad {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
		}
	}
	each(head, false)
	if hasAmp {
		b.WriteByte('&')
		each(rest, true)
	}
	if hasQuery {
		b.WriteByte('?')
		each(query, false)
	}
	return []byte(b.String())
}

// modelHead returns the length of head and body, if that is beyond doubt.
func modelHead(in []byte) (int, bool) {
	size, lengths, body := 0, 0, 0
	for {
		line, rest, ok := bytes.Cut(in[size:], []byte("\n"))
		if !ok {
			return len(in), true
		}
		size = len(in) - len(rest)
		long := len(line) > 64
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			return size + body, true
		}
		if line[0] == ' ' || line[0] == '\t' {
			return 0, false
		}
		if m := modelHeader.FindSubmatch(line); m != nil {
			n := modelLength.FindSubmatch(m[2])
			if !strings.EqualFold(string(m[1]), "content-length") || n == nil || lengths > 0 || long {
				return 0, false
			}
			lengths++
			v, err := strconv.ParseInt(string(n[1]), 10, 64)
			if err != nil {
				return 0, false
			}
			body = int(min(v, 1<<40))
		}
	}
}

// fuzzSeeds are the inputs that all fuzz targets of the wrapper start from.
func fuzzSeeds(f *testing.F) {
	for i, c := range repairCases {
		f.Add([]byte(c.in), uint64(i))
	}
	for i, x := range fixtures() {
		f.Add([]byte(x.request), uint64(i))
	}
}

// agrees compares what a stream made of in with the model.
func agrees(in []byte, got string) error {
	want, exact := model(in)
	if exact && got != string(want) {
		return fmt.Errorf("input\n%q\ngot\n%q\nwant\n%q", in, got, want)
	}
	if !exact {
		// Whatever stands for the unfinished line, net/http must not take it
		// for a finished one.
		rest, ok := strings.CutPrefix(got, string(want))
		if !ok || modelMark.MatchString(rest) || strings.Count(rest, "\n") > 1 {
			return fmt.Errorf("input\n%q\ngot\n%q\nwant\n%q and an unfinished line", in, got, want)
		}
	}
	return nil
}

// FuzzRepair compares the state machine with the model, and with itself over
// chunks of random sizes.
func FuzzRepair(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		want := passThrough(t, string(in), 4096)
		if err := agrees(in, want); err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(seed, 1))
		chunks := make([]int, 64)
		for i := range chunks {
			chunks[i] = 1 + rnd.IntN(20)
		}
		if got := passThrough(t, string(in), 1+rnd.IntN(40), chunks...); got != want {
			t.Fatalf("input\n%q\nin chunks\n%q\nat once\n%q", in, got, want)
		}
	})
}
