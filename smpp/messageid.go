package smpp

import (
	"math/big"
	"strconv"
	"strings"
)

// Message ids come back in another spelling than they were given in: hexadecimal in submit_sm_resp
// and decimal in the receipt or the other way round, in upper or lower case, with or without leading
// zeros. MessageIDKey and MessageIDForms bring them together:
//
//	for any two spellings a and b of one id, MessageIDKey(a) is in MessageIDForms(b)
//
// so one key is stored for each part, and a receipt's id is looked up under its few forms. The forms
// are ambiguous by nature ("10" may be ten or sixteen): check the destination address as well, and
// prefer the earlier form.

// mostIDDigits bounds the conversion between the bases: message_id has at most 64 octets.
const mostIDDigits = 80

// MessageIDKey is the spelling to store: lower case, and without leading zeros when the id is a number
// in base 10 or 16. UUIDs and other ids are only put into lower case.
func MessageIDKey(id string) string {
	id = strings.ToLower(trimID(id))
	if digitsOf(id) == notNumber {
		return id
	}
	return stripZeros(id)
}

// MessageIDForms gives the keys under which the same id may have been stored: its own, then the id
// converted from base 16 to 10 (as far as it can be base 16), then from base 10 to 16. There are one
// to three.
func MessageIDForms(id string) []string {
	key := MessageIDKey(id)
	kind := digitsOf(key)
	if kind == notNumber {
		return []string{key}
	}
	forms := append(make([]string, 0, 3), key)
	add := func(f string) {
		for _, have := range forms {
			if have == f {
				return
			}
		}
		forms = append(forms, f)
	}
	add(convert(key, 16, 10))
	if kind == decimalDigits {
		add(convert(key, 10, 16))
	}
	return forms
}

func trimID(id string) string {
	id = strings.Trim(id, " \t\r\n\x00\"'")
	if len(id) > 2 && id[0] == '0' && (id[1] == 'x' || id[1] == 'X') && digitsOf(id[2:]) != notNumber {
		id = id[2:]
	}
	return id
}

type idDigits uint8

const (
	notNumber idDigits = iota
	hexDigits
	decimalDigits
)

func digitsOf(s string) idDigits {
	if s == "" || len(s) > mostIDDigits {
		return notNumber
	}
	kind := decimalDigits
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			kind = hexDigits
		default:
			return notNumber
		}
	}
	return kind
}

func stripZeros(s string) string {
	if t := strings.TrimLeft(s, "0"); t != "" {
		return t
	}
	return "0"
}

// convert changes the base of a number of any size. s is digits of the base from.
func convert(s string, from, to int) string {
	if n, err := strconv.ParseUint(s, from, 64); err == nil {
		return strconv.FormatUint(n, to)
	}
	n, ok := new(big.Int).SetString(s, from)
	if !ok {
		return s
	}
	return n.Text(to)
}
