package smpptest

import (
	"bytes"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/harkara/harkara/smpp"
)

// Small pieces of behaviour to put together in Config.OnSubmit.

// Script decides what happens to a message, as Config.OnSubmit does.
type Script func(m *Message) Reply

// Always does the same with every message.
func Always(r Reply) Script { return func(*Message) Reply { return r } }

// Between does one thing with the messages first to last (1 is the first that it sees), and another with
// the rest: a storm of ESME_RTHROTTLED, a full queue that is emptied.
func Between(first, last int, during, otherwise Script) Script {
	var mu sync.Mutex
	n := 0
	return func(m *Message) Reply {
		mu.Lock()
		n++
		in := n >= first && n <= last
		mu.Unlock()
		if in {
			return during(m)
		}
		return otherwise(m)
	}
}

// InTurn does one thing after the other, and begins anew.
func InTurn(scripts ...Script) Script {
	var mu sync.Mutex
	n := -1
	return func(m *Message) Reply {
		mu.Lock()
		n++
		s := scripts[n%len(scripts)]
		mu.Unlock()
		return s(m)
	}
}

// Backwards answers each group of so many messages in the opposite order: the response to the last of a
// group comes at once, the others step later each.
func Backwards(group int, step time.Duration, s Script) Script {
	var mu sync.Mutex
	n := -1
	return func(m *Message) Reply {
		mu.Lock()
		n++
		place := n % group
		mu.Unlock()
		r := s(m)
		r.Delay += time.Duration(group-1-place) * step
		return r
	}
}

// LastPartOnly sends the receipts of a message in several parts for its last part alone.
func LastPartOnly(s Script) Script {
	return func(m *Message) Reply {
		r := s(m)
		if c, ok := m.Concat(); ok && c.Seq != c.Total {
			r.Receipts = nil
		}
		return r
	}
}

// Twice is a Reply.Tamper: the response comes two times.
func Twice(response []byte) []byte { return append(bytes.Clone(response), response...) }

// Behind is a Reply.Tamper: these octets come right behind the response.
func Behind(octets string) func([]byte) []byte {
	return func(response []byte) []byte { return append(bytes.Clone(response), octets...) }
}

// Half is a Reply.Tamper: only the first half of the response comes.
func Half(response []byte) []byte { return response[:len(response)/2] }

// Spelling spells a message id in another way.
type Spelling func(id string) string

// HexAsDecimal spells the number in decimal; what is no hexadecimal number stays as it is.
func HexAsDecimal(id string) string { return rebase(id, 16, 10) }

// DecimalAsHex spells the number in lower-case hexadecimal; what is no decimal number stays as it is.
func DecimalAsHex(id string) string { return rebase(id, 10, 16) }

func rebase(id string, from, to int) string {
	n, ok := new(big.Int).SetString(id, from)
	if !ok {
		return id
	}
	return n.Text(to)
}

// UpperCase spells letters as capitals.
func UpperCase(id string) string { return strings.ToUpper(id) }

// ZeroPadded puts zeros in front up to so many characters.
func ZeroPadded(size int) Spelling {
	return func(id string) string { return strings.Repeat("0", max(size-len(id), 0)) + id }
}

// Concat is the place of a part in its message: from the three sar_ parameters, or from a user data
// header with an 8-bit or a 16-bit reference (3GPP TS 23.040 §9.2.3.24.1 and .8).
func (m *Message) Concat() (smpp.Concat, bool) {
	if c, ok := m.TLVs.SAR(); ok {
		return c, true
	}
	if m.ESMClass&smpp.EsmUDHI == 0 || len(m.Text) == 0 || len(m.Text) <= int(m.Text[0]) {
		return smpp.Concat{}, false
	}
	for h := m.Text[1 : 1+int(m.Text[0])]; len(h) >= 2 && len(h) >= 2+int(h[1]); h = h[2+int(h[1]):] {
		switch v := h[2 : 2+int(h[1])]; {
		case h[0] == 0 && len(v) == 3:
			return smpp.Concat{Ref: uint16(v[0]), Total: v[1], Seq: v[2]}, true
		case h[0] == 8 && len(v) == 4:
			return smpp.Concat{Ref: uint16(v[0])<<8 | uint16(v[1]), Total: v[2], Seq: v[3]}, true
		}
	}
	return smpp.Concat{}, false
}
