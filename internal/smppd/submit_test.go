package smppd

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
	"github.com/harkara/harkara/smpp"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// newTestView is that of an account in Bangladesh with two senders.
func newTestView() view {
	login := &sms.Subscriber{Head: sms.Head{ID: 7, AccountID: 1, Name: "shop"}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{}}
	cat := sms.NewCatalog(1, []sms.Noun{&sms.Account{Head: sms.Head{ID: 1}, Enabled: true, Country: "BD"}, login,
		&sms.Sender{Head: sms.Head{AccountID: 1, Name: "ACME"}, Status: sms.SenderApproved},
		&sms.Sender{Head: sms.Head{AccountID: 1, Name: "8809600000001"}, Status: sms.SenderApproved},
		&sms.Sender{Head: sms.Head{AccountID: 1, Name: "+8809600000002"}, Status: sms.SenderApproved}})
	return newView(cat, login, noon)
}

// statusIs checks that err is the refusal with the status; OK is no error.
func statusIs(t *testing.T, what string, err error, want smpp.Status) {
	t.Helper()
	r, ok := errors.AsType[*refusal](err)
	switch {
	case err == nil && want == smpp.StatusOK:
	case !ok || r.status != want:
		t.Errorf("%s: %v, want %v", what, err, want)
	case r.why == "":
		t.Errorf("%s: %v without a word", what, want)
	}
}

func TestSubmitIsRead(t *testing.T) {
	p := hello(func(p *smpp.SubmitSM) {
		p.PriorityFlag, p.RegisteredDelivery = 2, smpp.ReceiptAlways|smpp.RequestIntermediate
		p.ScheduleDeliveryTime, p.ValidityPeriod = "261124130000000+", "261124150000000+"
	})
	req, err := newTestView().submitSM(p)
	if err != nil {
		t.Fatal(err)
	}
	if req.AccountID != 1 || req.SubscriberID != 7 || req.Face != "smpp" || req.Type != sms.TypeSMS || req.From != "ACME" || req.Text != "hello" ||
		len(req.To) != 1 || req.To[0] != "8801712345678" || req.Urgent != 2 || req.Raw != nil ||
		req.Notify != sms.NotifyDelivered|sms.NotifyFailed|sms.NotifyProgress ||
		!req.SendAt.Equal(noon.Add(time.Hour)) || req.ValidFor != 2*time.Hour {
		t.Errorf("got %+v", req)
	}
}

func TestSubmitFields(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*smpp.SubmitSM)
		want   smpp.Status
	}{
		{"as it is", func(*smpp.SubmitSM) {}, smpp.StatusOK},
		{"priority 3", func(p *smpp.SubmitSM) { p.PriorityFlag = 3 }, smpp.StatusOK},
		{"priority 4", func(p *smpp.SubmitSM) { p.PriorityFlag = 4 }, smpp.StatusInvPrtFlg},
		{"replace if present", func(p *smpp.SubmitSM) { p.ReplaceIfPresent = 1 }, smpp.StatusInvSubRep},
		{"replace flag", func(p *smpp.SubmitSM) { p.ReplaceIfPresent = 2 }, smpp.StatusInvRepFlag},
		{"predefined", func(p *smpp.SubmitSM) { p.SMDefaultMsgID = 1 }, smpp.StatusInvDftMsgID},
		{"datagram", func(p *smpp.SubmitSM) { p.ESMClass = smpp.EsmDatagram }, smpp.StatusOK},
		{"store and forward", func(p *smpp.SubmitSM) { p.ESMClass = smpp.EsmStoreForward }, smpp.StatusOK},
		{"reply path", func(p *smpp.SubmitSM) { p.ESMClass = smpp.EsmReplyPath }, smpp.StatusOK},
		{"transaction", func(p *smpp.SubmitSM) { p.ESMClass = smpp.EsmForward }, smpp.StatusInvEsmClass},
		{"acknowledgement", func(p *smpp.SubmitSM) { p.ESMClass = smpp.EsmDeliveryAck }, smpp.StatusInvEsmClass},
		{"receipt", func(p *smpp.SubmitSM) { p.ESMClass = smpp.EsmReceipt }, smpp.StatusInvEsmClass},
		{"no destination", func(p *smpp.SubmitSM) { p.Destination.Addr = "" }, smpp.StatusInvDstAdr},
		{"destination of no type", func(p *smpp.SubmitSM) { p.Destination.TON = 7 }, smpp.StatusInvDstTON},
		{"destination is a name", func(p *smpp.SubmitSM) { p.Destination.TON = smpp.TONAlphanumeric }, smpp.StatusInvDstTON},
		{"source of no type", func(p *smpp.SubmitSM) { p.Source.TON = 9 }, smpp.StatusInvSrcTON},
		{"empty text", func(p *smpp.SubmitSM) { p.ShortMessage = nil }, smpp.StatusInvMsgLen},

		{"schedule relative", func(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "000000010000000R" }, smpp.StatusOK},
		{"schedule is now", func(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "261124115930000+" }, smpp.StatusOK},
		{"schedule a little past", func(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "261124115900000+" }, smpp.StatusOK},
		{"schedule two minutes past", func(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "261124115800000+" }, smpp.StatusInvSched},
		{"schedule past", func(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "261124110000000+" }, smpp.StatusInvSched},
		{"schedule nonsense", func(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "tomorrow" }, smpp.StatusInvSched},
		{"schedule far", func(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "281124110000000+" }, smpp.StatusInvSched},
		{"validity relative", func(p *smpp.SubmitSM) { p.ValidityPeriod = "000000010000000R" }, smpp.StatusOK},
		{"validity of zero is none", func(p *smpp.SubmitSM) { p.ValidityPeriod = "000000000000000R" }, smpp.StatusOK},
		{"validity past", func(p *smpp.SubmitSM) { p.ValidityPeriod = "261124110000000+" }, smpp.StatusInvExpiry},
		{"validity nonsense", func(p *smpp.SubmitSM) { p.ValidityPeriod = "1h" }, smpp.StatusInvExpiry},
		{"validity ends before the schedule", func(p *smpp.SubmitSM) {
			p.ScheduleDeliveryTime, p.ValidityPeriod = "000000020000000R", "000000010000000R"
		}, smpp.StatusInvExpiry},
	} {
		_, err := newTestView().submitSM(hello(c.change))
		statusIs(t, c.name, err, c.want)
	}
}

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		schedule, validity string
		sendAt             time.Time
		validFor           time.Duration
	}{
		{"", "", time.Time{}, 0},
		{"000001000000000R", "", noon.Add(24 * time.Hour), 0},
		{"", "000000003000000R", time.Time{}, 30 * time.Minute},
		{"261124190000024+", "", noon.Add(time.Hour), 0}, // 19:00 at six hours east
		{"000000010000000R", "000000013000000R", noon.Add(time.Hour), 30 * time.Minute},
		{"261124115930000+", "261124121500000+", time.Time{}, 15 * time.Minute},
		{"000000000000000R", "000000000000000R", time.Time{}, 0},
	} {
		sendAt, validFor, err := newTestView().times(&message{schedule: c.schedule, validity: c.validity})
		if err != nil || !sendAt.Equal(c.sendAt) || validFor != c.validFor {
			t.Errorf("%q %q: %v %v %v", c.schedule, c.validity, sendAt, validFor, err)
		}
	}
}

