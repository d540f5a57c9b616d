package smppd

import (
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
	"github.com/harkara/harkara/smpp"
)

// tonMost is the largest type of number that SMPP 3.4 §5.2.5 defines.
const tonMost = smpp.TONAbbreviated

// recipient is what flow normalises: the digits as they came, with a + where the
// type of number says that they are international and they could be read as
// national ones of the account's country. A national number (TON 2) has no + and
// is read by the country; so is one of unknown type.
func recipient(a smpp.Address, zone numplan.Country) (string, error) {
	switch {
	case a.Addr == "":
		return "", refuse(smpp.StatusInvDstAdr, "destination_addr is empty")
	case a.TON > tonMost:
		return "", refuse(smpp.StatusInvDstTON, "dest_addr_ton is unknown; use 1 for numbers with country code")
	case a.TON == smpp.TONAlphanumeric:
		return "", refuse(smpp.StatusInvDstTON, "dest_addr_ton 5 is for names; use 1 for numbers with country code")
	}
	// The PDU's strings share one large buffer, and this one lives long.
	addr := strings.Clone(a.Addr)
	if a.TON != smpp.TONInternational || strings.HasPrefix(addr, "+") || strings.HasPrefix(addr, "0") || numplan.IsShortCodeShape(addr) {
		return addr, nil
	}
	if n, err := numplan.Normalize(addr, zone); err == nil && n.E164 == addr {
		return addr, nil // the same without +, which then need not be kept beside the number
	}
	return "+" + addr, nil
}

// sender is the account's sender id that the source address means: numbers are
// approved with or without a +, which the type of number stands for here. One
// that is not approved is returned as it is: flow refuses it.
func sender(cat *sms.Catalog, account int64, a smpp.Address) (string, error) {
	if a.TON > tonMost {
		return "", refuse(smpp.StatusInvSrcTON, "source_addr_ton is unknown; use 5 for names and 1 for numbers with country code")
	}
	if a.TON != smpp.TONAlphanumeric && cat.Sender(account, a.Addr) == nil {
		digits, plus := strings.CutPrefix(a.Addr, "+")
		if !plus {
			digits = "+" + a.Addr
		}
		if s := cat.Sender(account, digits); s != nil {
			return s.Name, nil
		}
	}
	return a.Addr, nil
}

// sameSender says whether the source address of a later request is that of the
// message (SMPP 3.4 §5.2.8: it verifies the originator). An empty one is not
// checked: the login's account is.
func sameSender(from string, a smpp.Address) bool {
	return a.Addr == "" || strings.EqualFold(strings.TrimPrefix(from, "+"), strings.TrimPrefix(a.Addr, "+"))
}

// number is the address of a phone number or short code.
func number(digits string) smpp.Address {
	if len(digits) <= numplan.MaxShortCode {
		return smpp.Address{TON: smpp.TONNetworkSpecific, NPI: smpp.NPIUnknown, Addr: digits}
	}
	return smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: digits}
}

// party is the address of who may also be a name: a sender id, or what an
// operator calls the sender of an inbound message.
func party(name string) smpp.Address {
	digits := strings.TrimPrefix(name, "+")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		return number(digits)
	}
	return smpp.Address{TON: smpp.TONAlphanumeric, NPI: smpp.NPIUnknown, Addr: name}
}

// idText writes a message id in the form that the login wants.
func idText(id sms.MessageID, form string) string {
	if form == sms.IDHex {
		return strconv.FormatInt(int64(id), 16)
	}
	return id.String()
}

// parseIDs reads an id in the form of the login, and in the other one, in which it
// may have been given when the login had that. The first that is a message of the
// account is meant.
func parseIDs(s, form string) (ids []sms.MessageID, err error) {
	other := sms.IDHex
	if form == sms.IDHex {
		other = sms.IDDecimal
	}
	for _, f := range []string{form, other} {
		id, ferr := parseID(s, f)
		if ferr == nil {
			ids = append(ids, id)
		}
		err = ferr
	}
	if len(ids) > 0 {
		return ids, nil
	}
	return nil, err
}

// parseID reads what idText wrote. Leading zeros and upper case do no harm.
func parseID(s, form string) (sms.MessageID, error) {
	base := 10
	if form == sms.IDHex {
		base = 16
	}
	n, err := strconv.ParseInt(s, base, 64)
	if err != nil || n <= 0 || s[0] == '+' {
		return 0, refuse(smpp.StatusInvMsgID, "message_id is not one of ours")
	}
	return sms.MessageID(n), nil
}
