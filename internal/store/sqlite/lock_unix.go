//go:build unix

package sqlite

import (
	"os"
	"syscall"
)

// tryLock locks the whole file for this open file alone.
func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			return err
		}
	}
}
