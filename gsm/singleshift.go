package gsm

// defaultShift is the default extension table (TS 23.038 §6.2.1.1). The shift
// tables of the Latin languages are this one with more characters. They are
// written as pairs: the septet, as the ASCII character of its number, and the
// character that it stands for after an escape.
const defaultShift = "\n\f\x14^({)}/\\<[=~>]@|e€"

// latinShifts are the pairs that the national single shift tables of TS 23.038
// §A.2.1 to §A.2.3 add to the default table.
var latinShifts = [languages]string{
	Turkish:    "GĞIİSŞcçgğiısş",
	Spanish:    "\tçAÁIÍOÓUÚaáiíoóuú",
	Portuguese: "\x05ê\tç\vÔ\fô\x0eÁ\x0fá\x12Φ\x13Γ\x15Ω\x16Π\x17Ψ\x18Σ\x19Θ\x1fÊAÀIÍOÓUÚ[Ã\\ÕaÂiíoóuú{ã|õ\x7fâ",
}

// The other ten shift tables (§A.2.4 to §A.2.13) share the signs from 0x00 on
// and, by [asianPairs], what the locking tables of these languages lack: capital
// letters, brackets, the euro sign. The inverted exclamation mark and the
// asterisk stand in them twice.
const (
	asianSigns = "@£$¥¿\"¤%&'\f*+\x00-/<=>¡^¡_#*"
	asianPairs = "<[=~>]@|AABBCCDDEEFFGGHHIIJJKKLLMMNNOOPPQQRRSSTTUUVVWWXXYYZZe€"
)

// asianShifts are the places from 0x19 on (seven, sixteen and up to sixteen a
// line; NUL is an empty place). Two misprints of V9.1.1 are corrected: Tamil 0x24
// is the digit eight, U+0BEE, and Telugu 0x22 and 0x23 are the digits six and
// seven, U+0C6C and U+0C6D.
var asianShifts = [languages]string{
	Bengali: "\u09e6\u09e7\x00\u09e8\u09e9\u09ea\u09eb" +
		"\u09ec\u09ed\u09ee\u09ef\u09df\u09e0\u09e1\u09e2{}\u09e3\u09f2\u09f3\u09f4\u09f5\\" +
		"\u09f6\u09f7\u09f8\u09f9\u09fa",
	Gujarati: "\u0964\u0965\x00\u0ae6\u0ae7\u0ae8\u0ae9" +
		"\u0aea\u0aeb\u0aec\u0aed\u0aee\u0aef\x00\x00{}\x00\x00\x00\x00\x00\\",
	Hindi: "\u0964\u0965\x00\u0966\u0967\u0968\u0969" +
		"\u096a\u096b\u096c\u096d\u096e\u096f\u0951\u0952{}\u0953\u0954\u0958\u0959\u095a\\" +
		"\u095b\u095c\u095d\u095e\u095f\u0960\u0961\u0962\u0963\u0970\u0971",
	Kannada: "\u0964\u0965\x00\u0ce6\u0ce7\u0ce8\u0ce9" +
		"\u0cea\u0ceb\u0cec\u0ced\u0cee\u0cef\u0cde\u0cf1{}\u0cf2\x00\x00\x00\x00\\",
	Malayalam: "\u0964\u0965\x00\u0d66\u0d67\u0d68\u0d69" +
		"\u0d6a\u0d6b\u0d6c\u0d6d\u0d6e\u0d6f\u0d70\u0d71{}\u0d72\u0d73\u0d74\u0d75\u0d7a\\" +
		"\u0d7b\u0d7c\u0d7d\u0d7e\u0d7f",
	Oriya: "\u0964\u0965\x00\u0b66\u0b67\u0b68\u0b69" +
		"\u0b6a\u0b6b\u0b6c\u0b6d\u0b6e\u0b6f\u0b5c\u0b5d{}\u0b5f\u0b70\u0b71\x00\x00\\",
	Punjabi: "\u0964\u0965\x00\u0a66\u0a67\u0a68\u0a69" +
		"\u0a6a\u0a6b\u0a6c\u0a6d\u0a6e\u0a6f\u0a59\u0a5a{}\u0a5b\u0a5c\u0a5e\u0a75\x00\\",
	Tamil: "\u0964\u0965\x00\u0be6\u0be7\u0be8\u0be9" +
		"\u0bea\u0beb\u0bec\u0bed\u0bee\u0bef\u0bf3\u0bf4{}\u0bf5\u0bf6\u0bf7\u0bf8\u0bfa\\",
	Telugu: "\x00\x00\x00\u0c66\u0c67\u0c68\u0c69" +
		"\u0c6a\u0c6b\u0c6c\u0c6d\u0c6e\u0c6f\u0c58\u0c59{}\u0c78\u0c79\u0c7a\u0c7b\u0c7c\\" +
		"\u0c7d\u0c7e\u0c7f",
	Urdu: "\u0600\u0601\x00\u06f0\u06f1\u06f2\u06f3" +
		"\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9\u060c\u060d{}\u060e\u060f\u0610\u0611\u0612\\" +
		"\u0613\u0614\u061b\u061f\u0640\u0652\u0658\u066b\u066c\u0672\u0673\u06cd[~]\u06d4",
}
