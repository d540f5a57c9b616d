package e2e

import (
	octets "encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// wiretap is a TCP proxy that writes what passes as a pcap file, with Ethernet,
// IP and TCP headers of its own making: what a capture on the wire would hold,
// without the privileges that one needs.
type wiretap struct {
	ln     net.Listener
	target string
	conns  sync.WaitGroup

	mu       sync.Mutex
	file     *os.File
	err      error
	commands map[uint32]int // PDUs by command_id, counted by their lengths alone
}

// tap starts a proxy to target.
func tap(t *testing.T, path, target string) *wiretap {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wiretap{ln: ln, target: target, file: file, commands: map[uint32]int{}}
	// Magic, version 2.4, no zone, no accuracy, whole packets, Ethernet.
	header := octets.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	header = octets.LittleEndian.AppendUint16(header, 2)
	header = octets.LittleEndian.AppendUint16(header, 4)
	for _, v := range []uint32{0, 0, 1 << 18, 1} {
		header = octets.LittleEndian.AppendUint32(header, v)
	}
	w.write(header)
	w.conns.Go(w.accept)
	return w
}

func (w *wiretap) addr() string { return w.ln.Addr().String() }

func (w *wiretap) port() uint16 { return uint16(w.ln.Addr().(*net.TCPAddr).Port) }

// close ends the recording when every connection is gone.
func (w *wiretap) close() error {
	_ = w.ln.Close()
	w.conns.Wait()
	return errors.Join(w.err, w.file.Close())
}

func (w *wiretap) write(b []byte) {
	_, err := w.file.Write(b)
	w.err = errors.Join(w.err, err)
}

func (w *wiretap) accept() {
	for {
		near, err := w.ln.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		c := &tapped{tap: w, ports: [2]uint16{uint16(near.RemoteAddr().(*net.TCPAddr).Port), w.port()}}
		c.open()
		w.conns.Go(func() { c.carry(near, far, 0) })
		w.conns.Go(func() { c.carry(far, near, 1) })
	}
}

// tapped is one connection; side 0 is the client.
type tapped struct {
	tap   *wiretap
	ports [2]uint16
	seq   [2]uint32
	rest  [2][]byte // of the stream, until a PDU is complete
}

const (
	flagFIN, flagSYN, flagPSH, flagACK = 0x01, 0x02, 0x08, 0x10
	// segment is the most that goes into one packet.
	segment = 1400
)

func (c *tapped) open() {
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.packet(0, flagSYN, nil)
	c.seq[0]++
	c.packet(1, flagSYN|flagACK, nil)
	c.seq[1]++
	c.packet(0, flagACK, nil)
}

// carry copies from one side to the other.
func (c *tapped) carry(from, to net.Conn, side int) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		c.record(side, buf[:n], err != nil)
		if n > 0 {
			if _, e := to.Write(buf[:n]); e != nil && err == nil {
				err = e
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

func (c *tapped) record(side int, data []byte, last bool) {
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.count(side, data)
	for len(data) > 0 {
		n := min(len(data), segment)
		c.packet(side, flagPSH|flagACK, data[:n])
		c.seq[side] += uint32(n)
		data = data[n:]
	}
	if last {
		c.packet(side, flagFIN|flagACK, nil)
		c.seq[side]++
	}
}

// count walks the stream by command_length.
func (c *tapped) count(side int, data []byte) {
	rest := append(c.rest[side], data...)
	for len(rest) >= 16 {
		length := octets.BigEndian.Uint32(rest)
		if length < 16 || int(length) > len(rest) {
			break
		}
		c.tap.commands[octets.BigEndian.Uint32(rest[4:])]++
		rest = rest[length:]
	}
	c.rest[side] = rest
}

// packet writes one packet from side, with its record header.
func (c *tapped) packet(side int, flags byte, data []byte) {
	tcp := octets.BigEndian.AppendUint16(nil, c.ports[side])
	tcp = octets.BigEndian.AppendUint16(tcp, c.ports[1-side])
	tcp = octets.BigEndian.AppendUint32(tcp, c.seq[side])
	ack := c.seq[1-side]
	if flags&flagACK == 0 {
		ack = 0
	}
	tcp = octets.BigEndian.AppendUint32(tcp, ack)
	tcp = append(tcp, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	tcp = append(tcp, data...)
	addrs := [2][]byte{{127, 0, 0, 1}, {127, 0, 0, 2}}
	pseudo := append(append([]byte{}, addrs[side]...), addrs[1-side]...)
	pseudo = octets.BigEndian.AppendUint16(append(pseudo, 0, 6), uint16(len(tcp)))
	octets.BigEndian.PutUint16(tcp[16:], checksum(append(pseudo, tcp...)))

	ip := []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0}
	octets.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)))
	ip = append(append(ip, addrs[side]...), addrs[1-side]...)
	octets.BigEndian.PutUint16(ip[10:], checksum(ip))

	frame := append(make([]byte, 12), 0x08, 0x00)
	frame = append(append(frame, ip...), tcp...)
	now := time.Now()
	record := octets.LittleEndian.AppendUint32(nil, uint32(now.Unix()))
	for _, v := range []int{now.Nanosecond() / 1000, len(frame), len(frame)} {
		record = octets.LittleEndian.AppendUint32(record, uint32(v))
	}
	c.tap.write(append(record, frame...))
}

// checksum is that of RFC 1071.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(octets.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
