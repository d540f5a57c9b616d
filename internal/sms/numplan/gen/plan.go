package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// maxTotal and minTotal bound calling code and national number together:
// E.164 ends at 15 digits, and no country's numbers have fewer than 7.
const (
	minTotal = 7
	maxTotal = 15
)

// A role is what a pattern says about the numbers it matches.
type role uint8

const (
	roleMobile role = iota // a mobile number, possibly a fixed one too
	roleOther              // another number a subscriber can have
	roleDemote             // not a mobile number, whatever roleMobile says
)

// A kind is one pattern of a region with the lengths it is used at.
type kind struct {
	role    role
	pattern *automaton
	lengths lengthSet
}

// A lengthSet has bit L set when national numbers of L digits are possible.
type lengthSet uint16

func (s lengthSet) has(n int) bool { return n >= 0 && n < 16 && s>>n&1 == 1 }

// A region is one country or territory; several may share a calling code.
type region struct {
	iso     string
	code    string
	name    string
	trunks  []string
	leading *automaton // digits every number of the region begins with; nil: any
	kinds   []kind
}

// A plan is everything behind one calling code. regions[0] is the main one.
type plan struct {
	code    string
	regions []*region
	reject  []string // leading digits no number can have
}

// loadPlans reads the metadata, applies the overrides and returns the plans
// in the order of their codes. A calling code whose numbers cannot take a
// message at all (800, 808, 888, 979) is left out.
func loadPlans() ([]*plan, error) {
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		return nil, err
	}
	byCode := map[string]*plan{}
	for _, meta := range collection.GetMetadata() {
		r, err := newRegion(meta)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", meta.GetId(), err)
		}
		if r.lengths() == 0 {
			continue
		}
		if r.name, err = regionName(r.iso, r.code); err != nil {
			return nil, err
		}
		p := byCode[r.code]
		if p == nil {
			p = &plan{code: r.code, reject: rejectedPrefixes[r.code]}
			byCode[r.code] = p
		}
		if meta.GetMainCountryForCode() {
			p.regions = slices.Insert(p.regions, 0, r)
		} else {
			p.regions = append(p.regions, r)
		}
	}
	plans := make([]*plan, 0, len(byCode))
	for _, p := range byCode {
		plans = append(plans, p)
		main := phonenumbers.GetRegionCodeForCountryCode(atoi(p.code))
		if got := p.regions[0].iso; got != main {
			return nil, fmt.Errorf("main region of %s: got %s, want %s", p.code, got, main)
		}
		// The order decides whose a number is that two regions claim.
		slices.SortFunc(p.regions[1:], func(a, b *region) int { return strings.Compare(a.iso, b.iso) })
	}
	slices.SortFunc(plans, func(a, b *plan) int { return strings.Compare(a.code, b.code) })
	return plans, nil
}

func newRegion(meta *phonenumbers.PhoneMetadata) (*region, error) {
	r := &region{
		iso:  meta.GetId(),
		code: strconv.Itoa(int(meta.GetCountryCode())),
	}
	if t := meta.GetNationalPrefix(); t != "" {
		r.trunks = []string{t}
	}
	if t, ok := trunkOverrides[r.iso]; ok {
		r.trunks = t
	}
	if l := meta.GetLeadingDigits(); l != "" {
		a, err := newAutomaton(l)
		if err != nil {
			return nil, err
		}
		r.leading = a
	}
	// Toll-free, premium, shared-cost, UAN and voicemail numbers are left
	// out: no message can be delivered to them, and their odd lengths would
	// make mistyped subscriber numbers possible.
	err := r.addMeta(meta, roleMobile, meta.GetMobile())
	for _, desc := range []*phonenumbers.PhoneNumberDesc{
		meta.GetFixedLine(), meta.GetVoip(), meta.GetPersonalNumber(), meta.GetPager(),
	} {
		if err == nil {
			err = r.addMeta(meta, roleOther, desc)
		}
	}
	for _, o := range rangeOverrides {
		if err == nil && o.iso == r.iso {
			err = r.add(o.role, o.pattern, 0xFFFF)
		}
	}
	return r, err
}

func (r *region) addMeta(meta *phonenumbers.PhoneMetadata, as role, desc *phonenumbers.PhoneNumberDesc) error {
	lengths := desc.GetPossibleLength()
	if len(lengths) == 0 {
		lengths = meta.GetGeneralDesc().GetPossibleLength()
	}
	var set lengthSet
	for _, n := range lengths {
		if n >= 0 && n < 16 {
			set |= 1 << n
		}
	}
	return r.add(as, desc.GetNationalNumberPattern(), set)
}

// add adds a pattern, cut down to the lengths E.164 allows.
func (r *region) add(as role, pattern string, lengths lengthSet) error {
	a, err := newAutomaton(pattern)
	if err != nil {
		return err
	}
	for n := range 16 {
		if total := len(r.code) + n; total < minTotal || total > maxTotal {
			lengths &^= 1 << n
		}
	}
	r.kinds = append(r.kinds, kind{role: as, pattern: a, lengths: lengths})
	return nil
}

// lengths returns the lengths the region's known numbers really have.
func (r *region) lengths() lengthSet {
	f := newProbe(r).facts(newCursor(r), 0)
	return f.mobile | f.other
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err) // the strings come from Itoa
	}
	return n
}
