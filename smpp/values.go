package smpp

import "strconv"

// Mode is what an ESME binds as.
type Mode uint8

// The three binds of SMPP 3.4 §2.2.
const (
	Transceiver Mode = iota // sends and receives
	Transmitter             // the ESME submits
	Receiver                // the ESME is delivered to
)

// String is transceiver, transmitter or receiver.
func (m Mode) String() string {
	switch m {
	case Transceiver:
		return "transceiver"
	case Transmitter:
		return "transmitter"
	case Receiver:
		return "receiver"
	}
	return "mode " + strconv.Itoa(int(m))
}

// CanSubmit tells whether an ESME bound like this may send messages to the SMSC.
func (m Mode) CanSubmit() bool { return m != Receiver }

// CanReceive tells whether the SMSC may deliver messages to an ESME bound like this.
func (m Mode) CanReceive() bool { return m != Transmitter }

func (m Mode) command() CommandID {
	switch m {
	case Transmitter:
		return CmdBindTransmitter
	case Receiver:
		return CmdBindReceiver
	}
	return CmdBindTransceiver
}

// Secret is a password. It prints as stars in every format, so that it never reaches a log by accident.
type Secret string

const stars = "*****"

// String hides the secret.
func (Secret) String() string { return stars }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return stars }

// MarshalText hides the secret from encoders such as encoding/json and log/slog.
func (Secret) MarshalText() ([]byte, error) { return []byte(stars), nil }

// TON is the type of number (SMPP 3.4 §5.2.5).
type TON uint8

// Types of number.
const (
	TONUnknown          TON = 0
	TONInternational    TON = 1
	TONNational         TON = 2
	TONNetworkSpecific  TON = 3
	TONSubscriberNumber TON = 4
	TONAlphanumeric     TON = 5
	TONAbbreviated      TON = 6
)

// NPI is the numbering plan indicator (SMPP 3.4 §5.2.6).
type NPI uint8

// Numbering plans.
const (
	NPIUnknown    NPI = 0
	NPIISDN       NPI = 1 // E.164
	NPIData       NPI = 3 // X.121
	NPITelex      NPI = 4 // F.69
	NPILandMobile NPI = 6 // E.212
	NPINational   NPI = 8
	NPIPrivate    NPI = 9
	NPIERMES      NPI = 10
	NPIInternet   NPI = 14
	NPIWAP        NPI = 18
)

// Address is a source or destination: its type, its plan and its digits or letters.
type Address struct {
	TON  TON
	NPI  NPI
	Addr string
}

// Values of esm_class (SMPP 3.4 §5.2.12): the low two bits are the messaging mode, bits 2 to 5 the
// message type, bits 6 and 7 the GSM features.
const (
	EsmModeMask     uint8 = 0x03
	EsmDatagram     uint8 = 0x01
	EsmForward      uint8 = 0x02 // transaction mode
	EsmStoreForward uint8 = 0x03

	EsmTypeMask            uint8 = 0x3C
	EsmReceipt             uint8 = 0x04 // short_message holds an SMSC delivery receipt
	EsmDeliveryAck         uint8 = 0x08 // SME delivery acknowledgement
	EsmManualAck           uint8 = 0x10 // SME manual or user acknowledgement
	EsmConversationAbort   uint8 = 0x18 // Korean CDMA
	EsmIntermediateReceipt uint8 = 0x20 // intermediate delivery notification

	EsmUDHI      uint8 = 0x40 // short_message begins with a user data header
	EsmReplyPath uint8 = 0x80
)

// Values of registered_delivery (SMPP 3.4 §5.2.17).
const (
	ReceiptNone         uint8 = 0x00
	ReceiptAlways       uint8 = 0x01 // receipt for success and failure
	ReceiptOnFailure    uint8 = 0x02
	ReceiptOnSuccess    uint8 = 0x03 // SMPP 5.0; reserved in 3.4
	ReceiptMask         uint8 = 0x03
	RequestDeliveryAck  uint8 = 0x04
	RequestManualAck    uint8 = 0x08
	RequestIntermediate uint8 = 0x10
)

// Values of data_coding (SMPP 3.4 §5.2.19).
const (
	CodingDefault   uint8 = 0x00 // SMSC default alphabet
	CodingASCII     uint8 = 0x01 // IA5
	CodingBinaryAlt uint8 = 0x02
	CodingLatin1    uint8 = 0x03 // ISO-8859-1
	CodingBinary    uint8 = 0x04
	CodingJIS       uint8 = 0x05
	CodingCyrillic  uint8 = 0x06 // ISO-8859-5
	CodingHebrew    uint8 = 0x07 // ISO-8859-8
	CodingUCS2      uint8 = 0x08
	CodingPictogram uint8 = 0x09
	CodingISO2022JP uint8 = 0x0A
	CodingExtJIS    uint8 = 0x0D
	CodingKSC5601   uint8 = 0x0E
)

// Values of interface_version (SMPP 3.4 §5.2.4, SMPP 5.0 §4.7.13).
const (
	Version34 uint8 = 0x34
	Version50 uint8 = 0x50
)

// MessageState is the state of a message in query_sm_resp and receipts (SMPP 3.4 §5.2.28, with the
// SCHEDULED and SKIPPED that SMPP 5.0 §4.7.15 adds). The zero value is SCHEDULED; NoState means "not known".
type MessageState uint8

// Message states.
const (
	StateScheduled     MessageState = 0
	StateEnroute       MessageState = 1
	StateDelivered     MessageState = 2
	StateExpired       MessageState = 3
	StateDeleted       MessageState = 4
	StateUndeliverable MessageState = 5
	StateAccepted      MessageState = 6
	StateUnknown       MessageState = 7
	StateRejected      MessageState = 8
	StateSkipped       MessageState = 9
	NoState            MessageState = 0xFF // no state was given, or one that nobody knows
)

// Final tells whether nothing more will happen to the message (SMPP 3.4 §5.2.28). UNKNOWN says nothing
// about the message, and ACCEPTED is sent by many SMSCs when they have taken it: neither is final here.
func (s MessageState) Final() bool {
	switch s {
	case StateDelivered, StateExpired, StateDeleted, StateUndeliverable, StateRejected, StateSkipped:
		return true
	}
	return false
}

// String is the name of the specification.
func (s MessageState) String() string {
	names := [...]string{"SCHEDULED", "ENROUTE", "DELIVERED", "EXPIRED", "DELETED", "UNDELIVERABLE",
		"ACCEPTED", "UNKNOWN", "REJECTED", "SKIPPED"}
	if int(s) < len(names) {
		return names[s]
	}
	if s == NoState {
		return "NONE"
	}
	return "state " + strconv.Itoa(int(s))
}
