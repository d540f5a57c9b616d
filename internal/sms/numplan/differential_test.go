package numplan

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	pn "github.com/nyaruka/phonenumbers"
)

// The markets compared in depth; the others get fewer numbers.
var comparedInDepth = []string{"BD", "LK", "NG", "KE", "CI", "SO", "MV", "IN", "GB", "US", "DE", "IT", "FR", "PK", "AE", "SA", "MY", "SG", "CN", "BR", "RU", "ZA", "GA", "BJ"}

// subscriberTypes are the types the table is made of.
var subscriberTypes = map[pn.PhoneNumberType]bool{
	pn.MOBILE: true, pn.FIXED_LINE: true, pn.FIXED_LINE_OR_MOBILE: true,
	pn.VOIP: true, pn.PERSONAL_NUMBER: true, pn.PAGER: true,
}

// theirs builds phonenumbers' form of a number without parsing it.
func theirs(t testing.TB, code int, nsn string) *pn.PhoneNumber {
	t.Helper()
	national, err := strconv.ParseUint(nsn, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	cc := int32(code)
	n := &pn.PhoneNumber{CountryCode: &cc, NationalNumber: &national}
	if zeros := int32(len(nsn) - len(strings.TrimLeft(nsn, "0"))); zeros > 0 {
		if zeros == int32(len(nsn)) {
			zeros--
		}
		yes := true
		n.ItalianLeadingZero, n.NumberOfLeadingZeros = &yes, &zeros
	}
	return n
}

// national numbers to compare: uniform ones, and real ones with their last
// digits changed, so that sparse ranges are hit too.
func nationalNumbers(iso string, rnd *rand.Rand, count int) []string {
	var list []string
	var examples []string
	for _, typ := range []pn.PhoneNumberType{pn.MOBILE, pn.FIXED_LINE, pn.VOIP, pn.PERSONAL_NUMBER, pn.TOLL_FREE, pn.PREMIUM_RATE} {
		if e := pn.GetExampleNumberForType(iso, typ); e != nil {
			examples = append(examples, pn.GetNationalSignificantNumber(e))
		}
	}
	for range count {
		nsn := make([]byte, 3+rnd.IntN(12))
		for i := range nsn {
			nsn[i] = '0' + byte(rnd.IntN(10))
		}
		if len(examples) > 0 && rnd.IntN(3) > 0 {
			nsn = []byte(examples[rnd.IntN(len(examples))])
			for i := rnd.IntN(len(nsn)); i < len(nsn); i++ {
				nsn[i] = '0' + byte(rnd.IntN(10))
			}
		}
		list = append(list, string(nsn))
	}
	return list
}

// Every difference from phonenumbers' IsPossibleNumber has one of the reasons
// below, and a number that phonenumbers knows as a subscriber's is possible
// here, with the same country and the same idea of mobile.
func TestAgainstPhonenumbers(t *testing.T) {
	for _, c := range Countries() {
		iso, samples := c.ISO(), 100
		if slices.Contains(comparedInDepth, iso) {
			samples = 1000
		}
		t.Run(iso, func(t *testing.T) {
			code, err := strconv.Atoi(c.CallingCode())
			if err != nil {
				t.Fatal(err)
			}
			rnd := rand.New(rand.NewPCG(1, uint64(code)))
			counts := map[string]int{}
			for _, nsn := range nationalNumbers(iso, rnd, samples) {
				counts[compare(t, c, code, nsn)]++
			}
			if counts["known"] < samples/50 || counts["both refuse"] < samples/50 {
				t.Errorf("too few numbers of a sort to mean anything: %v", counts)
			}
			t.Log(counts)
		})
	}
}

// compare checks one number and names the outcome.
func compare(t *testing.T, c Country, code int, nsn string) string {
	t.Helper()
	their := theirs(t, code, nsn)
	r, ours := c.plan().at([]byte(nsn), 0)
	typ := pn.GetNumberType(their)
	total := len(c.CallingCode()) + len(nsn)

	if subscriberTypes[typ] && total >= 7 && total <= 15 {
		if !ours {
			t.Errorf("+%d %s: valid (type %v) but not possible here", code, nsn, typ)
		}
		if got, want := r.plan.country(r.leaf).ISO(), pn.GetRegionCodeForNumber(their); got != want {
			t.Errorf("+%d %s: country %s, want %s", code, nsn, got, want)
		}
		mobile := typ == pn.MOBILE || typ == pn.FIXED_LINE_OR_MOBILE
		if r.mobile != mobile && !(demoted(c, nsn) && !r.mobile) {
			t.Errorf("+%d %s: mobile=%v, type is %v", code, nsn, r.mobile, typ)
		}
		return "known"
	}
	reason := pn.IsPossibleNumberWithReason(their)
	possible := reason == pn.IS_POSSIBLE
	switch {
	case ours && possible:
		return "both accept"
	case !ours && !possible:
		return "both refuse" // their local-only lengths cannot be E.164
	case ours:
		t.Errorf("+%d %s: possible here, but phonenumbers says %v", code, nsn, reason)
		return "wrong"
	case total < 7 || total > 15:
		return "outside E.164"
	case !subscriberLength(c.ISO(), len(nsn)):
		return "length only of toll-free and the like"
	case r.leaf == (leaf{}):
		return "leading digits no number has"
	case r.leaf.known && !r.leaf.possible(len(nsn)):
		return "length not with these leading digits"
	case !r.leaf.known && Country(0) != c && BareMobile == formOf(t, c, c.CallingCode()+nsn):
		return "digits are a national mobile number"
	}
	t.Errorf("+%d %s: refused here without a known reason", code, nsn)
	return "wrong"
}

func formOf(t *testing.T, c Country, input string) Form {
	t.Helper()
	n, err := Normalize(input, c)
	if err != nil {
		return 0
	}
	return n.Form
}

// demoted: the wireless local loop of Bangladesh, see gen/overrides.go.
func demoted(c Country, nsn string) bool { return c.ISO() == "BD" && nsn[0] != '1' }

// subscriberLength asks the metadata itself whether subscriber numbers of
// the calling code can have n digits.
func subscriberLength(iso string, n int) bool {
	for _, typ := range []pn.PhoneNumberType{pn.MOBILE, pn.FIXED_LINE, pn.VOIP, pn.PERSONAL_NUMBER, pn.PAGER} {
		for _, l := range metadataLengths[iso][typ] {
			if int(l) == n {
				return true
			}
		}
	}
	return false
}

var metadataLengths = loadMetadataLengths()

func loadMetadataLengths() map[string]map[pn.PhoneNumberType][]int32 {
	collection, err := pn.MetadataCollection()
	if err != nil {
		panic(err)
	}
	all := map[string]map[pn.PhoneNumberType][]int32{}
	for _, m := range collection.GetMetadata() {
		lengths := map[pn.PhoneNumberType][]int32{}
		for typ, desc := range map[pn.PhoneNumberType]*pn.PhoneNumberDesc{
			pn.MOBILE: m.GetMobile(), pn.FIXED_LINE: m.GetFixedLine(), pn.VOIP: m.GetVoip(),
			pn.PERSONAL_NUMBER: m.GetPersonalNumber(), pn.PAGER: m.GetPager(),
		} {
			if p := desc.GetNationalNumberPattern(); p == "" || p == "NA" {
				continue // the type does not exist there
			}
			lengths[typ] = desc.GetPossibleLength()
			if len(lengths[typ]) == 0 {
				lengths[typ] = m.GetGeneralDesc().GetPossibleLength()
			}
		}
		all[m.GetId()] = lengths
	}
	return all
}

// The example numbers of every country, written in every form, come back.
// The national form is the one phonenumbers prints.
func TestExamplesOfEveryCountry(t *testing.T) {
	checked := 0
	for _, c := range Countries() {
		for _, typ := range []pn.PhoneNumberType{pn.MOBILE, pn.FIXED_LINE, pn.VOIP, pn.PERSONAL_NUMBER} {
			e := pn.GetExampleNumberForType(c.ISO(), typ)
			if e == nil {
				continue
			}
			nsn := pn.GetNationalSignificantNumber(e)
			want := c.CallingCode() + nsn
			if total := len(want); total < 7 || total > 15 {
				continue
			}
			forms := []string{
				"+" + want, "00" + want, want,
				pn.Format(e, pn.INTERNATIONAL), pn.Format(e, pn.RFC3966)[len("tel:"):],
				fmt.Sprintf("+%s (0) %s", c.CallingCode(), nsn),
			}
			if typ == pn.MOBILE && c.ISO() != "AR" { // 0 11 15-… for 9 11 …: not read
				forms = append(forms, pn.Format(e, pn.NATIONAL), nsn)
			}
			if len(c.entry().trunks) == 0 || c.entry().trunks[0] != "0" {
				forms = forms[:5:5]
			}
			for _, form := range forms {
				n, err := Normalize(form, c)
				if err != nil || n.E164 != want {
					t.Errorf("%s %v %q: got %q, %v, want %s", c, typ, form, n.E164, err, want)
				}
				if typ == pn.MOBILE && !n.Mobile {
					t.Errorf("%s %q: not mobile", c, form)
				}
				checked++
			}
		}
	}
	if checked < 2000 {
		t.Errorf("only %d numbers checked", checked)
	}
}
