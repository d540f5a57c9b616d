package smsapi

import (
	"net/http"
	"strings"
)

// endpoint is the last path element of this face, compared with case (Q15).
const endpoint = "smsAPI"

// Match says how a request target relates to this face.
type Match uint8

const (
	// NotOurs is a target of another face.
	NotOurs Match = iota
	// Face is …/smsAPI, with any prefix and an optional trailing slash.
	Face
	// OtherCase is …/smsapi or another spelling that differs in case only:
	// another vendor's API, to be answered with a clear JSON error.
	OtherCase
	// Below is …/smsAPI/something, to be answered with a JSON 404 (Q4).
	Below
)

// Target is a parsed request target.
type Target struct {
	Match Match
	// Query holds the still encoded parameters; "" unless Match is Face or
	// OtherCase.
	Query string
	// Tail holds further parameters of a target that mixes both forms
	// (/smsAPI&groupstatus?apikey=…). They follow those of Query.
	Tail string
}

// ParseTarget matches a raw request target: http.Request.RequestURI, not URL,
// which is already decoded and cut. It understands
//
//	/any/prefix/smsAPI?sendsms&…       the usual form, also with /? and ?&
//	/any/prefix/smsAPI&groupstatus&…   the form without question mark (Q9)
//	/smsAPI&groupstatus?apikey=…       a mixture of both
//	http://host/smsAPI?…               the absolute form, from clients behind a proxy (Q22)
//
// In the form without question mark everything after the first & is the query.
// A later ? begins a new parameter, as a library adds it that appends a query
// to a base address, except inside the value of text or file, where it is an
// ordinary character unless a known parameter name follows it ("text=How are
// you? Fine"). In the usual form every ? after the first is an ordinary
// character, as in PHP. It allocates nothing.
func ParseTarget(uri string) Target {
	rest, ok := withoutAuthority(uri)
	if !ok {
		return Target{}
	}
	path, query, _ := strings.Cut(rest, "?")
	last := len(strings.TrimRight(path, "/")) // where the last element ends
	match := NotOurs
	for i := 0; i < len(path); {
		if path[i] == '/' {
			i++
			continue
		}
		end := i
		for end < len(path) && path[end] != '/' {
			end++
		}
		spelled := spelledLikeEndpoint(path[i:end])
		after := i + len(endpoint) // valid only if spelled
		switch {
		case spelled == NotOurs:
		case after < end || strings.HasPrefix(path[end:], "/&"):
			// The form without question mark, perhaps with a slash before &.
			_, q, _ := strings.Cut(rest[after:], "&")
			t := Target{Match: spelled}
			t.Query, t.Tail = splitMixed(q)
			return t
		case end == last:
			return Target{Match: spelled, Query: query}
		case spelled == Face:
			match = Below
		}
		i = end
	}
	return Target{Match: match}
}

// withoutAuthority removes scheme and host of an absolute-form target.
func withoutAuthority(uri string) (string, bool) {
	if strings.HasPrefix(uri, "/") {
		return uri, true
	}
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || scheme == "" || strings.ContainsAny(scheme, "/?&") {
		return "", false
	}
	i := strings.IndexAny(rest, "/?")
	if i < 0 {
		return "", false
	}
	return rest[i:], true
}

// spelledLikeEndpoint looks at a path element: smsAPI alone or followed by &.
func spelledLikeEndpoint(element string) Match {
	if len(element) < len(endpoint) || len(element) > len(endpoint) && element[len(endpoint)] != '&' {
		return NotOurs
	}
	switch word := element[:len(endpoint)]; {
	case word == endpoint:
		return Face
	case strings.EqualFold(word, endpoint):
		return OtherCase
	}
	return NotOurs
}

// splitMixed cuts the query of a target without question mark at the ? that
// begins further parameters; see ParseTarget. It is linear in len(q).
func splitMixed(q string) (query, tail string) {
	start, equals := 0, -1 // of the piece at hand
	free := false          // the piece is the value of text or file
	for i := range len(q) {
		switch q[i] {
		case '&':
			start, equals, free = i+1, -1, false
		case '=':
			if equals < 0 {
				equals = i
				n, ok := lookup(q[start:i])
				free = ok && (n == Text || n == File)
			}
		case '?':
			if !free || knownNext(q[i+1:]) {
				return q[:i], q[i+1:]
			}
		}
	}
	return q, ""
}

// knownNext reports whether s begins with a known parameter, bare or with a
// value. It looks no further than a fully escaped name reaches.
func knownNext(s string) bool {
	s = s[:min(len(s), 4*maxSpelling)]
	if i := strings.IndexAny(s, "&="); i >= 0 {
		s = s[:i]
	}
	_, ok := lookup(s)
	return ok
}

// Front sends the requests of this face to face and all others to next. It
// decides on the raw target, so it stands before any ServeMux, which would
// redirect // and cannot route a path with & in it.
func Front(face func(http.ResponseWriter, *http.Request, Target), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := ParseTarget(r.RequestURI); t.Match != NotOurs {
			face(w, r, t)
			return
		}
		next.ServeHTTP(w, r)
	})
}
