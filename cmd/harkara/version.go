package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the linker in a release build.
var release string

// version names the build: the release, else what the Go tool knows.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if release != "" {
		return release
	}
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
		var revision, dirty string
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					dirty = "+dirty"
				}
			}
		}
		if len(revision) > 12 {
			revision = revision[:12]
		}
		if revision != "" {
			v += "-" + revision + dirty
		}
	}
	return v
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			text := "harkara " + version()
			if info, ok := debug.ReadBuildInfo(); ok {
				text += ", " + info.GoVersion
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
			return err
		}}
}
