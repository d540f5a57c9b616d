package smpp

import "strconv"

// Status is a command_status (SMPP 3.4 §5.1.3). Zero is success; values the specification does not
// name (vendors use 0x400 to 0x4FF) are kept as they came.
type Status uint32

// The command status values of SMPP 3.4 §5.1.3.
const (
	StatusOK              Status = 0x00000000 // No error
	StatusInvMsgLen       Status = 0x00000001 // Message length is invalid
	StatusInvCmdLen       Status = 0x00000002 // Command length is invalid
	StatusInvCmdID        Status = 0x00000003 // Invalid command ID
	StatusInvBndSts       Status = 0x00000004 // Incorrect bind status for the given command
	StatusAlyBnd          Status = 0x00000005 // ESME already in bound state
	StatusInvPrtFlg       Status = 0x00000006 // Invalid priority flag
	StatusInvRegDlvFlg    Status = 0x00000007 // Invalid registered delivery flag
	StatusSysErr          Status = 0x00000008 // System error
	StatusInvSrcAdr       Status = 0x0000000A // Invalid source address
	StatusInvDstAdr       Status = 0x0000000B // Invalid destination address
	StatusInvMsgID        Status = 0x0000000C // Message ID is invalid
	StatusBindFail        Status = 0x0000000D // Bind failed
	StatusInvPaswd        Status = 0x0000000E // Invalid password
	StatusInvSysID        Status = 0x0000000F // Invalid system ID
	StatusCancelFail      Status = 0x00000011 // cancel_sm failed
	StatusReplaceFail     Status = 0x00000013 // replace_sm failed
	StatusMsgQFul         Status = 0x00000014 // Message queue full
	StatusInvSerTyp       Status = 0x00000015 // Invalid service type
	StatusInvNumDests     Status = 0x00000033 // Invalid number of destinations
	StatusInvDLName       Status = 0x00000034 // Invalid distribution list name
	StatusInvDestFlag     Status = 0x00000040 // Destination flag is invalid (submit_multi)
	StatusInvSubRep       Status = 0x00000042 // Invalid "submit with replace" request
	StatusInvEsmClass     Status = 0x00000043 // Invalid esm_class field data
	StatusCntSubDL        Status = 0x00000044 // Cannot submit to distribution list
	StatusSubmitFail      Status = 0x00000045 // submit_sm or submit_multi failed
	StatusInvSrcTON       Status = 0x00000048 // Invalid source address TON
	StatusInvSrcNPI       Status = 0x00000049 // Invalid source address NPI
	StatusInvDstTON       Status = 0x00000050 // Invalid destination address TON
	StatusInvDstNPI       Status = 0x00000051 // Invalid destination address NPI
	StatusInvSysTyp       Status = 0x00000053 // Invalid system_type field
	StatusInvRepFlag      Status = 0x00000054 // Invalid replace_if_present flag
	StatusInvNumMsgs      Status = 0x00000055 // Invalid number of messages
	StatusThrottled       Status = 0x00000058 // Throttling error (ESME has exceeded allowed message limits)
	StatusInvSched        Status = 0x00000061 // Invalid scheduled delivery time
	StatusInvExpiry       Status = 0x00000062 // Invalid message validity period (expiry time)
	StatusInvDftMsgID     Status = 0x00000063 // Predefined message invalid or not found
	StatusRxTAppn         Status = 0x00000064 // ESME receiver temporary application error
	StatusRxPAppn         Status = 0x00000065 // ESME receiver permanent application error
	StatusRxRAppn         Status = 0x00000066 // ESME receiver reject message error
	StatusQueryFail       Status = 0x00000067 // query_sm request failed
	StatusInvOptParStream Status = 0x000000C0 // Error in the optional part of the PDU body
	StatusOptParNotAllwd  Status = 0x000000C1 // Optional parameter not allowed
	StatusInvParLen       Status = 0x000000C2 // Invalid parameter length
	StatusMissingOptParam Status = 0x000000C3 // Expected optional parameter missing
	StatusInvOptParamVal  Status = 0x000000C4 // Invalid optional parameter value
	StatusDeliveryFailure Status = 0x000000FE // Delivery failure (data_sm_resp)
	StatusUnknownErr      Status = 0x000000FF // Unknown error
)

