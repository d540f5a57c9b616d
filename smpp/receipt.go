package smpp

import (
	"strconv"
	"strings"
	"time"
)

// Receipt is what a delivery receipt says, from its text and its optional parameters. The format of
// the text is only an example in SMPP 3.4 (appendix B), and every SMSC has its own; what is not there
// is empty, -1 or NoState.
type Receipt struct {
	ID         string       // of the message: TLVID when there is one, else TextID; see MessageIDForms
	TextID     string       // id: of the text
	TLVID      string       // receipted_message_id
	State      MessageState // see ReceiptFrom; NoState when there is none or it is not understood
	Word       string       // stat: as it was written
	Submitted  int          // sub:
	Delivered  int          // dlvrd:
	SubmitDate string       // submit date: as it was written, see ParseReceiptTime
	DoneDate   string       // done date: as it was written
	Err        string       // err: as it was written; decimal, hexadecimal or anything else
	Text       string       // text: the beginning of the message

	NetworkError    NetworkError // network_error_code
	HasNetworkError bool
	Intermediate    bool // esm_class says that it is an intermediate notification
	Conflict        bool // text and message_state say different things
}

// AppendText appends the text of the receipt in the format of SMPP 3.4 appendix B, as most peers parse
// it: ID, Submitted and Delivered (three digits, 000 when negative), SubmitDate, DoneDate, Word (from
// State when empty), Err and the first 20 octets of Text.
func (r Receipt) AppendText(dst []byte) []byte {
	word := r.Word
	if word == "" {
		word = r.State.Word()
	}
	dst = append(append(dst, "id:"...), r.ID...)
	dst = appendThree(append(dst, " sub:"...), r.Submitted)
	dst = appendThree(append(dst, " dlvrd:"...), r.Delivered)
	dst = append(append(dst, " submit date:"...), r.SubmitDate...)
	dst = append(append(dst, " done date:"...), r.DoneDate...)
	dst = append(append(dst, " stat:"...), word...)
	dst = append(append(dst, " err:"...), r.Err...)
	return append(append(dst, " text:"...), r.Text[:min(len(r.Text), 20)]...)
}

