package fake_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/connecttest"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
)

// A suite proves nothing unless it can fail. Each defect here breaks one MUST of
// the contract in an otherwise correct connector, and names the tests of the
// suite that must notice. They run in a process of their own, since they fail.
var defects = []struct {
	name    string
	caught  string // test of the suite
	wrap    func(d *broken)
	options func(o *connecttest.Options)
}{
	{"an outcome twice", "OutcomesExactlyOnce", func(d *broken) {
		d.outcomes = func(list []sms.Outcome) { d.Sink.Outcomes(list); d.Sink.Outcomes(list) }
	}, nil},
	{"an outcome never", "OutcomesExactlyOnce", func(d *broken) {
		n := 0
		d.outcomes = func(list []sms.Outcome) {
			if n++; n != 7 {
				d.Sink.Outcomes(list)
			}
		}
	}, nil},
	{"part of the name is lost", "Verdicts", func(d *broken) {
		d.outcomes = each(d, func(o *sms.Outcome) { o.RouteID = 0 })
	}, nil},
	{"decides what follows", "Verdicts", func(d *broken) {
		d.outcomes = each(d, func(o *sms.Outcome) { o.RetryAt = o.At })
	}, nil},
	{"no raw code", "Verdicts", func(d *broken) {
		d.outcomes = each(d, func(o *sms.Outcome) { o.Code = "" })
	}, nil},
	{"throttle is retry", "Verdicts", func(d *broken) {
		d.outcomes = each(d, func(o *sms.Outcome) {
			if o.Verdict == sms.VerdictThrottle {
				o.Verdict = sms.VerdictRetry
			}
		})
	}, nil},
	{"what was written is called down", "LostLinkIsUnknown", func(d *broken) {
		d.outcomes = each(d, func(o *sms.Outcome) {
			if o.Verdict == sms.VerdictUnknown {
				o.Verdict = sms.VerdictDown
			}
		})
	}, nil},
	{"what was written is called down, under load", "LostLinkUnderLoad", func(d *broken) {
		d.outcomes = each(d, func(o *sms.Outcome) {
			if o.Verdict == sms.VerdictUnknown {
				o.Verdict = sms.VerdictDown
			}
		})
	}, nil},
	{"late without unknown", "Verdicts", func(d *broken) {
		d.outcomes = each(d, func(o *sms.Outcome) { o.Late = true })
	}, nil},
	{"sends by itself again", "LostLinkUnderLoad", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			err := d.Connector.Send(ctx, s)
			if errors.Is(err, connect.ErrDown) {
				return nil
			}
			return err
		}
	}, nil},
	{"an error although it was taken", "OutcomesExactlyOnce", func(d *broken) {
		n := 0
		d.send = func(ctx context.Context, s *connect.Submission) error {
			if n++; n == 20 {
				_ = d.Connector.Send(ctx, s) // that is the defect
				return errors.New("broken")
			}
			return d.Connector.Send(ctx, s)
		}
	}, nil},
	{"no end of the window", "WindowBlocks", nil, func(o *connecttest.Options) { o.Noun.Window *= 2 }},
	{"a full window is an error", "WindowBlocks", func(d *broken) {
		d.send = func(_ context.Context, s *connect.Submission) error { return d.Connector.Send(ended(), s) }
	}, nil},
	{"the context is ignored", "WindowHonoursContext", func(d *broken) {
		d.send = func(_ context.Context, s *connect.Submission) error {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			return d.Connector.Send(ctx, s)
		}
	}, nil},
	{"waits for a link", "SendWithoutLink", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			err := d.Connector.Send(ctx, s)
			if errors.Is(err, connect.ErrDown) {
				<-ctx.Done()
				return ctx.Err()
			}
			return err
		}
	}, nil},
	{"changes the payload", "ContentIsReadOnly", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			s.Payload[0]++
			return d.Connector.Send(ctx, s)
		}
	}, nil},
	{"no word of a lost link", "LinkIsReported", func(d *broken) {
		d.link = func(l connect.Link) {
			if l.Up {
				d.Sink.Link(l)
			}
		}
	}, nil},
	{"no last word", "CloseWaits", func(d *broken) {
		d.link = func(l connect.Link) {
			if l.Reason != "closed" {
				d.Sink.Link(l)
			}
		}
	}, nil},
	{"down for no reason", "LinkIsReported", func(d *broken) {
		d.link = func(l connect.Link) { l.Reason = ""; d.Sink.Link(l) }
	}, nil},
	{"Close does not wait", "CloseWaits", func(d *broken) {
		d.close = func(context.Context) error { return d.Connector.Close(ended()) }
	}, nil},
	{"Close leaves links up", "CloseReportsTheRest", func(d *broken) { d.close = func(context.Context) error { return nil } }, nil},
	{"a report after Close", "CloseReportsTheRest", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			err := d.Connector.Send(ctx, s)
			if errors.Is(err, connect.ErrClosed) {
				d.Sink.Link(connect.Link{Reason: "late"})
			}
			return err
		}
	}, nil},
	{"acknowledged before the commit", "ReceiptAcknowledgedAfterCommit", func(d *broken) {
		d.receipts = func(ctx context.Context, list []sms.Receipt) error {
			go func() { _ = d.Sink.Receipts(ctx, list) }() // that is the defect
			return nil
		}
	}, nil},
	{"acknowledged without a commit", "ReceiptRefusedOnError", func(d *broken) {
		d.receipts = func(ctx context.Context, list []sms.Receipt) error {
			_ = d.Sink.Receipts(ctx, list) // that is the defect
			return nil
		}
	}, nil},
	{"an inbound message is lost on error", "InboundRefusedOnError", func(d *broken) {
		d.inbound = func(ctx context.Context, list []sms.Inbound) error {
			_ = d.Sink.Inbound(ctx, list) // that is the defect
			return nil
		}
	}, nil},
	{"another state", "ReceiptSaysWhatWasSent", func(d *broken) {
		d.receipts = func(ctx context.Context, list []sms.Receipt) error {
			list[0].State = sms.PartDelivered
			return d.Sink.Receipts(ctx, list)
		}
	}, nil},
	{"another text", "InboundSaysWhatWasSent", func(d *broken) {
		d.inbound = func(ctx context.Context, list []sms.Inbound) error {
			list[0].Text = strings.ToUpper(list[0].Text)
			return d.Sink.Inbound(ctx, list)
		}
	}, nil},
	{"the header is lost", "RawGoesOutAsItIs", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			bare, group := *s, *s.Group
			group.Raw, bare.Group = nil, &group
			return d.Connector.Send(ctx, &bare)
		}
	}, nil},
	{"a receipt is always asked for", "ReceiptWhereAsked", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			eager := *s
			eager.Receipt = true
			return d.Connector.Send(ctx, &eager)
		}
	}, nil},
	{"a new pace is refused", "AdjustTakesThePace", func(d *broken) {
		d.adjust = func(*sms.Connector) bool { return false }
	}, nil},
	{"adjusted by cutting the link", "AdjustTakesThePace", func(d *broken) {
		d.adjust = func(c *sms.Connector) bool {
			f := d.Connector.(*fake.Connector)
			f.Down("adjusting")
			f.Up()
			return f.Adjust(c)
		}
	}, nil},
	{"adjusted although it refuses", "AdjustWidensTheWindow", func(d *broken) {
		d.adjust = func(c *sms.Connector) bool { return !d.Connector.(*fake.Connector).Adjust(c) }
	}, nil},
	{"a wider window in words only", "AdjustWidensTheWindow", func(d *broken) {
		d.adjust = func(*sms.Connector) bool { return true }
	}, nil},
	{"a narrower window in words only", "AdjustNarrowsTheWindow", func(d *broken) {
		d.adjust = func(*sms.Connector) bool { return true }
	}, nil},
	{"a question without a link is put", "QueryWithoutLink", func(d *broken) {
		d.query = func(context.Context, connect.Query) error { return nil }
	}, nil},
	{"the answer is kept", "QueryIsAnsweredByReceipt", func(d *broken) {
		d.query = func(context.Context, connect.Query) error { return nil }
	}, nil},
	{"an answer is made up", "QueryIsAnsweredByReceipt", func(d *broken) {
		d.query = func(ctx context.Context, q connect.Query) error {
			return d.Sink.Receipts(ctx, []sms.Receipt{{ConnectorID: 77, IDs: []string{q.UpstreamID}, State: sms.PartDelivered}})
		}
	}, nil},
	{"the text in the log", "NothingSecretIsSaid", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			d.log("sending", "octets", string(s.Payload))
			return d.Connector.Send(ctx, s)
		}
	}, nil},
	{"the text in a reason", "NothingSecretIsSaid", func(d *broken) {
		var text string
		d.send = func(ctx context.Context, s *connect.Submission) error {
			text = s.Group.Text
			return d.Connector.Send(ctx, s)
		}
		d.link = func(l connect.Link) {
			if !l.Up {
				l.Reason = "lost while sending " + text
			}
			d.Sink.Link(l)
		}
	}, nil},
	{"the password in an error", "NothingSecretIsSaid", func(d *broken) {
		d.send = func(ctx context.Context, s *connect.Submission) error {
			if err := d.Connector.Send(ctx, s); err != nil {
				return errors.Join(err, errors.New("bound with hunter2hunter2"))
			}
			return nil
		}
	}, nil},
}

