package smppc

import (
	"slices"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// Why a message did not arrive: the setting, then what the specifications say.
func TestReceiptReason(t *testing.T) {
	network := func(kind, code byte) func(*smpp.TLVs) {
		return rawTLV(smpp.TagNetworkErrorCode, string([]byte{kind, 0, code}))
	}
	failed := func(why byte) func(*smpp.TLVs) { return rawTLV(smpp.TagDeliveryFailureReason, string([]byte{why})) }
	const table = `"receipt_reasons": {"001": "unknown_subscriber", "4a6": "filtered", "3/27": "memory_full", "1/5": "call_barred"}`
	tests := []struct {
		name, settings, text string
		tlvs                 smpp.TLVs
		want                 sms.Reason
		retryable            bool
	}{
		{"an err code has no meaning of its own", "", "id:7 stat:UNDELIV err:001", nil, "", false},
		{"but by the setting", table, "id:7 stat:UNDELIV err:001", nil, sms.ReasonNobody, false},
		{"however it is padded", table, "id:7 stat:UNDELIV err:1", nil, sms.ReasonNobody, false},
		{"and in whatever case", table, "id:7 stat:REJECTD err:4A6", nil, sms.ReasonFiltered, false},
		{"err:000 is no reason", table, "id:7 stat:UNDELIV err:000", nil, "", false},
		{"no err at all", table, "id:7 stat:UNDELIV", nil, "", false},
		{"null", table, "id:7 stat:UNDELIV err:null", nil, "", false},
		{"MAP absent subscriber", "", "id:7 stat:UNDELIV err:27", tlvs(network(3, 27)), sms.ReasonAbsent, true},
		{"MAP unknown subscriber", "", "id:7 stat:UNDELIV", tlvs(network(3, 1)), sms.ReasonNobody, false},
		{"RP memory exceeded", "", "id:7 stat:UNDELIV", tlvs(network(3, 22)), sms.ReasonHandsetFull, true},
		{"RP congestion", "", "id:7 stat:EXPIRED", tlvs(network(3, 42)), sms.ReasonNetwork, true},
		{"TP memory exceeded", "", "", tlvs(idTLV("7"), stateTLV(5), network(3, 0xD3)), sms.ReasonHandsetFull, true},
		{"a code that says nothing", "", "id:7 stat:UNDELIV", tlvs(network(3, 200)), "", false},
		{"another network", "", "id:7 stat:UNDELIV", tlvs(network(1, 27)), "", false},
		{"another network, by the setting", table, "id:7 stat:UNDELIV", tlvs(network(1, 5)), sms.ReasonBarred, false},
		{"the setting over the specification", table, "id:7 stat:UNDELIV", tlvs(network(3, 27)), sms.ReasonHandsetFull, true},
		{"the err code over the network's", table, "id:7 stat:UNDELIV err:001", tlvs(network(3, 27)), sms.ReasonNobody, false},
		{"destination unavailable", "", "id:7 stat:UNDELIV", tlvs(failed(0)), sms.ReasonAbsent, true},
		{"permanent network error", "", "id:7 stat:UNDELIV", tlvs(failed(2)), sms.ReasonNetwork, true},
		{"a failure reason that nobody knows", "", "id:7 stat:UNDELIV", tlvs(failed(9)), "", false},
		{"what arrived needs no reason", table, "id:7 stat:DELIVRD err:001", tlvs(network(3, 27)), "", false},
		{"what is on its way neither", table, "id:7 stat:ENROUTE err:001", nil, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := readSample(t, parsed(t, tt.settings), "deliver_sm", tt.text, tt.tlvs)
			if got.Reason != tt.want || got.Reason.Retryable() != tt.retryable {
				t.Errorf("reason %q, retryable %v; want %q, %v", got.Reason, got.Reason.Retryable(), tt.want, tt.retryable)
			}
		})
	}
}

