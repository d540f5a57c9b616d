package obs

import "strings"

// kind says how the value of a name is treated.
type kind int

const (
	harmless kind = iota
	opaque        // a key, token or header value: no blanks in it
	freeform      // a password or a text: anything may be in it
)

// sensitive maps names, in lower case without separators, to their kind. A name
// is looked up whole and word by word (smpp_password, clientSecret, X-Api-Key).
var sensitive = map[string]kind{
	"apikey":             opaque,
	"apitoken":           opaque,
	"token":              opaque,
	"accesstoken":        opaque,
	"bearer":             opaque,
	"cookie":             freeform,
	"setcookie":          freeform,
	"authorization":      freeform,
	"proxyauthorization": freeform,
	"credentials":        freeform,
	"otp":                freeform,
	"pin":                freeform,
	"password":           freeform,
	"passwd":             freeform,
	"passphrase":         freeform,
	"pwd":                freeform,
	"secret":             freeform,
	"privatekey":         freeform,
	"text":               freeform,
	"texts":              freeform,
	"body":               freeform,
	"message":            freeform,
	"messagetext":        freeform,
	"messagepayload":     freeform,
	"shortmessage":       freeform,
	"content":            freeform,
}

// wholeOnly are words too common to make a longer name sensitive: message_id and
// Content-Type are not.
var wholeOnly = map[string]bool{"message": true, "content": true, "body": true, "pin": true, "bearer": true}

// kindOf returns how the value of a name must be treated.
func kindOf(name string) kind {
	if i := strings.IndexByte(name, '['); i > 0 {
		name = name[:i] // text[0]
	}
	if name == "" || len(name) > maxName {
		return harmless
	}
	// Lower case without separators, and where its words begin.
	var buf [maxName]byte
	var starts [maxName + 1]int
	n, words := 0, 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		if isSeparator(c) {
			continue
		}
		if i == 0 || isSeparator(name[i-1]) || isUpper(c) && isLower(name[i-1]) {
			starts[words] = n
			words++
		}
		if isUpper(c) {
			c += 'a' - 'A'
		}
		buf[n] = c
		n++
	}
	starts[words] = n
	worst := sensitive[string(buf[:n])]
	for i := range words {
		if w := buf[starts[i]:starts[i+1]]; !wholeOnly[string(w)] {
			worst = max(worst, sensitive[string(w)])
		}
		if i > 0 { // api_key, message_text within a longer name
			worst = max(worst, sensitive[string(buf[starts[i-1]:starts[i+1]])])
		}
	}
	return worst
}

// maxName is the length of the longest name that is looked at.
const maxName = 96

func isSeparator(c byte) bool { return strings.IndexByte("_-. []+", c) >= 0 }
func isUpper(c byte) bool     { return c >= 'A' && c <= 'Z' }
func isLower(c byte) bool     { return c >= 'a' && c <= 'z' }
