package engine

import (
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Memory that SQLite reads or writes lies outside the Go heap: it comes from
// libc's allocator, stays where it is, and is reached through addresses. Go
// pointers never go the other way.

func alloc(tls *libc.TLS, n int) uintptr {
	return libc.Xmalloc(tls, libc.Tsize_t(n))
}

// view is n bytes at address p of libc's memory. It must not outlive them.
func view(p uintptr, n int) []byte {
	if n == 0 {
		return nil
	}
	header := struct {
		p        uintptr
		len, cap int
	}{p, n, n}
	return *(*[]byte)(unsafe.Pointer(&header))
}

// word reads a machine word at p, half the 32-bit integer.
func word(p uintptr) uintptr { return *(*uintptr)(unsafe.Pointer(&view(p, int(unsafe.Sizeof(p)))[0])) }
func half(p uintptr) int32   { return *(*int32)(unsafe.Pointer(&view(p, 4)[0])) }

// arena holds the texts and blobs that are bound to one statement.
type arena struct {
	p     uintptr
	size  int
	used  int
	extra []uintptr // values that did not fit, until the next run
}

const arenaSize = 1024

// put copies s into the arena; 0 means that there is no memory. The address is
// valid until reset. Strings and byte slices share it.
func put[T string | []byte](tls *libc.TLS, a *arena, s T) uintptr {
	if a.p == 0 {
		if a.p = alloc(tls, arenaSize); a.p == 0 {
			return 0
		}
		a.size = arenaSize
	}
	n := len(s)
	if a.used+n+1 > a.size {
		p := alloc(tls, n+1)
		if p != 0 {
			a.extra = append(a.extra, p)
			copy(view(p, n), s)
		}
		return p
	}
	p := a.p + uintptr(a.used)
	copy(view(p, n), s)
	a.used += n + 1 // an empty value has an address of its own too
	return p
}

func (a *arena) reset(tls *libc.TLS) {
	a.used = 0
	if len(a.extra) == 0 {
		return
	}
	for _, p := range a.extra {
		libc.Xfree(tls, p)
	}
	a.extra = a.extra[:0]
}

func (a *arena) free(tls *libc.TLS) {
	a.reset(tls)
	libc.Xfree(tls, a.p)
	a.p = 0
}

// textOf copies a column's text out of SQLite's memory.
func (s *Stmt) textOf(i int32) string {
	p := sqlite3.Xsqlite3_column_text(s.c.tls, s.p, i)
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, i)
	if p == 0 || n == 0 {
		return ""
	}
	return string(view(p, int(n)))
}

// blobOf copies a column's bytes out of SQLite's memory.
func (s *Stmt) blobOf(i int32) []byte {
	p := sqlite3.Xsqlite3_column_blob(s.c.tls, s.p, i)
	n := sqlite3.Xsqlite3_column_bytes(s.c.tls, s.p, i)
	if p == 0 || n == 0 {
		return nil
	}
	return append([]byte(nil), view(p, int(n))...)
}
