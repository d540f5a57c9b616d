package run

import (
	"fmt"
	"runtime/debug"

	"github.com/harkara/harkara/internal/obs"
)

// PanicError is a panic that was turned into an error.
type PanicError struct {
	Loop  string
	Value any
	Stack []byte // of the goroutine that panicked
}

// Error gives the panic with what looks like a secret or a text taken out, and the stack.
func (e *PanicError) Error() string {
	return fmt.Sprintf("%s: panic: %s\n%s", e.Loop, obs.Redact(fmt.Sprint(e.Value)), e.Stack)
}

// Unwrap gives the panic's value where it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Protect calls fn and turns a panic in it into a [*PanicError]. Loops that start
// goroutines of their own use it there too, as a panic can only be caught in its
// own goroutine.
func Protect(loop string, fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Loop: loop, Value: v, Stack: debug.Stack()}
		}
	}()
	return fn()
}
