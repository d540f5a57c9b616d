// Package admin is what an operator does: manage the configured nouns, apply a
// declarative file, book credit, and prove the invariants of the data. The
// command line, the JSON API and the portal call it.
//
// A noun has two forms. Inside, it is a noun of sms with ids. To an operator it
// is a spec (spec.go) with names in place of ids: the entry of the declarative
// file, what `-o json` prints and what a change works on. book.go holds the whole
// configuration and translates; load.go and build.go are the two directions.
//
//	desk.go      list, show, create, change and delete one noun
//	keys.go      credentials      money.go  top-ups and adjustments
//	logins.go    SMPP logins
//	apply.go     the declarative file: plan and write     diff.go  what it changes
//	decode.go    strict YAML      export.go the file from the present configuration
//	settings.go  secrets among the settings of connectors
//	check.go     the invariants   advice.go what is allowed but probably a mistake
//
// It must not print, parse flags or know a face.
package admin
