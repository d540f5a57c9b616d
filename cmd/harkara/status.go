package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
)

// connectorStatus is a connector as configured, and as the running server has it.
type connectorStatus struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Enabled  bool   `json:"enabled"`
	State    string `json:"state"` // up, down, disabled, unknown
	Links    int    `json:"links"`
	Waiting  int    `json:"unanswered"` // parts given to it whose outcome is not recorded
}

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "status", Short: "Show which connectors are up", Args: wants(),
		Long: "Show which connectors are up. The running server is asked over its admin listener; where none answers the state is unknown.\nWhy a connector is down stands in the server's log."}
	return onStore(cmd, func(s *session, _ []string) error {
		all, err := admin.List[admin.ConnectorSpec](s.ctx, s.desk, "")
		if err != nil {
			return err
		}
		live, why := readGauges(s.ctx, s.cfg.AdminListen)
		if why != nil {
			fmt.Fprintln(s.cmd.ErrOrStderr(), "harkara: no running server answers:", why)
		}
		list := make([]connectorStatus, 0, len(all))
		for _, c := range all {
			list = append(list, statusOf(c, live))
		}
		s.whereDown(list)
		return s.table(list, "NAME PROTOCOL STATE LINKS UNANSWERED", func(row func(...any)) {
			for _, c := range list {
				row(c.Name, c.Protocol, c.State, c.Links, c.Waiting)
			}
		})
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

func statusOf(c admin.ConnectorSpec, live gauges) connectorStatus {
	st := connectorStatus{Name: c.Name, Protocol: c.Protocol, Enabled: c.Enabled, State: "unknown"}
	links, seen := live["harkara_connector_up"][c.Name]
	switch {
	case live != nil && seen && links > 0:
		st.State, st.Links = "up", int(links)
	case !c.Enabled:
		st.State = "disabled"
	case live != nil:
		st.State = "down"
	}
	st.Waiting = int(live["harkara_submits_in_flight"][c.Name])
	return st
}

// gauges are values of metrics by connector.
type gauges map[string]map[string]float64

// readGauges asks the admin listener of the running server; nil when it does not
// answer, with the reason.
func readGauges(ctx context.Context, listen string) (gauges, error) {
	if listen == "" || listen == "off" {
		return nil, fmt.Errorf("admin_listen is off")
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, done := context.WithTimeout(ctx, 3*time.Second)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", listen, resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer with metrics", listen)
	}
	g := gauges{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "connector" && m.GetGauge() != nil {
					if g[name] == nil {
						g[name] = map[string]float64{}
					}
					g[name][label.GetValue()] = m.GetGauge().GetValue()
				}
			}
		}
	}
	return g, nil
}
