#!/bin/sh
# Measures what Ansible costs with many servers: it makes them on this machine, as packaging/test-fleet.sh does, and lets the
# collection in packaging/ansible survey and migrate all of them. Prints one table in Markdown.
#
# All are Debian 12. Their root and the newest Ansible are kept in FLEET_CACHE, logs and table in FLEET_LOGS. Everything else
# lives in namespaces and ends with the script. Takes about half an hour for 3 and 24, and two minutes more the first time.
# Usage: packaging/fleet-scale.sh [NUMBER…], as root; FLEET_PACKAGE names a package (the newest .deb in dist/), FLEET_FORKS
# how many servers Ansible works on at a time ("5 25"), FLEET_TABLE how many names the table alone is made of (10000; 0: none)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
PATH=$PATH:/usr/sbin:/sbin
cache=${FLEET_CACHE:-/var/cache/motionctl-tests/fleet}
logs=${FLEET_LOGS:-$(realpath -m "${CARGO_TARGET_DIR:-target}/tmp/fleet-scale")}
[ $# -gt 0 ] || set -- 3 24

name=fleet-scale
. packaging/fleet/common.sh
for number; do
    case $number in *[!0-9]* | '') say "no number of servers: $number"; exit 64 ;; esac
    [ "$number" -ge 1 ] && [ "$number" -le 200 ] || { say "1 to 200 servers, not $number"; exit 64; }
done
ready "${FLEET_PACKAGE:-}"
ansible=$cache/ansible-newest
venv "$ansible" ansible-core
sh packaging/fleet/hosts.sh root bookworm "$cache/bookworm"

begin
dpkg-deb -x "$package" "$work/unpacked"

commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
head="$(date -u +%F), commit $commit, $(nproc) cores, $(uname -m), $("$ansible/bin/ansible" --version | sed -n '1s/[][]//gp')"
rm -f "$logs/rows"
for number; do
    before=
    for forks in ${FLEET_FORKS:-5 25}; do
        # Where the smaller number of forks is enough for all, a larger one is the same measurement.
        [ -z "$before" ] || [ "$number" -gt "$before" ] || continue
        before=$forks
        say "$number servers, $forks at a time"
        no_hosts
        python3 packaging/fleet/scale.py servers "$work" "$cache" "$package" "$logs" "$number" "$forks"
    done
done
names=${FLEET_TABLE:-10000}
[ "$names" = 0 ] || {
    say "the table of $names names"
    no_hosts
    python3 packaging/fleet/scale.py table "$work" "$cache" "$package" "$logs" "$names" 5
}
python3 packaging/fleet/scale.py print "$logs" "$head" >"$logs/table.md"
cat "$logs/table.md"
say "the logs are in $logs"
