package smppc

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/harkara/harkara/smpp"
)

// parameters are optional parameters that the operator wants with every
// submit_sm (SMPP 3.4 §5.3): identities that regulators ask for, charging
// information, whatever a vendor has invented.
type parameters []parameter

// parameter is one of them. A text may hold the placeholders {sender} and {to},
// the addresses of the submit_sm.
type parameter struct {
	tag   smpp.Tag
	value string
	open  bool // value holds a placeholder
}

const (
	faultParameters fault = `must be a list of objects such as {"tag": "0x1400", "type": "string", "value": "1201159"}`
	faultParamMany  fault = "must hold at most 32 parameters"
	faultParamTag   fault = `needs as tag a number such as "0x1400" or a name of SMPP such as "dest_network_type"`
	faultParamOurs  fault = `must not set message_payload or a sar_ parameter: the route's long mode does that`
	faultParamType  fault = "needs as type one of string, cstring, uint8, uint16, uint32, hex"
	faultParamText  fault = "needs as value a string of at most 1024 octets, in pairs of hexadecimal digits for type hex"
	faultParamNum   fault = "needs as value a whole number that fits its type"
	faultTags       fault = `must be a list of tags such as ["0x1403", "dest_network_type"]`
)

// They are bounded, so that a submit_sm stays far below the limit of a PDU.
const (
	mostParameters = 32
	mostValue      = 1024
)

// UnmarshalJSON reads [{"tag": …, "type": …, "value": …}].
func (p *parameters) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return faultParameters
	}
	if len(list) > mostParameters {
		return faultParamMany
	}
	*p = nil
	for _, raw := range list {
		if err := strayKey(raw, []string{"tag", "type", "value"}); err != nil {
			return err
		}
		var l struct {
			Tag   json.RawMessage `json:"tag"`
			Type  string          `json:"type"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(raw, &l); err != nil {
			return faultParameters
		}
		tag, ok := parseTag(l.Tag)
		if !ok {
			return faultParamTag
		}
		switch tag {
		case smpp.TagMessagePayload, smpp.TagSARMsgRefNum, smpp.TagSARTotalSegments, smpp.TagSARSegmentSeqnum:
			return faultParamOurs
		}
		value, err := paramValue(l.Type, l.Value)
		if err != nil {
			return err
		}
		open := strings.HasSuffix(l.Type, "string") && (strings.Contains(value, "{sender}") || strings.Contains(value, "{to}"))
		*p = append(*p, parameter{tag, value, open})
	}
	return nil
}

// paramValue makes the octets of a value.
func paramValue(kind string, raw json.RawMessage) (string, error) {
	bits := map[string]int{"uint8": 8, "uint16": 16, "uint32": 32}[kind]
	if bits != 0 {
		n, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 0, bits)
		if err != nil {
			return "", faultParamNum
		}
		octets := make([]byte, 0, 4)
		for shift := bits - 8; shift >= 0; shift -= 8 {
			octets = append(octets, byte(n>>shift))
		}
		return string(octets), nil
	}
	var text string
	err := json.Unmarshal(raw, &text) // which leaves a null alone
	switch {
	case kind != "string" && kind != "cstring" && kind != "hex":
		return "", faultParamType
	case err != nil || string(raw) == "null" || len(text) > mostValue:
		return "", faultParamText
	case kind == "cstring":
		return text + "\x00", nil
	case kind == "hex":
		octets, err := hex.DecodeString(text)
		if err != nil {
			return "", faultParamText
		}
		return string(octets), nil
	}
	return text, nil
}

// appendTo adds the parameters.
func (p parameters) appendTo(t *smpp.TLVs, sender, to string) {
	for i := range p {
		value := p[i].value
		if p[i].open {
			value = strings.NewReplacer("{sender}", sender, "{to}", to).Replace(value)
		}
		_ = t.Add(p[i].tag, []byte(value)) // short enough, addresses included
	}
}

// tags are optional parameters by number or name.
type tags []smpp.Tag

// UnmarshalJSON reads ["0x1403", 5123, "dest_network_type"].
func (t *tags) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return faultTags
	}
	*t = nil
	for _, raw := range list {
		tag, ok := parseTag(raw)
		if !ok {
			return faultTags
		}
		*t = append(*t, tag)
	}
	return nil
}

// lastTag is above every tag that SMPP 3.4 and 5.0 name.
const lastTag smpp.Tag = 0x1400

// parseTag reads a number, in JSON or as a string, or a name of SMPP.
func parseTag(raw json.RawMessage) (smpp.Tag, bool) {
	word := strings.Trim(string(raw), `"`)
	if n, err := strconv.ParseUint(word, 0, 16); err == nil {
		return smpp.Tag(n), true
	}
	for tag := smpp.Tag(0); tag < lastTag; tag++ {
		if tag.String() == word && !strings.HasPrefix(word, "tag_") {
			return tag, true
		}
	}
	return 0, false
}
