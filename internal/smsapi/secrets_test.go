package smsapi

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/memory"
)

// The canaries: what must never be seen in a log or an error reply.
const (
	canaryKey   = "CANARYKEY"
	canaryToken = "CANARYTOKEN"
	canaryText  = "CANARYTEXT"
	canaryFile  = "https://files.example/CANARYFILE?CANARYSIGNATURE"
)

// TestNothingSecretIsLogged drives every path with canaries and looks for them
// in everything that was logged (without any redaction) and in every reply. A
// text is given back by getinbox alone.
func TestNothingSecretIsLogged(t *testing.T) {
	canaries := []string{canaryKey, canaryToken, canaryText, "CANARYFILE", "CANARYSIGNATURE"}
	clean := func(t *testing.T, where, s string) {
		t.Helper()
		for _, c := range canaries {
			if strings.Contains(s, c) {
				t.Errorf("%s is in %s: %.300q", c, where, s)
			}
		}
	}
	newCanary := func(t *testing.T, change ...func(*rig)) *rig {
		return newRig(t, append([]func(*rig){func(r *rig) { r.credential = r.newCredential(canaryKey, canaryToken) }}, change...)...)
	}
	send := func(pairs ...string) []string {
		return append([]string{"from", "ACME", "to", "8801712345678", "text", canaryText, "file", canaryFile}, pairs...)
	}
	paths := map[string]func(r *rig) reply{
		"accepted":       func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "sendsms", send()...) },
		"missing":        func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "sendsms", "text", canaryText) },
		"wrong token":    func(r *rig) reply { return r.callAs(canaryKey, canaryToken+"x", "sendsms", send()...) },
		"wrong key":      func(r *rig) reply { return r.callAs(canaryKey+"x", canaryToken, "sendsms", send()...) },
		"unknown action": func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "x", send()...) },
		"bad date": func(r *rig) reply {
			return r.callAs(canaryKey, canaryToken, "sendsms", send("scheduledate", canaryText)...)
		},
		"bad type":   func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "sendsms", send("type", canaryText)...) },
		"bad route":  func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "sendsms", send("route", canaryText)...) },
		"bad number": func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "sendsms", send("to", canaryText)...) },
		"bad sender": func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "sendsms", send("from", canaryText)...) },
		"bad file": func(r *rig) reply {
			return r.callAs(canaryKey, canaryToken, "sendsms", send("type", "mms", "file", canaryText)...)
		},
		"bad duration": func(r *rig) reply {
			return r.callAs(canaryKey, canaryToken, "sendsms", send("type", "voice", "language", canaryText, "file", "", "duration", canaryText)...)
		},
		"voice": func(r *rig) reply {
			return r.callAs(canaryKey, canaryToken, "sendsms", send("type", "voice", "text", "")...)
		},
		"template": func(r *rig) reply {
			return r.callAs(canaryKey, canaryToken, "sendsms", send("type", "whatsapp", "text", "content:"+canaryText+"|"+canaryText+"="+canaryText)...)
		},
		"bad list": func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "getinbox", "list", canaryText) },
		"bad before": func(r *rig) reply {
			return r.callAs(canaryKey, canaryToken, "getinbox", "list", "all", "before", canaryText)
		},
		"bad group":  func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "groupstatus", "groupid", canaryText) },
		"balance":    func(r *rig) reply { return r.callAs(canaryKey, canaryToken, "balance", send()...) },
		"wrong path": func(r *rig) reply { return r.get("/smsapi?" + query("apikey", canaryKey, "text", canaryText)) },
		"method": func(r *rig) reply {
			return r.do(httptest.NewRequest(http.MethodPut, "/smsAPI?"+query("sendsms", "", "apikey", canaryKey, "apitoken", canaryToken, "text", canaryText), nil))
		},
		"body cut": func(r *rig) reply {
			req := httptest.NewRequest(http.MethodPost, "/smsAPI?sendsms&text="+canaryText, io.MultiReader(strings.NewReader("apikey="+canaryKey), iotest.ErrReader(errors.New("reset"))))
			req.ContentLength = 100
			return r.do(req)
		},
		"body too large": func(r *rig) reply {
			return r.post("/smsAPI?sendsms", "", "apikey="+canaryKey+"&text="+strings.Repeat(canaryText, 200_000))
		},
		"store fails": func(r *rig) reply {
			r.store.FailNext(memory.VerbAccept, sms.Unavailable("disk is full", errors.New("no space left")))
			return r.callAs(canaryKey, canaryToken, "sendsms", send()...)
		},
		"panic with the request": func(r *rig) reply {
			r.face.Door = broken{Accepter: r.flow, panics: fmt.Sprint("cannot send ", canaryText, " for ", canaryKey, " ", canaryToken, " ", canaryFile)}
			return r.callAs(canaryKey, canaryToken, "sendsms", send()...)
		},
		"panic with an error": func(r *rig) reply {
			r.face.Door = broken{Accepter: r.flow, panics: errors.New(canaryText)}
			return r.callAs(canaryKey, canaryToken, "sendsms", send()...)
		},
		"runtime panic": func(r *rig) reply {
			r.face.Store = nil
			return r.callAs(canaryKey, canaryToken, "getinbox", send()...)
		},
	}
	for name, call := range paths {
		t.Run(name, func(t *testing.T) {
			r := newCanary(t)
			clean(t, "the reply", call(r).body)
			r.step()
			clean(t, "the log", r.logs.String())
			if err := r.failures.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			list, err := r.store.AuthFailures(t.Context(), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range list {
				if strings.Contains(fmt.Sprint(f), canaryToken) || strings.Contains(fmt.Sprint(f), canaryKey+"x") {
					t.Errorf("what an operator sees has a secret in it: %+v", f)
				}
			}
		})
	}

	// The same over a socket, where net/http has a log of its own.
	r := newCanary(t)
	var serverLog logbook
	srv := &http.Server{Handler: r.handler, ErrorLog: log.New(&serverLog, "", 0)}
	l := NewListener(listen(t))
	serve(t, srv, l)
	for _, request := range []string{
		"GET /smsAPI?sendsms&apikey=" + canaryKey + "&apitoken=" + canaryToken + "&from=ACME&to=8801712345678&text=" + canaryText + " with blanks;%zz HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /smsAPI?sendsms&apikey=" + canaryKey + "&text=" + canaryText + " HTTP/1.1\r\n\r\n",
		"GET /smsAPI?sendsms&apikey=" + canaryKey + "&text=" + canaryText + " HTTP/3.1\r\nHost: h\r\n\r\n",
		"GET /smsAPI?sendsms&apikey=" + canaryKey + "&text=" + canaryText + " HTTP/1.1\r\nHost: h\r\n" + canaryText + "\r\n\r\n",
		"POST /smsAPI?sendsms HTTP/1.1\r\nHost: h\r\nContent-Length: " + canaryText + "\r\n\r\n",
		"GET /smsAPI HTTP/1.1\r\nHost: h\r\nContent-Type: " + canaryText + "\r\nX-Forwarded-For: " + canaryText + "\r\n\r\n",
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		p := newPeer(t, c, err)
		io.WriteString(p, request)
		_, body := p.answer(t)
		clean(t, "the reply", body)
	}
	clean(t, "the server's log", serverLog.String())
	clean(t, "the log", r.logs.String())
}