// The command status values that SMPP 5.0 §4.7.6 adds. (It also has new names for 0xC0 to 0xC4, such as
// ESME_RINVTLVSTREAM; String keeps those of SMPP 3.4.)
const (
	StatusSerTypUnauth      Status = 0x00000100 // Not authorised to use this service_type
	StatusProhibited        Status = 0x00000101 // Prohibited from using this operation
	StatusSerTypUnavail     Status = 0x00000102 // Service_type is unavailable
	StatusSerTypDenied      Status = 0x00000103 // Service_type is denied
	StatusInvDCS            Status = 0x00000104 // Invalid data_coding
	StatusInvSrcAddrSubunit Status = 0x00000105 // Invalid source address subunit
	StatusInvDstAddrSubunit Status = 0x00000106 // Invalid destination address subunit
	StatusInvBcastFreqInt   Status = 0x00000107 // Invalid broadcast frequency interval
	StatusInvBcastAliasName Status = 0x00000108 // Invalid broadcast alias name
	StatusInvBcastAreaFmt   Status = 0x00000109 // Invalid broadcast area format
	StatusInvNumBcastAreas  Status = 0x0000010A // Invalid number of broadcast areas
	StatusInvBcastCntType   Status = 0x0000010B // Invalid broadcast content type
	StatusInvBcastMsgClass  Status = 0x0000010C // Invalid broadcast message class
	StatusBcastFail         Status = 0x0000010D // Broadcast_sm failed
	StatusBcastQueryFail    Status = 0x0000010E // Query_broadcast_sm failed
	StatusBcastCancelFail   Status = 0x0000010F // Cancel_broadcast_sm failed
	StatusInvBcastRep       Status = 0x00000110 // Invalid number of repeated broadcasts
	StatusInvBcastSrvGrp    Status = 0x00000111 // Invalid broadcast service group
	StatusInvBcastChanInd   Status = 0x00000112 // Invalid broadcast channel indicator
)

// String is the name of the specification (ESME_RTHROTTLED), or the number in hexadecimal.
func (s Status) String() string {
	if i, ok := s.row(); ok {
		return statuses[i].name
	}
	return "status 0x" + strconv.FormatUint(uint64(s), 16)
}

// Describe is a short explanation, empty for a value the specification does not name.
func (s Status) Describe() string {
	if i, ok := s.row(); ok {
		return statuses[i].text
	}
	return ""
}

func (s Status) row() (int, bool) {
	for i := range statuses {
		if statuses[i].s == s {
			return i, true
		}
	}
	return 0, false
}

