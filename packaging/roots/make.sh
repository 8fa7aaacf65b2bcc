#!/bin/sh
# Makes the root of a Debian release with its own NGINX, MariaDB and systemd, as a tar archive, unless it is there already.
#
# Its packages come from the mirror that this machine uses, their signatures are checked, and no service is started.
# Usage: packaging/roots/make.sh SUITE FILE.tar
set -eu

suite=${1:?usage: packaging/roots/make.sh SUITE FILE.tar} archive=${2:?which file}
[ ! -e "$archive" ] || exit 0
command -v mmdebstrap >/dev/null 2>&1 || { echo "make-root: mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 69; }
# shellcheck disable=SC2016 # apt's own words
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
[ -n "$mirror" ] || { echo "make-root: apt has no lists of Debian's here: run apt-get update first" >&2; exit 69; }
mkdir -p "$(dirname "$archive")"
case $suite in
    bullseye) server=mariadb-server-core-10.5,mariadb-client-core-10.5 ;;
    *) server=mariadb-server-core,mariadb-client-core ;;
esac
echo "make-root: $suite (a minute or two)" >&2
# The name says that it is whole.
log=$(mktemp)
trap 'rm -f "$log" "$archive.part"' EXIT
if ! mmdebstrap --quiet --variant=minbase --format=tar --include="nginx,openssl,systemd,$server" \
    "$suite" "$archive.part" "$mirror" >"$log" 2>&1; then
    tail -n 3 "$log" >&2
    exit 1
fi
mv "$archive.part" "$archive"
