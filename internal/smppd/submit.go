package smppd

import (
	"time"

	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
	"github.com/harkara/harkara/smpp"
)

// face is how groups name where they came from.
const face = "smpp"

// message is what submit_sm, data_sm, submit_multi and replace_sm have in common.
type message struct {
	source     smpp.Address
	esmClass   uint8
	protocol   uint8
	priority   uint8
	registered uint8
	coding     uint8
	schedule   string
	validity   string
	lifetime   time.Duration // qos_time_to_live of data_sm, which has no validity_period
	short      []byte
	tlvs       smpp.TLVs
}

// view is what a request is read with: the login as it is now.
type view struct {
	cat   *sms.Catalog
	login *sms.Subscriber
	zone  numplan.Country
	now   time.Time
}

func newView(cat *sms.Catalog, login *sms.Subscriber, now time.Time) view {
	v := view{cat: cat, login: login, now: now}
	if a := cat.Account(login.AccountID); a != nil {
		v.zone, _ = numplan.ByISO(a.Country) // flow refuses what it does not know
	}
	return v
}

// submitSM reads a submit_sm (SMPP 3.4 §4.4).
func (v view) submitSM(p *smpp.SubmitSM) (flow.Request, error) {
	m := message{source: p.Source, esmClass: p.ESMClass, protocol: p.ProtocolID, priority: p.PriorityFlag, registered: p.RegisteredDelivery,
		coding: p.DataCoding, schedule: p.ScheduleDeliveryTime, validity: p.ValidityPeriod, short: p.ShortMessage, tlvs: p.TLVs}
	if err := checkFixed(p.ReplaceIfPresent, p.SMDefaultMsgID); err != nil {
		return flow.Request{}, err
	}
	return v.toOne(&m, p.Destination)
}

// dataSM reads a data_sm (SMPP 3.4 §4.7).
func (v view) dataSM(p *smpp.DataSM) (flow.Request, error) {
	m := message{source: p.Source, esmClass: p.ESMClass, registered: p.RegisteredDelivery, coding: p.DataCoding, tlvs: p.TLVs}
	if seconds, ok := p.TLVs.Uint32(smpp.TagQOSTimeToLive); ok { // SMPP 3.4 §5.3.2.8
		m.lifetime = time.Duration(seconds) * time.Second
	}
	return v.toOne(&m, p.Destination)
}

func (v view) toOne(m *message, to smpp.Address) (flow.Request, error) {
	req, err := v.request(m)
	if err != nil {
		return req, err
	}
	addr, err := recipient(to, v.zone)
	req.To = []string{addr}
	return req, err
}

// checkFixed refuses what we do not have: messages that replace each other by
// their addresses (a lost message in the place of a doubled one), and texts kept
// at the SMSC.
func checkFixed(replaceIfPresent, defaultMsgID uint8) error {
	switch {
	case replaceIfPresent > 1:
		return refuse(smpp.StatusInvRepFlag, "replace_if_present_flag must be 0")
	case replaceIfPresent == 1:
		return refuse(smpp.StatusInvSubRep, "replace_if_present_flag is not supported; use replace_sm with the message_id")
	case defaultMsgID != 0:
		return refuse(smpp.StatusInvDftMsgID, "There are no predefined messages; sm_default_msg_id must be 0")
	}
	return nil
}

// request reads all but the recipients.
func (v view) request(m *message) (flow.Request, error) {
	req := flow.Request{AccountID: v.login.AccountID, Face: face, SubscriberID: v.login.ID, Urgent: int(m.priority)}
	if m.priority > 3 {
		return req, refuse(smpp.StatusInvPrtFlg, "priority_flag must be between 0 and 3")
	}
	if err := checkClass(m.esmClass); err != nil {
		return req, err
	}
	var err error
	if req.From, err = sender(v.cat, v.login.AccountID, m.source); err != nil {
		return req, err
	}
	c, err := readContent(m, v.login.SMPP.Alphabet)
	if err != nil {
		return req, err
	}
	req.Type, req.Text, req.Raw, req.Encoding, req.Coding, req.Protocol = c.kind, c.text, c.raw, c.encoding, c.coding, m.protocol
	req.Notify = notify(m.registered)
	req.SendAt, req.ValidFor, err = v.times(m)
	return req, err
}

