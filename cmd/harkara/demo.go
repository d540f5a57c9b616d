package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// What the demo is made of. The operator is simulated and on loopback, so its
// password is no secret.
const (
	demoName     = "demo"
	demoSender   = "HARKARA"
	demoNumber   = "8809612345678" // two-way: replies to it are the demo's
	demoSystemID = "harkara"       // of the simulator
	demoPassword = "simulator"
	demoLogin    = "demo" // of the demo account
	demoCredit   = 10_000 * sms.Credit
	demoPrice    = sms.Credit / 4
)

// demo is the demo account and how to use it.
type demo struct {
	account    int64
	nextGroup  int64
	url        string
	key, token string
	smpp       string // address
	password   string // of demoLogin
}

// setUpDemo makes the demo account, or finds that of an earlier run in a kept
// directory, and points the connector at the simulator of this run.
func (n *node) setUpDemo(ctx context.Context, simulator string) (*demo, error) {
	settings, err := json.Marshal(map[string]any{"hosts": []string{simulator}, "system_id": demoSystemID,
		"password": demoPassword, "binds": 4, "response_timeout": "5s",
		// Numbers that drop the link must not keep the others waiting.
		"reconnect_min": "50ms", "reconnect_max": "500ms", "reconnect_stable": "10ms"})
	if err != nil {
		return nil, err
	}
	d := &demo{}
	have, err := store.Find[*sms.Account](ctx, n.store, sms.KindAccount, store.DocFilter{UniqueKey: demoName})
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		if err := n.makeDemo(ctx, d, settings); err != nil {
			return nil, err
		}
		return d, n.setUpLogin(ctx, d)
	}
	d.account = have[0].ID
	_, err = store.Update(ctx, n.store, time.Now(), "dev", sms.KindConnector, store.DocFilter{UniqueKey: "simulator"},
		func(c *sms.Connector) error { c.Settings = settings; return nil })
	if err != nil {
		return nil, err
	}
	if d.nextGroup, err = n.countGroups(ctx, d.account); err != nil {
		return nil, err
	}
	if err := d.readEnv(filepath.Join(n.cfg.DataDir, "dev.env")); err != nil {
		return nil, err
	}
	return d, n.setUpLogin(ctx, d)
}

// setUpLogin makes the demo account's SMPP login, or gives it the password that is
// kept, or a new one: directories of earlier versions have neither.
func (n *node) setUpLogin(ctx context.Context, d *demo) error {
	if d.password == "" {
		d.password = account.NewToken()[:8]
	}
	secret, err := n.cfg.EnsureSecret()
	if err != nil {
		return err
	}
	hash := account.NewHasher(secret.Bytes()).Hash(demoLogin, d.password)
	login := &sms.Subscriber{Head: sms.Head{Name: demoLogin, AccountID: d.account}, Channel: sms.ChannelSMPP,
		SMPP: &sms.SMPPLogin{PasswordHash: hash, Replies: []string{sms.RepliesAll}}}
	have, err := store.Find[*sms.Subscriber](ctx, n.store, sms.KindSubscriber, store.DocFilter{UniqueKey: login.UniqueKey()})
	if err != nil {
		return err
	}
	if len(have) == 0 {
		return store.Save(ctx, n.store, time.Now(), "dev", login)
	}
	_, err = store.Update(ctx, n.store, time.Now(), "dev", sms.KindSubscriber, store.DocFilter{UniqueKey: login.UniqueKey()},
		func(s *sms.Subscriber) error { s.SMPP.PasswordHash = hash; return nil })
	return err
}

