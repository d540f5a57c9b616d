package gsm

import "fmt"

// Class is the message class of data_coding (TS 23.038 §4).
type Class uint8

const (
	NoClass Class = iota
	Class0        // shown at once, not stored: flash
	Class1        // ME-specific
	Class2        // SIM-specific
	Class3        // TE-specific
)

// String returns "none" or "class 0" to "class 3".
func (c Class) String() string {
	switch {
	case c == NoClass:
		return "none"
	case c <= Class3:
		return fmt.Sprintf("class %d", c-Class0)
	default:
		return fmt.Sprintf("class(%d)", uint8(c))
	}
}

// smppCharsets are the data_codings 0x00 to 0x0F (SMPP 3.4 §5.2.19).
// CharsetGSM7 in another place than 0 marks a reserved value.
var smppCharsets = [16]Charset{
	0x00: CharsetGSM7,
	0x01: CharsetASCII,
	0x02: CharsetBinary,
	0x03: CharsetLatin1,
	0x04: CharsetBinary,
	0x05: CharsetJIS,
	0x06: CharsetCyrillic,
	0x07: CharsetHebrew,
	0x08: CharsetUCS2,
	0x09: CharsetPictogram,
	0x0A: CharsetISO2022JP,
	0x0D: CharsetExtendedKanji,
	0x0E: CharsetKSC5601,
}

// ParseDCS reads a data_coding: 0x00 to 0x0F as SMPP 3.4 §5.2.19 gives them, all
// others as the coding groups of TS 23.038 §4. Reserved values are read as the
// default alphabet, as TS 23.038 §4 tells receivers to, with ok false.
// Compressed texts are CharsetBinary. CharsetGSM7 means the default alphabet of
// the peer, whose true form is a setting of the link.
func ParseDCS(dcs byte) (cs Charset, class Class, ok bool) {
	switch group := dcs >> 4; {
	case group == 0x0:
		cs = smppCharsets[dcs]
		return cs, NoClass, cs != CharsetGSM7 || dcs == 0
	case group <= 0x7: // general data coding; with bit 6, marked for automatic deletion
		return parseGeneral(dcs)
	case group <= 0xB: // reserved
		return CharsetGSM7, NoClass, false
	case group <= 0xD: // message waiting, GSM-7
		return CharsetGSM7, NoClass, true
	case group == 0xE: // message waiting, UCS-2
		return CharsetUCS2, NoClass, true
	default: // data coding and message class; bit 3 is reserved and ignored
		class = Class0 + Class(dcs&3)
		if dcs&0x04 != 0 {
			return CharsetBinary, class, true
		}
		return CharsetGSM7, class, true
	}
}

// parseGeneral reads the groups 00xx and 01xx of TS 23.038 §4: bit 5 is
// compression, bit 4 makes bits 1 and 0 a class, bits 3 and 2 are the alphabet.
func parseGeneral(dcs byte) (cs Charset, class Class, ok bool) {
	if dcs&0x10 != 0 {
		class = Class0 + Class(dcs&3)
	}
	if dcs&0x20 != 0 {
		return CharsetBinary, class, true
	}
	switch dcs >> 2 & 3 {
	case 0:
		return CharsetGSM7, class, true
	case 1:
		return CharsetBinary, class, true
	case 2:
		return CharsetUCS2, class, true
	default:
		return CharsetGSM7, class, false
	}
}

// DCS returns the usual data_coding of a charset and class: 0x00 to 0x0E without
// a class, 0x10 to 0x1B with one. Packed septets are 0x00 as unpacked ones are.
// ok is false for what has no coding: a class beside Latin-1, ASCII and the code
// pages.
func DCS(cs Charset, class Class) (dcs byte, ok bool) {
	if cs == CharsetGSM7Packed {
		cs = CharsetGSM7
	}
	if class != NoClass {
		return classDCS(cs, class)
	}
	if cs == CharsetBinary {
		return 0x04, true // 0x02 means the same but is rarer
	}
	for dcs, known := range smppCharsets {
		if known == cs {
			return byte(dcs), true
		}
	}
	return 0, false
}

func classDCS(cs Charset, class Class) (dcs byte, ok bool) {
	if class > Class3 {
		return 0, false
	}
	bits := byte(class - Class0)
	switch cs {
	case CharsetGSM7:
		return 0x10 | bits, true
	case CharsetBinary:
		return 0x14 | bits, true
	case CharsetUCS2:
		return 0x18 | bits, true
	default:
		return 0, false
	}
}
