package gsm

import (
	"strings"
	"testing"
)

const (
	// english is 146 characters, the length that design figures refer to.
	english = "Dear customer, your order 48213 has left our warehouse and will arrive tomorrow between 9:00 and 12:00. Track it at https://example.com/t/48213 ok"
	turkish = "Sayın müşterimiz, 48213 numaralı siparişiniz depomuzdan çıktı ve yarın saat 9:00 ile 12:00 arasında size ulaşacaktır. İyi günler."
	bengali = "প্রিয় গ্রাহক, আপনার অর্ডার ৪৮২১৩ আগামীকাল পৌঁছাবে। ধন্যবাদ।"
)

var (
	longEnglish = strings.Repeat(english, 3)
	longBengali = strings.Repeat(bengali, 3)
	longEuro    = longEnglish + "€"
	longTurkish = strings.Repeat(turkish, 3)

	nationalFour = []Language{Turkish, Spanish, Portuguese, Bengali}
)

func BenchmarkAppendGSM7(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = AppendGSM7(buf[:0], english)
	}
}

func BenchmarkAppendUCS2(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendUCS2(buf[:0], bengali)
	}
}

func BenchmarkAppendDecoded(b *testing.B) {
	octets, _ := AppendGSM7(nil, english)
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = AppendDecoded(buf[:0], CharsetGSM7, octets)
	}
}

func benchmarkMeasure(b *testing.B, text string) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Measure(text, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMeasureEnglish(b *testing.B)     { benchmarkMeasure(b, english) }
func BenchmarkMeasureBengali(b *testing.B)     { benchmarkMeasure(b, bengali) }
func BenchmarkMeasureLongEnglish(b *testing.B) { benchmarkMeasure(b, longEnglish) }
func BenchmarkMeasureLongBengali(b *testing.B) { benchmarkMeasure(b, longBengali) }
func BenchmarkMeasureLongEuro(b *testing.B)    { benchmarkMeasure(b, longEuro) }

func benchmarkSplit(b *testing.B, text string) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Split(text, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSplitEnglish(b *testing.B)     { benchmarkSplit(b, english) }
func BenchmarkSplitLongEnglish(b *testing.B) { benchmarkSplit(b, longEnglish) }
func BenchmarkSplitLongBengali(b *testing.B) { benchmarkSplit(b, longBengali) }

func BenchmarkParseUDH(b *testing.B) {
	octets := Concat{Ref: 7, Total: 3, Seq: 2}.AppendUDH(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseUDH(octets); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendSeptets(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = AppendSeptets(buf[:0], turkish, National(Turkish, Turkish))
	}
}

func BenchmarkMeasureNational(b *testing.B) {
	for name, text := range map[string]string{"English": english, "Turkish": turkish, "Bengali": bengali, "LongTurkish": longTurkish} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Measure(text, Options{National: nationalFour}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSplitNational(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Split(longTurkish, Options{Encoding: National(Turkish, NoLanguage)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubstitute(b *testing.B) {
	quotes := "“" + english + "” – it’s here"
	for name, text := range map[string]string{"English": english, "Quotes": quotes, "Bengali": longBengali} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Substitute(text, Options{})
			}
		})
	}
}
