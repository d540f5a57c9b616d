package flow

import (
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// Step is one decision on the way of a message.
type Step struct {
	What string `json:"step"`
	OK   bool   `json:"ok"`
	Why  string `json:"why"`
}

// Explanation is what would become of a request, decision by decision.
type Explanation struct {
	Steps    []Step        `json:"steps"`
	Messages []sms.Message `json:"-"`
	Need     sms.Money     `json:"need"`
	Cost     sms.Money     `json:"cost"` // cost price of the routes chosen
	CostOK   bool          `json:"cost_known"`
	Err      error         `json:"-"` // why the call would be refused
}

// Explain runs the planning code of Accept with a trace and stores nothing.
func Explain(cat *sms.Catalog, now time.Time, maxDelay time.Duration, protos func(string) []sms.Type, req Request) Explanation {
	var e Explanation
	p := &planner{cat: cat, now: now, max: maxDelay, protos: protos}
	p.trace = func(step string, ok bool, why string) { e.Steps = append(e.Steps, Step{step, ok, why}) }
	call, err := p.plan(&req)
	if err != nil {
		e.Err = err
		p.note("refused", false, "%v", err)
		return e
	}
	e.Messages, e.Need, e.CostOK = call.Messages, call.Need, true
	for i := range call.Messages {
		m := &call.Messages[i]
		if m.State == sms.Failed {
			continue
		}
		cost, ok := cat.CostOf(m.RouteID, req.Type, m.To)
		e.CostOK = e.CostOK && ok
		e.Cost += cost * sms.Money(m.Units)
	}
	return e
}

// noteOthers tells why the rules that were not tried do not count.
func (p *planner) noteOthers(to string, tried []*sms.Rule) {
	for _, rule := range p.cat.Rules() {
		if slices.Contains(tried, rule) {
			continue
		}
		why := rule.Misfit(p.req.AccountID, p.req.Type, to)
		if why == "" {
			why = "a better rule was found: a longer prefix, or the account's own, or of the type, or of lower priority"
		}
		p.note("rule", false, "%s: %s", rule.Name, why)
	}
}

// noteSender tells what is wrong with the sender id; a caller only learns that
// it is not allowed.
func (p *planner) noteSender() {
	switch s := p.sender; {
	case s == nil:
		p.note("sender", false, "%q is unknown: the account never requested it", p.req.From)
	default:
		p.note("sender", false, "%q is %s, not approved", s.Name, s.Status)
	}
}
