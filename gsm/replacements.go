package gsm

// looksLike are the characters that [Substitute] may replace, by what takes their
// place. The starting point is the set of replacements that Twilio's
// sms-segments-calculator makes; a test lists every difference. What is in here
// keeps its look or its meaning for a reader. So these are not:
//   - printable ASCII. The alphabet lacks only the backtick, and a backtick may
//     be part of a password, a code or a command, where a quote is wrong. The
//     acute accent and the guillemets « » are only ever typed as quotes.
//   - letters with accents: é for e is another word in many languages.
//   - combining marks, which would follow their letter as a sign of its own.
//   - superscripts: 10² is not 102.
//   - currency signs, emoji and everything else whose meaning would be lost.
var looksLike = []struct{ to, from string }{
	{`"`, "«»“”„‟″ʺˮ❝❞〝〞"},
	{"'", "‘’‛′ʹʻʼʽˈ´ˊˋ❛❜\uFE10\uFE11"},
	{"-", "‐‑‒–—―−⁃•‣◦﹘﹣⎼⎽"},
	{"...", "…"},
	{"..", "‥"},
	{".", "।॥。﹒｡"},
	{",", "‚、﹐﹑､"},
	{":", "ːː˸⦂꞉\uFE13"},
	{";", "⁏﹔\uFE14"},
	{"!", "ǃ﹗\uFE15"},
	{"!!", "‼"},
	{"!?", "⁉"},
	{"?", "﹖\uFE16"},
	{"??", "⁇"},
	{"?!", "⁈"},
	{"/", "÷⁄∕⧸"},
	{`\`, "⧵⧹﹨"},
	{"|", "∣⎸⎹⏐⎜⎟"},
	{"_", "‗"},
	{"@", "﹫"},
	{"$", "﹩"},
	{"#", "﹟"},
	{"%", "﹪"},
	{"&", "﹠"},
	{"(", "❨❪﹙⟮⦅"},
	{")", "❩❫﹚⟯⦆"},
	{"{", "❴﹛"},
	{"}", "❵﹜"},
	{"<", "‹﹤"},
	{">", "›﹥"},
	{"=", "꞊﹦"},
	{"+", "˖﹢"},
	{"x", "×"},
	{"*", "⁎∗⊛✢✣✤✥✱✲✳✺✻✼✽❃❉❊❋⧆﹡"},
	{"^", "ˆ"},
	{"~", "˜˷∼"},
	// Spaces, one for one: a tab too, since columns do not line up on a handset.
	{" ", "\t\u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000"},
	{"\n", "\v\u2028\u2029"},
	// Small capitals.
	{"A", "ᴀ"}, {"B", "ʙ"}, {"C", "ᴄ"}, {"D", "ᴅ"}, {"E", "ᴇ"}, {"F", "ꜰ"}, {"G", "ɢ"}, {"H", "ʜ"}, {"I", "ɪ"},
	{"J", "ᴊ"}, {"K", "ᴋ"}, {"L", "ʟ"}, {"M", "ᴍ"}, {"N", "ɴ"}, {"O", "ᴏ"}, {"P", "ᴘ"}, {"R", "ʀ"}, {"S", "ꜱ"},
	{"T", "ᴛ"}, {"U", "ᴜ"}, {"V", "ᴠ"}, {"W", "ᴡ"}, {"Y", "ʏ"}, {"Z", "ᴢ"},
	// Windows-1252 that was read as Latin-1, as every browser understands it.
	{"€", "\u0080"}, {",", "\u0082"}, {`"`, "\u0084\u0093\u0094"}, {"...", "\u0085"}, {"<", "\u008B"},
	{"'", "\u0091\u0092"}, {"-", "\u0095\u0096\u0097"}, {"~", "\u0098"}, {">", "\u009B"}, {"^", "\u0088"},
	// Nothing to see. The other C0 controls are in replacement.
	{"", invisible + formatting},
}

const (
	// invisible has no effect on any text: soft hyphen, word joiner, byte order
	// mark.
	invisible = "\u00AD\u2060\uFEFF"
	// formatting has none on Latin text: zero-width space, joiners, direction
	// marks, variation selectors. Elsewhere they decide how letters join and
	// run, and which emoji is shown.
	formatting = "\u180E\u200B\u200C\u200D\u200E\u200F\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\uFE0E\uFE0F"
)

// fractions need a space after a digit: 1½ is not 11/2.
var fractions = map[rune]string{
	'½': "1/2", '⅓': "1/3", '⅔': "2/3", '¼': "1/4", '¾': "3/4", '⅕': "1/5", '⅖': "2/5", '⅗': "3/5", '⅘': "4/5", '⅙': "1/6", '⅚': "5/6",
	'⅐': "1/7", '⅛': "1/8", '⅜': "3/8", '⅝': "5/8", '⅞': "7/8", '⅑': "1/9", '⅒': "1/10",
}

// The full-width forms of printable ASCII (U+FF01 to U+FF5E) stand in its order.
const (
	firstFullWidth = 0xFF01
	lastFullWidth  = 0xFF5E
	fullWidthToASC = 0xFF01 - '!'
)

var replacements = compileReplacements()

func compileReplacements() map[rune]string {
	m := make(map[rune]string, 256)
	for _, group := range looksLike {
		for _, r := range group.from {
			m[r] = group.to
		}
	}
	return m
}

// replacement returns what may stand for r after the character before (0 at the
// beginning).
func replacement(before, r rune) (string, bool) {
	switch {
	case r >= firstFullWidth && r <= lastFullWidth:
		return plainASCII(string(r - fullWidthToASC))
	case r < ' ' && r != '\t' && r != '\v' || r == 0x7F:
		return "", r != '\n' && r != '\r' && r != '\f'
	}
	if to, ok := fractions[r]; ok {
		if before >= '0' && before <= '9' {
			to = " " + to
		}
		return to, true
	}
	to, ok := replacements[r]
	if ok && to == "" && before >= firstJoining && isFormatting(r) {
		return "", false
	}
	return to, ok
}

// firstJoining is where the scripts begin whose letters join or run from right
// to left (U+0590, Hebrew); what Latin, Greek and Cyrillic need is below.
const firstJoining = 0x0590

func isFormatting(r rune) bool {
	for _, f := range formatting {
		if r == f {
			return true
		}
	}
	return false
}

// plainASCII refuses the one printable ASCII character that is not GSM-7.
func plainASCII(s string) (string, bool) { return s, s != "`" }
