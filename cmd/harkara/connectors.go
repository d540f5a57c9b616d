package main

import (
	"log/slog"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
)

// plugins is the only list of the channels in this binary.
func plugins(log *slog.Logger) connect.Plugins {
	return connect.Plugins{
		"smpp": smppc.Options{Log: log}.Plugin(),
	}
}
