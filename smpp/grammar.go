package smpp

// This file is the grammar of SMPP: for every PDU its fields in wire order, each with its name in the
// specification, its greatest size (C-octet strings: with the NUL) and the status that a bad value is
// answered with. Encoding, decoding, printing and copying are all derived from these lists (codec.go).

// The two ends of a message: which status answers which bad part of an address.
var (
	sourceAddr = addressField{"source_addr", StatusInvSrcAdr}
	destAddr   = addressField{"dest_addr", StatusInvDstAdr}
	esmeAddr   = addressField{"esme_addr", StatusInvSrcAdr}
)

func (p *Bind) fields(c *codec) { // SMPP 3.4 §4.1.1, §4.1.3, §4.1.5
	c.cstring("system_id", 16, StatusInvSysID, &p.SystemID)
	c.secret("password", 65, StatusInvPaswd, &p.Password)
	c.cstring("system_type", 13, StatusInvSysTyp, &p.SystemType)
	c.flags("interface_version", &p.InterfaceVersion)
	c.uint8("addr_ton", (*uint8)(&p.AddrTON))
	c.uint8("addr_npi", (*uint8)(&p.AddrNPI))
	c.cstring("address_range", 41, StatusBindFail, &p.AddressRange)
	c.tlvs(&p.TLVs)
}

func (p *BindResp) fields(c *codec) { // §4.1.2, §4.1.4, §4.1.6
	c.cstring("system_id", 16, StatusInvSysID, &p.SystemID)
	c.tlvs(&p.TLVs)
}

func (p *Outbind) fields(c *codec) { // §4.1.7
	c.cstring("system_id", 16, StatusInvSysID, &p.SystemID)
	c.secret("password", 65, StatusInvPaswd, &p.Password)
	c.tlvs(&p.TLVs)
}

// §4.2, §4.3, §4.9.2, §4.10.2, §4.11: PDUs that are only a header. Optional parameters after it are
// kept, because SMPP 5.0 allows some and peers send them.
func (p *Unbind) fields(c *codec)          { c.tlvs(&p.TLVs) }
func (p *UnbindResp) fields(c *codec)      { c.tlvs(&p.TLVs) }
func (p *GenericNack) fields(c *codec)     { c.tlvs(&p.TLVs) }
func (p *EnquireLink) fields(c *codec)     { c.tlvs(&p.TLVs) }
func (p *EnquireLinkResp) fields(c *codec) { c.tlvs(&p.TLVs) }
func (p *CancelSMResp) fields(c *codec)    { c.tlvs(&p.TLVs) }
func (p *ReplaceSMResp) fields(c *codec)   { c.tlvs(&p.TLVs) }

func (p *SubmitSM) fields(c *codec) { // §4.4.1
	c.cstring("service_type", 6, StatusInvSerTyp, &p.ServiceType)
	c.address(&sourceAddr, 21, &p.Source)
	c.address(&destAddr, 21, &p.Destination)
	c.flags("esm_class", &p.ESMClass)
	c.uint8("protocol_id", &p.ProtocolID)
	c.uint8("priority_flag", &p.PriorityFlag)
	c.cstring("schedule_delivery_time", 17, StatusInvSched, &p.ScheduleDeliveryTime)
	c.cstring("validity_period", 17, StatusInvExpiry, &p.ValidityPeriod)
	c.flags("registered_delivery", &p.RegisteredDelivery)
	c.uint8("replace_if_present_flag", &p.ReplaceIfPresent)
	c.flags("data_coding", &p.DataCoding)
	c.uint8("sm_default_msg_id", &p.SMDefaultMsgID)
	c.text("short_message", 254, &p.ShortMessage)
	c.tlvs(&p.TLVs)
}

func (p *DeliverSM) fields(c *codec) { (*SubmitSM)(p).fields(c) } // §4.6.1

func (p *SubmitSMResp) fields(c *codec) { // §4.4.2
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	c.tlvs(&p.TLVs)
}

func (p *DeliverSMResp) fields(c *codec) { (*SubmitSMResp)(p).fields(c) } // §4.6.2
func (p *DataSMResp) fields(c *codec)    { (*SubmitSMResp)(p).fields(c) } // §4.7.2

func (p *DataSM) fields(c *codec) { // §4.7.1
	c.cstring("service_type", 6, StatusInvSerTyp, &p.ServiceType)
	c.address(&sourceAddr, 65, &p.Source)
	c.address(&destAddr, 65, &p.Destination)
	c.flags("esm_class", &p.ESMClass)
	c.flags("registered_delivery", &p.RegisteredDelivery)
	c.flags("data_coding", &p.DataCoding)
	c.tlvs(&p.TLVs)
}

