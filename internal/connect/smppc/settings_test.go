package smppc

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

const minimal = `{"hosts": ["smpp.example.net"], "system_id": "acme", "password": "Canary7351"}`

// with adds keys to the minimal settings.
func with(more string) json.RawMessage {
	return json.RawMessage(strings.TrimSuffix(minimal, "}") + ", " + more + "}")
}

func TestSettingsDefaults(t *testing.T) {
	s, err := parseSettings(json.RawMessage(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Hosts) != 1 || s.Hosts[0] != "smpp.example.net:2775" {
		t.Errorf("hosts %q", s.Hosts)
	}
	if s.ResponseTimeout.Std() != time.Minute || s.DefaultAlphabet != gsm.CharsetGSM7 || s.DataCodingUCS2 != 8 ||
		s.FlashDefault != 0x10 || s.FlashUCS2 != 0x18 || s.RegisteredDelivery != 1 || s.version() != 0x34 ||
		s.SourceAlphanumeric != (tonNPI{5, 0}) || s.SourceInternational != (tonNPI{1, 1}) || s.SourceShort != (tonNPI{3, 0}) ||
		s.Destination != (tonNPI{1, 1}) || s.refusal() != smpp.StatusSysErr {
		t.Errorf("defaults: %+v", s)
	}
	if modes := s.modes(); len(modes) != 1 || modes[0] != smpp.Transceiver {
		t.Errorf("modes %v", modes)
	}
}

func TestSettingsAreRead(t *testing.T) {
	s, err := parseSettings(with(`"tls": {"server_name": "x"}, "hosts": ["a", "b:1", "[::1]:2", "::1"], "bind": "transmitter+receiver", "binds": 2,
		"response_timeout": "90s", "default_alphabet": "latin1", "source_short": {"ton": 0, "npi": 1}, "priority": 3,
		"status_verdicts": {"0x00000401": "retry", "1026": "throttle", "0x58": "reject"}, "refuse_status": "rx_t_appn"`))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Hosts, " "); got != "a:3550 b:1 [::1]:2 [::1]:3550" {
		t.Errorf("hosts %s", got)
	}
	if len(s.modes()) != 4 || s.ResponseTimeout.Std() != 90*time.Second || s.DefaultAlphabet != gsm.CharsetLatin1 ||
		s.SourceShort != (tonNPI{0, 1}) || s.Priority != 3 || s.refusal() != smpp.StatusRxTAppn {
		t.Errorf("read as %+v", s)
	}
	if _, err := parseSettings(with(`"default_alphabet": "hebrew", "query": "on", "receipt_tlvs": [], "tlvs": []`)); err != nil {
		t.Error(err)
	}
	for status, want := range map[smpp.Status]sms.Verdict{0x401: sms.VerdictRetry, 0x402: sms.VerdictThrottle, 0x58: sms.VerdictReject, 0x403: sms.VerdictReject} {
		if got, _ := s.StatusVerdicts.classify(status); got != want {
			t.Errorf("status %v is %v, want %v", status, got, want)
		}
	}
}

