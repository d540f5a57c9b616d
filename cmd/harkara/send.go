package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// smsAPI is a small client of the smsAPI, for trying.
type smsAPI struct{ url, key, token string }

// newClient takes the environment that `harkara dev` writes to dev.env.
func newClient() (*smsAPI, error) {
	c := &smsAPI{os.Getenv("HARKARA_URL"), os.Getenv("HARKARA_APIKEY"), os.Getenv("HARKARA_APITOKEN")}
	if c.url == "" || c.key == "" || c.token == "" {
		return nil, errors.New("set HARKARA_URL, HARKARA_APIKEY and HARKARA_APITOKEN; `harkara dev --data DIR` writes them to DIR/dev.env")
	}
	u, err := url.Parse(c.url)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("HARKARA_URL is %q; write one such as http://127.0.0.1:8080/smsAPI", c.url)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/smsAPI"
	}
	c.url = u.String()
	return c, nil
}

// reply has the fields of all replies that this client reads.
type reply struct {
	Status     string      `json:"status"`
	Message    string      `json:"message,omitempty"`
	GroupID    string      `json:"group_id"`
	Group      string      `json:"group_status,omitempty"`
	Date       string      `json:"date,omitempty"`
	Recipients []recipient `json:"recipients,omitempty"`
}

type recipient struct {
	ID     string `json:"id"`
	To     string `json:"to"`
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// call posts an action. Credentials travel in the body, where no log has them.
func (c *smsAPI) call(ctx context.Context, action string, form url.Values) (reply, error) {
	form.Set(action, "")
	form.Set("apikey", c.key)
	form.Set("apitoken", c.token)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(form.Encode()))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	var r reply
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(&r); err != nil {
		return reply{}, fmt.Errorf("%s answers %s without JSON; is it the address of the smsAPI?", c.url, resp.Status)
	}
	if r.Status == "error" {
		return r, fmt.Errorf("the server refused it: %s", visible(r.Message))
	}
	return r, nil
}

func sendCommand() *cobra.Command {
	var to []string
	var text, from, kind, route, at string
	var wait time.Duration
	cmd := &cobra.Command{Use: "send --to NUMBER --text TEXT", Short: "Send a message through a server's smsAPI, for trying", Args: wants(),
		Long: `Send a message through the smsAPI of a server, as a customer would.
HARKARA_URL, HARKARA_APIKEY, HARKARA_APITOKEN and HARKARA_SENDER say where and as whom;
harkara dev --data DIR writes them to DIR/dev.env.
With --smpp it binds to a server's smpp_listen instead and waits for receipts: HARKARA_SMPP_ADDR,
HARKARA_SMPP_SYSTEM_ID and HARKARA_SMPP_PASSWORD say where and as whom.`}
	f := cmd.Flags()
	f.StringSliceVar(&to, "to", nil, "recipients")
	f.StringVar(&text, "text", "", "text of the message")
	f.StringVar(&from, "from", os.Getenv("HARKARA_SENDER"), "sender ID")
	f.StringVar(&kind, "type", "sms", "sms, unicode, flash, voice, mms or whatsapp")
	f.StringVar(&route, "route", "", "id of a route")
	f.StringVar(&at, "at", "", "when, such as '2026-12-24 18:00:00' in the account's time zone")
	f.DurationVar(&wait, "wait", 0, "wait so long for the messages to leave the queue, and show their status (with --smpp: their receipts)")
	overSMPP := f.Bool("smpp", false, "hand it in over SMPP")
	outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		p, err := newPrinter(cmd)
		if err != nil {
			return err
		}
		if len(to) == 0 {
			return usagef("say who gets it: --to NUMBER")
		}
		if *overSMPP {
			if kind != "sms" || route != "" || at != "" {
				return usagef("--type, --route and --at are for the smsAPI: leave them out with --smpp")
			}
			return sendSMPP(cmd.Context(), p, submission{from: from, to: to, text: text, wait: wait})
		}
		c, err := newClient()
		if err != nil {
			return err
		}
		r, err := c.call(cmd.Context(), "sendsms", url.Values{"type": {kind}, "from": {from}, "to": {strings.Join(to, ",")}, "text": {text},
			"route": {route}, "scheduledate": {at}})
		if err != nil {
			return err
		}
		p.say("%s as group %s at %s", r.Status, r.GroupID, r.Date)
		if wait > 0 {
			if r, err = c.await(cmd.Context(), r.GroupID, wait); err != nil {
				return err
			}
		} else if !p.json {
			return nil
		}
		return p.table(r, "ID TO STATUS DETAIL REASON", func(row func(...any)) {
			for _, x := range r.Recipients {
				row(x.ID, x.To, x.Status, x.Detail, x.Reason)
			}
		})
	}
	return cmd
}

// lookAgain is how often await asks.
const lookAgain = 100 * time.Millisecond

// await asks for the group's status until no message is on its way any more, or
// the time is over.
func (c *smsAPI) await(ctx context.Context, group string, wait time.Duration) (reply, error) {
	over := time.NewTimer(wait)
	defer over.Stop()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		r, err := c.call(ctx, "groupstatus", url.Values{"groupid": {group}, "detail": {"1"}})
		if err != nil || settled(r) {
			return r, err
		}
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-over.C:
			return r, nil
		case <-tick.C:
		}
	}
}

func settled(r reply) bool {
	for _, x := range r.Recipients {
		if x.Status == "queued" || x.Detail == "sent" {
			return false
		}
	}
	return true
}
