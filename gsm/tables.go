package gsm

// table is one of the tables in septet order: a basic one (the default alphabet
// or a locking shift table) or one for the septets after an escape.
type table [128]rune

// tables are all alphabets there are, compiled: by language, 0 being the
// default. The default codes hold both default tables.
type tables struct {
	defaults       codes
	locking        [languages]table
	single         [languages]table
	lockingCodes   [languages]codes
	singleCodes    [languages]codes
	membershipPage [512]uint8
	memberships    [][128]membership
}

// membership has a bit for every language whose locking or single shift table
// holds a character.
type membership struct{ locking, single uint16 }

// compiled is made once, before anything runs, and never changes.
var compiled = compile()

func compile() *tables {
	t := &tables{memberships: make([][128]membership, 1)}
	for l := range Language(languages) {
		t.locking[l], t.single[l] = lockingTable(l), singleTable(l)
		t.lockingCodes[l], t.singleCodes[l] = newCodes(), newCodes()
		t.lockingCodes[l].addBasic(&t.locking[l])
		t.singleCodes[l].addShift(&t.single[l])
		for septet := range t.locking[l] {
			if r := t.locking[l][septet]; r != noRune && septet != escape && l.locks() {
				t.member(r).locking |= 1 << l
			}
			if r := t.single[l][septet]; r != noRune {
				t.member(r).single |= 1 << l
			}
		}
	}
	t.defaults = newCodes()
	t.defaults.addBasic(&t.locking[NoLanguage])
	t.defaults.addShift(&t.single[NoLanguage])
	return t
}

// lockingTable reads the table of l. Spanish, which has none, gets the default.
func lockingTable(l Language) (t table) {
	source := lockingShifts[l]
	if source == "" {
		source = defaultBasic
	}
	septet := 0
	for _, r := range source {
		t[septet] = r
		septet++
	}
	return t
}

func singleTable(l Language) (t table) {
	if asianShifts[l] == "" {
		t.setPairs(defaultShift)
		t.setPairs(latinShifts[l])
		return t
	}
	septet := 0
	for _, r := range asianSigns + asianShifts[l] {
		t[septet] = r
		septet++
	}
	t.setPairs(asianPairs)
	return t
}

// setPairs fills places from septets and characters that take turns.
func (t *table) setPairs(pairs string) {
	var septet rune
	for i, r := range []rune(pairs) {
		if i%2 == 0 {
			septet = r
		} else {
			t[septet] = r
		}
	}
}

// member returns the entry of a BMP character, for compile.
func (t *tables) member(r rune) *membership {
	page := &t.membershipPage[r>>7]
	if *page == 0 {
		*page = uint8(len(t.memberships))
		t.memberships = append(t.memberships, [128]membership{})
	}
	return &t.memberships[*page][r&0x7F]
}

// holding tells which tables hold r.
func (t *tables) holding(r rune) membership {
	if uint32(r) > 0xFFFF {
		return membership{}
	}
	return t.memberships[t.membershipPage[r>>7]][r&0x7F]
}

// character returns what a septet stands for.
func (t *table) character(septet byte) rune {
	if r := t[septet&0x7F]; r != noRune {
		return r
	}
	return ' '
}
