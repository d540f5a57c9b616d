package smpp

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestNumbersByTshark holds the command and status numbers against Wireshark's tables.
func TestNumbersByTshark(t *testing.T) {
	cmds, sts := map[uint64]string{}, map[uint64]string{}
	for line := range strings.Lines(runTshark(t, nil, "-G", "values")) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case len(f) == 4 && f[1] == "smpp.command_id":
			n, err := strconv.ParseUint(f[2], 0, 32)
			if err != nil {
				t.Fatal(err)
			}
			cmds[n] = strings.Replace(strings.ToLower(f[3]), " - resp", "_resp", 1)
		case len(f) == 5 && f[1] == "smpp.command_status" && f[2] == f[3] && f[4] != "[Reserved]":
			n, err := strconv.ParseUint(f[2], 0, 32)
			if err != nil {
				t.Fatal(err)
			}
			sts[n] = f[4]
		}
	}
	const vendor = 4 // auth_acc and sm_result_notify with their responses: SMPP+ of one vendor
	if len(cmds) != len(commands)+vendor || len(sts) != len(statuses) {
		t.Errorf("tshark knows %d commands and %d statuses, we %d and %d", len(cmds), len(sts), len(commands)+vendor, len(statuses))
	}
	for _, c := range commands {
		if cmds[uint64(c.id)] != c.name {
			t.Errorf("%#x is %q, for tshark %q", uint32(c.id), c.name, cmds[uint64(c.id)])
		}
	}
	for _, s := range statuses {
		if sts[uint64(s.s)] == "" {
			t.Errorf("%s (%#x) is unknown to tshark", s.name, uint32(s.s))
		}
	}
}

// TestOptionsByTshark holds the optional parameters of SMPP 5.0 against Wireshark's dissector: each of
// them must land in the field of that name, with the value that was put in.
func TestOptionsByTshark(t *testing.T) {
	tests := []struct {
		golden        string
		field, expect string
	}{
		{"submit_sm_50", "billing_id", "0162696c6c"},
		{"submit_sm_50", "dest_addr_np_resolution", "1"},
		{"submit_sm_50", "source_network_id", "H47001"},
		{"submit_sm_50", "dest_network_id", "H47002"},
		{"submit_sm_50", "source_node_id", "303030303031"},
		{"submit_sm_50", "dest_node_id", "303030303032"},
		{"submit_sm_resp_50", "congestion_state", "85"},
		{"broadcast_sm", "broadcast_area_identifier.format", "0,0"},
		{"broadcast_sm", "broadcast_content_type.nw", "1"},
		{"broadcast_sm", "broadcast_content_type.type", "1"},
		{"broadcast_sm", "broadcast_frequency_interval.unit", "9"},
		{"broadcast_sm", "broadcast_frequency_interval.value", "15"},
		{"broadcast_sm", "broadcast_channel_indicator", "0"},
		{"broadcast_sm", "broadcast_message_class", "1"},
		{"broadcast_sm", "broadcast_content_type.info", "696e666f"},
		{"broadcast_sm", "broadcast_service_group", "67726f7570"},
		{"broadcast_sm_resp", "broadcast_error_status", fmt.Sprint(uint32(StatusInvBcastAreaFmt))},
		{"query_broadcast_sm_resp", "broadcast_area_success", "97"},
	}
	frames := map[string][]byte{}
	for _, g := range golden {
		frames[g.name] = forTshark(t, g).frame(t)
	}
	var columns []string
	var captured [][]byte
	for _, tt := range tests {
		columns = append(columns, "smpp."+tt.field)
		captured = append(captured, frames[tt.golden])
	}
	for i, line := range tshark(t, columns, captured) {
		got := strings.Split(line, "|")[i]
		if n, err := strconv.ParseUint(got, 0, 32); err == nil && strings.HasPrefix(got, "0x") {
			got = strconv.FormatUint(n, 10)
		} else if a := strings.Split(got, ","); len(a) == 2 {
			got = strings.ReplaceAll(got, "0x00", "0")
		}
		if got != tests[i].expect {
			t.Errorf("%s of %s: tshark reads %q, want %q", tests[i].field, tests[i].golden, got, tests[i].expect)
		}
	}
}

// TestNumbersByNPM holds commands, statuses and tags against those of npm's smpp (node-smpp).
func TestNumbersByNPM(t *testing.T) {
	text, err := os.ReadFile("../.cache/npm/node_modules/smpp/lib/defs.js")
	if err != nil {
		t.Fatalf("npm's smpp is missing: run `make deps` (%v)", err)
	}
	theirs := map[string]uint64{}
	for _, m := range regexp.MustCompile(`(?m)^\s*(\w+):\s*(?:\{\s*id:\s*)?(0x[0-9A-Fa-f]+)`).FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.ParseUint(m[2], 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		theirs[m[1]] = n
	}
	renamed := map[string]string{ // the first by them, the others by SMPP 5.0
		"destination_port":      "dest_port",
		"ESME_RINVOPTPARSTREAM": "ESME_RINVTLVSTREAM", "ESME_ROPTPARNOTALLWD": "ESME_RTLVNOTALLWD", "ESME_RINVPARLEN": "ESME_RINVTLVLEN",
		"ESME_RMISSINGOPTPARAM": "ESME_RMISSINGTLV", "ESME_RINVOPTPARAMVAL": "ESME_RINVTLVVAL"}
	check := func(name string, n uint64) {
		if other, ok := renamed[name]; ok {
			name = other
		}
		if got, ok := theirs[name]; !ok || got != n {
			t.Errorf("%s is %#x, for npm's smpp %#x (known: %v)", name, n, got, ok)
		}
	}
	for _, c := range commands {
		check(c.name, uint64(c.id))
	}
	for _, s := range statuses {
		check(s.name, uint64(s.s))
	}
	for _, tag := range tagNames {
		check(tag.name, uint64(tag.tag))
	}
	if len(theirs) < len(commands)+len(statuses)+len(tagNames) {
		t.Errorf("only %d numbers were found in npm's smpp", len(theirs))
	}
}
