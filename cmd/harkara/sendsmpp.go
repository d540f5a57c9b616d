package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms/numplan"
	"github.com/harkara/harkara/smpp"
)

// submission is what `harkara send --smpp` sends.
type submission struct {
	from string
	to   []string
	text string
	wait time.Duration
}

// submitted is what became of one recipient.
type submitted struct {
	To      string `json:"to"`
	Status  string `json:"status"` // of submit_sm_resp
	Why     string `json:"why,omitempty"`
	ID      string `json:"message_id,omitempty"`
	Receipt string `json:"receipt,omitempty"` // stat
	Err     string `json:"err,omitempty"`
}

// smppTimeout bounds the dialogue with a server that does not answer.
const smppTimeout = 30 * time.Second

// sendSMPP submits and waits for the receipts, as a customer's system does.
func sendSMPP(ctx context.Context, p printer, s submission) error {
	addr, id, password := os.Getenv("HARKARA_SMPP_ADDR"), os.Getenv("HARKARA_SMPP_SYSTEM_ID"), os.Getenv("HARKARA_SMPP_PASSWORD")
	if addr == "" || id == "" {
		return errors.New("set HARKARA_SMPP_ADDR, HARKARA_SMPP_SYSTEM_ID and HARKARA_SMPP_PASSWORD; `harkara dev --data DIR` writes them to DIR/dev.env")
	}
	inbox := &receipts{came: make(chan struct{}, 1), words: map[string]smpp.Receipt{}}
	dialing, done := context.WithTimeout(ctx, smppTimeout)
	defer done()
	session, err := smpp.Dial(dialing, addr, smpp.BindConfig{Mode: smpp.Transceiver, SystemID: id, Password: smpp.Secret(password), Session: smpp.Config{Handler: inbox}})
	if err != nil {
		return fmt.Errorf("bind to %s as %s: %w", addr, visible(id), err)
	}
	defer session.Close()
	list := make([]submitted, 0, len(s.to))
	for _, to := range s.to {
		x, err := submit(dialing, session, s, to)
		if err != nil {
			return fmt.Errorf("submit_sm to %s: %w", visible(to), err)
		}
		list = append(list, x)
	}
	if s.wait > 0 {
		inbox.await(ctx, session, list, s.wait)
	}
	failed := 0
	for i := range list {
		r := inbox.of(list[i].ID)
		list[i].Receipt, list[i].Err = r.Word, r.Err
		if list[i].ID == "" {
			failed++
		}
	}
	leaving, done := context.WithTimeout(ctx, smppTimeout)
	defer done()
	_ = session.Unbind(leaving) // all that was to be told is told
	err = p.table(list, "TO STATUS MESSAGE_ID RECEIPT ERR WHY", func(row func(...any)) {
		for _, x := range list {
			row(x.To, x.Status, x.ID, x.Receipt, x.Err, x.Why)
		}
	})
	if err == nil && failed > 0 {
		err = errSilent
	}
	return err
}

// submit hands in one message and asks for its receipt. The error is of the link;
// a refusal is an answer.
func submit(ctx context.Context, session *smpp.Session, s submission, to string) (submitted, error) {
	x := submitted{To: to, Status: smpp.StatusOK.String()}
	p := &smpp.SubmitSM{Source: sourceAddress(s.from), Destination: smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: strings.TrimPrefix(to, "+")},
		RegisteredDelivery: smpp.ReceiptAlways}
	// Not data_coding 0, which means what the login's alphabet says.
	text, ok := gsm.AppendEncoded(nil, gsm.CharsetLatin1, s.text)
	p.DataCoding = smpp.CodingLatin1
	if !ok {
		text, p.DataCoding = gsm.AppendUCS2(nil, s.text), smpp.CodingUCS2
	}
	if p.ShortMessage = text; len(text) > shortMost {
		p.ShortMessage = nil
		if err := p.TLVs.Add(smpp.TagMessagePayload, text); err != nil {
			return x, err
		}
	}
	resp, err := session.Do(ctx, p)
	if refused, ok := errors.AsType[*smpp.StatusError](err); ok {
		x.Status = refused.Status.String()
		if resp != nil {
			x.Why, _ = smpp.TLVsOf(resp).Text(smpp.TagAdditionalStatusInfoText)
		}
		return x, nil
	}
	if r, ok := resp.(*smpp.SubmitSMResp); ok && err == nil {
		x.ID = r.MessageID
	}
	return x, err
}

// shortMost is what short_message holds (SMPP 3.4 §5.2.21).
const shortMost = 254

func sourceAddress(from string) smpp.Address {
	digits := strings.TrimPrefix(from, "+")
	switch {
	case strings.Trim(digits, "0123456789") != "":
		return smpp.Address{TON: smpp.TONAlphanumeric, NPI: smpp.NPIUnknown, Addr: from}
	case numplan.IsShortCodeShape(digits):
		return smpp.Address{TON: smpp.TONUnknown, NPI: smpp.NPIISDN, Addr: digits}
	}
	return smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: digits}
}

// receipts are those that came, by message id. It acknowledges all that is
// delivered, replies too.
type receipts struct {
	mu    sync.Mutex
	words map[string]smpp.Receipt
	came  chan struct{}
}

// ServeSMPP takes a deliver_sm.
func (r *receipts) ServeSMPP(p smpp.PDU, answer smpp.Responder) {
	if receipt, ok := smpp.ReceiptFrom(p, false); ok {
		r.mu.Lock()
		r.words[receipt.ID] = receipt
		r.mu.Unlock()
		select {
		case r.came <- struct{}{}:
		default:
		}
	}
	_ = answer.Respond(smpp.StatusOK, nil) // the server may be gone
}

func (r *receipts) of(id string) smpp.Receipt {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.words[id]
}

// await waits until all messages have their receipt.
func (r *receipts) await(ctx context.Context, session *smpp.Session, list []submitted, wait time.Duration) {
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		missing := false
		for _, x := range list {
			missing = missing || x.ID != "" && r.of(x.ID).Word == ""
		}
		if !missing {
			return
		}
		select {
		case <-r.came:
		case <-over.C:
			return
		case <-session.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}
