#!/bin/bash
# Runs a package on the Debian releases that can still be had, each in a root of its own with its own NGINX and C library.
#
# A root is made by mmdebstrap once and kept (packaging/roots/make.sh); each run works on a fresh copy, entered by
# unshare and pivot_root with processes, mounts and a network of its own (packaging/roots/enter.sh): in a plain chroot the
# kernel forbids the sandbox. There the package is installed, a server is migrated and taken back, a database is seeded,
# and the package is removed (packaging/roots/road.sh). What was said is kept in $CARGO_TARGET_DIR/roots/SUITE.txt.
# Usage: PACKAGE=dist/motionctl_…_amd64.deb packaging/test-roots.sh [SUITE…]
#        BINARY=target/…/motionctl          packaging/test-roots.sh [SUITE…]
set -euo pipefail

here=$(dirname "$0")
out=${CARGO_TARGET_DIR:-target}/roots
work=
status=0

[ "$(id -u)" = 0 ] || { echo "test-roots: root is needed to make and enter the roots" >&2; exit 69; }
if [ -n "${BINARY:-}" ]; then
    given=$BINARY kind=binary
else
    given=${PACKAGE:-} kind=package
    # The newest, where `make package` has left several.
    if [ -z "$given" ]; then
        for file in dist/*.deb; do
            if [ -z "$given" ] || [ "$file" -nt "$given" ]; then given=$file; fi
        done
    fi
fi
[ -f "$given" ] || { echo "test-roots: no $given: run make package, or name one with PACKAGE= or BINARY=" >&2; exit 66; }
[ $# -gt 0 ] || set -- bullseye bookworm trixie

trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$out"

for suite in "$@"; do
    archive=/var/cache/motionctl-tests/roots/$suite.tar
    if ! "$here/roots/make.sh" "$suite" "$archive"; then
        echo "test-roots: $suite: FAILED, there is no root of it" >&2
        status=1
        continue
    fi
    work=$(mktemp -d /var/tmp/motionctl-roots-XXXXXX)
    chmod 755 "$work"
    tar -xpf "$archive" -C "$work" --numeric-owner
    mkdir "$work/given"
    cp "$given" "$work/given/"
    cp "$here"/roots/road.sh "$here"/roots/motion.pl "$work/given/"
    cp -a "$here/../fixtures/standalone" "$work/given/server"
    cp "$here"/../templates/seed/schema.sql "$here"/../templates/seed/schema-map.toml "$work/given/"
    cp "$here/../fixtures/manifests/good/example.yaml" "$work/given/team.yaml"
    echo "test-roots: $suite, $(basename "$given")" >&2
    if unshare --mount --net --pid --uts --ipc --fork --kill-child --propagation private \
        "$here/roots/enter.sh" "$work" "$suite" /given/road.sh "$kind" "/given/$(basename "$given")" \
        >"$out/$suite.txt" 2>&1 </dev/null; then
        grep '^== ' "$out/$suite.txt"
    else
        status=1
        tail -n 40 "$out/$suite.txt" >&2
        echo "test-roots: $suite: FAILED, all of it in $out/$suite.txt" >&2
    fi
    rm -rf "$work"
done
exit "$status"
