package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
)

var apiKeys = noun[admin.KeySpec, *admin.KeySpec]{
	owned: true,
	head:  "ID ACCOUNT NAME API_KEY REVOKED GUARD IPS",
	row: func(k admin.KeySpec) []any {
		return []any{k.ID, k.Account, k.Name, k.APIKey, k.Revoked, fmt.Sprint(k.GuardSeconds, "s"), k.IPs}
	},
}

func keyCommand() *cobra.Command {
	return group("key", "API keys of accounts",
		apiKeys.list(), apiKeys.show(), keyCreate(), keyRotate(),
		apiKeys.change(func(e *edits[admin.KeySpec]) {
			e.text("name", "new name", func(s *admin.KeySpec) *string { return &s.Name })
			keyFlags(e)
		}),
		apiKeys.set("revoke", "Refuse it from now on", func(s *admin.KeySpec) { s.Revoked = true }),
		apiKeys.set("restore", "Take it again", func(s *admin.KeySpec) { s.Revoked = false }),
		apiKeys.delete())
}

func keyFlags(e *edits[admin.KeySpec]) {
	words(e, "ips", "addresses or blocks that may use it, such as 203.0.113.0/24; none: any", func(s *admin.KeySpec) *[]string { return &s.IPs })
	integer(e, "guard", "seconds in which the same call is answered with the first group_id; 0: off", func(s *admin.KeySpec) *int { return &s.GuardSeconds })
}

// secretFlags say where a token or password comes from that is not made at
// random. There is no flag for the secret itself: others could read it from the
// list of processes.
type secretFlags struct {
	what      string // token or password
	env, file string
}

func (f *secretFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.env, f.what+"-env", "", "environment variable with the "+f.what+", in place of a random one")
	cmd.Flags().StringVar(&f.file, f.what+"-file", "", "file with the "+f.what+"; - is the standard input")
}

func (f *secretFlags) read(cmd *cobra.Command) (string, error) {
	switch {
	case f.env != "" && f.file != "":
		return "", usagef("--%s-env and --%s-file are both given: keep one", f.what, f.what)
	case f.env != "":
		if secret := os.Getenv(f.env); secret != "" {
			return secret, nil
		}
		return "", fmt.Errorf("--%s-env: the environment variable %s is empty", f.what, f.env)
	case f.file == "":
		return "", nil
	}
	text, err := readInput(cmd, f.file)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("--%s-file: %s is empty", f.what, f.file)
	}
	return secret, nil
}

func keyCreate() *cobra.Command {
	var account, apiKey string
	given := secretFlags{what: "token"}
	cmd := &cobra.Command{Use: "create NAME", Short: "Make a key; its token is shown this once", Args: wants("NAME")}
	cmd.Flags().StringVar(&account, "account", "", "account it belongs to")
	cmd.Flags().StringVar(&apiKey, "api-key", "", "API key brought from another system (default: a random one)")
	given.add(cmd)
	e := &edits[admin.KeySpec]{flags: cmd.Flags()}
	keyFlags(e)
	return onStore(cmd, func(s *session, args []string) error {
		if account == "" {
			return usagef("say whose key it is: --account NAME")
		}
		token, err := given.read(s.cmd)
		if err != nil {
			return err
		}
		k := admin.KeySpec{Account: account, Name: args[0], APIKey: apiKey}
		if err := e.apply(&k); err != nil {
			return err
		}
		made, newToken, err := s.desk.NewKey(s.ctx, k, token)
		if err != nil {
			return err
		}
		return s.newKey(made, newToken, token != "")
	})
}

func keyRotate() *cobra.Command {
	given := secretFlags{what: "token"}
	cmd := apiKeys.scope(&cobra.Command{Use: "rotate NAME", Short: "Replace its token; the old one is refused at once", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[admin.KeySpec](true)
	given.add(cmd)
	return onStore(cmd, func(s *session, args []string) error {
		token, err := given.read(s.cmd)
		if err != nil {
			return err
		}
		made, newToken, err := s.desk.NewToken(s.ctx, apiKeys.ref(s, args[0]), token)
		if err != nil {
			return err
		}
		return s.newKey(made, newToken, token != "")
	})
}

// newKey shows a key with its new token, unless the caller brought that.
func (s *session) newKey(k admin.KeySpec, token string, brought bool) error {
	if brought {
		token = ""
	}
	admin.Mask(&k)
	return s.printer.show(struct {
		admin.KeySpec
		APIToken string `json:"api_token,omitempty"`
	}{k, token}, func(w io.Writer) {
		fmt.Fprintf(w, "key %s of account %s\n  API key    %s\n", k.Name, k.Account, k.APIKey)
		if !brought {
			fmt.Fprintf(w, "  API token  %s\nThe token is shown this once: only a hash of it is kept.\n", token)
		}
	})
}

// readInput reads a file, or the standard input for "-".
func readInput(cmd *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(cmd.InOrStdin())
	}
	return os.ReadFile(name)
}
