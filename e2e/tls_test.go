package e2e

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/smpp/smpptest"
)

// certificate writes a self-signed certificate for localhost.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool = x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) {
		t.Fatal("the certificate cannot be read back")
	}
	return certFile, keyFile, pool
}

// rawRequest is a request as clients write it, KEYS in it standing for the
// credentials, and the text that must reach the operator; empty: no message.
type rawRequest struct {
	name, request, text string
}

const host = " HTTP/1.1\r\nHost: localhost\r\n"

func withBody(line, contentType, body string) string {
	return fmt.Sprintf("%s%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", line, host, contentType, len(body), body)
}

// rawRequests are shapes of compat.md §2.
func rawRequests() []rawRequest {
	const send = "GET /smsAPI?sendsms&KEYS&from=ACME&to=8801712345678&text="
	return []rawRequest{
		{"raw blanks", "GET /smsAPI?sendsms&KEYS&from=My Shop&to=8801712345678&type=unicode&text=raw blanks in it&scheduledate=2019-01-01 10:00:00" + host + "\r\n", "raw blanks in it"},
		{"raw newlines", send + "line one\nline two" + host + "\r\n", "line one\nline two"},
		{"raw UTF-8, a semicolon and a lone %", send + "শুভ সকাল; 100%#1" + host + "\r\n", "শুভ সকাল; 100%#1"},
		{"no question mark", "GET /smsAPI&sendsms&KEYS&from=ACME&to=8801712345678&text=no question mark" + host + "\r\n", "no question mark"},
		{"absolute form", "GET https://localhost/smsAPI?sendsms&KEYS&from=ACME&to=8801712345678&text=absolute form" + host + "\r\n", "absolute form"},
		{"two blanks after the method", "GET  /smsAPI?balance&KEYS" + host + "\r\n", ""},
		{"query-only POST", "POST /smsAPI/?KEYS&from=8809612345678&sendsms=1&text=query+only&to=8801712345678&type=sms" + host + "Content-Length: 0\r\n\r\n", "query only"},
		{"urlencoded body", withBody("POST /smsAPI", "application/x-www-form-urlencoded", "sendsms=&KEYS&from=ACME&to=8801712345678&text=Hi+%26+100%25%3B+bye"), "Hi & 100%; bye"},
		{"multipart body", withBody("POST /smsAPI?sendsms&KEYS", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\nACME\r\n"+
			"--b\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n+8801712345678\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n100% & more+1;\r\n--b--\r\n"), "100% & more+1;"},
		{"blanks around names and values", "GET /sadar/portal/smsAPI?%20%20sendsms%20%20&KEYS%20%20&from=ACME&type=sms%20%20&to=+8801712345678&text=hi+there" + host + "\r\n", "hi there"},
	}
}

// fill puts the credentials in and mends the Content-Length.
func (r rawRequest) fill(s *server) string {
	filled := strings.ReplaceAll(r.request, "KEYS", "apikey="+s.key+"&apitoken="+s.token)
	head, body, _ := strings.Cut(filled, "\r\n\r\n")
	if before, after, found := strings.Cut(head, "Content-Length: "); found {
		_, rest, _ := strings.Cut(after, "\r\n")
		head = strings.TrimRight(fmt.Sprintf("%sContent-Length: %d\r\n%s", before, len(body), rest), "\r\n")
	}
	return head + "\r\n\r\n" + body
}

// TestTLS speaks the smsAPI over TLS as real clients do.
func TestTLS(t *testing.T) {
	t.Parallel()
	o := operator(t)
	certFile, keyFile, pool := certificate(t)
	s := newServer(t, strings.Replace(oneRoute(o.Addr(), "", ""), "senders:", "senders:\n      - {name: My Shop, status: approved}", 1), "acme")
	s.cli("account", "topup", "acme", "100", "--reason", "test")
	addr := freeAddr(t)
	s.start("--https-listen", addr, "--https-cert-file", certFile, "--https-key-file", keyFile)

	want := map[string]bool{}
	for _, r := range rawRequests() {
		t.Run(r.name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: "localhost"})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			got := exchange(t, conn, r.fill(s))
			if r.text == "" && got.Balance == nil || r.text != "" && got.Status != "queued" {
				t.Fatalf("answer %+v", got)
			}
		})
		if r.text != "" {
			want[r.text] = true
		}
	}
	t.Run("many requests on one connection", func(t *testing.T) {
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: pool, ServerName: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for range 3 {
			if got := exchange(t, conn, rawRequest{request: "GET /smsAPI?balance&KEYS" + host + "\r\n"}.fill(s)); got.Balance == nil {
				t.Fatalf("answer %+v", got)
			}
		}
	})
	t.Run("HTTP/2", func(t *testing.T) { overHTTP2(t, s, addr, pool) })
	t.Run("curl", func(t *testing.T) { overCurl(t, s, addr, certFile) })
	t.Run("no TLS on the TLS port", func(t *testing.T) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("GET /smsAPI?balance" + host + "\r\n")); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		answer, err := io.ReadAll(conn)
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() || strings.Contains(string(answer), "balance") {
			t.Errorf("answer %q, %v; want the connection closed", answer, err)
		}
	})
	for _, text := range []string{"HTTP/2 by GET", "HTTP/2 by POST", "by curl"} {
		want[text] = true
	}
	eventually(t, "every text is at the operator", func() bool {
		have := texts(t, o.Received())
		for text := range want {
			if !have[text] {
				return false
			}
		}
		return true
	})
	s.stop()
	s.checked()
}

