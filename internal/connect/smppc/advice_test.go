package smppc

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

func TestAdvise(t *testing.T) {
	turkish := []gsm.Language{gsm.Turkish}
	hour := sms.Duration(time.Hour)
	for _, c := range []struct {
		name, settings string
		route          sms.Route
		want           []string // what each sentence holds
	}{
		{"nothing asked for", ``, sms.Route{Long: sms.LongPayload}, nil},
		{"national over septets", ``, sms.Route{Long: sms.LongUDH8, National: turkish}, nil},
		{"national, packed", `"default_alphabet": "gsm7-packed"`, sms.Route{Long: sms.LongSAR, National: turkish}, nil},
		{"national in a payload", ``, sms.Route{Long: sms.LongPayload, National: turkish}, []string{"with long: payload a text of several parts goes out in UCS-2"}},
		{"national where the operator converts", `"default_alphabet": "latin1"`, sms.Route{Long: sms.LongUDH8, National: turkish},
			[]string{"needs default_alphabet gsm7 or gsm7-packed, and it is latin1"}},
		{"both", `"default_alphabet": "ascii"`, sms.Route{Long: sms.LongPayload, National: turkish}, []string{"long: payload", "it is ascii"}},
		{"a link that converts", `"default_alphabet": "latin1"`, sms.Route{Long: sms.LongPayload}, nil},
		{"asking", `"query": "on"`, sms.Route{QueryAfter: hour}, nil},
		{"asking nobody", `"query": "off"`, sms.Route{QueryAfter: hour}, []string{"query_after asks nobody"}},
		{"asking nobody, by default", ``, sms.Route{QueryAfter: hour}, []string{"query_after asks nobody"}},
		{"one receipt", ``, sms.Route{Receipts: sms.ReceiptsLast}, nil},
		{"one receipt, of failures", `"registered_delivery": 2`, sms.Route{Receipts: sms.ReceiptsLast}, nil},
		{"no receipt", `"registered_delivery": 0`, sms.Route{Receipts: sms.ReceiptsFirst}, []string{"receipts: first waits for receipts that registered_delivery 0 does not ask for"}},
		{"intermediate ones only", `"registered_delivery": 16`, sms.Route{Receipts: sms.ReceiptsLast}, []string{"registered_delivery 16"}},
		{"no receipt, and none waited for in particular", `"registered_delivery": 0`, sms.Route{}, nil},
		{"settings that cannot be read", `"query": 1`, sms.Route{QueryAfter: hour}, nil},
	} {
		settings := `{"hosts": ["a"], "system_id": "x"`
		if c.settings != "" {
			settings += ", " + c.settings
		}
		noun := &sms.Connector{Protocol: Protocol, Settings: json.RawMessage(settings + "}")}
		got := connect.Plugins{Protocol: Plugin()}.Advise(noun, &c.route)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q, want %d sentences", c.name, got, len(c.want))
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: %q does not hold %q", c.name, got[i], want)
			}
		}
	}
	if got := (connect.Plugins{"other": {}}).Advise(&sms.Connector{Protocol: "other"}, &sms.Route{}); got != nil {
		t.Errorf("a plug-in without advice says %q", got)
	}
}
