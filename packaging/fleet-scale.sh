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

say() { echo "fleet-scale: $*" >&2; }
[ "$(id -u)" = 0 ] || { say "namespaces need root"; exit 69; }
for number; do
    case $number in *[!0-9]* | '') say "no number of servers: $number"; exit 64 ;; esac
    [ "$number" -ge 1 ] && [ "$number" -le 200 ] || { say "1 to 200 servers, not $number"; exit 64; }
done
package=${FLEET_PACKAGE:-}
for found in dist/*.deb; do
    # shellcheck disable=SC3013 # dash has it
    if [ -z "${FLEET_PACKAGE:-}" ] && { [ -z "$package" ] || [ "$found" -nt "$package" ]; }; then package=$found; fi
done
[ -r "$package" ] || { say "no package: run \`make package\` first, or name one in FLEET_PACKAGE"; exit 69; }
package=$(realpath "$package")
for need in mmdebstrap:mmdebstrap ip:iproute2 nsenter:util-linux ssh:openssh-client openssl:openssl dpkg-deb:dpkg python3:python3; do
    command -v "${need%:*}" >/dev/null || missing="${missing:-} ${need#*:}"
done
[ -z "${missing:-}" ] || { say "install first: apt-get install$missing"; exit 69; }

mkdir -p "$cache" "$logs"
ansible=$cache/ansible-newest
if [ ! -e "$ansible/ready" ]; then
    say "installing ansible-core"
    rm -rf "$ansible"
    python3 -m venv "$ansible"
    "$ansible/bin/pip" --quiet --disable-pip-version-check install ansible-core
    touch "$ansible/ready"
fi
sh packaging/fleet/hosts.sh root bookworm "$cache/bookworm"

work=$(mktemp -d /var/tmp/motionctl-scale.XXXXXX)
mkdir "$work/hosts"
end() {
    sh packaging/fleet/hosts.sh down "$work/hosts" || :
    rm -rf "$work"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
# What Ansible keeps for itself.
export ANSIBLE_HOME="$work/home"
export ANSIBLE_COLLECTIONS_PATH="$work/collections"
"$ansible/bin/ansible-galaxy" collection build --output-path "$work" packaging/ansible >/dev/null
"$ansible/bin/ansible-galaxy" collection install --offline --collections-path "$work/collections" \
    "$work"/motionctl-fleet-*.tar.gz >/dev/null
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
        rm -rf "$work/hosts"
        mkdir "$work/hosts"
        python3 packaging/fleet/scale.py servers "$work" "$cache" "$package" "$logs" "$number" "$forks"
        sh packaging/fleet/hosts.sh down "$work/hosts"
    done
done
names=${FLEET_TABLE:-10000}
[ "$names" = 0 ] || {
    say "the table of $names names"
    rm -rf "$work/hosts"
    mkdir "$work/hosts"
    python3 packaging/fleet/scale.py table "$work" "$cache" "$package" "$logs" "$names" 5
}
python3 packaging/fleet/scale.py print "$logs" "$head" >"$logs/table.md"
cat "$logs/table.md"
say "the logs are in $logs"
