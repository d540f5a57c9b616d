package smppc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// settings are the Settings of a connector of protocol smpp, with the defaults
// filled in. docs/smpp.md explains them to operators; a key that is not listed
// in table is an error.
type settings struct {
	Hosts []string // host or host:port; binds are spread over them, each fails over to the next
	Port  int      // of hosts without one; 2775, with TLS 3550
	TLS   *tlsSettings

	SystemID         string
	Password         smpp.Secret
	SystemType       string
	InterfaceVersion string // "3.4" (default), "3.3", "5.0"
	AddressTON       uint8
	AddressNPI       uint8
	AddressRange     string
	Bind             string // "transceiver" (default), "transmitter+receiver", "transmitter"
	Binds            int    // sessions of each kind; 1

	ConnectTimeout   sms.Duration // TCP and TLS; 10 s
	BindTimeout      sms.Duration // 10 s
	ResponseTimeout  sms.Duration // of a submit_sm; after it the outcome is unknown; 60 s
	EnquireInterval  sms.Duration // of silence before an enquire_link; 20 s
	EnquireTimeout   sms.Duration // two silences of this length after it: the link is dead; 10 s
	UnbindTimeout    sms.Duration // how long an unbind waits for open requests; 10 s
	ReconnectMin     sms.Duration // first pause, grows to ReconnectMax, with jitter; 1 s
	ReconnectMax     sms.Duration // 60 s
	ReconnectRefused sms.Duration // least pause after a wrong system_id or password; 5 min
	ReconnectStable  sms.Duration // a bind that lived for less counts as a failure; 60 s

	DefaultAlphabet   gsm.Charset // what the operator's default alphabet is: gsm7, gsm7-packed, latin1, ascii
	DataCodingDefault uint8       // data_coding of a text in it; 0
	DataCodingUCS2    uint8       // 8
	FlashDefault      uint8       // data_coding of class 0 in it; 0x10
	FlashUCS2         uint8       // 0x18

	SourceAddress       string      // replaces the sender of every message
	SourceAlphanumeric  tonNPI      // 5/0
	SourceInternational tonNPI      // 1/1
	SourceShort         tonNPI      // 3/0
	Destination         tonNPI      // 1/1
	DestinationShort    tonNPI      // 3/0
	DestinationPrefix   string      // before the digits of a number: "", "+" or "00"
	ServiceType         string      //
	Priority            uint8       // 0 to 3
	RegisteredDelivery  uint8       // of a message that wants a receipt; 1
	Validity            string      // "relative" (default), "absolute", "none"
	StatusVerdicts      statusTable // what a command_status means here, over the table in verdict.go

	ReceiptID           string // how receipts write ids, against responses: "auto" (default), "same", "decimal", "hex"
	ReceiptTo           string // which address of a receipt is the recipient: "source" (default), "destination", "none"
	ReceiptsWithoutFlag bool   // a text "id:... stat:..." is a receipt even without the esm_class
	RefuseStatus        string // what asks the operator to deliver again: "syserr" (default), "rx_t_appn"
	MaxInbound          int    // deliver_sm and data_sm in hand per bind; 512
}

// tonNPI is the type and plan of an address.
type tonNPI struct {
	TON uint8 `json:"ton"`
	NPI uint8 `json:"npi"`
}

// tlsSettings switch TLS on. The operator's certificate is always verified.
type tlsSettings struct {
	ServerName string `json:"server_name"` // name in the certificate; the host if empty
	CAFile     string `json:"ca_file"`     // PEM; the system's roots if empty
	CertFile   string `json:"cert_file"`   // PEM, our own certificate
	KeyFile    string `json:"key_file"`
}

// table binds the keys to the fields.
func (s *settings) table() map[string]any {
	return map[string]any{
		"hosts": &s.Hosts, "port": &s.Port, "tls": &s.TLS,
		"system_id": &s.SystemID, "password": (*string)(&s.Password), "system_type": &s.SystemType,
		"interface_version": &s.InterfaceVersion,
		"address_ton":       &s.AddressTON, "address_npi": &s.AddressNPI, "address_range": &s.AddressRange,
		"bind": &s.Bind, "binds": &s.Binds,
		"connect_timeout": &s.ConnectTimeout, "bind_timeout": &s.BindTimeout, "response_timeout": &s.ResponseTimeout,
		"enquire_interval": &s.EnquireInterval, "enquire_timeout": &s.EnquireTimeout, "unbind_timeout": &s.UnbindTimeout,
		"reconnect_min": &s.ReconnectMin, "reconnect_max": &s.ReconnectMax,
		"reconnect_refused": &s.ReconnectRefused, "reconnect_stable": &s.ReconnectStable,
		"default_alphabet": &s.DefaultAlphabet, "data_coding_default": &s.DataCodingDefault, "data_coding_ucs2": &s.DataCodingUCS2,
		"flash_default": &s.FlashDefault, "flash_ucs2": &s.FlashUCS2,
		"source_address": &s.SourceAddress, "source_alphanumeric": &s.SourceAlphanumeric,
		"source_international": &s.SourceInternational, "source_short": &s.SourceShort,
		"destination": &s.Destination, "destination_short": &s.DestinationShort, "destination_prefix": &s.DestinationPrefix,
		"service_type": &s.ServiceType, "priority": &s.Priority, "registered_delivery": &s.RegisteredDelivery,
		"validity": &s.Validity, "status_verdicts": &s.StatusVerdicts,
		"receipt_id": &s.ReceiptID, "receipt_to": &s.ReceiptTo, "receipts_without_flag": &s.ReceiptsWithoutFlag,
		"refuse_status": &s.RefuseStatus, "max_inbound": &s.MaxInbound,
	}
}

