package smppd

import (
	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// reply is an inbound message as deliver_sm PDUs: one, or as many as the text
// needs, with a user data header. The text is in the login's default alphabet, or
// in UCS-2.
func reply(in *sms.InboxMessage, alphabet gsm.Charset) []*smpp.DeliverSM {
	// The reference is that of the message, so that parts which are sent again are
	// the same ones.
	o := gsm.Options{Charset: alphabet, Ref: uint16(in.Number)}
	segments, err := gsm.Split(in.Text, o)
	if err != nil { // longer than any handset can send: the beginning must do
		text := []rune(in.Text)
		o = gsm.Options{Encoding: gsm.UCS2, Ref: o.Ref}
		segments, _ = gsm.Split(string(text[:min(len(text), replyMost)]), o) // replyMost characters always fit
	}
	list := make([]*smpp.DeliverSM, len(segments))
	for i, s := range segments {
		p := &smpp.DeliverSM{Source: party(in.From), Destination: number(in.To), ShortMessage: s.Octets}
		if s.HeaderLen > 0 {
			p.ESMClass = smpp.EsmUDHI
		}
		if s.Charset == gsm.CharsetUCS2 {
			p.DataCoding = smpp.CodingUCS2
		}
		list[i] = p
	}
	return list
}

// replyMost is how many characters 255 parts of UCS-2 hold, when each is beyond
// U+FFFF and so takes two of the 67 units of a part.
const replyMost = gsm.MaxParts * 33
