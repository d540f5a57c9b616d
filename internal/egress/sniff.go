package egress

import (
	"bytes"
	"net/http"
	"strings"
)

// Sniff returns the media type that the content shows, without parameters:
// "application/octet-stream" when it shows none. It knows what
// [http.DetectContentType] knows (WHATWG MIME sniffing), and the audio and video of
// telephones on top.
func Sniff(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("#!AMR-WB\n")):
		return "audio/amr-wb"
	case bytes.HasPrefix(data, []byte("#!AMR\n")):
		return "audio/amr"
	case isMP3(data):
		return "audio/mpeg"
	case isADTS(data):
		return "audio/aac"
	case len(data) >= 12 && string(data[4:8]) == "ftyp":
		return isoType(string(data[8:12]))
	}
	t, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if t == "audio/wave" {
		t = "audio/wav" // the more usual name
	}
	return t
}

// isoType names an ISO base media file by its major brand (ISO/IEC 14496-12 §4.3).
func isoType(brand string) string {
	switch {
	case strings.HasPrefix(brand, "3gp"):
		return "video/3gpp"
	case strings.HasPrefix(brand, "M4A"):
		return "audio/mp4"
	case brand == "qt  ":
		return "video/quicktime"
	case brand == "heic", brand == "mif1":
		return "image/heic"
	}
	return "video/mp4"
}

// isMP3 tells an MPEG audio frame by its header (ISO/IEC 11172-3 §2.4.1.3), as
// files without an ID3 tag begin with one: sync word, layer III, and no reserved
// version, bit rate or sampling rate. Where the file is long enough, a second
// frame must follow, since the sync word alone is only eleven bits.
func isMP3(data []byte) bool {
	n := mp3Frame(data)
	return n > 0 && (len(data) < n+4 || mp3Frame(data[n:]) > 0)
}

// kbit/s of layer III by the four bits of the header.
var (
	mpeg1Rates = [16]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0}
	mpeg2Rates = [16]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0}
	sampling   = [4]int{44100, 48000, 32000, 0}
)

// mp3Frame returns the length of the frame that begins here, or 0.
func mp3Frame(b []byte) int {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe6 != 0xe2 { // sync, layer III
		return 0
	}
	version := b[1] >> 3 & 3 // 0: 2.5, 1: reserved, 2: 2, 3: 1
	rate, hz, padding := mpeg1Rates[b[2]>>4], sampling[b[2]>>2&3], int(b[2]>>1&1)
	samples := 144
	if version != 3 {
		rate, samples = mpeg2Rates[b[2]>>4], 72
		hz /= 2
		if version == 0 {
			hz /= 2
		}
	}
	if version == 1 || rate == 0 || hz == 0 {
		return 0
	}
	return samples*rate*1000/hz + padding
}

// isADTS tells an AAC stream (ISO/IEC 13818-7 §6.2): sync word, layer 0, a valid
// sampling rate.
func isADTS(b []byte) bool {
	return len(b) >= 7 && b[0] == 0xff && b[1]&0xf6 == 0xf0 && b[2]>>2&0xf < 13
}
