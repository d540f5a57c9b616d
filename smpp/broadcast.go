package smpp

import (
	"encoding/binary"
	"iter"
)

// The broadcast PDUs of SMPP 5.0, for cell broadcast, and the optional parameters that they live on.

// BroadcastSM sends one message to everybody in some areas (SMPP 5.0 §4.4.1). It must have the optional
// parameters broadcast_area_identifier (one or more), broadcast_content_type, broadcast_rep_num and
// broadcast_frequency_interval; the text is in message_payload.
type BroadcastSM struct {
	ServiceType          string // at most 5 octets
	Source               Address
	MessageID            string // of the broadcast that is replaced, else empty
	PriorityFlag         uint8
	ScheduleDeliveryTime string // SMPP 3.4 §7.1.1, see FormatTime
	ValidityPeriod       string // as above
	ReplaceIfPresent     uint8
	DataCoding           uint8
	SMDefaultMsgID       uint8
	TLVs                 TLVs
}

// BroadcastSMResp answers BroadcastSM; the areas that failed are in BroadcastAreas, why in
// broadcast_error_status (SMPP 5.0 §4.4.1.2).
type BroadcastSMResp SubmitSMResp

// QueryBroadcastSM asks for the state of a broadcast (SMPP 5.0 §4.6.1).
type QueryBroadcastSM QuerySM

// QueryBroadcastSMResp answers QueryBroadcastSM: message_state, and for each area
// broadcast_area_identifier and broadcast_area_success, are optional parameters (SMPP 5.0 §4.6.1.3).
type QueryBroadcastSMResp SubmitSMResp

// CancelBroadcastSM cancels one broadcast, or all of a kind (broadcast_content_type) when MessageID is
// empty (SMPP 5.0 §4.6.2).
type CancelBroadcastSM struct {
	ServiceType string
	MessageID   string
	Source      Address
	TLVs        TLVs
}

// CancelBroadcastSMResp answers CancelBroadcastSM.
type CancelBroadcastSMResp struct{ TLVs TLVs }

// Command is broadcast_sm.
func (*BroadcastSM) Command() CommandID { return CmdBroadcastSM }

// Command is broadcast_sm_resp.
func (*BroadcastSMResp) Command() CommandID { return CmdBroadcastSMResp }

// Command is query_broadcast_sm.
func (*QueryBroadcastSM) Command() CommandID { return CmdQueryBroadcastSM }

// Command is query_broadcast_sm_resp.
func (*QueryBroadcastSMResp) Command() CommandID { return CmdQueryBroadcastSMResp }

// Command is cancel_broadcast_sm.
func (*CancelBroadcastSM) Command() CommandID { return CmdCancelBroadcastSM }

// Command is cancel_broadcast_sm_resp.
func (*CancelBroadcastSMResp) Command() CommandID { return CmdCancelBroadcastSMResp }

func (p *BroadcastSM) String() string           { return Print(p, false) }
func (p *BroadcastSMResp) String() string       { return Print(p, false) }
func (p *QueryBroadcastSM) String() string      { return Print(p, false) }
func (p *QueryBroadcastSMResp) String() string  { return Print(p, false) }
func (p *CancelBroadcastSM) String() string     { return Print(p, false) }
func (p *CancelBroadcastSMResp) String() string { return Print(p, false) }

// Text is message_payload.
func (p *BroadcastSM) Text() []byte {
	v, _ := p.TLVs.MessagePayload()
	return v
}

// BroadcastArea is broadcast_area_identifier (SMPP 5.0 §4.8.4.4): Format 0 is an alias name, 1 an
// ellipsoid arc, 2 a polygon.
type BroadcastArea struct {
	Format uint8
	Area   []byte
}

// BroadcastAreas yields every broadcast_area_identifier, in order. The areas alias t.
func (t TLVs) BroadcastAreas() iter.Seq[BroadcastArea] {
	return func(yield func(BroadcastArea) bool) {
		for tag, v := range t.All() {
			if tag == TagBroadcastAreaIdentifier && len(v) > 0 && !yield(BroadcastArea{v[0], v[1:]}) {
				return
			}
		}
	}
}

// AddBroadcastArea appends a broadcast_area_identifier. The only error is ErrTLVTooLong.
func (t *TLVs) AddBroadcastArea(a BroadcastArea) error {
	return t.Add(TagBroadcastAreaIdentifier, append([]byte{a.Format}, a.Area...))
}

// BroadcastContent is broadcast_content_type (SMPP 5.0 §4.8.4.8): Network 0 is generic, 1 GSM, 2 TDMA,
// 3 CDMA; Type 0x0001 is an emergency broadcast.
type BroadcastContent struct {
	Network uint8
	Type    uint16
}

// BroadcastContentType reads broadcast_content_type.
func (t TLVs) BroadcastContentType() (BroadcastContent, bool) {
	n, v, ok := t.oneAndTwo(TagBroadcastContentType)
	return BroadcastContent{n, v}, ok
}

// AddBroadcastContentType appends broadcast_content_type.
func (t *TLVs) AddBroadcastContentType(c BroadcastContent) {
	t.addOneAndTwo(TagBroadcastContentType, c.Network, c.Type)
}

// BroadcastInterval is broadcast_frequency_interval (SMPP 5.0 §4.8.4.11): Unit 0 is as often as
// possible, 8 seconds, 9 minutes, 10 hours, 11 days, 12 weeks, 13 months, 14 years.
type BroadcastInterval struct {
	Unit  uint8
	Value uint16
}

// BroadcastFrequencyInterval reads broadcast_frequency_interval.
func (t TLVs) BroadcastFrequencyInterval() (BroadcastInterval, bool) {
	n, v, ok := t.oneAndTwo(TagBroadcastFrequencyInterval)
	return BroadcastInterval{n, v}, ok
}

// AddBroadcastFrequencyInterval appends broadcast_frequency_interval.
func (t *TLVs) AddBroadcastFrequencyInterval(i BroadcastInterval) {
	t.addOneAndTwo(TagBroadcastFrequencyInterval, i.Unit, i.Value)
}

// oneAndTwo reads a parameter of one octet and a two-octet integer.
func (t TLVs) oneAndTwo(tag Tag) (uint8, uint16, bool) {
	v, _ := t.Get(tag)
	if len(v) != 3 {
		return 0, 0, false
	}
	return v[0], binary.BigEndian.Uint16(v[1:]), true
}

func (t *TLVs) addOneAndTwo(tag Tag, a uint8, b uint16) {
	*t = append(*t, byte(tag>>8), byte(tag), 0, 3, a, byte(b>>8), byte(b))
}