func TestNotify(t *testing.T) {
	for registered, want := range map[uint8]sms.Notify{
		0: 0, 1: sms.NotifyDelivered | sms.NotifyFailed, 2: sms.NotifyFailed, 3: sms.NotifyDelivered,
		0x10: sms.NotifyProgress, 0x12: sms.NotifyFailed | sms.NotifyProgress,
		0x0C: 0, 0xE1: sms.NotifyDelivered | sms.NotifyFailed, // acknowledgements and reserved bits
	} {
		if got := notify(registered); got != want {
			t.Errorf("registered_delivery %#x: %b, want %b", registered, got, want)
		}
	}
}

func TestDataSMIsRead(t *testing.T) {
	p := &smpp.DataSM{Source: smpp.Address{TON: 5, Addr: "ACME"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "8801712345678"}, RegisteredDelivery: 1}
	if err := p.TLVs.Add(smpp.TagMessagePayload, []byte("hi")); err != nil {
		t.Fatal(err)
	}
	p.TLVs.AddUint32(smpp.TagQOSTimeToLive, 90)
	req, err := newTestView().dataSM(p)
	if err != nil || req.Text != "hi" || req.ValidFor != 90*time.Second || req.To[0] != "8801712345678" || req.Notify != sms.NotifyDelivered|sms.NotifyFailed {
		t.Errorf("got %+v, %v", req, err)
	}
}

func TestRecipients(t *testing.T) {
	bd, _ := numplan.ByISO("BD")
	cn, _ := numplan.ByISO("CN")
	for _, c := range []struct {
		ton  smpp.TON
		addr string
		zone numplan.Country
		want string
	}{
		{1, "8801712345678", bd, "8801712345678"},
		{1, "+8801712345678", bd, "+8801712345678"},
		{1, "008801712345678", bd, "008801712345678"},
		{1, "13105550123", bd, "13105550123"},
		{1, "13105550123", cn, "+13105550123"}, // without + it is a Chinese mobile number
		{0, "13105550123", cn, "13105550123"},
		{1, "01712345678", bd, "01712345678"}, // no country begins with 0: national all the same
		{2, "1712345678", bd, "1712345678"},
		{1, "16127", bd, "16127"}, // a short code
		{3, "16127", bd, "16127"},
		{6, "123", bd, "123"},
	} {
		got, err := recipient(smpp.Address{TON: c.ton, NPI: 1, Addr: c.addr}, c.zone)
		if err != nil || got != c.want {
			t.Errorf("ton %d %s: %q %v, want %q", c.ton, c.addr, got, err, c.want)
		}
	}
}

