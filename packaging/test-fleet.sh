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

say() { echo "test-fleet: $*" >&2; }
[ "$(id -u)" = 0 ] || { say "namespaces need root"; exit 69; }
package=${1:-}
# The newest.
for found in dist/*.deb; do
    # shellcheck disable=SC3013 # dash has it
    if [ -z "${1:-}" ] && { [ -z "$package" ] || [ "$found" -nt "$package" ]; }; then package=$found; fi
done
[ -r "$package" ] || { say "no package: run \`make package\` first, or name one"; exit 69; }
package=$(realpath "$package")
for need in mmdebstrap:mmdebstrap ip:iproute2 nsenter:util-linux ssh:openssh-client openssl:openssl dpkg-deb:dpkg python3:python3; do
    command -v "${need%:*}" >/dev/null || missing="${missing:-} ${need#*:}"
done
[ -z "${missing:-}" ] || { say "install first: apt-get install$missing"; exit 69; }

venv() { # FOLDER PACKAGE…
    folder=$1
    shift
    if [ ! -e "$folder/ready" ]; then
        say "installing $*"
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" --quiet --disable-pip-version-check install "$@"
        touch "$folder/ready"
    fi
}

mkdir -p "$cache" "$logs"
venv "$cache/ansible-2.16" 'ansible-core==2.16.*'
venv "$cache/ansible-newest" ansible-core
venv "$cache/ansible-lint" ansible-lint
for suite in bullseye bookworm trixie; do sh packaging/fleet/hosts.sh root $suite "$cache/$suite"; done

work=$(mktemp -d /var/tmp/motionctl-fleet.XXXXXX)
mkdir "$work/hosts"
end() {
    sh packaging/fleet/hosts.sh down "$work/hosts" || :
    rm -rf "$work"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
# What Ansible keeps for itself.
export ANSIBLE_HOME="$work/home"

# As a partner gets it: built, and installed from the archive.
export ANSIBLE_COLLECTIONS_PATH="$work/collections"
"$cache/ansible-newest/bin/ansible-galaxy" collection build --output-path "$work" packaging/ansible >/dev/null
"$cache/ansible-newest/bin/ansible-galaxy" collection install --offline --collections-path "$work/collections" \
    "$work"/motionctl-fleet-*.tar.gz >/dev/null
say "ansible-lint"
(cd "$work/collections/ansible_collections/motionctl/fleet" &&
    PATH=$cache/ansible-lint/bin:$PATH ansible-lint --offline --strict --nocolor --profile production .) >"$logs/lint" 2>&1 ||
    { cat "$logs/lint" >&2; exit 1; }

for version in $versions; do
    say "with $("$cache/ansible-$version/bin/ansible" --version | sed -n 1p)"
    sh packaging/fleet/hosts.sh down "$work/hosts"
    rm -rf "$work/hosts"
    mkdir "$work/hosts"
    python3 packaging/fleet/play.py "$work" "$cache" "$version" "$package" "$logs/$version"
done
say "all as expected; the logs are in $logs"
