package smppc

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
)

// config reads the files. There is no way to switch the verification of the
// operator's certificate off: a self-signed one is named in ca_file.
func (t *tlsSettings) config() (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{ServerName: t.ServerName, MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, errors.New("tls: ca_file cannot be read: " + cause(err))
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("tls: ca_file holds no certificate in PEM form")
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, errors.New("tls: cert_file and key_file cannot be used: " + cause(err))
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// cause is the innermost reason of a file error; the path is in the settings.
func cause(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}