func TestSenders(t *testing.T) {
	v := newTestView()
	for _, c := range []struct {
		ton        smpp.TON
		addr, want string
	}{
		{5, "ACME", "ACME"},
		{5, "acme", "acme"}, // flow finds it without case
		{1, "8809600000001", "8809600000001"},
		{1, "+8809600000001", "8809600000001"},
		{0, "8809600000002", "+8809600000002"},
		{5, "8809600000002", "8809600000002"}, // a name is taken as it is
		{5, "NOBODY", "NOBODY"},
		{1, "4711", "4711"},
		{0, "", ""},
	} {
		got, err := sender(v.cat, 1, smpp.Address{TON: c.ton, Addr: c.addr})
		if err != nil || got != c.want {
			t.Errorf("ton %d %q: %q %v, want %q", c.ton, c.addr, got, err, c.want)
		}
	}
}

func TestMessageIDs(t *testing.T) {
	id := sms.NewMessageID(3, 20781, 4711)
	for _, form := range []string{sms.IDDecimal, sms.IDHex} {
		text := idText(id, form)
		for _, spelled := range []string{text, "0" + text} {
			if got, err := parseID(spelled, form); err != nil || got != id {
				t.Errorf("%s %q: %v %v", form, spelled, got, err)
			}
		}
	}
	if got := idText(255, sms.IDHex); got != "ff" {
		t.Errorf("hex %q", got)
	}
	if got, err := parseID("FF", sms.IDHex); err != nil || got != 255 {
		t.Errorf("upper case: %v %v", got, err)
	}
	for _, bad := range []string{"", "0", "-5", "+5", "x", "99999999999999999999", "1 "} {
		_, err := parseID(bad, sms.IDDecimal)
		statusIs(t, bad, err, smpp.StatusInvMsgID)
	}
}

// TestIDsInBothForms: the form of the login comes first.
func TestIDsInBothForms(t *testing.T) {
	for _, c := range []struct{ text, form, want string }{
		{"10", sms.IDDecimal, "[10 16]"}, {"10", sms.IDHex, "[16 10]"}, {"ff", sms.IDDecimal, "[255]"}, {"ff", sms.IDHex, "[255]"},
		{"99999999999999999", sms.IDHex, "[99999999999999999]"}, {"9999999999999999", sms.IDDecimal, "[9999999999999999]"},
		{"x", sms.IDDecimal, "[]"}, {"", sms.IDHex, "[]"}, {"0", sms.IDHex, "[]"},
	} {
		ids, err := parseIDs(c.text, c.form)
		if fmt.Sprint(ids) != c.want || (err == nil) != (len(ids) > 0) {
			t.Errorf("%s %q: %v %v, want %s", c.form, c.text, ids, err, c.want)
		}
		if err != nil {
			statusIs(t, c.text, err, smpp.StatusInvMsgID)
		}
	}
}

// FuzzSubmit: whatever a customer sends, it is refused in words or becomes a
// request that holds what it must, and nothing of the PDU.
func FuzzSubmit(f *testing.F) {
	for _, p := range []*smpp.SubmitSM{hello(), hello(func(p *smpp.SubmitSM) {
		p.ESMClass, p.ShortMessage = smpp.EsmUDHI, []byte{5, 0, 3, 1, 2, 1, 'a'}
	}), hello(func(p *smpp.SubmitSM) { p.DataCoding, p.ShortMessage = 8, []byte{9, 0x95} }),
		hello(func(p *smpp.SubmitSM) { p.TLVs.AddSAR(smpp.Concat{Ref: 300, Total: 2, Seq: 1}) }),
		hello(func(p *smpp.SubmitSM) { p.DataCoding = 0xF6 })} {
		frame, err := smpp.Append(nil, smpp.Header{Sequence: 1}, p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame[smpp.HeaderSize:], uint8(0))
	}
	f.Fuzz(func(t *testing.T, body []byte, alphabet uint8) {
		var p smpp.SubmitSM
		if smpp.DecodeBody(smpp.Header{Command: smpp.CmdSubmitSM}, body, &p) != nil {
			return
		}
		v := newTestView()
		v.login.SMPP.Alphabet = gsm.Charset(alphabet % 4)
		req, err := v.submitSM(&p)
		if err != nil {
			if r, ok := errors.AsType[*refusal](err); !ok || r.why == "" || r.status == smpp.StatusOK {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if len(req.To) != 1 || req.AccountID != 1 || req.SubscriberID != 7 || req.Urgent > 3 || req.ValidFor < 0 {
			t.Fatalf("request %+v", req)
		}
		switch {
		case req.Raw == nil && (req.Text == "" || req.Encoding != gsm.Auto):
			t.Fatal("neither a text nor raw")
		case req.Raw != nil && req.Raw.Body == nil:
			t.Fatal("raw without a body")
		case req.Raw != nil && req.Encoding.Kind() == gsm.GSM7:
			for _, s := range req.Raw.Body {
				if s >= 0x80 {
					t.Fatal("no septet")
				}
			}
		}
	})
}
