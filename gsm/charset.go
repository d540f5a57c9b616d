package gsm

import (
	"fmt"
	"unicode/utf8"
)

// Charset is the form of a text's octets on one link. The zero value is the
// GSM 7-bit default alphabet, one septet an octet.
type Charset uint8

// The charsets of data_coding (SMPP 3.4 §5.2.19). CharsetBinary and
// CharsetPictogram are no text that could be converted: [AppendEncoded] and
// [AppendDecoded] answer false for them.
const (
	CharsetGSM7          Charset = iota // unpacked septets
	CharsetGSM7Packed                   // septets packed eight to seven octets
	CharsetASCII                        // IA5, ANSI X3.4
	CharsetLatin1                       // ISO 8859-1
	CharsetUCS2                         // UTF-16, big-endian
	CharsetBinary                       // octets without a charset, and compressed text
	CharsetJIS                          // X 0208-1990, as Shift JIS
	CharsetCyrillic                     // ISO 8859-5
	CharsetHebrew                       // ISO 8859-8
	CharsetPictogram                    // without a public table
	CharsetISO2022JP                    // music codes
	CharsetExtendedKanji                // X 0212-1990, as EUC-JP
	CharsetKSC5601                      // as EUC-KR
)

var charsetNames = [...]string{
	"gsm7", "gsm7-packed", "ascii", "latin1", "ucs2", "binary", "jis", "cyrillic",
	"hebrew", "pictogram", "iso2022jp", "extended-kanji", "ksc5601",
}

// String returns the name used in configuration, such as "latin1".
func (c Charset) String() string {
	if int(c) < len(charsetNames) {
		return charsetNames[c]
	}
	return fmt.Sprintf("charset(%d)", uint8(c))
}

// MarshalText returns the name; it never fails.
func (c Charset) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText accepts the names that [Charset.String] returns.
func (c *Charset) UnmarshalText(name []byte) error {
	for i, known := range charsetNames {
		if string(name) == known {
			*c = Charset(i)
			return nil
		}
	}
	return fmt.Errorf("gsm: unknown charset %q: use gsm7, gsm7-packed, latin1, ascii or ucs2", name)
}

// AppendEncoded appends the whole text in charset cs, without header or limit,
// as message_payload takes it. It returns dst as it was, and false, when cs
// lacks a character of the text or is not converted here.
func AppendEncoded(dst []byte, cs Charset, text string) ([]byte, bool) {
	switch cs {
	case CharsetGSM7:
		return AppendGSM7(dst, text)
	case CharsetGSM7Packed:
		return appendPackedText(dst, text, GSM7, 0)
	case CharsetASCII:
		return AppendASCII(dst, text)
	case CharsetLatin1:
		return AppendLatin1(dst, text)
	case CharsetUCS2:
		return AppendUCS2(dst, text), true
	default:
		return appendCodePage(dst, cs, text)
	}
}

// AppendDecoded appends the text of octets as UTF-8. What cannot be read is one
// U+FFFD each: a lone surrogate, an odd last octet, an octet that is no septet
// or not ASCII, or that stands for nothing in its code page. It returns dst as it was, and false, when cs is not converted
// here. Parts of one message are read with [Assemble], not one by one.
func AppendDecoded(dst []byte, cs Charset, octets []byte) ([]byte, bool) {
	switch cs {
	case CharsetGSM7:
		return defaultAlphabet.appendText(dst, octets), true
	case CharsetGSM7Packed:
		return appendUnpackedText(dst, octets, 0), true
	case CharsetASCII:
		return appendSingleOctetText(dst, octets, utf8.RuneSelf), true
	case CharsetLatin1:
		return appendSingleOctetText(dst, octets, 0x100), true
	case CharsetUCS2:
		return appendUCS2Text(dst, octets), true
	default:
		return appendCodePageText(dst, cs, octets)
	}
}

// Decode is [AppendDecoded] into a new string.
func Decode(cs Charset, octets []byte) (string, bool) {
	var buf [512]byte
	text, ok := AppendDecoded(buf[:0], cs, octets)
	return string(text), ok
}

// AppendGSM7 appends s in the GSM 7-bit default alphabet with its extension
// table, one septet an octet (TS 23.038 §6.2.1). It returns dst as it was, and
// false, when s is not GSM-7. It allocates only to grow dst.
func AppendGSM7(dst []byte, s string) ([]byte, bool) {
	return defaultAlphabet.append(dst, s)
}

// AppendSeptets is [AppendGSM7] with the tables of e. It returns dst as it was,
// and false, also when e is no valid encoding of kind GSM7 (or Auto, which is
// the default alphabet here).
func AppendSeptets(dst []byte, s string, e Encoding) ([]byte, bool) {
	if !e.alphabetic() {
		return dst, false
	}
	a := alphabetOf(e)
	return a.append(dst, s)
}

// AppendSeptetsText appends the text of septets, one an octet, with the tables
// of e as [UDH.National] gives them. An e without tables that there are is read
// with the default ones, as receivers have to (TS 23.038 §6.2.1.2.1).
func AppendSeptetsText(dst, septets []byte, e Encoding) []byte {
	a := defaultAlphabet
	if e.alphabetic() {
		a = alphabetOf(e)
	}
	return a.appendText(dst, septets)
}

// DecodeSeptets is [AppendSeptetsText] into a new string.
func DecodeSeptets(septets []byte, e Encoding) string {
	var buf [512]byte
	return string(AppendSeptetsText(buf[:0], septets, e))
}

// alphabetic reports whether e has an alphabet of septets.
func (e Encoding) alphabetic() bool { return e == Auto || e.Kind() == GSM7 && e.Valid() }

// AppendASCII appends s one octet a character. It returns dst as it was, and
// false, when s holds anything but printable ASCII, TAB, LF, FF and CR: other
// controls are refused because many peers read these octets as septets, where
// 0x1B is the escape.
func AppendASCII(dst []byte, s string) ([]byte, bool) {
	return appendSingleOctets(dst, s, CharsetASCII)
}

// AppendLatin1 appends s in ISO 8859-1, one octet a character. It refuses
// controls (U+0080 to U+009F too) as [AppendASCII] does.
func AppendLatin1(dst []byte, s string) ([]byte, bool) {
	return appendSingleOctets(dst, s, CharsetLatin1)
}

func appendSingleOctets(dst []byte, s string, cs Charset) ([]byte, bool) {
	start := len(dst)
	for _, r := range s {
		if cs.lacks(r) {
			return dst[:start], false
		}
		dst = append(dst, byte(r))
	}
	return dst, true
}

// lacks reports whether a charset of single octets has no octet for r that may
// be sent. The other charsets lack nothing by this measure.
func (c Charset) lacks(r rune) bool {
	switch c {
	case CharsetASCII:
		return r >= utf8.RuneSelf || refusedControl(r)
	case CharsetLatin1:
		return r > 0xFF || refusedControl(r)
	default:
		return false
	}
}

func refusedControl(r rune) bool {
	if r < ' ' {
		return r != '\t' && r != '\n' && r != '\f' && r != '\r'
	}
	return r >= 0x7F && r < 0xA0
}

func appendSingleOctetText(dst, octets []byte, below rune) []byte {
	for _, b := range octets {
		r := rune(b)
		if r >= below {
			r = utf8.RuneError
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
