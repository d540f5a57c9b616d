package smsapi

import (
	"slices"
	"testing"

	"github.com/harkara/harkara/internal/sms"
)

// TestRefused: the hook hears of what the face refuses itself, and not of what
// the door refused, which counts that.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*rig)
		call   func(*rig) reply
		want   []sms.Code
	}{
		{"accepted", nil, sends(), nil},
		{"answered", nil, calls("?balance&" + who), nil},
		{"no action", nil, calls("?" + who), []sms.Code{sms.CodeInvalid}},
		{"wrong token", nil, calls("?balance&apikey=K&apitoken=x"), []sms.Code{sms.CodeUnauthorized}},
		{"missing parameter", nil, sends("text", ""), []sms.Code{sms.CodeInvalid}},
		{"refused by the door", nil, sends("from", "NOBODY"), nil},
		{"panic", func(r *rig) { r.face.Store = nil }, calls("?balance&" + who), []sms.Code{sms.CodeInternal}},
		{"a path that does not exist", nil, func(r *rig) reply { return r.get("/smsapi?balance&" + who) }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []sms.Code
			r := newRig(t, func(r *rig) {
				r.face.Refused = func(code sms.Code) { got = append(got, code) }
				if test.change != nil {
					test.change(r)
				}
			})
			test.call(r)
			if !slices.Equal(got, test.want) {
				t.Errorf("told of %v, want %v", got, test.want)
			}
		})
	}
}