func (p *SubmitMulti) fields(c *codec) { // §4.5.1
	c.cstring("service_type", 6, StatusInvSerTyp, &p.ServiceType)
	c.address(&sourceAddr, 21, &p.Source)
	list(c, "number_of_dests", 254, StatusInvNumDests, &p.Destinations, (*Dest).fields)
	c.flags("esm_class", &p.ESMClass)
	c.uint8("protocol_id", &p.ProtocolID)
	c.uint8("priority_flag", &p.PriorityFlag)
	c.cstring("schedule_delivery_time", 17, StatusInvSched, &p.ScheduleDeliveryTime)
	c.cstring("validity_period", 17, StatusInvExpiry, &p.ValidityPeriod)
	c.flags("registered_delivery", &p.RegisteredDelivery)
	c.uint8("replace_if_present_flag", &p.ReplaceIfPresent)
	c.flags("data_coding", &p.DataCoding)
	c.uint8("sm_default_msg_id", &p.SMDefaultMsgID)
	c.text("short_message", 254, &p.ShortMessage)
	c.tlvs(&p.TLVs)
}

func (d *Dest) fields(c *codec) { // §4.5.1.1: dest_flag 1 is an SME address, 2 a distribution list
	flag := uint8(1)
	if d.List != "" {
		flag = 2
	}
	c.uint8("dest_flag", &flag)
	switch flag {
	case 1:
		c.address(&destAddr, 21, &d.Address)
	case 2:
		c.cstring("dl_name", 21, StatusInvDLName, &d.List)
		if c.mode == decoding && d.List == "" {
			c.fail("dl_name", StatusInvDLName, "is empty")
		}
	default:
		c.fail("dest_flag", StatusInvDestFlag, "is neither 1 nor 2")
	}
}

func (p *SubmitMultiResp) fields(c *codec) { // §4.5.2
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	list(c, "no_unsuccess", 255, StatusInvNumDests, &p.Unsuccess, (*Unsuccess).fields)
	c.tlvs(&p.TLVs)
}

func (u *Unsuccess) fields(c *codec) { // §4.5.2.1
	c.address(&destAddr, 21, &u.Address)
	c.uint32("error_status_code", (*uint32)(&u.Status))
}

func (p *QuerySM) fields(c *codec) { // §4.8.1
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	c.address(&sourceAddr, 21, &p.Source)
	c.tlvs(&p.TLVs)
}

func (p *QuerySMResp) fields(c *codec) { // §4.8.2
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	c.cstring("final_date", 17, StatusQueryFail, &p.FinalDate)
	c.uint8("message_state", (*uint8)(&p.State))
	c.uint8("error_code", &p.ErrorCode)
	c.tlvs(&p.TLVs)
}

func (p *CancelSM) fields(c *codec) { // §4.9.1
	c.cstring("service_type", 6, StatusInvSerTyp, &p.ServiceType)
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	c.address(&sourceAddr, 21, &p.Source)
	c.address(&destAddr, 21, &p.Destination)
	c.tlvs(&p.TLVs)
}

func (p *ReplaceSM) fields(c *codec) { // §4.10.1
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	c.address(&sourceAddr, 21, &p.Source)
	c.cstring("schedule_delivery_time", 17, StatusInvSched, &p.ScheduleDeliveryTime)
	c.cstring("validity_period", 17, StatusInvExpiry, &p.ValidityPeriod)
	c.flags("registered_delivery", &p.RegisteredDelivery)
	c.uint8("sm_default_msg_id", &p.SMDefaultMsgID)
	c.text("short_message", 254, &p.ShortMessage)
	c.tlvs(&p.TLVs)
}

// SMPP 5.0. What the broadcast commands need besides these fields are optional parameters (broadcast.go).

func (p *BroadcastSM) fields(c *codec) { // SMPP 5.0 §4.4.1.1
	c.cstring("service_type", 6, StatusInvSerTyp, &p.ServiceType)
	c.address(&sourceAddr, 21, &p.Source)
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	c.uint8("priority_flag", &p.PriorityFlag)
	c.cstring("schedule_delivery_time", 17, StatusInvSched, &p.ScheduleDeliveryTime)
	c.cstring("validity_period", 17, StatusInvExpiry, &p.ValidityPeriod)
	c.uint8("replace_if_present_flag", &p.ReplaceIfPresent)
	c.flags("data_coding", &p.DataCoding)
	c.uint8("sm_default_msg_id", &p.SMDefaultMsgID)
	c.tlvs(&p.TLVs)
}

func (p *BroadcastSMResp) fields(c *codec)      { (*SubmitSMResp)(p).fields(c) } // §4.4.1.2
func (p *QueryBroadcastSM) fields(c *codec)     { (*QuerySM)(p).fields(c) }      // §4.6.1.1
func (p *QueryBroadcastSMResp) fields(c *codec) { (*SubmitSMResp)(p).fields(c) } // §4.6.1.3

func (p *CancelBroadcastSM) fields(c *codec) { // §4.6.2.1
	c.cstring("service_type", 6, StatusInvSerTyp, &p.ServiceType)
	c.cstring("message_id", 65, StatusInvMsgID, &p.MessageID)
	c.address(&sourceAddr, 21, &p.Source)
	c.tlvs(&p.TLVs)
}

func (p *CancelBroadcastSMResp) fields(c *codec) { c.tlvs(&p.TLVs) } // §4.6.2.3

func (p *AlertNotification) fields(c *codec) { // §4.12.1
	c.address(&sourceAddr, 65, &p.Source)
	c.address(&esmeAddr, 65, &p.ESME)
	c.tlvs(&p.TLVs)
}
