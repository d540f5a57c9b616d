//go:build !race

package smpp

const raceEnabled = false
