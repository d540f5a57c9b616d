package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

// sizing is what the text of a call costs with one set of national tables. The
// width of the reference is the route's, so both are counted when there is more
// than one part.
type sizing struct {
	national []gsm.Language
	sizes    [2]gsm.Size // by width: 8 bits, 16 bits
}

// checkContent looks at what can be judged without a route.
func (p *planner) checkContent() error {
	switch {
	case p.req.Raw != nil:
		return p.checkRaw()
	case p.req.Type.Channel() != sms.TypeSMS:
		return nil // the connector's room checks files and templates
	case p.text == "":
		return sms.Fail(sms.CodeInvalid, "Message text is empty").Because(sms.ReasonContent)
	}
	p.smart = p.account.SmartText && p.req.Type != sms.TypeUnicode
	if err := p.plain.measure(p.req.Type, p.text); err != nil {
		return err
	}
	if parts := p.plain.sizes[0].Parts; parts > p.account.MaxParts && !p.mayShrink(parts) {
		return p.tooLong(parts)
	}
	if p.traced() {
		p.noteSize("", p.plain.sizes[0])
	}
	return nil
}

// shrinkMost is how many parts in the default alphabet may become one: 67 UTF-16
// units are 33 characters that take two, of which a part in septets holds 153.
const shrinkMost = 5

// mayShrink says whether a route could make so few parts of the text that it is
// allowed. It is worth no more work where that cannot be.
func (p *planner) mayShrink(parts int) bool {
	return parts <= shrinkMost*p.account.MaxParts && (p.smart || slices.ContainsFunc(p.cat.Routes(), func(r *sms.Route) bool { return len(r.National) > 0 }))
}

func (p *planner) tooLong(parts int) error {
	return sms.Fail(sms.CodeTooLarge, fmt.Sprintf("Text is too long: it needs %d parts, at most %d are allowed",
		parts, p.account.MaxParts)).Because(sms.ReasonContent)
}

func (s *sizing) measure(t sms.Type, text string) error {
	o := gsm.Options{National: s.national}
	if t == sms.TypeUnicode {
		o.Encoding = gsm.UCS2
	}
	for i, bits := range [...]gsm.RefBits{gsm.Ref8, gsm.Ref16} {
		o.RefBits = bits
		size, err := gsm.Measure(text, o)
		if err != nil && !errors.Is(err, gsm.ErrTooManyParts) {
			return sms.Fail(sms.CodeInvalid, "Message text cannot be encoded").Because(sms.ReasonContent)
		}
		s.sizes[i] = size
		if size.Parts == 1 {
			s.sizes[1] = size
			break
		}
	}
	return nil
}

// size of the content on the route.
func (p *planner) size(route *sms.Route) gsm.Size {
	s := &p.plain
	if len(route.National) > 0 && p.req.Raw == nil && p.req.Type.Channel() == sms.TypeSMS && p.req.Type != sms.TypeUnicode {
		s = p.nationalSize(route)
	}
	if route.Long == sms.LongUDH16 {
		return s.sizes[1]
	}
	return s.sizes[0]
}

// nationalSize is measured once for each set of tables.
func (p *planner) nationalSize(route *sms.Route) *sizing {
	i := slices.IndexFunc(p.national, func(s sizing) bool { return slices.Equal(s.national, route.National) })
	if i >= 0 {
		return &p.national[i]
	}
	s := sizing{national: route.National}
	if err := s.measure(p.req.Type, p.text); err != nil {
		s.sizes = p.plain.sizes // a language that this binary does not know
	}
	p.national = append(p.national, s)
	if p.traced() {
		p.noteSize("with the national tables of route "+route.Name+": ", s.sizes[0])
	}
	return &p.national[len(p.national)-1]
}

// substitute replaces typographic characters where the text then goes in the GSM
// alphabet, if the account wants it: once for the whole call, which has one text, and with what
// the first route that is found can send.
func (p *planner) substitute(route *sms.Route) {
	if !p.smart {
		return
	}
	p.smart = false
	o := gsm.Options{National: route.National}
	if route.Long == sms.LongUDH16 {
		o.RefBits = gsm.Ref16
	}
	text, changes := gsm.Substitute(p.text, o)
	plain := sizing{}
	if len(changes) == 0 || plain.measure(p.req.Type, text) != nil {
		return
	}
	p.text, p.plain, p.national = text, plain, nil
	if p.traced() {
		for _, c := range changes {
			p.note("text", true, "smart text replaces %q by %q, %d time(s)", c.From, c.To, c.Count)
		}
		p.noteSize("after that ", plain.sizes[0])
	}
}

func (p *planner) noteSize(where string, size gsm.Size) {
	p.note("text", true, "%s%s, %d part(s), %d of %d units used in the last", where, size.Encoding, size.Parts, size.LastUsed, size.Limit)
}

// userData is the room in one short message: 140 octets, or 160 septets
// (TS 23.040 §9.2.3.16).
const (
	userData        = 140
	userDataSeptets = 160
)

// checkRaw looks at content that goes out as it is: it must be one short message.
func (p *planner) checkRaw() error {
	bad := func(why string) error { return sms.Fail(sms.CodeInvalid, why).Because(sms.ReasonContent) }
	raw, kind := p.req.Raw, p.req.Encoding.Kind()
	switch {
	case p.req.Type.Channel() != sms.TypeSMS:
		return bad(fmt.Sprintf("Type %s cannot carry a short message that is cut already", p.req.Type))
	case !p.req.Encoding.Valid() || kind == gsm.Auto:
		return bad("Content that is cut already needs its encoding: gsm7, ucs2 or octets")
	case len(raw.Header)+len(raw.Body) == 0 && p.req.Coding == 0: // a message-waiting indication says all in its coding
		return bad("Message is empty")
	case len(raw.Header) > 0 && int(raw.Header[0]) != len(raw.Header)-1:
		return bad("The length octet of the user data header is not the length of the header")
	case kind == gsm.UCS2 && len(raw.Body)%2 != 0:
		return bad("UCS-2 content must have an even number of octets")
	case kind == gsm.GSM7 && slices.ContainsFunc(raw.Body, func(b byte) bool { return b > 0x7F }):
		return bad("Content in the 7-bit alphabet must have one septet in each octet")
	}
	used, room := len(raw.Header)+len(raw.Body), userData
	if kind == gsm.GSM7 { // packed, the header takes up septets too
		used, room = (len(raw.Header)*8+6)/7+len(raw.Body), userDataSeptets
	}
	if used > room {
		return sms.Fail(sms.CodeTooLarge, fmt.Sprintf("Content does not fit into one short message: with its header it takes %d of %d units",
			used, room)).Because(sms.ReasonContent)
	}
	p.plain.sizes[0] = gsm.Size{Encoding: p.req.Encoding, Parts: 1, Units: len(raw.Body), LastUsed: used, Limit: room}
	p.plain.sizes[1] = p.plain.sizes[0]
	if p.traced() {
		p.note("content", true, "one short message as it is: %s, header of %d octets, %d of %d units used", p.req.Encoding, len(raw.Header), used, room)
	}
	return nil
}

// storable is s without what databases refuse: zero bytes, which no alphabet has
// either, and what is not UTF-8.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}
