package egress

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Check parses a customer's URL and refuses what can be refused without asking the
// DNS: another scheme than http or https, user and password in it, a port that is
// not open, and every spelling of an address but the canonical one. The URL that it
// returns has its host in ASCII.
func (r Rules) Check(raw string) (*url.URL, error) {
	if strings.ContainsFunc(raw, func(c rune) bool { return c <= ' ' || c == 0x7f || c == '\\' }) {
		return nil, refuse("the URL holds a blank, a control character or a backslash")
	}
	if len(raw) > maxURL {
		return nil, refuse("the URL is longer than %d characters", maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error quotes the URL, which may hold a secret.
		return nil, refuse("the URL cannot be parsed")
	}
	if err := r.checkURL(u); err != nil {
		return nil, err
	}
	return u, nil
}

const maxURL = 4096

func (r Rules) checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("the URL does not begin with http:// or https://")
	case u.Opaque != "" || u.Host == "":
		return refuse("the URL has no host")
	case u.User != nil:
		return refuse("the URL holds a user name; that is not possible here")
	}
	host, err := checkHost(u.Hostname())
	if err != nil {
		return err
	}
	port, err := portOf(u)
	if err != nil {
		return err
	}
	if err := r.checkPort(port); err != nil {
		return err
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if err := r.checkAddr(a); err != nil {
			return err
		}
		if a.Is6() {
			host = "[" + host + "]"
		}
	}
	if p := u.Port(); p != "" {
		host += ":" + p
	}
	u.Host = host
	return nil
}

// checkHost returns the host in ASCII and lower case, and refuses what one program
// takes for a name and the next one for an address.
func checkHost(host string) (string, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		// Only the canonical form: ::1 and not 0:0:0:0:0:0:0:1.
		if a.String() != strings.ToLower(host) || a.Zone() != "" || a.Is4In6() {
			return "", refuse("the host is an address in an unusual form")
		}
		return a.String(), nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		ascii = strings.ToLower(host) // names with an underscore are no IDNA, but in use
	}
	if !isPlainName(ascii) || len(ascii) > 253 {
		return "", refuse("the host is not a valid name")
	}
	labels := strings.Split(strings.TrimSuffix(ascii, "."), ".")
	last := labels[len(labels)-1]
	// 127.1, 2130706433, 0x7f.0.0.1, 0177.0.0.1, and what full-width digits become:
	// to inet_aton they are addresses (WHATWG URL, "ends in a number").
	if last == "" || isNumber(last) {
		return "", refuse("the host is an address in an unusual form")
	}
	return ascii, nil
}

func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(strings.ToLower(label), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func isPlainName(host string) bool {
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == "" && !strings.Contains(host, "..")
}

func portOf(u *url.URL) (uint16, error) {
	text := u.Port()
	switch {
	case text == "" && strings.HasSuffix(u.Host, ":"):
		return 0, refuse("the URL has a colon but no port")
	case text == "" && u.Scheme == "https":
		return 443, nil
	case text == "":
		return 80, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != text {
		return 0, refuse("the port is not valid")
	}
	return uint16(n), nil
}

func (r Rules) checkPort(port uint16) error {
	open := r.Ports
	if len(open) == 0 {
		open = []uint16{80, 443}
	}
	for _, p := range open {
		if p == port {
			return nil
		}
	}
	return refuse("port %d is not open to customers", port)
}