// Every reason of the tables is one that a setting may give too.
func TestReasonsAreKnown(t *testing.T) {
	for code, reason := range networkReasons {
		if !slices.Contains(operatorReasons, reason) {
			t.Errorf("network error %d: %s", code, reason)
		}
	}
	for st, reason := range refusals {
		if !slices.Contains(operatorReasons, reason) || verdicts[st] != 0 {
			t.Errorf("%s: %s", st, reason)
		}
	}
}

// What the words of one operator mean.
func TestReceiptStates(t *testing.T) {
	const table = `"receipt_states": {"0": "delivered", "ackd": "sent", "UNKNOWN": "undelivered", "DELIVRD": "expired"}`
	tests := []struct {
		name, text string
		tlvs       smpp.TLVs
		want       sms.PartState
	}{
		{"the number 0", "id:7 stat:0 err:000", nil, sms.PartDelivered},
		{"a word of its own", "id:7 stat:ACKD", nil, sms.PartSent},
		{"a word that would be no end", "id:7 stat:unknown", nil, sms.PartUndelivered},
		{"a word of SMPP", "id:7 stat:DELIVRD", nil, sms.PartExpired},
		{"over the TLV", "id:7 stat:DELIVRD", tlvs(stateTLV(2)), sms.PartExpired},
		{"the TLV alone", "", tlvs(idTLV("7"), stateTLV(0)), sms.PartDelivered},
		{"others as always", "id:7 stat:REJECTD", nil, sms.PartRejected},
		{"no word", "id:7", nil, sms.PartSent},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := readSample(t, parsed(t, table), "deliver_sm", tt.text, tt.tlvs); got.State != tt.want {
				t.Errorf("%v, want %v", got.State, tt.want)
			}
		})
	}
	m, _ := readMessage(&smpp.DeliverSM{ESMClass: smpp.EsmIntermediateReceipt, ShortMessage: []byte("id:7 stat:0")})
	if r, _ := parsed(t, table).receipt(m, noon); r.State != sms.PartSent {
		t.Errorf("an intermediate notification is %v", r.State)
	}
}

// How an id was found, in the words that the profile of a connector counts.
func TestReceiptForms(t *testing.T) {
	tests := []struct {
		setting, text, tlv string
		want               []string
	}{
		{"auto", "5f00000a", "", []string{"5f00000a same", "1593835530 hex to decimal"}},
		{"auto", "10", "", []string{"10 same", "16 hex to decimal", "a decimal to hex"}},
		{"auto", "10", "A", []string{"a tlv same", "10 tlv hex to decimal", "16 hex to decimal"}},
		{"auto", "7-x", "7-X", []string{"7-x tlv same"}},
		{"decimal", "10", "10", []string{"10 tlv same", "a tlv decimal to hex"}},
		{"decimal", "10", "", []string{"a decimal to hex"}},
		{"hex", "10", "", []string{"16 hex to decimal"}},
		{"same", "10", "", []string{"10 same"}},
	}
	for _, tt := range tests {
		keys, forms := parsed(t, `"receipt_id": "`+tt.setting+`"`).receiptIDs(smpp.Receipt{TextID: tt.text, TLVID: tt.tlv})
		var got []string
		for i, key := range keys {
			got = append(got, key+" "+forms[i])
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s, text %q, TLV %q: %q, want %q", tt.setting, tt.text, tt.tlv, got, tt.want)
		}
	}
}

// Parameters that the setting names are kept as evidence, others not.
func TestReceiptTLVs(t *testing.T) {
	params := tlvs(rawTLV(0x1403, "47001"), rawTLV(0x1454, "x"), rawTLV(smpp.TagDestNetworkType, "\x01"))
	const text = "id:7 stat:DELIVRD"
	for cfg, want := range map[string]string{
		"":                           text,
		`"receipt_tlvs": ["0x1403"]`: text + " tag_0x1403=3437303031",
		`"receipt_tlvs": [5123, "dest_network_type"]`: text + " tag_0x1403=3437303031 dest_network_type=01",
	} {
		if got := readSample(t, parsed(t, cfg), "deliver_sm", text, params); got.Raw != want {
			t.Errorf("%s: raw %q, want %q", cfg, got.Raw, want)
		}
	}
}
