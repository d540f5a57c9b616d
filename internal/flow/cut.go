package flow

import (
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// cutter makes submissions of claimed messages. The segments of a text are made
// once for all messages of a group in a claim.
type cutter struct {
	route *sms.Route
	conn  int64

	group    *sms.Group
	encoding gsm.Encoding
	segments []gsm.Segment
	payload  []byte // the whole text, made when it is needed
}

// submissions appends the attempts to make for m. A text that is not cut into
// the parts that were counted and priced is refused: it would go out with a
// part missing, or an empty one.
func (c *cutter) submissions(list []connect.Submission, refused []sms.Outcome, m *store.Claimed, now time.Time) ([]connect.Submission, []sms.Outcome) {
	c.cut(m)
	whole := c.complete(m)
	for i := range m.Sub {
		p := &m.Sub[i]
		switch {
		case p.State != sms.PartSending:
		case !whole:
			refused = append(refused, sms.Outcome{AttemptRef: attempt(m, p, c.route.ID), ConnectorID: c.conn,
				Verdict: sms.VerdictReject, Reason: sms.ReasonContent, At: now})
		default:
			list = append(list, connect.Submission{Attempt: attempt(m, p, c.route.ID), Type: m.Group.Type, From: m.Group.From,
				FromIs: senderKind(m.Group.From), To: m.To, Short: contains(c.route.ShortCodes, m.To), Encoding: m.Encoding,
				Long: c.route.Long, ValidTo: m.ExpiresAt, Receipt: m.ReceiptsOn.Asked(p.Seq, len(m.Sub)), Group: m.Group})
			c.fill(&list[len(list)-1], m, i)
		}
	}
	return list, refused
}

// complete says whether there is content for each part.
func (c *cutter) complete(m *store.Claimed) bool {
	switch {
	case m.Group.Type.Channel() != sms.TypeSMS:
		return true
	case m.Group.Raw != nil:
		return len(m.Sub) == 1
	}
	return len(c.segments) == len(m.Sub) || len(c.segments) > 1 && len(m.Sub) == 1
}

// fill gives the submission the octets of part i. The rows of the parts decide
// what is sent, not the present setting of the route, which may have changed
// since the first attempt.
func (c *cutter) fill(sub *connect.Submission, m *store.Claimed, i int) {
	switch {
	case m.Group.Raw != nil:
		sub.Payload = m.Group.Raw.Body
		return
	case len(c.segments) == 0:
		return // the connector finds the content in the group
	case len(m.Sub) == 1 && len(c.segments) > 1:
		sub.Payload, sub.Long = c.whole(), sms.LongPayload
		return
	}
	sub.Payload = c.segments[i].Body()
	if len(m.Sub) == 1 {
		return
	}
	concat := c.segments[i].Concat
	concat.Ref = reference(m.ID, concat.Bits)
	sub.Concat = &concat
	if sub.Long == sms.LongPayload || sub.Long == sms.LongUDH16 && concat.Bits != gsm.Ref16 {
		sub.Long = sms.LongUDH8 // what the parts were cut for
	}
}

func attempt(m *store.Claimed, p *sms.Part, route int64) sms.AttemptRef {
	return sms.AttemptRef{Message: m.ID, Seq: p.Seq, Attempt: p.Attempt, Epoch: p.Epoch, RouteID: route, Tries: m.Attempts}
}

// reference is the same at every attempt, so that a handset joins the parts of
// two attempts, and differs between messages that follow each other.
func reference(id sms.MessageID, bits gsm.RefBits) uint16 {
	ref := uint16(id.Counter())
	if bits == gsm.Ref8 {
		ref &= 0xFF
	}
	return ref
}

// cut makes the segments, unless they are those of the message before. Alphabet
// and national tables are those that the message was accepted with, the width of
// the reference the one with which its parts were counted.
func (c *cutter) cut(m *store.Claimed) {
	if c.group == m.Group && c.encoding == m.Encoding {
		return
	}
	c.group, c.encoding, c.segments, c.payload = m.Group, m.Encoding, nil, nil
	if m.Group.Type.Channel() != sms.TypeSMS || m.Group.Raw != nil {
		return
	}
	widths := [...]gsm.RefBits{gsm.Ref8, gsm.Ref16}
	if c.route.Long == sms.LongUDH16 {
		widths[0], widths[1] = widths[1], widths[0]
	}
	for _, bits := range widths {
		segments, err := gsm.Split(m.Group.Text, gsm.Options{Encoding: m.Encoding, RefBits: bits, NoUDH: true})
		if err == nil && (c.segments == nil || len(segments) == m.Parts) {
			c.segments = segments
		}
		if len(c.segments) == m.Parts {
			return
		}
	}
}

// whole is the text as one payload.
func (c *cutter) whole() []byte {
	if c.payload == nil {
		if c.encoding == gsm.UCS2 {
			c.payload = gsm.AppendUCS2(nil, c.group.Text)
		} else {
			c.payload, _ = gsm.AppendSeptets(nil, c.group.Text, c.encoding)
		}
	}
	return c.payload
}
