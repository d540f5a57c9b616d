package smpp

import "reflect"

// PDU is a pointer to one of the structs of this file or of broadcast.go. The set is closed: a command that is not here
// is answered with generic_nack.
//
// A PDU from Decode, or from a Session, has strings and octets that alias the frame it was read from.
// A Session never writes to a frame again, so they may be kept; but a kept string keeps its whole
// read buffer (up to 32 KiB) in memory. Clone what lives long.
type PDU interface {
	// Command is the command_id.
	Command() CommandID
	// String prints the fields, without passwords and message texts. See Print for the texts.
	String() string
	// fields is the grammar of the PDU (grammar.go).
	fields(c *codec)
}

// Bind is bind_transmitter, bind_receiver or bind_transceiver, by Mode (SMPP 3.4 §4.1).
type Bind struct {
	Mode             Mode
	SystemID         string // at most 15 octets
	Password         Secret // at most 8 octets; longer ones are understood, and sent, up to 64
	SystemType       string // at most 12 octets
	InterfaceVersion uint8  // Version34
	AddrTON          TON
	AddrNPI          NPI
	AddressRange     string // at most 40 octets
	TLVs             TLVs
}

// BindResp answers a Bind; Mode must be that of the Bind (SMPP 3.4 §4.1.2).
type BindResp struct {
	Mode     Mode
	SystemID string
	TLVs     TLVs
}

// Outbind asks an ESME to bind as a receiver; it has no response (SMPP 3.4 §4.1.7).
type Outbind struct {
	SystemID string
	Password Secret
	TLVs     TLVs
}

// Unbind asks to end the session (SMPP 3.4 §4.2).
type Unbind struct{ TLVs TLVs }

// UnbindResp answers Unbind.
type UnbindResp struct{ TLVs TLVs }

// GenericNack answers what could not be understood (SMPP 3.4 §4.3).
type GenericNack struct{ TLVs TLVs }

// EnquireLink asks whether the peer is alive (SMPP 3.4 §4.11).
type EnquireLink struct{ TLVs TLVs }

// EnquireLinkResp answers EnquireLink.
type EnquireLinkResp struct{ TLVs TLVs }

// SubmitSM sends one message from the ESME to the SMSC (SMPP 3.4 §4.4).
type SubmitSM struct {
	ServiceType          string // at most 5 octets
	Source               Address
	Destination          Address
	ESMClass             uint8
	ProtocolID           uint8
	PriorityFlag         uint8
	ScheduleDeliveryTime string // §7.1.1, see FormatTime
	ValidityPeriod       string // §7.1.1
	RegisteredDelivery   uint8
	ReplaceIfPresent     uint8
	DataCoding           uint8
	SMDefaultMsgID       uint8
	ShortMessage         []byte // at most 254 octets; longer ones go into message_payload
	TLVs                 TLVs
}

// DeliverSM brings one message or receipt from the SMSC to the ESME (SMPP 3.4 §4.6). Its fields are
// those of SubmitSM.
type DeliverSM SubmitSM

// SubmitSMResp answers SubmitSM with the message id of the SMSC (SMPP 3.4 §4.4.2).
type SubmitSMResp struct {
	MessageID string // at most 64 octets; longer ones are read
	TLVs      TLVs
}

// DeliverSMResp answers DeliverSM; its message id is unused (SMPP 3.4 §4.6.2).
type DeliverSMResp SubmitSMResp

// DataSM sends one message in either direction (SMPP 3.4 §4.7). The text is in message_payload.
type DataSM struct {
	ServiceType        string
	Source             Address // at most 64 octets here
	Destination        Address
	ESMClass           uint8
	RegisteredDelivery uint8
	DataCoding         uint8
	TLVs               TLVs
}

// DataSMResp answers DataSM (SMPP 3.4 §4.7.2).
type DataSMResp SubmitSMResp

// Dest is one destination of SubmitMulti: a distribution list when List is not empty, else an address.
type Dest struct {
	Address Address
	List    string // at most 20 octets
}

// SubmitMulti sends one message to many destinations (SMPP 3.4 §4.5).
type SubmitMulti struct {
	ServiceType          string
	Source               Address
	Destinations         []Dest // 1 to 254
	ESMClass             uint8
	ProtocolID           uint8
	PriorityFlag         uint8
	ScheduleDeliveryTime string
	ValidityPeriod       string
	RegisteredDelivery   uint8
	ReplaceIfPresent     uint8
	DataCoding           uint8
	SMDefaultMsgID       uint8
	ShortMessage         []byte
	TLVs                 TLVs
}

// Unsuccess is one destination that was refused.
type Unsuccess struct {
	Address Address
	Status  Status
}

// SubmitMultiResp answers SubmitMulti and lists the destinations that were refused (SMPP 3.4 §4.5.2).
type SubmitMultiResp struct {
	MessageID string
	Unsuccess []Unsuccess
	TLVs      TLVs
}

// QuerySM asks for the state of a message (SMPP 3.4 §4.8).
type QuerySM struct {
	MessageID string
	Source    Address
	TLVs      TLVs
}

// QuerySMResp answers QuerySM (SMPP 3.4 §4.8.2).
type QuerySMResp struct {
	MessageID string
	FinalDate string // §7.1.1, empty while the message is not in an end state
	State     MessageState
	ErrorCode uint8
	TLVs      TLVs
}

// CancelSM cancels one message, or all undelivered ones between two addresses when MessageID is
// empty (SMPP 3.4 §4.9).
type CancelSM struct {
	ServiceType string
	MessageID   string
	Source      Address
	Destination Address
	TLVs        TLVs
}

// CancelSMResp answers CancelSM.
type CancelSMResp struct{ TLVs TLVs }

