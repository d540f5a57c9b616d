package gsm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTsharkReadsTheHeader lets tshark name the elements of headers of every pair
// of tables of one language.
func TestTsharkReadsTheHeader(t *testing.T) {
	names := map[Language]string{Turkish: "Turkish", Spanish: "Spanish", Portuguese: "Portuguese", Bengali: "Bengali", Gujarati: "Gujarati",
		Hindi: "Hindi", Kannada: "Kannada", Malayalam: "Malayalam", Oriya: "Oriya", Punjabi: "Punjabi", Tamil: "Tamil", Telugu: "Telugu", Urdu: "Urdu"}
	var dump bytes.Buffer
	var want []string
	for _, l := range Languages() {
		locking := l
		if !l.locks() {
			locking = NoLanguage
		}
		header := National(locking, l).AppendUDH(nil, Concat{Ref: 9, Bits: Ref8, Total: 2, Seq: 1})
		fmt.Fprintf(&dump, "000000 % x\n", submit(append(header, "text"...)))
		want = append(want, "Message identifier: 9", fmt.Sprintf("Language (Single Shift): %s (%d)", names[l], l))
		if locking != NoLanguage {
			want = append(want, fmt.Sprintf("Language (Locking Shift): %s (%d)", names[l], l))
		}
	}
	dir := t.TempDir()
	text, capture := filepath.Join(dir, "dump.txt"), filepath.Join(dir, "dump.pcap")
	if err := os.WriteFile(text, dump.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "text2pcap", "-q", "-T", "4000,2775", text, capture)
	var got []string
	for line := range strings.Lines(run(t, "tshark", "-r", capture, "-V", "-O", "smpp,gsm_sms_ud", "-d", "tcp.port==2775,smpp")) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Language (") || strings.HasPrefix(line, "Message identifier:") {
			got = append(got, line)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("tshark reads\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// submit is a submit_sm whose short_message has a user data header (SMPP 3.4
// §4.4.1).
func submit(userData []byte) []byte {
	body := append([]byte("\x00\x01\x01a\x00\x01\x018801\x00\x40\x00\x00\x00\x00\x00\x00\x00\x00"), byte(len(userData)))
	body = append(body, userData...)
	head := binary.BigEndian.AppendUint32(nil, uint32(16+len(body)))
	for _, field := range []uint32{4, 0, 1} { // command_id, status, sequence
		head = binary.BigEndian.AppendUint32(head, field)
	}
	return append(head, body...)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s (Debian package tshark) does not run: %v%s; run: make deps", name, err, stderrOf(err))
	}
	return string(out)
}
