package flow

import (
	"context"
	"errors"
	"strings"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Inbound is called by the connector, which acknowledges the messages to the
// operator only when it returns nil: then they, or their segments, are committed.
func (s *sender) Inbound(ctx context.Context, in []sms.Inbound) error {
	for i := range in {
		in[i].ConnectorID = s.id
		in[i].Text = strings.ReplaceAll(in[i].Text, "\x00", "")
	}
	s.flow.Meter.Inbound(s.noun().Name, len(in))
	err := s.flow.Store.AddInbound(ctx, s.flow.Now(), in, s.flow.inboundRules())
	if err != nil {
		s.flow.inboundLost.say(s.flow.Now(), err, "connector", s.noun().Name, "n", len(in))
		return err
	}
	s.flow.OnTold()
	return nil
}

func (f *Flow) inboundRules() store.InboundRules {
	return store.InboundRules{Owner: f.Catalog().Owner, Decode: join, Told: f.Catalog().Told}
}

// join decodes the segments of one message; what is missing is left out. Octets
// in a charset that is no text are shown one character an octet, and segments
// that do not agree are put one after the other: nothing is dropped.
func join(segments []sms.Segment) string {
	parts := make([]gsm.Part, len(segments))
	for i, s := range segments {
		charset, _, ok := gsm.ParseDCS(s.DCS)
		if !ok {
			charset = gsm.CharsetGSM7 // TS 23.038 §4: reserved means the default alphabet
		}
		parts[i] = gsm.Part{Concat: gsm.Concat{Ref: s.Ref, Total: s.Total, Seq: s.Seq}, Charset: charset, Body: s.Payload}
	}
	text, _, err := gsm.Assemble(parts)
	if errors.Is(err, gsm.ErrNotText) {
		for i := range parts {
			parts[i].Charset = gsm.CharsetLatin1
		}
		text, _, err = gsm.Assemble(parts)
	}
	if err != nil {
		var all strings.Builder
		for _, p := range parts {
			piece, _ := gsm.Decode(p.Charset, p.Body)
			all.WriteString(piece)
		}
		text = all.String()
	}
	return strings.ReplaceAll(text, "\x00", "")
}
