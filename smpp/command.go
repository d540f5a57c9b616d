package smpp

import "strconv"

// CommandID names the operation of a PDU (SMPP 3.4 §5.1.2.1). Bit 31 marks a response.
type CommandID uint32

// The commands of SMPP 3.4, and the broadcast commands that SMPP 5.0 §4.7.5 adds.
const (
	CmdGenericNack         CommandID = 0x80000000
	CmdBindReceiver        CommandID = 0x00000001
	CmdBindReceiverResp    CommandID = 0x80000001
	CmdBindTransmitter     CommandID = 0x00000002
	CmdBindTransmitterResp CommandID = 0x80000002
	CmdQuerySM             CommandID = 0x00000003
	CmdQuerySMResp         CommandID = 0x80000003
	CmdSubmitSM            CommandID = 0x00000004
	CmdSubmitSMResp        CommandID = 0x80000004
	CmdDeliverSM           CommandID = 0x00000005
	CmdDeliverSMResp       CommandID = 0x80000005
	CmdUnbind              CommandID = 0x00000006
	CmdUnbindResp          CommandID = 0x80000006
	CmdReplaceSM           CommandID = 0x00000007
	CmdReplaceSMResp       CommandID = 0x80000007
	CmdCancelSM            CommandID = 0x00000008
	CmdCancelSMResp        CommandID = 0x80000008
	CmdBindTransceiver     CommandID = 0x00000009
	CmdBindTransceiverResp CommandID = 0x80000009
	CmdOutbind             CommandID = 0x0000000B
	CmdEnquireLink         CommandID = 0x00000015
	CmdEnquireLinkResp     CommandID = 0x80000015
	CmdSubmitMulti         CommandID = 0x00000021
	CmdSubmitMultiResp     CommandID = 0x80000021
	CmdAlertNotification   CommandID = 0x00000102
	CmdDataSM              CommandID = 0x00000103
	CmdDataSMResp          CommandID = 0x80000103

	CmdBroadcastSM           CommandID = 0x00000111
	CmdBroadcastSMResp       CommandID = 0x80000111
	CmdQueryBroadcastSM      CommandID = 0x00000112
	CmdQueryBroadcastSMResp  CommandID = 0x80000112
	CmdCancelBroadcastSM     CommandID = 0x00000113
	CmdCancelBroadcastSMResp CommandID = 0x80000113
)

const responseBit CommandID = 0x80000000

// IsResponse tells whether the command answers another one (generic_nack included).
func (c CommandID) IsResponse() bool { return c&responseBit != 0 }

// Response is the command that answers c. It is only meaningful where HasResponse is true.
func (c CommandID) Response() CommandID { return c | responseBit }

// HasResponse tells whether c is a known request that must be answered. alert_notification and
// outbind have no response (SMPP 3.4 §4.12, §4.1.7).
func (c CommandID) HasResponse() bool {
	return !c.IsResponse() && c != CmdAlertNotification && c != CmdOutbind && c.spec() != nil
}

// String is the name of the specification, or the number in hexadecimal.
func (c CommandID) String() string {
	if s := c.spec(); s != nil {
		return s.name
	}
	return "command 0x" + strconv.FormatUint(uint64(c), 16)
}

// commandSpec is one row of the command table.
type commandSpec struct {
	id   CommandID
	name string
	make func() PDU
}

// spec finds the row of a command, nil when the command is unknown. A new command needs a
// row here and a fields method in grammar.go; and a place in the two lists of who may send it
// (checkRequest, checkInbound).
func (c CommandID) spec() *commandSpec {
	for i := range commands {
		if commands[i].id == c {
			return &commands[i]
		}
	}
	return nil
}

// commands is ordered by how often each is looked up; it is read only.
var commands = [...]commandSpec{
	{CmdSubmitSM, "submit_sm", func() PDU { return new(SubmitSM) }},
	{CmdSubmitSMResp, "submit_sm_resp", func() PDU { return new(SubmitSMResp) }},
	{CmdDeliverSM, "deliver_sm", func() PDU { return new(DeliverSM) }},
	{CmdDeliverSMResp, "deliver_sm_resp", func() PDU { return new(DeliverSMResp) }},
	{CmdDataSM, "data_sm", func() PDU { return new(DataSM) }},
	{CmdDataSMResp, "data_sm_resp", func() PDU { return new(DataSMResp) }},
	{CmdEnquireLink, "enquire_link", func() PDU { return new(EnquireLink) }},
	{CmdEnquireLinkResp, "enquire_link_resp", func() PDU { return new(EnquireLinkResp) }},
	{CmdGenericNack, "generic_nack", func() PDU { return new(GenericNack) }},
	{CmdSubmitMulti, "submit_multi", func() PDU { return new(SubmitMulti) }},
	{CmdSubmitMultiResp, "submit_multi_resp", func() PDU { return new(SubmitMultiResp) }},
	{CmdQuerySM, "query_sm", func() PDU { return new(QuerySM) }},
	{CmdQuerySMResp, "query_sm_resp", func() PDU { return new(QuerySMResp) }},
	{CmdCancelSM, "cancel_sm", func() PDU { return new(CancelSM) }},
	{CmdCancelSMResp, "cancel_sm_resp", func() PDU { return new(CancelSMResp) }},
	{CmdReplaceSM, "replace_sm", func() PDU { return new(ReplaceSM) }},
	{CmdReplaceSMResp, "replace_sm_resp", func() PDU { return new(ReplaceSMResp) }},
	{CmdBindTransceiver, "bind_transceiver", func() PDU { return &Bind{Mode: Transceiver} }},
	{CmdBindTransceiverResp, "bind_transceiver_resp", func() PDU { return &BindResp{Mode: Transceiver} }},
	{CmdBindTransmitter, "bind_transmitter", func() PDU { return &Bind{Mode: Transmitter} }},
	{CmdBindTransmitterResp, "bind_transmitter_resp", func() PDU { return &BindResp{Mode: Transmitter} }},
	{CmdBindReceiver, "bind_receiver", func() PDU { return &Bind{Mode: Receiver} }},
	{CmdBindReceiverResp, "bind_receiver_resp", func() PDU { return &BindResp{Mode: Receiver} }},
	{CmdUnbind, "unbind", func() PDU { return new(Unbind) }},
	{CmdUnbindResp, "unbind_resp", func() PDU { return new(UnbindResp) }},
	{CmdOutbind, "outbind", func() PDU { return new(Outbind) }},
	{CmdAlertNotification, "alert_notification", func() PDU { return new(AlertNotification) }},
	{CmdBroadcastSM, "broadcast_sm", func() PDU { return new(BroadcastSM) }},
	{CmdBroadcastSMResp, "broadcast_sm_resp", func() PDU { return new(BroadcastSMResp) }},
	{CmdQueryBroadcastSM, "query_broadcast_sm", func() PDU { return new(QueryBroadcastSM) }},
	{CmdQueryBroadcastSMResp, "query_broadcast_sm_resp", func() PDU { return new(QueryBroadcastSMResp) }},
	{CmdCancelBroadcastSM, "cancel_broadcast_sm", func() PDU { return new(CancelBroadcastSM) }},
	{CmdCancelBroadcastSMResp, "cancel_broadcast_sm_resp", func() PDU { return new(CancelBroadcastSMResp) }},
}

// New makes an empty PDU for a command, nil when the command is unknown.
func New(id CommandID) PDU {
	if s := id.spec(); s != nil {
		return s.make()
	}
	return nil
}
