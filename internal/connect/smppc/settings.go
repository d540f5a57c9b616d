package smppc

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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

	DefaultAlphabet   gsm.Charset // what the operator's default alphabet is, see defaultAlphabets
	DataCodingDefault uint8       // data_coding of a text in it; 0
	DataCodingUCS2    uint8       // 8
	FlashDefault      uint8       // data_coding of class 0 in it; 0x10
	FlashUCS2         uint8       // 0x18

	SourceAddress       string     // replaces the sender of every message
	SourceAlphanumeric  tonNPI     // 5/0
	SourceInternational tonNPI     // 1/1
	SourceShort         tonNPI     // 3/0
	Destination         tonNPI     // 1/1
	DestinationShort    tonNPI     // 3/0
	DestinationPrefix   string     // before the digits of a number: "", "+" or "00"
	ServiceType         string     //
	Priority            uint8      // 0 to 3
	RegisteredDelivery  uint8      // of a message that wants a receipt; 1
	Validity            string     // "relative" (default), "absolute", "none"
	TLVs                parameters // optional parameters of every submit_sm

	StatusVerdicts statusTable   // what a command_status means here, over the table in verdict.go
	StatusReasons  statusReasons // why it was refused, likewise
	Query          string        // "off" (default), "on": the operator answers query_sm

	ReceiptID           string      // how receipts write ids, against responses: "auto" (default), "same", "decimal", "hex"
	ReceiptTo           string      // which address of a receipt is the recipient: "source" (default), "destination", "none"
	ReceiptStates       stateTable  // what a stat: word means here
	ReceiptReasons      reasonTable // what an error code means here
	ReceiptTLVs         tags        // further parameters of receipts that are kept as evidence
	ReceiptsWithoutFlag bool        // a text "id:... stat:..." is a receipt even without the esm_class
	RefuseStatus        string      // what asks the operator to deliver again: "syserr" (default), "rx_t_appn"
	MaxInbound          int         // deliver_sm and data_sm in hand per bind; 512
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
		"validity": &s.Validity, "tlvs": &s.TLVs, "status_verdicts": &s.StatusVerdicts, "status_reasons": &s.StatusReasons, "query": &s.Query,
		"receipt_id": &s.ReceiptID, "receipt_to": &s.ReceiptTo, "receipts_without_flag": &s.ReceiptsWithoutFlag,
		"receipt_states": &s.ReceiptStates, "receipt_reasons": &s.ReceiptReasons, "receipt_tlvs": &s.ReceiptTLVs,
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
		Validity:            validityRelative, Query: queryOff,
		ReceiptID: "auto", ReceiptTo: "source", RefuseStatus: "syserr", MaxInbound: 512,
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

	queryOff = "off"
	queryOn  = "on"
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
	err := strayKey(raw, objectKeys(field))
	if err == nil {
		err = json.Unmarshal(raw, field)
	}
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[fault](err); ok {
		return f
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
		return errors.New("must be one of " + strings.Join(alphabets(), ", "))
	case *tonNPI:
		return errors.New(`must be an object such as {"ton": 1, "npi": 1}`)
	case *statusTable:
		return errors.New(`must be an object such as {"0x00000401": "retry"}, with the words retry, throttle and reject`)
	case *parameters:
		return faultParameters
	case *tags:
		return faultTags
	case *stateTable:
		return faultStates
	case *reasonTable:
		return faultReasons
	case *statusReasons:
		return faultStatusReasons
	default:
		return errors.New("must be an object with server_name, ca_file, cert_file and key_file")
	}
}

// fault is an error of a setting's own decoder, which holds no value.
type fault string

func (f fault) Error() string { return string(f) }

// objectKeys are the keys that the value of a setting may have, nil for one whose
// keys are not ours to know.
func objectKeys(field any) []string {
	switch field.(type) {
	case *tonNPI:
		return []string{"ton", "npi"}
	case **tlsSettings:
		return []string{"server_name", "ca_file", "cert_file", "key_file"}
	}
	return nil
}

// strayKey is the error of an object with a key that is none of keys, in exactly
// this spelling: the decoder would take TON for ton.
func strayKey(raw json.RawMessage, keys []string) error {
	object := map[string]json.RawMessage{}
	if keys == nil || json.Unmarshal(raw, &object) != nil {
		return nil // that it is no object is for the decoder to say
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(keys, key) {
			return fault(fmt.Sprintf("has the unknown key %q: the keys are %s", key, strings.Join(keys, ", ")))
		}
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
