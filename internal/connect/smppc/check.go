package smppc

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

// check fills in what depends on other keys and refuses what cannot work.
func (s *settings) check() error {
	if s.Port == 0 {
		s.Port = 2775
		if s.TLS != nil {
			s.Port = 3550
		}
	}
	for _, check := range []func() error{s.checkNumbers, s.checkHosts, s.checkWords, s.checkStrings, s.checkTimes} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) checkHosts() error {
	if len(s.Hosts) == 0 {
		return errors.New(`hosts is missing: give the operator's addresses, such as ["smpp.example.net:2775"]`)
	}
	s.Hosts = slices.Clone(s.Hosts)
	for i, h := range s.Hosts {
		host, port, err := net.SplitHostPort(h)
		if err != nil { // no port
			host, port = strings.Trim(h, "[]"), strconv.Itoa(s.Port)
		}
		if n, err := strconv.Atoi(port); host == "" || err != nil || n < 1 || n > 65535 || strings.ContainsAny(host, " /@") {
			return fmt.Errorf("hosts: entry %d is not a host or host:port", i+1)
		}
		s.Hosts[i] = net.JoinHostPort(host, port)
	}
	if t := s.TLS; t != nil && (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New("tls: cert_file and key_file go together")
	}
	return nil
}

func (s *settings) checkWords() error {
	for _, c := range []struct {
		key, value string
		words      []string
	}{
		{"bind", s.Bind, []string{bindTransceiver, bindPair, bindTransmitter}},
		{"interface_version", s.InterfaceVersion, []string{"3.3", "3.4", "5.0"}},
		{"validity", s.Validity, []string{validityRelative, validityAbsolute, validityNone}},
		{"destination_prefix", s.DestinationPrefix, []string{"", "+", "00"}},
		{"receipt_id", s.ReceiptID, []string{"auto", "same", "decimal", "hex"}},
		{"receipt_to", s.ReceiptTo, []string{"source", "destination", "none"}},
		{"refuse_status", s.RefuseStatus, []string{"syserr", "rx_t_appn"}},
		{"default_alphabet", s.DefaultAlphabet.String(), alphabets()},
		{"query", s.Query, []string{queryOff, queryOn}},
	} {
		if !slices.Contains(c.words, c.value) {
			return fmt.Errorf("%s must be one of %s", c.key, strings.Join(slices.DeleteFunc(c.words, func(w string) bool { return w == "" }), ", "))
		}
	}
	return nil
}

func (s *settings) checkStrings() error {
	if s.SystemID == "" {
		return errors.New("system_id is missing: the operator gives it with the password")
	}
	for _, c := range []struct {
		key, value string
		most       int
	}{ // SMPP 3.4 §5.2.1 to §5.2.3, §5.2.7, §5.2.11, §5.2.8
		{"system_id", s.SystemID, 15}, {"password", string(s.Password), 64}, {"system_type", s.SystemType, 12},
		{"address_range", s.AddressRange, 40}, {"service_type", s.ServiceType, 5}, {"source_address", s.SourceAddress, 20},
	} {
		if len(c.value) > c.most || strings.IndexByte(c.value, 0) >= 0 {
			return fmt.Errorf("%s must be at most %d octets without NUL", c.key, c.most)
		}
	}
	return nil
}

func (s *settings) checkNumbers() error {
	for _, c := range []struct {
		key         string
		value       int
		least, most int
	}{
		{"port", s.Port, 1, 65535}, {"binds", s.Binds, 1, 100}, {"priority", int(s.Priority), 0, 3},
		{"registered_delivery", int(s.RegisteredDelivery), 0, 31}, {"max_inbound", s.MaxInbound, 1, 100000},
	} {
		if c.value < c.least || c.value > c.most {
			return fmt.Errorf("%s must be between %d and %d", c.key, c.least, c.most)
		}
	}
	return nil
}

func (s *settings) checkTimes() error {
	for _, c := range []struct {
		key   string
		value sms.Duration
	}{
		{"connect_timeout", s.ConnectTimeout}, {"bind_timeout", s.BindTimeout}, {"response_timeout", s.ResponseTimeout},
		{"enquire_interval", s.EnquireInterval}, {"enquire_timeout", s.EnquireTimeout}, {"unbind_timeout", s.UnbindTimeout},
		{"reconnect_min", s.ReconnectMin}, {"reconnect_max", s.ReconnectMax},
		{"reconnect_refused", s.ReconnectRefused}, {"reconnect_stable", s.ReconnectStable},
	} {
		if c.value <= 0 {
			return fmt.Errorf("%s must be more than zero", c.key)
		}
	}
	if s.ReconnectMax < s.ReconnectMin {
		return errors.New("reconnect_max is less than reconnect_min")
	}
	return nil
}

// defaultAlphabets are the charsets that an operator may take data_coding 0 for:
// those of one octet a character.
var defaultAlphabets = []gsm.Charset{gsm.CharsetGSM7, gsm.CharsetGSM7Packed, gsm.CharsetLatin1, gsm.CharsetASCII,
	gsm.CharsetCyrillic, gsm.CharsetHebrew}

func alphabets() (words []string) {
	for _, cs := range defaultAlphabets {
		words = append(words, cs.String())
	}
	return words
}
