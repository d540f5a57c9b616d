package gsm

// fillBits returns how many zero bits stand between a header of headerLen
// octets and the first septet, so that septets start on a septet boundary of
// the user data (TS 23.040 §9.2.3.24).
func fillBits(headerLen int) int {
	if headerLen <= 0 {
		return 0
	}
	return (7 - headerLen*8%7) % 7
}

// AppendPacked appends septets (one an octet, upper bit ignored) packed eight
// to seven octets (TS 23.038 §6.1.2.1.1). headerLen is the length of the UDH in
// octets, 0 without one; it decides the fill bits.
func AppendPacked(dst, septets []byte, headerLen int) []byte {
	if len(septets) == 0 {
		return dst
	}
	held, bits := uint(0), fillBits(headerLen)
	for _, septet := range septets {
		held |= uint(septet&0x7F) << bits
		bits += 7
		if bits >= 8 {
			dst = append(dst, byte(held))
			held >>= 8
			bits -= 8
		}
	}
	if bits > 0 {
		dst = append(dst, byte(held))
	}
	return dst
}

// AppendUnpacked appends the septets of packed, one an octet. packed starts
// after a UDH of headerLen octets (0 without one). n is the number of septets
// where the peer tells it (TP-UDL), and is cut to what packed holds. With n < 0
// all are taken, except a last zero septet that fills the last octet exactly:
// seven padding bits look like '@', and padding is far more likely.
func AppendUnpacked(dst, packed []byte, headerLen, n int) []byte {
	fill := fillBits(headerLen)
	whole := max(len(packed)*8-fill, 0)
	held := whole / 7
	switch {
	case n >= 0:
		held = min(n, held)
	case held > 0 && whole%7 == 0 && packed[len(packed)-1]>>1 == 0:
		held--
	}
	for i := range held {
		bit := fill + 7*i
		septet := uint(packed[bit/8]) >> (bit % 8)
		if bit%8 > 1 {
			septet |= uint(packed[bit/8+1]) << (8 - bit%8)
		}
		dst = append(dst, byte(septet&0x7F))
	}
	return dst
}

// appendPackedText encodes text and packs it behind a header of headerLen
// octets, in place: packing never overtakes the septets it still has to read.
func appendPackedText(dst []byte, text string, e Encoding, headerLen int) ([]byte, bool) {
	start := len(dst)
	dst, ok := AppendSeptets(dst, text, e)
	if !ok {
		return dst, false
	}
	return AppendPacked(dst[:start], dst[start:], headerLen), true
}

// appendUnpackedText reads packed septets as text.
func appendUnpackedText(dst, packed []byte, headerLen int) []byte {
	var buf [160]byte
	return defaultAlphabet.appendText(dst, AppendUnpacked(buf[:0], packed, headerLen, -1))
}