// checkClass refuses an esm_class (SMPP 3.4 §5.2.12) that asks for what we do not
// do: the outcome in the response (transaction mode), and acknowledgements of a
// customer's own. A datagram is stored all the same, which promises more.
func checkClass(esmClass uint8) error {
	switch {
	case esmClass&smpp.EsmModeMask == smpp.EsmForward:
		return refuse(smpp.StatusInvEsmClass, "Transaction mode is not supported; use esm_class 0 and registered_delivery")
	case esmClass&smpp.EsmTypeMask != 0:
		return refuse(smpp.StatusInvEsmClass, "Message types other than the default are not supported in esm_class")
	}
	return nil
}

// notify reads registered_delivery (SMPP 3.4 §5.2.17; 3 is of SMPP 5.0
// §4.7.21). Acknowledgements of the handset are not available and not promised.
func notify(registered uint8) (n sms.Notify) {
	switch registered & smpp.ReceiptMask {
	case smpp.ReceiptAlways:
		n = sms.NotifyDelivered | sms.NotifyFailed
	case smpp.ReceiptOnFailure:
		n = sms.NotifyFailed
	case smpp.ReceiptOnSuccess:
		n = sms.NotifyDelivered
	}
	if registered&smpp.RequestIntermediate != 0 {
		n |= sms.NotifyProgress
	}
	return n
}

const (
	// scheduleMost is how far ahead a message may be scheduled.
	scheduleMost = 365 * 24 * time.Hour
	// scheduleSlack is how far in the past a schedule may lie: clocks differ. What
	// is longer ago has a wrong zone, and sending it now would be wrong too.
	scheduleSlack = time.Minute
)

// times reads schedule_delivery_time and validity_period.
func (v view) times(m *message) (sendAt time.Time, validFor time.Duration, err error) {
	if sendAt, err = v.schedule(m); err != nil {
		return sendAt, 0, err
	}
	validFor, err = v.validity(m, sendAt)
	return sendAt, validFor, err
}

// schedule reads schedule_delivery_time, absolute or relative (SMPP 3.4 §7.1.1). It
// is zero for a message that is not scheduled, such as one for now.
func (v view) schedule(m *message) (time.Time, error) {
	at, err := smpp.ParseTime(m.schedule, v.now)
	switch {
	case err != nil:
		return at, refuse(smpp.StatusInvSched, "schedule_delivery_time must be YYMMDDhhmmsstnn with +, - or R behind it, or empty")
	case at.After(v.now.Add(scheduleMost)):
		return at, refuse(smpp.StatusInvSched, "schedule_delivery_time is too far away; at most 365 days ahead are allowed")
	case at.After(v.now):
		return at, nil
	case !at.IsZero() && at.Before(v.now.Add(-scheduleSlack)):
		return at, refuse(smpp.StatusInvSched, "schedule_delivery_time is in the past; check its offset from UTC")
	}
	return time.Time{}, nil
}

// validity reads validity_period, whose end is absolute or relative to now (SMPP
// 3.4 §5.2.16), as the time that the message has from when it is sent: at sendAt,
// or now when that is zero or past. Zero stands for none.
func (v view) validity(m *message, sendAt time.Time) (time.Duration, error) {
	until, err := smpp.ParseTime(m.validity, v.now)
	from := v.now
	if sendAt.After(from) {
		from = sendAt
	}
	switch {
	case err != nil:
		return 0, refuse(smpp.StatusInvExpiry, "validity_period must be YYMMDDhhmmsstnn with +, - or R behind it, or empty")
	case until.IsZero() || until.Equal(v.now):
		return m.lifetime, nil
	case !until.After(from):
		return 0, refuse(smpp.StatusInvExpiry, "validity_period ends before the message may be sent")
	}
	return until.Sub(from), nil
}
