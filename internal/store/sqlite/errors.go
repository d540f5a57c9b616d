package sqlite

import (
	"errors"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

func unavailable(message string, cause error) error { return sms.Unavailable(message, cause) }

var (
	errClosed   = unavailable("the database is closed", nil)
	errNotBegun = "the call was given up before the database was changed"
)

// coded gives an error of the storage its code. Errors of the domain pass.
func coded(err error) error {
	if err == nil || errors.Is(err, store.ErrCommitUnknown) {
		return err
	}
	if _, ok := errors.AsType[*sms.Error](err); ok {
		return err
	}
	if e, ok := errors.AsType[*engine.Error](err); ok {
		switch e.Primary() {
		case engine.Full:
			return unavailable("the disk is full: make room for the database", err)
		case engine.Busy:
			return unavailable("another process keeps the database locked; try again", err)
		case engine.Constraint:
			return &sms.Error{Code: sms.CodeInternal, Message: "the database refused a row that should not exist; please report this", Err: err}
		}
		return unavailable("the database cannot serve now", err)
	}
	return &sms.Error{Code: sms.CodeInternal, Message: "the database was used wrongly; please report this", Err: err}
}

// fatal says that the storage is not to be trusted any more.
func fatal(err error) bool {
	e, ok := errors.AsType[*engine.Error](err)
	if !ok || e.Code == engine.IOErrNoMem {
		return false
	}
	return e.Primary() == engine.IOErr || e.Primary() == engine.Corrupt || e.Primary() == engine.NotADB
}

// commitError is what the callers of a failed COMMIT are told. When the sync
// failed the transaction may be on the disk complete; every other failure
// comes before its last page was written, and a log without that is ignored.
func commitError(err error) error {
	if e, ok := errors.AsType[*engine.Error](err); ok && e.Code == engine.IOErrFsync {
		return errors.Join(store.ErrCommitUnknown, err)
	}
	return coded(err)
}