var statuses = [...]struct {
	s          Status
	name, text string
}{
	{StatusOK, "ESME_ROK", "no error"},
	{StatusInvMsgLen, "ESME_RINVMSGLEN", "message length is invalid"},
	{StatusInvCmdLen, "ESME_RINVCMDLEN", "command length is invalid"},
	{StatusInvCmdID, "ESME_RINVCMDID", "invalid command id"},
	{StatusInvBndSts, "ESME_RINVBNDSTS", "incorrect bind status for the given command"},
	{StatusAlyBnd, "ESME_RALYBND", "already bound"},
	{StatusInvPrtFlg, "ESME_RINVPRTFLG", "invalid priority flag"},
	{StatusInvRegDlvFlg, "ESME_RINVREGDLVFLG", "invalid registered delivery flag"},
	{StatusSysErr, "ESME_RSYSERR", "system error"},
	{StatusInvSrcAdr, "ESME_RINVSRCADR", "invalid source address"},
	{StatusInvDstAdr, "ESME_RINVDSTADR", "invalid destination address"},
	{StatusInvMsgID, "ESME_RINVMSGID", "message id is invalid"},
	{StatusBindFail, "ESME_RBINDFAIL", "bind failed"},
	{StatusInvPaswd, "ESME_RINVPASWD", "invalid password"},
	{StatusInvSysID, "ESME_RINVSYSID", "invalid system id"},
	{StatusCancelFail, "ESME_RCANCELFAIL", "cancel_sm failed"},
	{StatusReplaceFail, "ESME_RREPLACEFAIL", "replace_sm failed"},
	{StatusMsgQFul, "ESME_RMSGQFUL", "message queue full"},
	{StatusInvSerTyp, "ESME_RINVSERTYP", "invalid service type"},
	{StatusInvNumDests, "ESME_RINVNUMDESTS", "invalid number of destinations"},
	{StatusInvDLName, "ESME_RINVDLNAME", "invalid distribution list name"},
	{StatusInvDestFlag, "ESME_RINVDESTFLAG", "destination flag is invalid"},
	{StatusInvSubRep, "ESME_RINVSUBREP", "invalid submit with replace request"},
	{StatusInvEsmClass, "ESME_RINVESMCLASS", "invalid esm_class"},
	{StatusCntSubDL, "ESME_RCNTSUBDL", "cannot submit to distribution list"},
	{StatusSubmitFail, "ESME_RSUBMITFAIL", "submit_sm or submit_multi failed"},
	{StatusInvSrcTON, "ESME_RINVSRCTON", "invalid source address TON"},
	{StatusInvSrcNPI, "ESME_RINVSRCNPI", "invalid source address NPI"},
	{StatusInvDstTON, "ESME_RINVDSTTON", "invalid destination address TON"},
	{StatusInvDstNPI, "ESME_RINVDSTNPI", "invalid destination address NPI"},
	{StatusInvSysTyp, "ESME_RINVSYSTYP", "invalid system type"},
	{StatusInvRepFlag, "ESME_RINVREPFLAG", "invalid replace_if_present flag"},
	{StatusInvNumMsgs, "ESME_RINVNUMMSGS", "invalid number of messages"},
	{StatusThrottled, "ESME_RTHROTTLED", "throttling: allowed message rate exceeded"},
	{StatusInvSched, "ESME_RINVSCHED", "invalid scheduled delivery time"},
	{StatusInvExpiry, "ESME_RINVEXPIRY", "invalid validity period"},
	{StatusInvDftMsgID, "ESME_RINVDFTMSGID", "predefined message invalid or not found"},
	{StatusRxTAppn, "ESME_RX_T_APPN", "receiver temporary application error"},
	{StatusRxPAppn, "ESME_RX_P_APPN", "receiver permanent application error"},
	{StatusRxRAppn, "ESME_RX_R_APPN", "receiver rejected the message"},
	{StatusQueryFail, "ESME_RQUERYFAIL", "query_sm failed"},
	{StatusInvOptParStream, "ESME_RINVOPTPARSTREAM", "error in the optional part of the PDU"},
	{StatusOptParNotAllwd, "ESME_ROPTPARNOTALLWD", "optional parameter not allowed"},
	{StatusInvParLen, "ESME_RINVPARLEN", "invalid parameter length"},
	{StatusMissingOptParam, "ESME_RMISSINGOPTPARAM", "expected optional parameter missing"},
	{StatusInvOptParamVal, "ESME_RINVOPTPARAMVAL", "invalid optional parameter value"},
	{StatusDeliveryFailure, "ESME_RDELIVERYFAILURE", "delivery failure"},
	{StatusUnknownErr, "ESME_RUNKNOWNERR", "unknown error"},
	{StatusSerTypUnauth, "ESME_RSERTYPUNAUTH", "not authorised to use this service_type"},
	{StatusProhibited, "ESME_RPROHIBITED", "prohibited from using this operation"},
	{StatusSerTypUnavail, "ESME_RSERTYPUNAVAIL", "service_type is unavailable"},
	{StatusSerTypDenied, "ESME_RSERTYPDENIED", "service_type is denied"},
	{StatusInvDCS, "ESME_RINVDCS", "invalid data_coding"},
	{StatusInvSrcAddrSubunit, "ESME_RINVSRCADDRSUBUNIT", "invalid source address subunit"},
	{StatusInvDstAddrSubunit, "ESME_RINVDSTADDRSUBUNIT", "invalid destination address subunit"},
	{StatusInvBcastFreqInt, "ESME_RINVBCASTFREQINT", "invalid broadcast frequency interval"},
	{StatusInvBcastAliasName, "ESME_RINVBCASTALIAS_NAME", "invalid broadcast alias name"},
	{StatusInvBcastAreaFmt, "ESME_RINVBCASTAREAFMT", "invalid broadcast area format"},
	{StatusInvNumBcastAreas, "ESME_RINVNUMBCAST_AREAS", "invalid number of broadcast areas"},
	{StatusInvBcastCntType, "ESME_RINVBCASTCNTTYPE", "invalid broadcast content type"},
	{StatusInvBcastMsgClass, "ESME_RINVBCASTMSGCLASS", "invalid broadcast message class"},
	{StatusBcastFail, "ESME_RBCASTFAIL", "broadcast_sm failed"},
	{StatusBcastQueryFail, "ESME_RBCASTQUERYFAIL", "query_broadcast_sm failed"},
	{StatusBcastCancelFail, "ESME_RBCASTCANCELFAIL", "cancel_broadcast_sm failed"},
	{StatusInvBcastRep, "ESME_RINVBCAST_REP", "invalid number of repeated broadcasts"},
	{StatusInvBcastSrvGrp, "ESME_RINVBCASTSRVGRP", "invalid broadcast service group"},
	{StatusInvBcastChanInd, "ESME_RINVBCASTCHANIND", "invalid broadcast channel indicator"},
}
