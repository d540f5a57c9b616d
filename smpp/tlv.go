package smpp

import (
	"encoding/binary"
	"errors"
	"iter"
	"strconv"
)

// TLVs are the optional parameters of a PDU exactly as they stand on the wire (SMPP 3.4 §5.3): tag,
// length, value, one after the other. Order, duplicates and zero-length values are kept, and a
// decoded PDU encodes to the same octets again. The zero value is empty and ready to use.
type TLVs []byte

// ErrTLVTooLong is returned for a value longer than 65,535 octets.
var ErrTLVTooLong = errors.New("smpp: TLV value is longer than 65535 octets: split the message instead")

// Len counts the parameters.
func (t TLVs) Len() int {
	n := 0
	for range t.All() {
		n++
	}
	return n
}

// All yields the parameters in wire order. The values alias t.
func (t TLVs) All() iter.Seq2[Tag, []byte] {
	return func(yield func(Tag, []byte) bool) {
		for rest := []byte(t); len(rest) >= 4; {
			tag, v, next, ok := cutTLV(rest)
			if !ok || !yield(tag, v) {
				return
			}
			rest = next
		}
	}
}

// Get finds the first parameter with this tag. The value aliases t.
func (t TLVs) Get(tag Tag) ([]byte, bool) {
	for rest := []byte(t); len(rest) >= 4; {
		got, v, next, ok := cutTLV(rest)
		if !ok {
			break
		}
		if got == tag {
			return v, true
		}
		rest = next
	}
	return nil, false
}

// Has tells whether the tag is there, with whatever value.
func (t TLVs) Has(tag Tag) bool {
	_, ok := t.Get(tag)
	return ok
}

// Uint8 reads a one-octet parameter; false when absent or of another length.
func (t TLVs) Uint8(tag Tag) (uint8, bool) {
	if v, ok := t.Get(tag); ok && len(v) == 1 {
		return v[0], true
	}
	return 0, false
}

// Uint16 reads an integer parameter. Peers send two-octet parameters with one octet and the other way
// round, so any width up to two octets is read.
func (t TLVs) Uint16(tag Tag) (uint16, bool) {
	switch v, _ := t.Get(tag); len(v) {
	case 1:
		return uint16(v[0]), true
	case 2:
		return binary.BigEndian.Uint16(v), true
	}
	return 0, false
}

// Uint32 reads an integer parameter of up to four octets.
func (t TLVs) Uint32(tag Tag) (uint32, bool) {
	v, _ := t.Get(tag)
	if len(v) == 0 || len(v) > 4 {
		return 0, false
	}
	var n uint32
	for _, b := range v {
		n = n<<8 | uint32(b)
	}
	return n, true
}

// Text reads a C-octet string parameter. A missing NUL is tolerated, and the value ends at the first
// NUL. The string aliases t.
func (t TLVs) Text(tag Tag) (string, bool) {
	v, ok := t.Get(tag)
	if !ok {
		return "", false
	}
	return aliasString(untilNUL(v)), true
}

// Add appends a parameter; duplicates are allowed. The only error is ErrTLVTooLong.
func (t *TLVs) Add(tag Tag, value []byte) error {
	if len(value) > 0xFFFF {
		return ErrTLVTooLong
	}
	*t = binary.BigEndian.AppendUint16(*t, uint16(tag))
	*t = binary.BigEndian.AppendUint16(*t, uint16(len(value)))
	*t = append(*t, value...)
	return nil
}

// AddText appends a C-octet string parameter; the NUL is added here.
func (t *TLVs) AddText(tag Tag, s string) error {
	if len(s)+1 > 0xFFFF {
		return ErrTLVTooLong
	}
	*t = binary.BigEndian.AppendUint16(*t, uint16(tag))
	*t = binary.BigEndian.AppendUint16(*t, uint16(len(s)+1))
	*t = append(append(*t, s...), 0)
	return nil
}

// AddUint8 appends a one-octet parameter.
func (t *TLVs) AddUint8(tag Tag, v uint8) {
	*t = append(*t, byte(tag>>8), byte(tag), 0, 1, v)
}

// AddUint16 appends a two-octet parameter.
func (t *TLVs) AddUint16(tag Tag, v uint16) {
	*t = append(*t, byte(tag>>8), byte(tag), 0, 2, byte(v>>8), byte(v))
}

