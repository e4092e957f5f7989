# `make demo` and `make test` are all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export GAMETAPE_DATA_DIR ?= data
# Models that tests use; kept between runs.
export GAMETAPE_TEST_MODELS ?= $(CURDIR)/target/models
CARGO ?= cargo

.PHONY: help
help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

.PHONY: setup
setup: ## Install what building needs (asks for nothing; says what is missing when not root)
	@scripts/setup build

.PHONY: setup-test
setup-test:
	@scripts/setup test

.PHONY: web
web: web/dist/index.html ## Build the web pages

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --no-audit --no-fund

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
	cd web && npm run build

.PHONY: build
build: setup web ## Build the program into target/release/gametape
	$(CARGO) build --release --locked

.PHONY: demo
demo: build ## Make a workspace with sample calls and start the server
	target/release/gametape demo
	echo "Open http://127.0.0.1:7400 – stop with Ctrl-C"
	exec target/release/gametape serve

.PHONY: test
test: setup setup-test web ## Set everything up and run all tests
	scripts/test-all

.PHONY: check
check: ## The quick loop: format, lints, unit tests of what changed (under two minutes when warm)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) test --workspace --lib --locked --quiet
	cd web && npm run check && npm run lint && npm run test

.PHONY: bench
bench: build ## Word error rates and speed on the sample calls
	target/release/gametape --models-dir $(GAMETAPE_TEST_MODELS) model get tiny.en >/dev/null
	$(CARGO) run --release --locked -p gametape-tests --bin accuracy -- target/release/gametape

.PHONY: bench-peers
bench-peers: build setup-test ## Speed, words and memory beside faster-whisper and pywhispercpp (about an hour)
	scripts/bench-peers target/release/gametape

.PHONY: load
load: build ## Waits with 50 clients on 10,000 calls and 1,000,000 comments, on both engines (about half an hour)
	scripts/test-postgres $(CARGO) run --release --locked -p gametape-tests --bin load -- target/release/gametape

.PHONY: crowd
crowd: build ## 200 people at their own pace on a server that transcribes, ever faster, on both engines (about ten minutes)
	target/release/gametape --models-dir $(GAMETAPE_TEST_MODELS) model get tiny.en >/dev/null
	scripts/test-postgres $(CARGO) run --release --locked -p gametape-tests --bin crowd -- target/release/gametape

.PHONY: fuzz
fuzz: setup setup-test web ## Requests of every kind that the OpenAPI document knows, ten minutes as each role
	$(CARGO) build --locked
	scripts/test-fuzz 600

.PHONY: gen
gen: ## Write the generated files again: docs/openapi.json and the web's types
	$(CARGO) run --locked -- openapi > docs/openapi.json
	cd web && npm run gen

.PHONY: kill-test
kill-test: setup setup-test web ## 100 kills of a worker on SQLite and on PostgreSQL (about 20 minutes)
	GAMETAPE_TEST_KILLS=100 scripts/test-postgres $(CARGO) test --locked -p gametape-tests --test kill -- --nocapture

SECONDS_EACH ?= 1800
.PHONY: fuzz-parsers
fuzz-parsers: ## Fuzz every parser of data from outside, half an hour each (SECONDS_EACH=… for less)
	@scripts/fuzz-parsers $(SECONDS_EACH)

.PHONY: sbom
sbom: ## Write what the program and the web are made of to target/sbom (CycloneDX)
	@scripts/sbom

.PHONY: chaos
chaos: build setup-test ## Break everything around the program for GAMETAPE_CHAOS_MINUTES (30), on both engines; 500 faults at least
	GAMETAPE_CHAOS_FAULTS=$${GAMETAPE_CHAOS_FAULTS:-500} scripts/test-s3 scripts/test-postgres \
	  $(CARGO) run --release --locked -p gametape-tests --bin chaos -- target/release/gametape

.PHONY: soak
soak: build setup-test ## The same people without faults for GAMETAPE_CHAOS_MINUTES (60): do memory and file handles stay flat?
	scripts/test-s3 scripts/test-postgres \
	  $(CARGO) run --release --locked -p gametape-tests --bin chaos -- target/release/gametape soak

.PHONY: deny
deny: ## Licences, sources and known holes of dependencies, of the program and of the web
	@scripts/deny
