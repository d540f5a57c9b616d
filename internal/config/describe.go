package config

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

const preamble = `Harkara: the boot keys, with their defaults. Every key may also be given as a
flag (http_listen is --http-listen), in the environment (HARKARA_HTTP_LISTEN) or
as the name of a file that holds the value (HARKARA_HTTP_LISTEN_FILE). Flags win
over the environment, the environment over this file. An empty variable counts as
not set. Accounts, routes, connectors and prices are not set here: see harkara apply.`

// Describe writes a sample file with every key commented out, its help and its
// default. It is made from the tags of [Config].
func Describe(w io.Writer) error {
	b := bufio.NewWriter(w)
	for line := range strings.Lines(preamble) {
		fmt.Fprintf(b, "# %s\n", strings.TrimSuffix(line, "\n"))
	}
	for _, k := range keys() {
		if k.group != "" {
			fmt.Fprintf(b, "\n# --- %s ---\n", k.group)
		}
		fmt.Fprintln(b)
		help := k.help
		if k.min != "" {
			help += fmt.Sprintf(" From %s to %s.", k.min, k.max)
		}
		for _, line := range wrap(help, 78) {
			fmt.Fprintf(b, "# %s\n", line)
		}
		fmt.Fprintf(b, "#%s: %s\n", k.name, k.sample())
	}
	return b.Flush()
}

// sample is the default in YAML.
func (k key) sample() string {
	switch {
	case k.list():
		return "[]"
	case k.def == "", strings.HasPrefix(k.def, ":"), k.def == "off":
		return fmt.Sprintf("%q", k.def)
	}
	return k.def
}

// wrap breaks text at blanks into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
