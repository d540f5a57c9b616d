package smsapi

import (
	"strings"
	"testing"
)

// TestActionByPresence: any position, any value (Q1).
func TestActionByPresence(t *testing.T) {
	actions := map[Name]Action{SendSMS: ActionSendSMS, GroupStatus: ActionGroupStatus, GetInbox: ActionGetInbox, Balance: ActionBalance}
	values := []string{"", "=", "=1", "=true", "=null", "=false", "=0", "=K", "=a%20b", "= "}
	shapes := []string{"@", "@&apikey=K", "apikey=K&@", "&@&", "apikey=K&@&apitoken=T", "%20@", "@&@", "x=y&&@&z"}
	for n, want := range actions {
		for _, v := range values {
			for _, shape := range shapes {
				q := strings.ReplaceAll(shape, "@", n.String()+v)
				var p Params
				p.AddQuery(q)
				if got := p.Action(); got != want || got.String() != n.String() {
					t.Errorf("%q: %v, want %v", q, got, want)
				}
			}
		}
	}
}

func TestActionOtherwise(t *testing.T) {
	cases := map[string]Action{
		"":                            NoAction,
		"apikey=K&action=sendsms":     NoAction,
		"sendSMS&apikey=K":            NoAction,
		"text=sendsms":                NoAction,
		"send sms":                    NoAction,
		"balance&sendsms":             ActionSendSMS,
		"text=Rent & balance&sendsms": ActionSendSMS,
		"getinbox&groupstatus":        ActionGroupStatus,
		"balance&getinbox":            ActionGetInbox,
	}
	for q, want := range cases {
		var p Params
		p.AddQuery(q)
		if got := p.Action(); got != want {
			t.Errorf("%q: %v, want %v", q, got, want)
		}
	}
	if NoAction.String() != "" || Action(99).String() != "" {
		t.Error("no action has a word")
	}
}
