#!/bin/sh
# Tests packaging/ansible with real Ansibles against four servers that are made on this machine, on which the package is
# installed: one is refused, one fails a probe and is rolled back, one succeeds, one loses its sshd in the middle.
#
# Roots of Debian 11, 12 and 13 and the Ansibles are kept in FLEET_CACHE, the logs of a run in FLEET_LOGS. Everything else
# lives in namespaces and ends with the script. Takes about ten minutes, and five more the first time.
# Usage: packaging/test-fleet.sh [PACKAGE.deb], as root; without a package the newest .deb in dist/
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
PATH=$PATH:/usr/sbin:/sbin
cache=${FLEET_CACHE:-/var/cache/motionctl-tests/fleet}
logs=${FLEET_LOGS:-$(realpath -m "${CARGO_TARGET_DIR:-target}/tmp/fleet")}
# The one for old targets, and the newest that this Python takes.
versions=${FLEET_ANSIBLES:-"2.16 newest"}

name=test-fleet
. packaging/fleet/common.sh
ready "${1:-}"
venv "$cache/ansible-2.16" 'ansible-core==2.16.*'
venv "$cache/ansible-newest" ansible-core
venv "$cache/ansible-lint" ansible-lint
for suite in bullseye bookworm trixie; do sh packaging/fleet/hosts.sh root $suite "$cache/$suite"; done

begin
say "ansible-lint"
(cd "$work/collections/ansible_collections/motionctl/fleet" &&
    PATH=$cache/ansible-lint/bin:$PATH ansible-lint --offline --strict --nocolor --profile production .) >"$logs/lint" 2>&1 ||
    { cat "$logs/lint" >&2; exit 1; }

for version in $versions; do
    say "with $("$cache/ansible-$version/bin/ansible" --version | sed -n 1p)"
    no_hosts
    python3 packaging/fleet/play.py "$work" "$cache" "$version" "$package" "$logs/$version"
done
say "all as expected; the logs are in $logs"
