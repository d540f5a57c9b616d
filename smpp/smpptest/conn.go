package smpptest

import (
	"net"

	"github.com/harkara/harkara/smpp"
)

// Conn is a bare connection that says exactly what a test tells it to: PDUs with any sequence number,
// half PDUs, garbage. It never answers by itself.
type Conn struct {
	net.Conn
	framer *smpp.Framer
}

// NewConn makes a Conn of a connection.
func NewConn(c net.Conn) *Conn { return &Conn{Conn: c, framer: smpp.NewFramer(c, 0)} }

// DialConn connects to "host:port".
func DialConn(addr string) (*Conn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return NewConn(c), nil
}

// Pipe makes two connected Conns in memory.
func Pipe() (a, b *Conn) {
	x, y := net.Pipe()
	return NewConn(x), NewConn(y)
}

// Send writes a PDU with this status and sequence number.
func (c *Conn) Send(st smpp.Status, seq uint32, p smpp.PDU) error {
	frame, err := smpp.Append(nil, smpp.Header{Status: st, Sequence: seq}, p)
	if err != nil {
		return err
	}
	_, err = c.Write(frame)
	return err
}

// Next reads one PDU. p is nil for an unknown command.
func (c *Conn) Next() (smpp.Header, smpp.PDU, error) {
	frame, err := c.framer.Next()
	if err != nil {
		return smpp.Header{}, nil, err
	}
	h, p, err := smpp.Decode(frame)
	if err == smpp.ErrUnknownCommand {
		err = nil
	}
	return h, p, err
}

// Bind sends a bind and reads its answer.
func (c *Conn) Bind(b *smpp.Bind) (smpp.Status, error) {
	if err := c.Send(smpp.StatusOK, 1, b); err != nil {
		return 0, err
	}
	h, _, err := c.Next()
	return h.Status, err
}

// AcceptBind reads a bind and accepts it.
func (c *Conn) AcceptBind() (*smpp.Bind, error) {
	h, p, err := c.Next()
	if err != nil {
		return nil, err
	}
	b, ok := p.(*smpp.Bind)
	if !ok {
		return nil, smpp.ErrWrongBody
	}
	return b, c.Send(smpp.StatusOK, h.Sequence, &smpp.BindResp{Mode: b.Mode, SystemID: "conn"})
}

// Dribble is a connection whose every write reaches the peer one octet at a time.
type Dribble struct{ net.Conn }

// Write writes the octets one by one.
func (d Dribble) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := d.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// pipeTo opens a connection in memory to an SMSC.
func pipeTo(c *SMSC) net.Conn {
	near, far := net.Pipe()
	c.ServeConn(far)
	return near
}
