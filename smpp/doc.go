// Package smpp speaks SMPP 3.4 (Short Message Peer-to-Peer, issue 1.2), as ESME and as SMSC.
package smpp
