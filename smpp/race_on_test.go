//go:build race

package smpp

const raceEnabled = true
