// Package admin is what an operator does: manage the configured nouns, apply a
// declarative file, book credit, and prove the invariants of the data. The
// command line, the JSON API and the portal call it.
//
// It must not print, parse flags or know a face.
package admin