// broken stands around a fake and does one thing wrong.
type broken struct {
	connect.Connector
	connect.Sink
	log func(msg string, args ...any)

	send     func(ctx context.Context, s *connect.Submission) error
	close    func(ctx context.Context) error
	outcomes func([]sms.Outcome)
	link     func(connect.Link)
	receipts func(context.Context, []sms.Receipt) error
	inbound  func(context.Context, []sms.Inbound) error
	adjust   func(*sms.Connector) bool
	query    func(context.Context, connect.Query) error
}

func (d *broken) Adjust(c *sms.Connector) bool {
	if d.adjust != nil {
		return d.adjust(c)
	}
	return d.Connector.(connect.Adjuster).Adjust(c)
}

func (d *broken) Query(ctx context.Context, q connect.Query) error {
	if d.query != nil {
		return d.query(ctx, q)
	}
	return d.Connector.(connect.Querier).Query(ctx, q)
}

func (d *broken) Send(ctx context.Context, s *connect.Submission) error {
	if d.send != nil {
		return d.send(ctx, s)
	}
	return d.Connector.Send(ctx, s)
}

func (d *broken) Close(ctx context.Context) error {
	if d.close != nil {
		return d.close(ctx)
	}
	return d.Connector.Close(ctx)
}

// brokenSink is the sink's side of broken.
type brokenSink struct{ d *broken }

