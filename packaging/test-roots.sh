#!/bin/bash
# Runs a package on the Debian releases that can still be had, each in a root of its own with its own NGINX and C library.
#
# A root is made by mmdebstrap once and kept (packaging/roots/make.sh); each run works on a fresh copy, entered by
# unshare and pivot_root with processes, mounts and a network of its own (packaging/roots/enter.sh): in a plain chroot the
# kernel forbids the sandbox. There the package is installed, a server is migrated and taken back, a database is seeded,
# and the package is removed (packaging/roots/road.sh); then once more under the release's systemd, over a restart
# (packaging/roots/boot.sh). What was said is kept in $CARGO_TARGET_DIR/roots/.
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

# A fresh copy of a root in $work, with what the roads need.
unpack() { # ARCHIVE
    rm -rf "$work"
    work=$(mktemp -d /var/tmp/motionctl-roots-XXXXXX)
    chmod 755 "$work"
    tar -xpf "$1" -C "$work" --numeric-owner
    mkdir "$work/given"
    cp "$given" "$here"/roots/{road.sh,boot.sh,server.sh,motion.pl} "$work/given/"
    cp -a "$here/../fixtures/standalone" "$work/given/server"
    cp "$here"/../templates/seed/{schema.sql,schema-map.toml} "$work/given/"
    cp "$here/../fixtures/manifests/good/example.yaml" "$work/given/team.yaml"
}
enter() { # OPTION OF UNSHARE… -- COMMAND…
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    unshare --mount --net --pid --uts --ipc --fork --kill-child --propagation private "${options[@]}" \
        "$here/roots/enter.sh" "$work" "$suite" "$@" </dev/null
}
# Until the machine switches itself off.
boot() {
    echo $BASHPID >"$group/cgroup.procs"
    enter --cgroup -- /lib/systemd/systemd --system --show-status=no --log-target=null >/dev/null 2>&1
}
ended() { # TRANSCRIPT: it was walked to its end
    if grep '^== ' "$1"; then return; fi
    status=1
    tail -n 40 "$1" >&2
    echo "test-roots: $suite: FAILED, all of it in $1" >&2
}

groups=$(findmnt --noheadings --types cgroup2 --output TARGET | head -n 1)
for suite in "$@"; do
    archive=/var/cache/motionctl-tests/roots/$suite.tar
    if ! "$here/roots/make.sh" "$suite" "$archive"; then
        echo "test-roots: $suite: FAILED, there is no root of it" >&2
        status=1
        continue
    fi
    echo "test-roots: $suite, $(basename "$given")" >&2
    unpack "$archive"
    enter -- /given/road.sh "$kind" "/given/$(basename "$given")" >"$out/$suite.txt" 2>&1 || true
    ended "$out/$suite.txt"

    if [ -z "$groups" ]; then
        echo "test-roots: $suite: SKIPPED under systemd, there are no control groups (v2) here" >&2
        continue
    fi
    unpack "$archive"
    cat >"$work/etc/systemd/system/road.service" <<UNIT
[Unit]
After=nginx.service motion.service
[Service]
Type=oneshot
ExecStart=/given/boot.sh $kind /given/$(basename "$given")
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=append:/given/said
StandardError=append:/given/said
UNIT
    mkdir -p "$work/etc/systemd/system/multi-user.target.wants"
    ln -s ../road.service "$work/etc/systemd/system/multi-user.target.wants/"
    group=$groups/motionctl-roots-$$
    for _ in first second; do
        mkdir "$group"
        (boot) || true
        # Empty by now, with what systemd made below it.
        find "$group" -depth -type d -exec rmdir {} \;
    done
    mv "$work/given/said" "$out/$suite-systemd.txt"
    ended "$out/$suite-systemd.txt"
done
exit "$status"