func TestSettingsErrors(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.pem")
	if err := os.WriteFile(junk, []byte("Canary7351"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, settings, want string }{
		{"no object", `[1]`, "not a JSON object"},
		{"nothing", ``, "hosts is missing"},
		{"unknown key", string(with(`"pasword": "Canary7351"`)), `unknown key "pasword"`},
		{"case matters", string(with(`"System_ID": "Canary7351"`)), `unknown key "System_ID"`},
		{"known keys are listed", string(with(`"host": "Canary7351"`)), "hosts, "},
		{"unknown key inside", string(with(`"tls": {"insecure": true}`)), `tls has the unknown key "insecure": the keys are server_name, ca_file, cert_file, key_file`},
		{"unknown key in ton", string(with(`"destination": {"ton": 1, "nip": 1}`)), `destination has the unknown key "nip"`},
		{"null", string(with(`"priority": null`)), "priority is null"},
		{"number for a string", string(with(`"system_type": 7351`)), "system_type must be a string"},
		{"string for a list", `{"hosts": "Canary7351"}`, "hosts must be a list"},
		{"string for a number", string(with(`"binds": "Canary7351"`)), "binds must be a whole number"},
		{"octet too large", string(with(`"priority": 300`)), "priority must be a whole number"},
		{"string for a boolean", string(with(`"receipts_without_flag": "Canary7351"`)), "receipts_without_flag must be true or false"},
		{"bad duration", string(with(`"bind_timeout": "Canary7351"`)), "bind_timeout must be a duration"},
		{"negative duration", string(with(`"bind_timeout": "-1s"`)), "bind_timeout must be more than zero"},
		{"bad alphabet", string(with(`"default_alphabet": "Canary7351"`)), "default_alphabet must be"},
		{"alphabet of no use", string(with(`"default_alphabet": "ucs2"`)), "default_alphabet must be one of"},
		{"bad ton", string(with(`"source_short": 5`)), "source_short must be an object"},
		{"bad tls", string(with(`"tls": true`)), "tls must be an object"},
		{"bad verdict", string(with(`"status_verdicts": {"0x401": "Canary7351"}`)), "status_verdicts must be an object"},
		{"verdict of success", string(with(`"status_verdicts": {"0": "retry"}`)), "status_verdicts must be an object"},
		{"verdict of no code", string(with(`"status_verdicts": {"Canary7351": "retry"}`)), "status_verdicts must be an object"},
		{"verdicts as a list", string(with(`"status_verdicts": ["retry"]`)), "status_verdicts must be an object"},
		{"alphabet of several octets", string(with(`"default_alphabet": "jis"`)), "default_alphabet must be one of"},
		{"bad query", string(with(`"query": "Canary7351"`)), "query must be one of off, on"},
		{"parameters that are no list", string(with(`"tlvs": {"0x1400": "Canary7351"}`)), "tlvs must be a list of objects"},
		{"too many parameters", string(with(`"tlvs": [` + strings.Repeat(`{"tag": 5120, "type": "uint8", "value": 1},`, 32) + `{"tag": 5120, "type": "uint8", "value": 1}]`)), "tlvs must hold at most 32"},
		{"parameter without a tag", string(with(`"tlvs": [{"type": "string", "value": "Canary7351"}]`)), "tlvs needs as tag a number"},
		{"parameter of an unknown name", string(with(`"tlvs": [{"tag": "Canary7351", "type": "string", "value": "x"}]`)), "tlvs needs as tag a number"},
		{"parameter of an empty name", string(with(`"tlvs": [{"tag": "", "type": "string", "value": "x"}]`)), "tlvs needs as tag a number"},
		{"parameter named by its number's word", string(with(`"tlvs": [{"tag": "tag_0x0000", "type": "string", "value": "x"}]`)), "tlvs needs as tag a number"},
		{"parameter beyond 16 bits", string(with(`"tlvs": [{"tag": 65536, "type": "string", "value": "x"}]`)), "tlvs needs as tag a number"},
		{"parameter of ours", string(with(`"tlvs": [{"tag": "sar_msg_ref_num", "type": "uint16", "value": 1}]`)), "tlvs must not set message_payload"},
		{"parameter without a type", string(with(`"tlvs": [{"tag": 5120, "value": "Canary7351"}]`)), "tlvs needs as type one of"},
		{"parameter that is too large", string(with(`"tlvs": [{"tag": 5120, "type": "uint8", "value": 7351}]`)), "tlvs needs as value a whole number"},
		{"parameter that is no number", string(with(`"tlvs": [{"tag": 5120, "type": "uint8", "value": "Canary7351"}]`)), "tlvs needs as value a whole number"},
		{"parameter that is no string", string(with(`"tlvs": [{"tag": 5120, "type": "string", "value": 7351}]`)), "tlvs needs as value a string"},
		{"parameter that is no hexadecimal", string(with(`"tlvs": [{"tag": 5120, "type": "hex", "value": "Canary7351"}]`)), "tlvs needs as value a string"},
		{"parameter that is too long", string(with(`"tlvs": [{"tag": 5120, "type": "string", "value": "` + strings.Repeat("x", 1025) + `"}]`)), "tlvs needs as value a string of at most 1024"},
		{"parameter with a key that nobody knows", string(with(`"tlvs": [{"tag": 5, "type": "uint8", "value": 1, "extra": "Canary7351"}]`)), `tlvs has the unknown key "extra": the keys are tag, type, value`},
		{"parameter with a key in another spelling", string(with(`"tlvs": [{"Tag": 5, "type": "uint8", "value": 1}]`)), `tlvs has the unknown key "Tag"`},
		{"parameter that is no object", string(with(`"tlvs": ["Canary7351"]`)), "tlvs must be a list of objects"},
		{"parameter without a value", string(with(`"tlvs": [{"tag": 5120, "type": "string"}]`)), "tlvs needs as value a string"},
		{"parameter whose value is null", string(with(`"tlvs": [{"tag": 5120, "type": "string", "value": null}]`)), "tlvs needs as value a string"},
		{"parameter that is null", string(with(`"tlvs": [null]`)), "tlvs needs as tag a number"},
		{"address with a key in another spelling", string(with(`"source_short": {"ton": 1, "NPI": 1}`)), `source_short has the unknown key "NPI": the keys are ton, npi`},
		{"tags that are no list", string(with(`"receipt_tlvs": "0x1403"`)), "receipt_tlvs must be a list of tags"},
		{"tag of an unknown name", string(with(`"receipt_tlvs": ["Canary7351"]`)), "receipt_tlvs must be a list of tags"},
		{"states as a list", string(with(`"receipt_states": ["Canary7351"]`)), "receipt_states must be an object"},
		{"state that nobody knows", string(with(`"receipt_states": {"0": "Canary7351"}`)), "receipt_states must be an object"},
		{"state of no word", string(with(`"receipt_states": {"": "delivered"}`)), "receipt_states must be an object"},
		{"state that no receipt has", string(with(`"receipt_states": {"x": "pending"}`)), "receipt_states must be an object"},
		{"reason that nobody knows", string(with(`"receipt_reasons": {"001": "Canary7351"}`)), "receipt_reasons must be an object"},
		{"reason of our own", string(with(`"receipt_reasons": {"001": "no_route"}`)), "receipt_reasons must be an object"},
		{"reason of no code", string(with(`"receipt_reasons": {"": "filtered"}`)), "receipt_reasons must be an object"},
		{"reasons as a list", string(with(`"receipt_reasons": []`)), "receipt_reasons must be an object"},
		{"refusal that nobody knows", string(with(`"status_reasons": {"0x404": "Canary7351"}`)), "status_reasons must be an object"},
		{"refusal of success", string(with(`"status_reasons": {"0": "filtered"}`)), "status_reasons must be an object"},
		{"bad bind", string(with(`"bind": "Canary7351"`)), "bind must be one of transceiver, transmitter+receiver, transmitter"},
		{"bad validity", string(with(`"validity": "Canary7351"`)), "validity must be one of"},
		{"bad prefix", string(with(`"destination_prefix": "0"`)), "destination_prefix must be one of +, 00"},
		{"bad version", string(with(`"interface_version": "3"`)), "interface_version must be one of"},
		{"bad receipt id", string(with(`"receipt_id": "x"`)), "receipt_id must be one of"},
		{"bad receipt to", string(with(`"receipt_to": "x"`)), "receipt_to must be one of"},
		{"bad refusal", string(with(`"refuse_status": "x"`)), "refuse_status must be one of"},
		{"no hosts", `{"hosts": [], "system_id": "a"}`, "hosts is missing"},
		{"host with a scheme", `{"hosts": ["a", "smpp://Canary7351"], "system_id": "a"}`, "entry 2"},
		{"port out of range", `{"hosts": ["a:70000"], "system_id": "a"}`, "entry 1"},
		{"no system_id", `{"hosts": ["a"]}`, "system_id is missing"},
		{"long system_id", `{"hosts": ["a"], "system_id": "0123456789012345"}`, "system_id must be at most 15"},
		{"long password", `{"hosts": ["a"], "system_id": "a", "password": "` + strings.Repeat("Canary7351", 7) + `"}`, "password must be at most 64"},
		{"NUL", string(with(`"service_type": "a\u0000"`)), "service_type must be at most 5 octets without NUL"},
		{"port", string(with(`"port": -1`)), "port must be between"},
		{"binds", string(with(`"binds": 0`)), "binds must be between"},
		{"priority", string(with(`"priority": 4`)), "priority must be between 0 and 3"},
		{"registered_delivery", string(with(`"registered_delivery": 32`)), "registered_delivery must be between 0 and 31"},
		{"max_inbound", string(with(`"max_inbound": 0`)), "max_inbound must be between"},
		{"reconnect", string(with(`"reconnect_min": "2m"`)), "reconnect_max is less"},
		{"certificate without key", string(with(`"tls": {"cert_file": "x"}`)), "cert_file and key_file go together"},
		{"no ca file", string(with(`"tls": {"ca_file": "` + dir + `/none"}`)), "ca_file cannot be read: no such file"},
		{"ca file is junk", string(with(`"tls": {"ca_file": "` + junk + `"}`)), "ca_file holds no certificate"},
		{"no cert file", string(with(`"tls": {"cert_file": "` + dir + `/none", "key_file": "x"}`)), "cannot be used: no such file"},
		{"cert file is junk", string(with(`"tls": {"cert_file": "` + junk + `", "key_file": "` + junk + `"}`)), "cannot be used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(&sms.Connector{Head: sms.Head{Name: "oper"}, Settings: json.RawMessage(tt.settings)}, nil)
			if err == nil {
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "connector oper: settings: ") {
				t.Errorf("error %q, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "Canary7351") || strings.Contains(err.Error(), "7351") {
				t.Errorf("the error holds a value: %q", err)
			}
			if sms.CodeOf(err) != sms.CodeInvalid {
				t.Errorf("code %s", sms.CodeOf(err))
			}
		})
	}
}

// Every key has an error that names it, whatever the value is.
func FuzzSettings(f *testing.F) {
	f.Add(minimal)
	f.Add(string(with(`"tlvs": [{"tag": "0x1400", "type": "uint16", "value": 7}], "receipt_tlvs": [5120], "receipt_states": {"0": "sent"}, "receipt_reasons": {"3/27": "filtered"}`)))
	f.Add(string(with(`"tls": {}, "status_verdicts": {"0x401": "retry"}, "destination": {"ton": 9}`)))
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := parseSettings(json.RawMessage(raw))
		if (s == nil) == (err == nil) {
			t.Fatalf("settings %v, error %v", s, err)
		}
		if s != nil {
			for _, h := range s.Hosts {
				if !strings.Contains(h, ":") {
					t.Errorf("host %q has no port", h)
				}
			}
		}
	})
}
