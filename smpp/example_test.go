package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/harkara/harkara/smpp"
)

// Example is an SMSC and an ESME that sends it one message.
func Example() {
	srv := &smpp.Server{
		Authenticate: func(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			if b.SystemID != "acme" || b.Password != "secret" { // compare in constant time where it counts
				return smpp.Accept{}, smpp.StatusBindFail
			}
			return smpp.Accept{SystemID: "example"}, smpp.StatusOK
		},
		Config: smpp.Config{Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
			m, ok := p.(*smpp.SubmitSM)
			if !ok {
				_ = r.Respond(smpp.StatusInvCmdID, nil)
				return
			}
			fmt.Printf("%s → %s: %s\n", m.Source.Addr, m.Destination.Addr, m.Text())
			_ = r.RespondID("7f3a")
		})},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()

	ctx := context.Background()
	s, err := smpp.Dial(ctx, l.Addr().String(), smpp.BindConfig{SystemID: "acme", Password: "secret"})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := s.Do(ctx, &smpp.SubmitSM{
		Source:       smpp.Address{TON: smpp.TONAlphanumeric, Addr: "ACME"},
		Destination:  smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: "8801712345678"},
		ShortMessage: []byte("hello"),
	})
	var refused *smpp.StatusError
	if errors.As(err, &refused) {
		fmt.Println("refused:", refused.Status)
	}
	fmt.Println(resp)
	fmt.Println(s.Unbind(ctx))
	// Output:
	// ACME → 8801712345678: hello
	// submit_sm_resp message_id="7f3a"
	// <nil>
}

// attempt shows the way without allocations: a struct of yours is told the outcome.
type attempt struct {
	messageID string
	outcome   chan string
}

func (a *attempt) Complete(r smpp.Result) {
	switch r.Outcome {
	case smpp.Answered:
		if resp, ok := r.Response.(*smpp.SubmitSMResp); ok {
			a.messageID = resp.MessageID // a string may be kept
		}
		a.outcome <- "answered " + r.Status.String()
	case smpp.NotWritten:
		a.outcome <- "send it again"
	default: // TimedOut, Lost
		a.outcome <- "nobody knows"
	}
}

func ExampleSession_Send() {
	near, far := net.Pipe()
	srv := &smpp.Server{
		Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			return smpp.Accept{}, smpp.StatusOK
		},
		Config: smpp.Config{Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { _ = r.RespondID("38601fa") })},
	}
	srv.ServeConn(far)
	defer srv.Close()
	ctx := context.Background()
	s, err := smpp.BindConn(ctx, near, smpp.BindConfig{SystemID: "acme", Session: smpp.Config{Window: 100}})
	if err != nil {
		fmt.Println(err)
		return
	}
	a := &attempt{outcome: make(chan string, 1)}
	if err := s.Send(ctx, &smpp.SubmitSM{ShortMessage: []byte("hello")}, a); err != nil {
		fmt.Println("not sent:", err)
		return
	}
	fmt.Println(<-a.outcome, a.messageID)
	_ = s.Close()
	<-s.Done()
	// Output: answered ESME_ROK 38601fa
}

func ExampleMessageIDForms() {
	stored := smpp.MessageIDKey("0059113978")             // from submit_sm_resp, decimal
	for _, form := range smpp.MessageIDForms("38601FA") { // from the receipt, hexadecimal
		fmt.Println(form, form == stored)
	}
	// Output:
	// 38601fa false
	// 59113978 true
}

func ExampleParseReceipt() {
	r := smpp.ParseReceipt([]byte("id:38601fa sub:001 dlvrd:001 submit date:2611242200 done date:2611242201 stat:DELIVRD err:000 text:hello"))
	fmt.Println(r.ID, r.State, r.Err, r.DoneDate)
	// Output: 38601fa DELIVERED 000 2611242201
}
