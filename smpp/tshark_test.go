package smpp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

// tshark runs Wireshark's dissector on a capture of the PDUs, and gives a line for each of them with the
// fields of these names.
func tshark(t *testing.T, columns []string, frames [][]byte) []string {
	t.Helper()
	args := []string{"-n", "-r", "-", "-o", "smpp.reassemble_smpp_over_tcp:TRUE", "-T", "fields", "-E", "separator=|", "-E", "aggregator=,"}
	for _, c := range columns {
		args = append(args, "-e", c)
	}
	capture := pcapHeader()
	for i, frame := range frames {
		capture = append(capture, pcapPacket(uint16(40000+i), frame)...)
	}
	lines := strings.Split(strings.TrimRight(runTshark(t, capture, args...), "\n"), "\n")
	if len(lines) != len(frames) {
		t.Fatalf("tshark shows %d PDUs of %d\n%s", len(lines), len(frames), strings.Join(lines, "\n"))
	}
	return lines
}

func runTshark(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("tshark")
	if err != nil {
		t.Fatal("tshark is missing: run `make deps`")
	}
	cmd := exec.Command(path, args...)
	var out, complaints bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("tshark: %v\n%s", err, complaints.String())
	}
	return out.String()
}

// forTshark is a golden PDU that the dissector can read: it takes the two octets of broadcast_rep_num
// (SMPP 5.0 §4.8.4.12) for one, and all that follows for nonsense.
func forTshark(t *testing.T, g goldenPDU) goldenPDU {
	t.Helper()
	if !TLVsOf(g.pdu).Has(TagBroadcastRepNum) {
		return g
	}
	g.pdu = Clone(g.pdu)
	TLVsOf(g.pdu).Delete(TagBroadcastRepNum)
	return g
}

func (g goldenPDU) frame(t *testing.T) []byte {
	t.Helper()
	frame, err := Append(nil, g.header, g.pdu)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// TestGoldenByTshark has Wireshark's dissector, which shares no code with us, read a capture of every PDU.
func TestGoldenByTshark(t *testing.T) {
	columns := []string{"smpp.command_id", "smpp.command_status", "smpp.sequence_number", "smpp.system_id", "smpp.source_addr",
		"smpp.destination_addr", "smpp.message_id", "smpp.opt_param_tag", "smpp.receipted_message_id", "_ws.malformed"}
	var frames [][]byte
	for _, g := range golden {
		frame := forTshark(t, g).frame(t)
		if file := readHex(t, "testdata/"+g.name+".hex"); !TLVsOf(g.pdu).Has(TagBroadcastRepNum) && !bytes.Equal(frame, file) {
			t.Fatalf("%s: not the golden file", g.name)
		}
		frames = append(frames, frame)
	}
	for i, line := range tshark(t, columns, frames) {
		want := strings.Join(tsharkFields(forTshark(t, golden[i])), "|")
		if line != want {
			t.Errorf("%s: tshark reads\n%s\nwant\n%s", golden[i].name, line, want)
		}
	}
}

// tsharkFields are the columns as tshark should show them.
func tsharkFields(g goldenPDU) []string {
	v := reflect.ValueOf(g.pdu).Elem()
	str := func(path ...string) string {
		f := v
		for _, name := range path {
			if f = f.FieldByName(name); !f.IsValid() {
				return ""
			}
		}
		return f.String()
	}
	dest := str("Destination", "Addr")
	if m, ok := g.pdu.(*SubmitMulti); ok {
		dest = m.Destinations[0].Address.Addr + "," + m.Destinations[2].Address.Addr
	}
	if m, ok := g.pdu.(*SubmitMultiResp); ok {
		dest = m.Unsuccess[0].Address.Addr + "," + m.Unsuccess[1].Address.Addr
	}
	status := "" // not shown for requests
	if g.pdu.Command().IsResponse() {
		status = fmt.Sprintf("0x%08x", uint32(g.header.Status))
	}
	var tags []string
	tlvs, _ := v.FieldByName("TLVs").Interface().(TLVs)
	for tag := range tlvs.All() {
		tags = append(tags, fmt.Sprintf("0x%04x", uint16(tag)))
	}
	receipted, _ := tlvs.ReceiptedMessageID()
	return []string{fmt.Sprintf("0x%08x", uint32(g.pdu.Command())), status, fmt.Sprint(g.header.Sequence), str("SystemID"), str("Source", "Addr"),
		dest, str("MessageID"), strings.Join(tags, ","), receipted, ""}
}

// pcapHeader begins a capture of raw IP packets (LINKTYPE_RAW).
func pcapHeader() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xA1B2C3D4)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 1<<16)
	return binary.LittleEndian.AppendUint32(b, 101)
}

// pcapPacket is a TCP segment to port 2775, on a connection of its own.
func pcapPacket(port uint16, payload []byte) []byte {
	size := 40 + len(payload)
	b := make([]byte, 8) // the time
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = append(b, 0x45, 0, byte(size>>8), byte(size), 0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1)
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint16(b, 2775)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18, 0xFF, 0xFF, 0, 0, 0, 0)
	return append(b, payload...)
}
