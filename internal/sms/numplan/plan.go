package numplan

// A plan is the numbering plan behind one calling code.
type plan struct {
	code  string
	root  uint16 // of the trie: an index in nodes, or with leafBit in leaves
	first uint16 // index in planCountries of the main country
}

// leafBit marks a reference to a leaf in the trie.
const leafBit = 0x8000

// A leaf is what the leading digits of a national number decide.
type leaf struct {
	lengths uint16 // bit n: national numbers of n digits are possible
	mobile  uint16 // bit n: and may be mobile numbers
	region  uint8  // which country of the plan, counted from plan.first
	known   bool   // the first digit is in use
}

func (l leaf) possible(n int) bool { return l.lengths>>uint(n)&1 == 1 } // shifts of 16 and more give 0
func (l leaf) isMobile(n int) bool { return l.mobile>>uint(n)&1 == 1 }

// planOf finds the plan whose calling code d begins with; its code is ""
// if there is none.
func planOf(d []byte) *plan {
	if len(d) < 3 {
		return &plans[0]
	}
	return &plans[planByDigits[int(d[0]-'0')*100+int(d[1]-'0')*10+int(d[2]-'0')]]
}

// follow walks the trie from ref along d. It stops at a leaf.
func follow(ref uint16, d []byte) uint16 {
	for _, c := range d {
		if ref&leafBit != 0 {
			break
		}
		ref = nodes[ref][c-'0']
	}
	return ref
}

// at returns the leaf ref stands for. A number that ended before a leaf is
// too short to be possible: the zero leaf.
func at(ref uint16) leaf {
	if ref&leafBit == 0 {
		return leaf{}
	}
	return leaves[ref&^leafBit]
}

// find returns the leaf of a national number.
func (p *plan) find(nsn []byte) leaf { return at(follow(p.root, nsn)) }

// possible returns the leaf of a national number and whether the number is
// possible.
func (p *plan) possible(nsn []byte) (leaf, bool) {
	l := p.find(nsn)
	if !l.possible(len(nsn)) {
		return l, false
	}
	if l.known {
		return l, true
	}
	// Unknown leading digits: a mobile number whose own digits begin like
	// the calling code is the better reading, always, so that the same
	// digits never mean two numbers.
	var code [3]byte
	n := copy(code[:], p.code)
	whole := at(follow(follow(p.root, code[:n]), nsn))
	return l, !whole.isMobile(n + len(nsn))
}

// country returns whose number l decides it is.
func (p *plan) country(l leaf) Country { return planCountries[p.first+uint16(l.region)] }
