package numplan

import (
	"errors"
	"testing"
)

func TestClassifySender(t *testing.T) {
	tests := []struct {
		sender string
		kind   SenderKind
		reason SenderReason
	}{
		{"MY CAR WASH", Alphanumeric, ""},
		{"Akurata.lk", Alphanumeric, ""},
		{"DEMO_SMS", Alphanumeric, ""},
		{"SMR Agro", Alphanumeric, ""},
		{"LTECH", Alphanumeric, ""},
		{"H&M", Alphanumeric, ""},
		{"Co-op 24", Alphanumeric, ""},
		{"A", Alphanumeric, ""},
		{"1234567890a", Alphanumeric, ""},
		{"8809601234567", Numeric, ""},
		{"+8809601234567", Numeric, ""},
		{"01712345678", Numeric, ""},
		{"123456789", Numeric, ""},
		{"123456789012345", Numeric, ""},
		{"6834567", Numeric, ""}, // seven digits, and a number of Niue
		{"+1234567", Numeric, ""},
		{"012", Numeric, ""},
		{"16222", ShortCode, ""},
		{"999", ShortCode, ""},
		{"56161181", ShortCode, ""},
		{"", InvalidSender, SenderEmpty},
		{" ACME", InvalidSender, SenderBlanks},
		{"ACME ", InvalidSender, SenderBlanks},
		{" ", InvalidSender, SenderBlanks},
		{"12", InvalidSender, SenderTooShort},
		{"+12", InvalidSender, SenderTooShort},
		{"1234567890123456", InvalidSender, SenderTooMany},
		{"ABCDEFGHIJKL", InvalidSender, SenderTooLong},
		{"1234567890ab", InvalidSender, SenderTooLong},
		{"Café", InvalidSender, SenderCharacter},
		{"ACME!", InvalidSender, SenderCharacter},
		{"A\nB", InvalidSender, SenderCharacter},
		{"A@B", InvalidSender, SenderCharacter},
		{"A[B", InvalidSender, SenderCharacter},
		{"A`B", InvalidSender, SenderCharacter},
		{"A{B", InvalidSender, SenderCharacter},
		{"A+B", InvalidSender, SenderCharacter},
		{"+", InvalidSender, SenderCharacter},
		{"+ACME", InvalidSender, SenderCharacter},
		{"১২৩৪৫", InvalidSender, SenderCharacter},
		{"123-456", InvalidSender, SenderNoLetter},
		{"-", InvalidSender, SenderNoLetter},
		{"&", InvalidSender, SenderNoLetter},
	}
	for _, tt := range tests {
		t.Run(tt.sender, func(t *testing.T) {
			kind, err := ClassifySender(tt.sender)
			if kind != tt.kind {
				t.Errorf("got %v, want %v", kind, tt.kind)
			}
			var r SenderReason
			if errors.As(err, &r); r != tt.reason {
				t.Errorf("got %v, want %v", err, tt.reason)
			}
			if err != nil && err.Error() != string(tt.reason) {
				t.Errorf("text %q", err.Error())
			}
		})
	}
}

func TestSenderKindString(t *testing.T) {
	for k, want := range map[SenderKind]string{InvalidSender: "invalid", Alphanumeric: "alphanumeric", Numeric: "numeric", ShortCode: "short code", 99: "invalid"} {
		if got := k.String(); got != want {
			t.Errorf("%d: got %q, want %q", k, got, want)
		}
	}
}

func TestIsShortCodeShape(t *testing.T) {
	for s, want := range map[string]bool{
		"123": true, "16222": true, "12345678": true,
		"": false, "12": false, "123456789": false, "012": false, "12a": false, "+123": false, "১২৩": false, " 123": false,
	} {
		if got := IsShortCodeShape(s); got != want {
			t.Errorf("%q: got %v", s, got)
		}
	}
}
