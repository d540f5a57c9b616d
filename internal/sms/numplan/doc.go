// Package numplan turns what people and programs write as a phone number
// into E.164 digits, without allocation where the input is already clean,
// and knows the shapes of short codes and sender IDs.
//
// Length and leading digits decide whether a number is possible, not
// allocation: operators open new ranges before any table knows them. The
// table (table_gen.go, see gen) therefore says, for the longest known leading
// digits of a national number, which lengths are in use and which of them are
// mobile; unknown digits are taken for what their neighbours are. Only
// numbers that can take a message count: toll-free, premium, shared-cost and
// company access numbers are left out.
//
// Normalize tries these readings in order, and the first possible one is the
// number (the order is part of the contract with smsAPI clients):
//
//  1. written with + or 00: international, and nothing else;
//  2. begins with the calling code of the default country;
//  3. national with the trunk prefix, also 0 before the calling code (0880…);
//  4. national without trunk prefix, if that is a mobile number;
//  5. international without +.
//
// Some refinements keep these from misreading each other:
//   - after a calling code, a trunk prefix that does not belong there is
//     dropped: +44 (0)20…, 880 017…; digits that can begin a national number
//     (Italy, Ivory Coast: 225 07…) stay;
//   - a trunk prefix other than 0 (8 in Russia) could also begin a calling
//     code, so it counts only in front of a mobile number;
//   - + before a single 0 is national: no calling code begins with 0;
//   - reading 2 needs leading digits that are in use if reading 4 is
//     possible too: 39 21234567 is no Italian number, 392 1234567 is.
//
// The result without its + can be fed to Normalize again and comes back
// unchanged, unless it is a foreign number that looks like a national mobile
// number of the default country (reading 4: for an account in China
// 13105550123 is Chinese, although +13105550123 is in Los Angeles). Code that
// holds E.164 digits uses ParseE164, which never guesses.
//
// The package must not do I/O, hold state, or decide who may send what:
// routes and approvals are elsewhere. It imports only the standard library;
// the generator's dependency (phonenumbers) stays out of the hot path, where
// it would cost 16 to 21 µs a number.
package numplan

//go:generate go run ./gen -o table_gen.go