func defaults() *settings {
	return &settings{
		InterfaceVersion: "3.4", Bind: bindTransceiver, Binds: 1,
		ConnectTimeout: seconds(10), BindTimeout: seconds(10), ResponseTimeout: seconds(60),
		EnquireInterval: seconds(20), EnquireTimeout: seconds(10), UnbindTimeout: seconds(10),
		ReconnectMin: seconds(1), ReconnectMax: seconds(60), ReconnectRefused: seconds(300), ReconnectStable: seconds(60),
		DefaultAlphabet: gsm.CharsetGSM7, DataCodingUCS2: smpp.CodingUCS2, FlashDefault: 0x10, FlashUCS2: 0x18,
		SourceAlphanumeric:  tonNPI{uint8(smpp.TONAlphanumeric), uint8(smpp.NPIUnknown)},
		SourceInternational: tonNPI{uint8(smpp.TONInternational), uint8(smpp.NPIISDN)},
		SourceShort:         tonNPI{uint8(smpp.TONNetworkSpecific), uint8(smpp.NPIUnknown)},
		Destination:         tonNPI{uint8(smpp.TONInternational), uint8(smpp.NPIISDN)},
		DestinationShort:    tonNPI{uint8(smpp.TONNetworkSpecific), uint8(smpp.NPIUnknown)},
		RegisteredDelivery:  smpp.ReceiptAlways,
		Validity:            validityRelative,
		ReceiptID:           "auto", ReceiptTo: "source", RefuseStatus: "syserr", MaxInbound: 512,
	}
}

func seconds(n int) sms.Duration { return sms.Duration(time.Duration(n) * time.Second) }

// The words of the settings that choose.
const (
	bindTransceiver = "transceiver"
	bindPair        = "transmitter+receiver"
	bindTransmitter = "transmitter"

	validityRelative = "relative"
	validityAbsolute = "absolute"
	validityNone     = "none"
)

// parseSettings reads the settings of a connector. The error names the key and
// says what to do, and never holds a value.
func parseSettings(raw json.RawMessage) (*settings, error) {
	s := defaults()
	keys := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(raw)) > 0 {
		if err := json.Unmarshal(raw, &keys); err != nil {
			return nil, errors.New("the settings are not a JSON object")
		}
	}
	table := s.table()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		field, known := table[key]
		if !known {
			return nil, fmt.Errorf("unknown key %q: the keys are %s", key, strings.Join(slices.Sorted(maps.Keys(table)), ", "))
		}
		if err := decodeStrict(keys[key], field); err != nil {
			return nil, fmt.Errorf("%s %w", key, err)
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// decodeStrict reads one value. Errors of the decoder may quote it, so they are
// put into words of our own.
func decodeStrict(raw json.RawMessage, field any) error {
	if bytes.Equal(bytes.TrimSpace(raw), []byte("null")) {
		return errors.New("is null: leave the key out")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(field)
	if err == nil {
		return nil
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("has the unknown key %s", unknown)
	}
	switch field.(type) {
	case *string:
		return errors.New("must be a string")
	case *[]string:
		return errors.New("must be a list of strings")
	case *bool:
		return errors.New("must be true or false")
	case *int, *uint8:
		return errors.New("must be a whole number, from 0 to 255 where it is one octet")
	case *sms.Duration:
		return errors.New(`must be a duration such as "20s" or "5m"`)
	case *gsm.Charset:
		return errors.New("must be gsm7, gsm7-packed, latin1 or ascii")
	case *tonNPI:
		return errors.New(`must be an object such as {"ton": 1, "npi": 1}`)
	case *statusTable:
		return errors.New(`must be an object such as {"0x00000401": "retry"}, with the words retry, throttle and reject`)
	default:
		return errors.New("must be an object with server_name, ca_file, cert_file and key_file")
	}
}

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
		{"default_alphabet", s.DefaultAlphabet.String(), []string{"gsm7", "gsm7-packed", "latin1", "ascii"}},
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

// version is interface_version of the bind (SMPP 3.4 §5.2.4).
func (s *settings) version() uint8 {
	return map[string]uint8{"3.3": 0x33, "3.4": smpp.Version34, "5.0": 0x50}[s.InterfaceVersion]
}

// refusal is the status that asks the operator to deliver again.
func (s *settings) refusal() smpp.Status {
	if s.RefuseStatus == "rx_t_appn" {
		return smpp.StatusRxTAppn
	}
	return smpp.StatusSysErr
}

// modes are the binds that the connector makes, in order.
func (s *settings) modes() []smpp.Mode {
	var modes []smpp.Mode
	for range s.Binds {
		switch s.Bind {
		case bindPair:
			modes = append(modes, smpp.Transmitter, smpp.Receiver)
		case bindTransmitter:
			modes = append(modes, smpp.Transmitter)
		default:
			modes = append(modes, smpp.Transceiver)
		}
	}
	return modes
}

// settingError is what New returns for settings that cannot work.
func settingError(c *sms.Connector, err error) error {
	return sms.Fail(sms.CodeInvalid, fmt.Sprintf("connector %s: settings: %s", cmp.Or(c.Name, "smpp"), err))
}