// AddUint32 appends a four-octet parameter.
func (t *TLVs) AddUint32(tag Tag, v uint32) {
	*t = append(*t, byte(tag>>8), byte(tag), 0, 4, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

// Delete removes every parameter with this tag. It never writes to the octets t held before, which
// may belong to a read buffer.
func (t *TLVs) Delete(tag Tag) {
	if !t.Has(tag) {
		return
	}
	var kept TLVs
	for got, v := range t.All() {
		if got != tag {
			_ = kept.Add(got, v) // the length came from a two-octet field
		}
	}
	*t = kept
}

// Set replaces every parameter with this tag by one at the end.
func (t *TLVs) Set(tag Tag, value []byte) error {
	if len(value) > 0xFFFF {
		return ErrTLVTooLong
	}
	t.Delete(tag)
	return t.Add(tag, value)
}

// valid tells whether the octets are a whole number of parameters.
func (t TLVs) valid() bool { return t.whole() == len(t) }

// whole is how many octets the whole parameters at the start take.
func (t TLVs) whole() int {
	at := 0
	for at+4 <= len(t) {
		next := at + 4 + int(t[at+2])<<8 + int(t[at+3])
		if next > len(t) {
			break
		}
		at = next
	}
	return at
}

func cutTLV(b []byte) (tag Tag, value, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, nil, false
	}
	n := 4 + int(b[2])<<8 + int(b[3])
	if n > len(b) {
		return 0, nil, nil, false
	}
	return Tag(b[0])<<8 | Tag(b[1]), b[4:n:n], b[n:], true
}

// NetworkError is the value of network_error_code (SMPP 3.4 §5.3.2.31): the network type (1 ANSI-136,
// 2 IS-95, 3 GSM) and the code of that network.
type NetworkError struct {
	Type uint8
	Code uint16
}

// NetworkErrorCode reads network_error_code. Some peers send the three octets as ASCII digits; those
// are given as a decimal Code with Type 0.
func (t TLVs) NetworkErrorCode() (NetworkError, bool) {
	v, ok := t.Get(TagNetworkErrorCode)
	if !ok || len(v) != 3 {
		return NetworkError{}, false
	}
	if n, err := strconv.ParseUint(aliasString(v), 10, 16); err == nil {
		return NetworkError{Code: uint16(n)}, true
	}
	return NetworkError{Type: v[0], Code: binary.BigEndian.Uint16(v[1:])}, true
}

// AddNetworkErrorCode appends network_error_code.
func (t *TLVs) AddNetworkErrorCode(e NetworkError) {
	*t = append(*t, byte(TagNetworkErrorCode>>8), byte(TagNetworkErrorCode&0xFF), 0, 3, e.Type, byte(e.Code>>8), byte(e.Code))
}

// ReceiptedMessageID reads receipted_message_id, the message id a receipt is about (SMPP 3.4 §5.3.2.12).
func (t TLVs) ReceiptedMessageID() (string, bool) { return t.Text(TagReceiptedMessageID) }

// MessageState reads message_state (SMPP 3.4 §5.3.2.35).
func (t TLVs) MessageState() (MessageState, bool) {
	v, ok := t.Uint8(TagMessageState)
	return MessageState(v), ok
}

// MessagePayload reads message_payload, the text that takes the place of short_message (SMPP 3.4 §5.3.2.32).
func (t TLVs) MessagePayload() ([]byte, bool) { return t.Get(TagMessagePayload) }

// CongestionState reads congestion_state, how busy the peer is in percent: 80 to 89 is the best load, 90
// to 99 near congestion, 100 congested (SMPP 5.0 §4.8.4.18). Greater values are not valid.
func (t TLVs) CongestionState() (percent uint8, ok bool) {
	percent, ok = t.Uint8(TagCongestionState)
	return percent, ok && percent <= 100
}

// AddCongestionState appends congestion_state; more than 100 counts as 100.
func (t *TLVs) AddCongestionState(percent uint8) {
	t.AddUint8(TagCongestionState, min(percent, 100))
}

// TLVsOf finds the optional parameters of any PDU, to read or to change; every PDU has some room for them.
func TLVsOf(p PDU) *TLVs {
	c := codecs.Get().(*codec)
	c.mode = seeking
	p.fields(c)
	found := c.found
	*c = codec{}
	codecs.Put(c)
	return found
}

// UserMessageReference reads user_message_reference (SMPP 3.4 §5.3.2.17).
func (t TLVs) UserMessageReference() (uint16, bool) { return t.Uint16(TagUserMessageReference) }

// Concat is the place of one part in a concatenated message, as the three sar_ parameters give it.
type Concat struct {
	Ref   uint16 // sar_msg_ref_num
	Total uint8  // sar_total_segments
	Seq   uint8  // sar_segment_seqnum, from 1
}

// SAR reads the three sar_ parameters; false unless all are there (SMPP 3.4 §5.3.2.22 to §5.3.2.24).
func (t TLVs) SAR() (Concat, bool) {
	ref, ok1 := t.Uint16(TagSARMsgRefNum)
	total, ok2 := t.Uint8(TagSARTotalSegments)
	seq, ok3 := t.Uint8(TagSARSegmentSeqnum)
	return Concat{ref, total, seq}, ok1 && ok2 && ok3
}

// AddSAR appends the three sar_ parameters.
func (t *TLVs) AddSAR(c Concat) {
	t.AddUint16(TagSARMsgRefNum, c.Ref)
	t.AddUint8(TagSARTotalSegments, c.Total)
	t.AddUint8(TagSARSegmentSeqnum, c.Seq)
}
