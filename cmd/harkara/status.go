package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
)

// connectorStatus is a connector as configured, and as the running server has it.
// What is counted is since the server's start.
type connectorStatus struct {
	Name     string         `json:"name"`
	Protocol string         `json:"protocol"`
	Enabled  bool           `json:"enabled"`
	Mode     string         `json:"mode"`  // run, pause, drain
	State    string         `json:"state"` // up, down, disabled, unknown
	Links    int            `json:"links"`
	Waiting  int            `json:"unanswered"` // parts given to it whose outcome is not recorded
	Receipts receiptsStatus `json:"receipts"`
}

// receiptsStatus is how well an operator's receipts are understood.
type receiptsStatus struct {
	Count    int            `json:"count"`
	Found    int            `json:"found"` // whose part was known when they came, or soon after
	Median   float64        `json:"median_seconds"`
	P95      float64        `json:"p95_seconds"`
	Forms    map[string]int `json:"id_forms"` // how their ids had to be read
	Errors   []errorCode    `json:"errors"`   // the most frequent codes
	Setting  string         `json:"receipt_id"`
	Proposed string         `json:"proposed_receipt_id,omitempty"`
	why      string
}

// errorCode is an operator's code, with its reason in our words where it is known.
type errorCode struct {
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// errorsShown of each connector.
const errorsShown = 5

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Show which connectors are up, and how their receipts are understood", Args: wants(),
		Long: `Show which connectors are up, how many of their receipts found their message, how long they took, the
most frequent error codes, and the receipt_id that fits what was seen. The running server is asked over
its admin listener, and counts since its start; where none answers the state is unknown. Why a connector
is down stands in the server's log.`}
	return onStore(cmd, func(s *session, _ []string) error {
		all, err := admin.List[admin.ConnectorSpec](s.ctx, s.desk, "")
		if err != nil {
			return err
		}
		live, why := readMetrics(s.ctx, s.cfg.AdminListen)
		if why != nil {
			fmt.Fprintln(s.cmd.ErrOrStderr(), "harkara: no running server answers:", why)
		}
		list := make([]connectorStatus, 0, len(all))
		for _, c := range all {
			list = append(list, statusOf(c, live))
		}
		s.whereDown(list)
		return s.show(list, func(w io.Writer) { printStatus(printer{out: w}, list) })
	}, "admin_listen")
}

// whereDown tells where to read why connectors are down.
func (s *session) whereDown(list []connectorStatus) {
	for _, c := range list {
		if c.State == "down" {
			fmt.Fprintf(s.cmd.ErrOrStderr(), "harkara: why %s is down stands in the log of the server: look for \"cannot bind\" or \"link lost\" with connector=%s\n",
				visible(c.Name), visible(c.Name))
		}
	}
}

func statusOf(c admin.ConnectorSpec, live scrape) connectorStatus {
	st := connectorStatus{Name: c.Name, Protocol: c.Protocol, Enabled: c.Enabled, Mode: modeWord(c.Mode), State: "unknown"}
	links, seen := live.gauge("harkara_connector_up", c.Name)
	switch {
	case seen && links > 0:
		st.State, st.Links = "up", int(links)
	case !c.Enabled:
		st.State = "disabled"
	case live != nil:
		st.State = "down"
	}
	waiting, _ := live.gauge("harkara_submits_in_flight", c.Name)
	st.Waiting, st.Receipts = int(waiting), receiptsOf(c, live)
	return st
}

func receiptsOf(c admin.ConnectorSpec, live scrape) receiptsStatus {
	r := receiptsStatus{Errors: []errorCode{}, Forms: live.counts("harkara_receipt_forms_total", c.Name, "form")}
	n := live.counts("harkara_receipts_total", c.Name, "result")
	// One that comes early is held first. More can be early than were held: those
	// of before the server's start, or that came over another connector.
	r.Count, r.Found = n["matched"]+n["evidence"]+n["held"], n["matched"]+n["evidence"]+min(n["early"], n["held"])
	r.Median = live.quantile("harkara_receipt_seconds", c.Name, 0.5).Seconds()
	r.P95 = live.quantile("harkara_receipt_seconds", c.Name, 0.95).Seconds()
	for _, m := range live.series("harkara_receipt_errors_total", c.Name) {
		r.Errors = append(r.Errors, errorCode{label(m, "code"), label(m, "reason"), int(m.GetCounter().GetValue())})
	}
	slices.SortFunc(r.Errors, func(a, b errorCode) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Reason, b.Reason))
	})
	r.Errors = r.Errors[:min(len(r.Errors), errorsShown)]
	if c.Protocol == "smpp" {
		setting, _ := c.Settings["receipt_id"].(string)
		r.Setting = cmp.Or(setting, "auto")
		r.propose()
	}
	return r
}

