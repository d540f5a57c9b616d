package numplan

import (
	"fmt"
	"sort"
	"strings"
)

// A Country is a country or territory with a calling code, or one of the few
// networks that have a calling code of their own. The zero value is no
// country. Values are not stable between versions: store the ISO code.
type Country uint16

// NoCountry, as the default country of Normalize, means that every number
// must have its calling code.
const NoCountry Country = 0

// networkISO is the code of calling codes that belong to no country
// (UN M.49: the world), such as Inmarsat's 870.
const networkISO = "001"

type country struct {
	iso, name string
	plan      uint8    // index in plans
	trunks    []string // dialled before a national number, in the order to try
}

func (c Country) entry() *country {
	if int(c) >= len(countries) {
		return &countries[NoCountry]
	}
	return &countries[c]
}

func (c Country) plan() *plan { return &plans[c.entry().plan] }

// ISO returns the ISO 3166-1 alpha-2 code, "001" for a network that belongs
// to no country, "" for NoCountry.
func (c Country) ISO() string { return c.entry().iso }

// Name returns the English name.
func (c Country) Name() string { return c.entry().name }

// CallingCode returns the country calling code without +, such as "880".
func (c Country) CallingCode() string { return c.plan().code }

// String returns the ISO code.
func (c Country) String() string { return c.ISO() }

// ByISO finds a country by its ISO 3166-1 alpha-2 code, without regard to
// case.
func ByISO(iso string) (Country, bool) {
	if len(iso) != 2 {
		return NoCountry, false
	}
	iso = strings.ToUpper(iso)
	i := sort.Search(len(countries), func(i int) bool { return countries[i].iso >= iso })
	if i == len(countries) || countries[i].iso != iso {
		return NoCountry, false
	}
	return Country(i), true
}

// ByCallingCode finds the main country of a calling code, such as "880" (of
// "1" the United States, of "7" Russia, of "44" the United Kingdom).
func ByCallingCode(code string) (Country, bool) {
	i := sort.Search(len(plans), func(i int) bool { return plans[i].code >= code })
	if code == "" || i == len(plans) || plans[i].code != code {
		return NoCountry, false
	}
	return planCountries[plans[i].first], true
}

// ParseCountry reads what an operator writes for the default country of an
// account: an ISO code ("BD") or a calling code ("880", "+880").
func ParseCountry(s string) (Country, error) {
	s = strings.TrimSpace(s)
	if c, ok := ByISO(s); ok {
		return c, nil
	}
	if c, ok := ByCallingCode(strings.TrimPrefix(s, "+")); ok && c.ISO() != networkISO {
		return c, nil
	}
	return NoCountry, fmt.Errorf("unknown country %.20q: give a two-letter ISO code such as BD or a calling code such as 880", s)
}

// Countries returns every country an account can have as its default, by
// ISO code. The networks of no country are not among them.
func Countries() []Country {
	list := make([]Country, 0, len(countries))
	for i := 1; i < len(countries); i++ {
		if countries[i].iso != networkISO {
			list = append(list, Country(i))
		}
	}
	return list
}