// ReplaceSM replaces a message that is not yet delivered (SMPP 3.4 §4.10).
type ReplaceSM struct {
	MessageID            string
	Source               Address
	ScheduleDeliveryTime string
	ValidityPeriod       string
	RegisteredDelivery   uint8
	SMDefaultMsgID       uint8
	ShortMessage         []byte
	TLVs                 TLVs
}

// ReplaceSMResp answers ReplaceSM.
type ReplaceSMResp struct{ TLVs TLVs }

// AlertNotification says that a subscriber has become available; it has no response (SMPP 3.4 §4.12).
type AlertNotification struct {
	Source Address // at most 64 octets
	ESME   Address // at most 64 octets
	TLVs   TLVs
}

// Command is the bind command of the Mode.
func (p *Bind) Command() CommandID { return p.Mode.command() }

// Command is the bind response command of the Mode.
func (p *BindResp) Command() CommandID { return p.Mode.command().Response() }

// Command is outbind.
func (*Outbind) Command() CommandID { return CmdOutbind }

// Command is unbind.
func (*Unbind) Command() CommandID { return CmdUnbind }

// Command is unbind_resp.
func (*UnbindResp) Command() CommandID { return CmdUnbindResp }

// Command is generic_nack.
func (*GenericNack) Command() CommandID { return CmdGenericNack }

// Command is enquire_link.
func (*EnquireLink) Command() CommandID { return CmdEnquireLink }

// Command is enquire_link_resp.
func (*EnquireLinkResp) Command() CommandID { return CmdEnquireLinkResp }

// Command is submit_sm.
func (*SubmitSM) Command() CommandID { return CmdSubmitSM }

// Command is submit_sm_resp.
func (*SubmitSMResp) Command() CommandID { return CmdSubmitSMResp }

// Command is deliver_sm.
func (*DeliverSM) Command() CommandID { return CmdDeliverSM }

// Command is deliver_sm_resp.
func (*DeliverSMResp) Command() CommandID { return CmdDeliverSMResp }

// Command is data_sm.
func (*DataSM) Command() CommandID { return CmdDataSM }

// Command is data_sm_resp.
func (*DataSMResp) Command() CommandID { return CmdDataSMResp }

// Command is submit_multi.
func (*SubmitMulti) Command() CommandID { return CmdSubmitMulti }

// Command is submit_multi_resp.
func (*SubmitMultiResp) Command() CommandID { return CmdSubmitMultiResp }

// Command is query_sm.
func (*QuerySM) Command() CommandID { return CmdQuerySM }

// Command is query_sm_resp.
func (*QuerySMResp) Command() CommandID { return CmdQuerySMResp }

// Command is cancel_sm.
func (*CancelSM) Command() CommandID { return CmdCancelSM }

// Command is cancel_sm_resp.
func (*CancelSMResp) Command() CommandID { return CmdCancelSMResp }

// Command is replace_sm.
func (*ReplaceSM) Command() CommandID { return CmdReplaceSM }

// Command is replace_sm_resp.
func (*ReplaceSMResp) Command() CommandID { return CmdReplaceSMResp }

// Command is alert_notification.
func (*AlertNotification) Command() CommandID { return CmdAlertNotification }

func (p *Bind) String() string              { return Print(p, false) }
func (p *BindResp) String() string          { return Print(p, false) }
func (p *Outbind) String() string           { return Print(p, false) }
func (p *Unbind) String() string            { return Print(p, false) }
func (p *UnbindResp) String() string        { return Print(p, false) }
func (p *GenericNack) String() string       { return Print(p, false) }
func (p *EnquireLink) String() string       { return Print(p, false) }
func (p *EnquireLinkResp) String() string   { return Print(p, false) }
func (p *SubmitSM) String() string          { return Print(p, false) }
func (p *SubmitSMResp) String() string      { return Print(p, false) }
func (p *DeliverSM) String() string         { return Print(p, false) }
func (p *DeliverSMResp) String() string     { return Print(p, false) }
func (p *DataSM) String() string            { return Print(p, false) }
func (p *DataSMResp) String() string        { return Print(p, false) }
func (p *SubmitMulti) String() string       { return Print(p, false) }
func (p *SubmitMultiResp) String() string   { return Print(p, false) }
func (p *QuerySM) String() string           { return Print(p, false) }
func (p *QuerySMResp) String() string       { return Print(p, false) }
func (p *CancelSM) String() string          { return Print(p, false) }
func (p *CancelSMResp) String() string      { return Print(p, false) }
func (p *ReplaceSM) String() string         { return Print(p, false) }
func (p *ReplaceSMResp) String() string     { return Print(p, false) }
func (p *AlertNotification) String() string { return Print(p, false) }

// Text is the message: message_payload when it is there, else short_message. It is raw octets in the
// alphabet of DataCoding, with a user data header in front when ESMClass has EsmUDHI.
func (p *SubmitSM) Text() []byte {
	if v, ok := p.TLVs.MessagePayload(); ok && len(p.ShortMessage) == 0 {
		return v
	}
	return p.ShortMessage
}

// Text is the message: message_payload when it is there, else short_message.
func (p *DeliverSM) Text() []byte { return (*SubmitSM)(p).Text() }

// Text is message_payload.
func (p *DataSM) Text() []byte {
	v, _ := p.TLVs.MessagePayload()
	return v
}

// Clone makes a deep copy that shares no memory with p or with the buffer p was read from.
func Clone[P PDU](p P) P {
	src := reflect.ValueOf(p)
	if src.Kind() != reflect.Pointer || src.IsNil() {
		return p
	}
	dst := reflect.New(src.Type().Elem())
	dst.Elem().Set(src.Elem())
	out := dst.Interface().(P)
	out.fields(&codec{mode: cloning})
	return out
}
