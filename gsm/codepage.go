package gsm

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
)

// charmap returns the table of a charset of single octets that is not a part of
// Unicode's beginning, nil for others.
func (c Charset) charmap() *charmap.Charmap {
	switch c {
	case CharsetCyrillic:
		return charmap.ISO8859_5
	case CharsetHebrew:
		return charmap.ISO8859_8
	}
	return nil
}

// multibyte returns the encoding of a charset of several octets a character, nil
// for others. SMPP 3.4 §5.2.19 names the character sets but not how their two
// octets are written; these are the forms that message centres use.
func (c Charset) multibyte() encoding.Encoding {
	switch c {
	case CharsetJIS:
		return japanese.ShiftJIS
	case CharsetISO2022JP:
		return japanese.ISO2022JP
	case CharsetExtendedKanji:
		return japanese.EUCJP
	case CharsetKSC5601:
		return korean.EUCKR
	}
	return nil
}

// jisTwins are six characters of JIS X 0208 that have two code points: those of
// Unicode's own mapping and the wide ones that x/text, like Microsoft, reads and
// writes. The octets are the same.
var jisTwins = strings.NewReplacer("¢", "￠", "£", "￡", "¬", "￢", "‖", "∥", "−", "－", "〜", "～")

// appendCodePage appends text in one of the charsets of this file, and dst as it
// was, and false, in others or when the charset lacks a character. Controls are
// refused as by [AppendLatin1].
func appendCodePage(dst []byte, cs Charset, text string) ([]byte, bool) {
	start, single := len(dst), cs.charmap()
	for _, r := range text {
		if refusedControl(r) || r == utf8.RuneError {
			return dst[:start], false
		}
		if single != nil {
			b, ok := single.EncodeRune(r)
			if !ok {
				return dst[:start], false
			}
			dst = append(dst, b)
		}
	}
	if single != nil {
		return dst, true
	}
	multi := cs.multibyte()
	if multi == nil {
		return dst, false
	}
	if cs != CharsetKSC5601 {
		text = jisTwins.Replace(text)
	}
	octets, err := multi.NewEncoder().String(text)
	if err != nil {
		return dst, false
	}
	return append(dst, octets...), true
}

// appendCodePageText appends the text of octets in one of the charsets of this
// file.
func appendCodePageText(dst []byte, cs Charset, octets []byte) ([]byte, bool) {
	if single := cs.charmap(); single != nil {
		for _, b := range octets {
			dst = utf8.AppendRune(dst, single.DecodeByte(b))
		}
		return dst, true
	}
	multi := cs.multibyte()
	if multi == nil {
		return dst, false
	}
	text, err := multi.NewDecoder().Bytes(octets)
	if err != nil {
		return dst, false
	}
	return append(dst, text...), true
}