// What is learnt of receipt ids is proposed after so many receipts, of which so
// many in a hundred agree.
const (
	proposeAfter = 50
	proposeShare = 99
	missedShare  = 50
)

// readAs is the receipt_id that reads ids of the form (see smppc).
var readAs = map[string]string{"same": "same", "hex to decimal": "hex", "decimal to hex": "decimal"}

// propose says which receipt_id fits what was seen. An id that the TLV told says
// nothing of how the text writes ids, and of early ones it is not known.
func (r *receiptsStatus) propose() {
	total, best, most := 0, "", 0
	for _, form := range slices.Sorted(maps.Keys(readAs)) {
		n := r.Forms[form]
		total += n
		if n > most {
			best, most = readAs[form], n
		}
	}
	switch missed := r.Count - r.Found; {
	case r.Setting != "auto" && missed >= proposeAfter && missed*100 > r.Count*missedShare:
		r.Proposed, r.why = "auto", fmt.Sprintf("only %d of %d receipts found their message", r.Found, r.Count)
	case total >= proposeAfter && most*100 >= total*proposeShare && best != r.Setting:
		r.Proposed, r.why = best, fmt.Sprintf("%d of %d receipts were found so", most, total)
	}
}

func printStatus(p printer, list []connectorStatus) {
	_ = p.table(nil, "NAME PROTOCOL STATE LINKS UNANSWERED MODE RECEIPTS FOUND MEDIAN P95", func(row func(...any)) {
		for _, c := range list {
			r := c.Receipts
			row(c.Name, c.Protocol, c.State, c.Links, c.Waiting, c.Mode, r.Count, percent(r.Found, r.Count), brief(r.Median), brief(r.P95))
		}
	})
	if slices.ContainsFunc(list, func(c connectorStatus) bool { return len(c.Receipts.Forms) > 0 }) {
		fmt.Fprintln(p.out, "\nHow the ids of receipts were read:")
		_ = p.table(nil, "CONNECTOR ID RECEIPTS", func(row func(...any)) {
			for _, c := range list {
				for _, form := range slices.Sorted(maps.Keys(c.Receipts.Forms)) {
					row(c.Name, form, c.Receipts.Forms[form])
				}
			}
		})
	}
	if slices.ContainsFunc(list, func(c connectorStatus) bool { return len(c.Receipts.Errors) > 0 }) {
		fmt.Fprintln(p.out, "\nMost frequent error codes of receipts:")
		_ = p.table(nil, "CONNECTOR CODE REASON RECEIPTS", func(row func(...any)) {
			for _, c := range list {
				for _, f := range c.Receipts.Errors {
					row(c.Name, f.Code, f.Reason, f.Count)
				}
			}
		})
	}
	for _, c := range list {
		if r := c.Receipts; r.Proposed != "" {
			fmt.Fprintf(p.out, "\n%s: receipt_id is %s; %s fits better, as %s:\n  harkara connector change %s --set receipt_id=%s\n",
				visible(c.Name), r.Setting, r.Proposed, r.why, shellWord(c.Name), r.Proposed)
		}
	}
}

// shellWord is a name as a shell takes it.
func shellWord(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
	}) {
		return "'" + strings.ReplaceAll(visible(name), "'", `'\''`) + "'"
	}
	return name
}

func percent(n, of int) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}

// brief is a time in a unit that fits it.
func brief(s float64) string {
	switch d := seconds(s); {
	case s == 0:
		return ""
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
