package smppc

import (
	"net"

	"github.com/harkara/harkara/smpp"
)

// pipeTo opens a connection in memory to a server.
func pipeTo(srv *smpp.Server) net.Conn {
	near, far := net.Pipe()
	srv.ServeConn(far)
	return near
}
