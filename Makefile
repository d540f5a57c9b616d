# Harkara. `make` alone lists what there is. Needs Go 1.26 and git; `make test`
# installs what the tests need beyond that.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# One build for the product and the tests, without cgo; the race detector needs
# its own. Different flags elsewhere would build the database driver once more.
export CGO_ENABLED := 0

DIRS := $(wildcard bench client cmd e2e gsm internal smpp)
# The rooms with goroutines of their own.
RACE ?= $(addsuffix /...,$(wildcard ./smpp ./client ./cmd ./internal/account ./internal/config ./internal/connect \
	./internal/egress ./internal/flow ./internal/obs ./internal/run ./internal/sim ./internal/smppd ./internal/smsapi ./internal/store))
TESTFLAGS ?=
BENCHTIME ?= 1s
BENCHFLAGS ?=
PROOF ?= 1
PROOFFLAGS ?= -timeout 20m

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 18

.PHONY: dev
dev: build ## build, and start a server with a demo account and a simulated operator (ARGS="--http 127.0.0.1:9090")
	bin/harkara dev $(ARGS)

.PHONY: build
build: ## build bin/harkara
	go build -o bin/harkara ./cmd/harkara

.PHONY: deps
deps: ## install what the tests need (Debian and npm packages)
	@scripts/deps.sh

.PHONY: test
test: deps ## run all tests, installing what they need (TESTFLAGS="-run X -v")
	@begin=$$SECONDS; go test -shuffle=on $(TESTFLAGS) ./...; code=$$?; \
	echo "make test: $$((SECONDS - begin)) s"; exit $$code

.PHONY: check
check: lint race fuzz ## everything but the tests themselves: lint, race, fuzz

.PHONY: lint
lint: ## gofmt, go vet, staticcheck, the import table and the size limits
	@files=$$(gofmt -l $(DIRS)); if [ -n "$$files" ]; then echo "not formatted (make fmt):"; echo "$$files"; exit 1; fi
	go test -count=1 ./internal/arch
	go vet ./...
	go tool staticcheck ./...

.PHONY: race
race: deps ## the tests of the concurrent rooms under the race detector
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 20m $(RACE)

.PHONY: fuzz
fuzz: ## each fuzz target for 20 seconds (FUZZTIME=10m FUZZ=name; see scripts/fuzz.sh)
	scripts/fuzz.sh

.PHONY: proof
proof: deps ## the longer proofs of the promises (PROOF=1 to the end-to-end tests)
	PROOF=$(PROOF) go test -count=1 $(PROOFFLAGS) ./e2e/...

.PHONY: bench
bench: build ## benchmarks of the packages, then of the whole binary (BENCHTIME=1s BENCHFLAGS="-runs 1")
	go test -run='^$$' -bench=. -benchmem -benchtime=$(BENCHTIME) ./...
	go run ./bench $(BENCHFLAGS)

.PHONY: fmt
fmt: ## format the Go files
	gofmt -w $(DIRS)

.PHONY: clean
clean: ## remove what was built and what make deps put into .cache
	rm -rf bin .cache
