package run

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// HTTP makes a loop of an HTTP server on a listener that is already open, so that
// a port in use is found before anything starts. When the loop is to stop, no
// connection is accepted any more and open calls are answered until the grace
// context ends; then their connections are cut. With srv.TLSConfig set and a
// listener that is not a TLS one yet, wrap it by tls.NewListener first.
func HTTP(srv *http.Server, ln net.Listener) func(context.Context) error {
	return func(ctx context.Context) error {
		served := make(chan error, 1)
		go func() {
			served <- Protect("http "+ln.Addr().String(), func() error { return srv.Serve(ln) })
		}()
		select {
		case err := <-served:
			return fmt.Errorf("serve %s: %w", ln.Addr(), err)
		case <-ctx.Done():
		}
		grace := Grace(ctx)
		err := srv.Shutdown(grace)
		if err != nil {
			if grace.Err() != nil {
				err = context.Cause(grace)
			}
			err = fmt.Errorf("calls on %s cut off: %w", ln.Addr(), errors.Join(err, srv.Close()))
		}
		if serveErr := <-served; !errors.Is(serveErr, http.ErrServerClosed) {
			err = errors.Join(err, serveErr)
		}
		return err
	}
}
