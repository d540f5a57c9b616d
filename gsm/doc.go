// Package gsm is the text side of SMS: which octets a text becomes, how many
// parts it needs, and how parts become text again.
//
//   - [Detect], [Measure] and [Preview] say what a text costs.
//   - [Split] cuts a text into [Segment]s that are ready for short_message.
//   - [Substitute] makes GSM-7 of texts with typographic quotes and the like, for
//     callers who ask for it.
//   - [AppendEncoded] and [AppendDecoded] convert whole texts (message_payload,
//     inbound messages), [ParseDCS] and [DCS] read and write data_coding.
//   - [ParseUDH], [UDH] and [Concat] handle the user data header, [Assemble]
//     puts inbound parts together again.
//
// Two words are kept apart. An [Encoding] is what travels over the air, and so
// how parts are counted: septets of the GSM 7-bit alphabet or UTF-16 units. A
// [Charset] is the form the octets take on one link: the same GSM-7 text may be
// written as unpacked septets, packed septets, Latin-1 or ASCII, without its
// number of parts changing.
//
// The tables of 13 national languages are used where a caller allows them
// ([Options.National]): the [Encoding] of a message then names its two tables, and
// every part has to carry the elements that announce them ([Encoding.Elements]).
//
// Strings are UTF-8. Every byte that is not part of valid UTF-8 counts and is
// encoded as one U+FFFD, exactly as ranging over the string yields it.
//
// Control characters: the GSM 7-bit alphabet has LF, CR and, in its extension
// table, form feed. A text with any other control character (U+0000 to U+001F,
// U+007F) is not GSM-7; it goes out as UCS-2, unchanged. U+001B in a text is
// therefore never written as the escape septet 0x1B.
//
// The package is pure: it holds no state, reads no clock, does no I/O and knows no
// PDU. It imports the standard library, golang.org/x/text for code pages and
// normalisation, and uniseg for grapheme clusters. It substitutes nothing silently.
package gsm
