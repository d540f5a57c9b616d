package main

import (
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
)

// plugins is the only list of the channels in this binary.
func plugins() connect.Plugins {
	return connect.Plugins{
		"smpp": smppc.Plugin(),
	}
}