func (s brokenSink) Outcomes(list []sms.Outcome) {
	if s.d.outcomes != nil {
		s.d.outcomes(list)
		return
	}
	s.d.Sink.Outcomes(list)
}

func (s brokenSink) Receipts(ctx context.Context, list []sms.Receipt) error {
	if s.d.receipts != nil {
		return s.d.receipts(ctx, list)
	}
	return s.d.Sink.Receipts(ctx, list)
}

func (s brokenSink) Inbound(ctx context.Context, list []sms.Inbound) error {
	if s.d.inbound != nil {
		return s.d.inbound(ctx, list)
	}
	return s.d.Sink.Inbound(ctx, list)
}

func (s brokenSink) Link(l connect.Link) {
	if s.d.link != nil {
		s.d.link(l)
		return
	}
	s.d.Sink.Link(l)
}

// each changes every outcome.
func each(d *broken, change func(*sms.Outcome)) func([]sms.Outcome) {
	return func(list []sms.Outcome) {
		for i := range list {
			change(&list[i])
		}
		d.Sink.Outcomes(list)
	}
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

const defectEnv = "HARKARA_TEST_DEFECT"

func TestSuiteCatches(t *testing.T) {
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDefect$/^"+d.caught+"$", "-test.timeout=30s")
			cmd.Env = append(os.Environ(), defectEnv+"="+d.name)
			out, err := cmd.CombinedOutput()
			if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(string(out), "--- FAIL: TestDefect/"+d.caught) {
				t.Errorf("%s does not notice (%v):\n%s", d.caught, err, out)
			}
		})
	}
}

// TestDefect is run by TestSuiteCatches, with one defect.
func TestDefect(t *testing.T) {
	name := os.Getenv(defectEnv)
	for _, defect := range defects {
		if defect.name != name {
			continue
		}
		connecttest.Run(t, connecttest.Harness{Patience: 300 * time.Millisecond, Secrets: []string{"hunter2hunter2"},
			New: func(t *testing.T, o connecttest.Options) (connect.Connector, connecttest.FarEnd) {
				d := &broken{Sink: o.Sink, log: o.Log.Info}
				if defect.wrap != nil {
					defect.wrap(d)
				}
				window := o.Noun.Window
				if defect.options != nil {
					defect.options(&o)
				}
				o.Sink = brokenSink{d}
				c, far := newFarEnd(t, o)
				d.Connector = c
				if o.Noun.Window != window {
					return honest{d, window}, far
				}
				return d, far
			}})
	}
}

// honest tells another window than the connector has.
type honest struct {
	connect.Connector
	window int
}

func (h honest) Info() connect.Info {
	i := h.Connector.Info()
	i.Window = h.window
	return i
}
