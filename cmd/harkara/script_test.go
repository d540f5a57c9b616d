package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"harkara": main}) }

// TestScripts runs the dialogues of testdata/*.txtar, each with a directory of
// its own. HARKARA_UPDATE=1 writes what is compared.
func TestScripts(t *testing.T) {
	example, err := filepath.Abs("../../docs/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dhaka, err := time.LoadLocation("Asia/Dhaka")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       os.Getenv("HARKARA_UPDATE") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HARKARA_DATA_DIR", filepath.Join(env.WorkDir, "data"))
			env.Setenv("EXAMPLE", example)
			env.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector waits a second at each exit
			// A time to come in Dhaka, the same in UTC, and one that is too far away.
			soon := time.Now().Add(48 * time.Hour)
			env.Setenv("SOON", soon.In(dhaka).Format("2006-01-02 15:04"))
			env.Setenv("SOON_UTC", soon.UTC().Format("2006-01-02T15:04:00Z"))
			env.Setenv("FAR", soon.AddDate(1, 1, 0).Format("2006-01-02"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"usage":    exits(exitUsage),
			"fails":    exits(exitFailed),
			"scrub":    scrub,
			"damage":   damage,
			"freeport": freePort,
			"await":    await,
			"loadenv":  loadEnv,
			"grab":     grab,
		},
	})
}

// exits runs a command that must end with the code.
func exits(code int) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		err := ts.Exec(args[0], args[1:]...)
		exit, ok := errors.AsType[*exec.ExitError](err)
		if err == nil || !ok || exit.ExitCode() != code {
			ts.Fatalf("%s ended with %v, want exit code %d", strings.Join(args, " "), err, code)
		}
	}
}

var changing = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?`), "TIME"},
	{regexp.MustCompile(`cli:[\w-]+`), "cli:ME"},
	{regexp.MustCompile(`(\S)   +`), "$1  "}, // columns are as wide as what was scrubbed
}

// scrub prints the last output again without what differs from run to run.
func scrub(ts *testscript.TestScript, _ bool, _ []string) {
	text := ts.ReadFile("stdout")
	for _, c := range changing {
		text = c.re.ReplaceAllString(text, c.by)
	}
	_, err := fmt.Fprint(ts.Stdout(), text)
	ts.Check(err)
}

// damage executes SQL on the database behind Harkara's back.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", filepath.Join(ts.Getenv("HARKARA_DATA_DIR"), "harkara.db"))
	ts.Check(err)
	_, err = db.Exec(args[0])
	ts.Check(errors.Join(err, db.Close()))
}

// freePort sets a variable to a loopback address that nobody listens at.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[0], ln.Addr().String())
	ts.Check(ln.Close())
}

// await runs a command until it succeeds and prints what is asked for.
func await(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile(args[0])
	ctx, done := context.WithTimeout(context.Background(), 20*time.Second)
	defer done()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ts.Exec(args[1], args[2:]...) == nil && want.MatchString(ts.ReadFile("stdout")) {
			return
		}
		select {
		case <-ctx.Done():
			ts.Fatalf("%q never came: %s%s", args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		case <-tick.C:
		}
	}
}

// loadEnv takes variables from a file such as dev.env.
func loadEnv(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		ts.Setenv(name, value)
	}
}

// grab sets a variable to what the group of a pattern matches in the last output.
func grab(ts *testscript.TestScript, _ bool, args []string) {
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("%s is not in %s", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], found[1])
}