func (n *node) makeDemo(ctx context.Context, d *demo, settings json.RawMessage) error {
	d.key, d.token, d.nextGroup = account.NewAPIKey(), account.NewToken(), 1
	secret, err := n.cfg.EnsureSecret()
	if err != nil {
		return err
	}
	prices := &sms.PriceList{Head: sms.Head{Name: "demo"}, Prices: []sms.Price{{Price: demoPrice}}}
	connector := &sms.Connector{Head: sms.Head{Name: "simulator"}, Protocol: "smpp", Enabled: true, Window: 50, Settings: settings}
	route := &sms.Route{Head: sms.Head{Name: "simulator"}, Enabled: true}
	rule := &sms.Rule{Head: sms.Head{Name: "any→simulator"}}
	acct := &sms.Account{Head: sms.Head{Name: demoName}, Enabled: true, TimeZone: "Asia/Dhaka", Country: "BD"}
	key := &sms.Credential{Head: sms.Head{Name: demoName}, APIKey: d.key, TokenHash: account.NewHasher(secret.Bytes()).Hash(d.key, d.token)}
	sender := &sms.Sender{Head: sms.Head{Name: demoSender}, Status: sms.SenderApproved}
	number := &sms.Number{Head: sms.Head{Name: demoNumber}}
	numeric := &sms.Sender{Head: sms.Head{Name: demoNumber}, Status: sms.SenderApproved}
	steps := []struct {
		noun sms.Noun
		link func()
	}{
		{prices, func() { acct.PriceListID = prices.ID }},
		{connector, func() { route.Connectors = []sms.RouteConnector{{ID: connector.ID}} }},
		{route, func() { rule.RouteID, acct.Routes = route.ID, []int64{route.ID} }},
		{rule, func() {}},
		{acct, func() {
			for _, n := range []sms.Noun{key, sender, number, numeric} {
				n.Meta().AccountID = acct.ID
			}
		}},
		{key, func() {}}, {sender, func() {}}, {number, func() {}}, {numeric, func() {}},
	}
	for _, s := range steps {
		if err := store.Save(ctx, n.store, time.Now(), "dev", s.noun); err != nil {
			return err
		}
		s.link()
	}
	d.account = acct.ID
	_, err = n.store.Post(ctx, time.Now(), sms.Transfer{AccountID: acct.ID, Kind: sms.TransferTopUp, Amount: demoCredit, Reason: "demo credit", By: "dev"})
	return err
}

// countGroups finds the number that the next group will have.
func (n *node) countGroups(ctx context.Context, account int64) (int64, error) {
	next := int64(1)
	err := n.store.Sweep(ctx, store.Visitor{Balance: func(b sms.Balance, c store.Counters) error {
		if b.AccountID == account {
			next = c.Group
		}
		return nil
	}})
	return next, err
}

// writeEnv keeps the credentials where scripts find them.
func (d *demo) writeEnv(path string) error {
	text := fmt.Sprintf("HARKARA_URL=%s\nHARKARA_APIKEY=%s\nHARKARA_APITOKEN=%s\nHARKARA_SENDER=%s\n"+
		"HARKARA_SMPP_ADDR=%s\nHARKARA_SMPP_SYSTEM_ID=%s\nHARKARA_SMPP_PASSWORD=%s\n", d.url, d.key, d.token, demoSender, d.smpp, demoLogin, d.password)
	return os.WriteFile(path, []byte(text), 0o600)
}

func (d *demo) readEnv(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the demo account's token is shown once and kept only there: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch name {
		case "HARKARA_APIKEY":
			d.key = value
		case "HARKARA_APITOKEN":
			d.token = value
		case "HARKARA_SMPP_PASSWORD":
			d.password = value
		}
	}
	return nil
}

const devText = `
Harkara is running with a demo account (%[1]s of credit at %[2]s a message).

  API            %[3]s
  API key        %[4]s
  API token      %[5]s
  SMPP           %[12]s, system_id %[13]s, password %[14]s
  sender         %[6]s   (replies go to %[7]s)
  data           %[8]s
  operation      http://%[11]s/metrics, /livez, /readyz
  operator       simulated, SMPP 3.4 at %[9]s; the last two digits of a number choose
                 what happens (…80 undelivered, …84 throttled, …92 replies: harkara sim --help)

Try, in another terminal:

  curl '%[3]s?sendsms&apikey=%[4]s&apitoken=%[5]s&type=sms&from=%[6]s&to=8801712345678&text=Hello+from+Harkara'
  curl '%[3]s?groupstatus&apikey=%[4]s&apitoken=%[5]s&groupid=%[10]d&detail=1'
  curl '%[3]s?sendsms&apikey=%[4]s&apitoken=%[5]s&type=sms&from=%[7]s&to=8801712345692&text=Please+reply'
  curl '%[3]s?getinbox&apikey=%[4]s&apitoken=%[5]s&list=unread'
  curl '%[3]s?balance&apikey=%[4]s&apitoken=%[5]s'

and over SMPP, as a customer's system would, with its receipt (or with any SMPP client):

  (set -a; . %[8]s/dev.env; %[15]s send --smpp --to 8801712345678 --text 'Hello over SMPP' --wait 5s)

`

func (d *demo) print(out io.Writer, dir, simulator, admin string) {
	fmt.Fprintf(out, devText, demoCredit, demoPrice, d.url, d.key, d.token, demoSender, demoNumber, dir, simulator, d.nextGroup, admin,
		d.smpp, demoLogin, d.password, os.Args[0])
}
