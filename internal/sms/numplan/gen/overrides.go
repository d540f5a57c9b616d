package main

// The local overrides: where the metadata of phonenumbers is not what a
// messaging platform needs. Each entry says why. After a change run
// `go generate ./internal/sms/numplan`.

// trunkOverrides replaces the prefixes that are dialled in front of a
// national number inside the country (the metadata gives one prefix, or hides
// several in a parsing rule). Tried in this order.
var trunkOverrides = map[string][]string{
	// 8 is the trunk prefix and 80 what is written in most directories,
	// 0 being the new one ("0|80?" in the metadata's parsing rule).
	"BY": {"80", "8", "0"},
	// The metadata gives no prefix, but its parsing rule strips the 0 of the
	// nine-digit national form.
	"GA": {"0"},
	// 8 was replaced by 0 in 2023 ("[08]" in the parsing rule); lists
	// still hold both.
	"LT": {"0", "8"},
}

// rejectedPrefixes are leading digits no national number of a calling code
// can have, so that not even an explicit + makes them possible.
var rejectedPrefixes = map[string][]string{
	// An area code of the North American plan begins with 2 to 9
	// (NANPA, NPA-NXX format); the plan is closed.
	"1": {"0", "1"},
	// Chinese mobile numbers begin with 13 to 19. Without this the unknown
	// 12 would count as mobile, like its neighbours, and 1 2xx xxx xxxx,
	// a North American number written with its country code, would become
	// Chinese for an account in China.
	"86": {"12"},
}

// A rangeOverride adds a pattern to a region.
type rangeOverride struct {
	iso     string
	role    role
	pattern string
}

var rangeOverrides = []rangeOverride{
	// The metadata counts the wireless local loop of former PSTN operators
	// as mobile. Mobile access codes in Bangladesh are 01x (BTRC national
	// numbering plan); without this, ten digits such as 66 2xxx xxxx, a
	// Bangkok number written with its country code, become Bangladeshi.
	{iso: "BD", role: roleDemote, pattern: `(?:3[78]|44|66)\d{8}|644\d{7}`},
}

// networkNames names the calling codes that belong to no country; the
// metadata and CLDR only say "001", the world.
var networkNames = map[string]string{
	"870": "Inmarsat",
	"878": "Universal Personal Telecommunications",
	"881": "Global Mobile Satellite System",
	"882": "International Networks",
	"883": "International Networks",
}
