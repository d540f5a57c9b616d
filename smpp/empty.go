package smpp

import "sync"

// Responses that say nothing but their status. They are shared and never written to.
var (
	emptySubmitResp  = new(SubmitSMResp)
	emptyDeliverResp = new(DeliverSMResp)
	emptyDataResp    = new(DataSMResp)
)

// emptyResponse is the response to a command with all fields zero.
func emptyResponse(cmd CommandID) PDU {
	switch cmd {
	case CmdSubmitSM:
		return emptySubmitResp
	case CmdDeliverSM:
		return emptyDeliverResp
	case CmdDataSM:
		return emptyDataResp
	case CmdEnquireLink:
		return linkTestResp
	}
	if p := New(cmd.Response()); p != nil {
		return p
	}
	return new(GenericNack)
}

// idBody are the bodies of RespondID.
type idBody struct {
	submit    SubmitSMResp
	data      DataSMResp
	multi     SubmitMultiResp
	broadcast BroadcastSMResp
}

var idBodies = sync.Pool{New: func() any { return new(idBody) }}