// exchange writes a request octet by octet as it is and reads the reply.
func exchange(t *testing.T, conn net.Conn, request string) reply {
	t.Helper()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return readReply(t, resp, 1)
}

// readReply decodes a reply of the smsAPI.
func readReply(t *testing.T, resp *http.Response, major int) (r reply) {
	t.Helper()
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json; charset=utf-8" || resp.ProtoMajor != major {
		t.Errorf("%s %s, content type %q", resp.Proto, resp.Status, resp.Header.Get("Content-Type"))
	}
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// overHTTP2 calls with many streams on one connection.
func overHTTP2(t *testing.T, s *server, addr string, pool *x509.CertPool) {
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	call := func(method string, v url.Values) (*http.Response, error) {
		v.Set("apikey", s.key)
		v.Set("apitoken", s.token)
		if method == http.MethodPost {
			return client.PostForm("https://"+addr+"/smsAPI", v)
		}
		return client.Get("https://" + addr + "/smsAPI?" + v.Encode())
	}
	var wg sync.WaitGroup
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for i := range 5 {
			wg.Go(func() {
				v := url.Values{"sendsms": {""}, "from": {"ACME"}, "to": {fmt.Sprintf("880171234566%d", i)}, "text": {"HTTP/2 by " + method}}
				resp, err := call(method, v)
				if err != nil {
					t.Error(err)
					return
				}
				if r := readReply(t, resp, 2); r.Status != "queued" {
					t.Errorf("answer %+v", r)
				}
			})
		}
	}
	wg.Wait()
	resp, err := call(http.MethodGet, url.Values{"groupstatus": {""}, "groupid": {"1"}})
	if err != nil {
		t.Fatal(err)
	}
	if r := readReply(t, resp, 2); r.Status != "success" || len(r.Recipients) != 1 {
		t.Errorf("answer %+v", r)
	}
}

// overCurl calls with a client that nobody here wrote.
func overCurl(t *testing.T, s *server, addr, certFile string) {
	out, err := exec.Command(program(t, "curl"), "-sS", "--cacert", certFile, "https://"+addr+"/smsAPI?sendsms", "--data-urlencode", "apikey="+s.key,
		"--data-urlencode", "apitoken="+s.token, "-d", "from=ACME", "-d", "to=8801712345678", "--data-urlencode", "text=by curl").CombinedOutput()
	if err != nil || !strings.Contains(string(out), `queued`) {
		t.Errorf("%v: %s", err, out)
	}
}

// texts are the texts of single messages, decoded.
func texts(t *testing.T, list []smpptest.Message) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	for _, m := range list {
		charset, _, _ := gsm.ParseDCS(m.DataCoding)
		text, _ := gsm.Decode(charset, m.Text)
		have[text] = true
	}
	return have
}

// TestTLSRefusesBadFiles: a certificate that cannot be used is found at the start.
func TestTLSRefusesBadFiles(t *testing.T) {
	t.Parallel()
	certFile, _, _ := certificate(t)
	_, otherKey, _ := certificate(t)
	for name, key := range map[string]string{"missing key": certFile + ".none", "key of another": otherKey} {
		dir := t.TempDir()
		out, err := exec.Command(binary, "serve", "--data-dir", dir, "--http-listen", "off", "--admin-listen", "off",
			"--https-listen", "127.0.0.1:0", "--https-cert-file", certFile, "--https-key-file", key).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "https_key_file") {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}