func appendThree(dst []byte, n int) []byte {
	n = min(max(n, 0), 999)
	return append(dst, byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
}

// FormatReceiptTime gives a date as a receipt text has it: YYMMDDhhmm (SMPP 3.4 appendix B), in the
// zone of t; zeros for the zero time.
func FormatReceiptTime(t time.Time) string {
	if t.IsZero() {
		return "0000000000"
	}
	return t.Format("0601021504")
}

// mostReceipt bounds what is looked at.
const mostReceipt = 4 << 10

// IsReceipt tells whether a deliver_sm or data_sm is a delivery receipt: by the message type in
// esm_class (SMPP 3.4 §5.2.12; acknowledgements of the recipient are none), or by a
// receipted_message_id. Some SMSCs send receipts with nothing but their text; with sniff, a text that
// begins with "id:" and holds "stat:" is taken for one.
func IsReceipt(p PDU, sniff bool) bool {
	esm, coding, text, tlvs, ok := receiptParts(p)
	if !ok {
		return false
	}
	switch esm & EsmTypeMask {
	case EsmReceipt, EsmIntermediateReceipt:
		return true
	case 0:
		if tlvs.Has(TagReceiptedMessageID) {
			return true
		}
		return sniff && looksLikeReceipt(receiptText(text, coding))
	}
	return false
}

func receiptParts(p PDU) (esm, coding uint8, text []byte, tlvs TLVs, ok bool) {
	switch p := p.(type) {
	case *DeliverSM:
		return p.ESMClass, p.DataCoding, p.Text(), p.TLVs, true
	case *DataSM:
		return p.ESMClass, p.DataCoding, p.Text(), p.TLVs, true
	}
	return 0, 0, nil, nil, false
}

func looksLikeReceipt(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	k, n := keyAt(s, 0)
	if n == 0 || k != keyID {
		return false
	}
	for i := range len(s) {
		if k, n := keyAt(s, i); n > 0 && k == keyStat {
			return true
		}
	}
	return false
}

// ReceiptFrom reads a receipt from its PDU; false when IsReceipt is. The id comes from
// receipted_message_id if that is there. The state comes from message_state, unless that is absent or
// not final while the text gives a final one.
func ReceiptFrom(p PDU, sniff bool) (Receipt, bool) {
	if !IsReceipt(p, sniff) {
		return Receipt{}, false
	}
	esm, coding, text, tlvs, _ := receiptParts(p)
	r := parseReceipt(receiptText(text, coding))
	r.Intermediate = esm&EsmTypeMask == EsmIntermediateReceipt
	if id, ok := tlvs.ReceiptedMessageID(); ok {
		if r.TLVID = strings.Clone(strings.Trim(id, " ")); r.TLVID != "" {
			r.ID = r.TLVID
		}
	}
	if st, ok := tlvs.MessageState(); ok && st <= StateSkipped {
		r.Conflict = r.State != NoState && r.State != st
		if st.Final() || !r.State.Final() {
			r.State = st
		}
	}
	r.NetworkError, r.HasNetworkError = tlvs.NetworkErrorCode()
	return r, true
}

// ParseReceipt reads a receipt text, in one octet per character or in UCS-2. It never fails: it
// returns what was found.
func ParseReceipt(text []byte) Receipt { return parseReceipt(receiptText(text, CodingDefault)) }

// receiptText makes a string of the text. UCS-2 is recognised by data_coding, or by its first octet.
func receiptText(b []byte, coding uint8) string {
	b = b[:min(len(b), mostReceipt)]
	if len(b) >= 2 && len(b)%2 == 0 && (coding == CodingUCS2 && b[0] == 0 || b[0] == 0 && b[1] != 0) {
		narrow := make([]byte, 0, len(b)/2)
		for i := 0; i < len(b); i += 2 {
			if c := b[i+1]; b[i] == 0 {
				narrow = append(narrow, c)
			} else {
				narrow = append(narrow, '?') // only the message's own text can hold it
			}
		}
		b = narrow
	}
	return string(b)
}

// parseReceipt looks for the known keys; a value reaches to the next one. A key counts once: in
// "text:", which may hold anything, only those that have not been seen before it.
func parseReceipt(s string) Receipt {
	r := Receipt{State: NoState, Submitted: -1, Delivered: -1}
	s = strings.TrimRight(s, "\x00")
	var seen [keyCount]bool
	key, from := keyCount, 0
	for i := 0; i <= len(s); {
		k, n := keyCount, 0
		if i < len(s) {
			if k, n = keyAt(s, i); n == 0 || seen[k] {
				i++
				continue
			}
		}
		if key != keyCount {
			r.set(key, s[from:i])
		}
		if n == 0 {
			break
		}
		seen[k] = true
		key, from = k, i+n
		i += n
	}
	r.ID = r.TextID
	return r
}

func (r *Receipt) set(k receiptKey, v string) {
	if k == keyText {
		r.Text = strings.TrimPrefix(v, " ")
		return
	}
	v = strings.Trim(v, " \t\r\n\x00;,")
	switch k {
	case keySubmitDate:
		r.SubmitDate = v
		return
	case keyDoneDate:
		r.DoneDate = v
		return
	}
	if i := strings.IndexAny(v, " \t\r\n"); i >= 0 {
		v = v[:i] // what follows belongs to keys nobody knows
	}
	switch k {
	case keyID:
		r.TextID = v
	case keySub:
		r.Submitted = receiptCount(v)
	case keyDlvrd:
		r.Delivered = receiptCount(v)
	case keyStat:
		r.Word, r.State = v, StateOf(v)
	case keyErr:
		r.Err = v
	}
}

func receiptCount(v string) int {
	if n, err := strconv.ParseUint(v, 10, 31); err == nil {
		return int(n)
	}
	return -1
}

type receiptKey uint8

const (
	keyID receiptKey = iota
	keySub
	keyDlvrd
	keySubmitDate
	keyDoneDate
	keyStat
	keyErr
	keyText
	keyCount
)

var receiptKeys = [...]struct {
	word string
	key  receiptKey
}{
	{"id:", keyID}, {"sub:", keySub}, {"dlvrd:", keyDlvrd}, {"submit date:", keySubmitDate},
	{"submitdate:", keySubmitDate}, {"done date:", keyDoneDate}, {"donedate:", keyDoneDate},
	{"stat:", keyStat}, {"err:", keyErr}, {"text:", keyText},
}

// keyAt finds a key that begins at s[i], in any case, and its length; 0 when there is none.
func keyAt(s string, i int) (receiptKey, int) {
	if i >= len(s) || i > 0 && isWordByte(s[i-1]) {
		return keyCount, 0
	}
	switch s[i] | 0x20 {
	case 'i', 's', 'd', 'e', 't':
	default:
		return keyCount, 0
	}
	for _, k := range &receiptKeys {
		if n := len(k.word); len(s)-i >= n && s[i]|0x20 == k.word[0] && strings.EqualFold(s[i:i+n], k.word) {
			return k.key, n
		}
	}
	return keyCount, 0
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// StateOf gives the message state for a stat: word, in any case, or for the number of a
// message_state. NoState when nobody knows the word. (At least one SMSC writes 0 for "delivered";
// the number says SCHEDULED, and only a setting of the route can know better.)
func StateOf(word string) MessageState {
	if len(word) == 1 && word[0] >= '0' && word[0] <= '9' {
		return MessageState(word[0] - '0')
	}
	for _, w := range &stateWords {
		if strings.EqualFold(word, w.word) {
			return w.state
		}
	}
	return NoState
}

// Word is the seven-letter word of a receipt text (SMPP 3.4 appendix B), UNKNOWN where it has none.
func (s MessageState) Word() string {
	for _, w := range &stateWords {
		if w.state == s {
			return w.word
		}
	}
	return "UNKNOWN"
}

// stateWords holds the words of the specification first, so that Word finds them.
var stateWords = [...]struct {
	word  string
	state MessageState
}{
	{"DELIVRD", StateDelivered}, {"UNDELIV", StateUndeliverable}, {"EXPIRED", StateExpired},
	{"REJECTD", StateRejected}, {"ACCEPTD", StateAccepted}, {"ENROUTE", StateEnroute},
	{"DELETED", StateDeleted}, {"UNKNOWN", StateUnknown},
	// Not in the specification:
	{"FAILED", StateUndeliverable}, {"REJECTED", StateRejected}, {"DELIVERED", StateDelivered},
	{"UNDELIVERED", StateUndeliverable}, {"UNDELIVERABLE", StateUndeliverable}, {"ACCEPTED", StateAccepted},
	{"BUFFRED", StateEnroute}, {"BUFFERD", StateEnroute}, {"BUFFERED", StateEnroute},
	{"ACKED", StateAccepted}, {"SKIPPED", StateSkipped}, {"SCHEDULED", StateScheduled}, {"BADSTAT", StateUnknown},
}
