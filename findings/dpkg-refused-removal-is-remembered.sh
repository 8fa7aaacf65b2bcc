#!/bin/bash
# dpkg: a package whose `prerm` refuses its removal stays installed, and one would guess that all is as before. The wish
# is kept: the state is "deinstall ok installed" (before: "install ok installed"), so that the next
# `dpkg --remove --pending`, meant for something else, removes the package as soon as its script allows that.
# Installing the package again takes the wish back.
# Seen with dpkg 1.21.23 of Debian 12: the list `expected` below.
# Exits 0 while that is so, 1 when it changed, 2 where it cannot be looked at.
set -euo pipefail

cannot() {
    echo "cannot be looked at: $*" >&2
    exit 2
}
[ "$(id -u)" = 0 ] || cannot "dpkg wants root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=1.21.23
(cd "$work" && apt-get -q download "dpkg=$version" && dpkg-deb -x dpkg_*.deb unpacked) >"$work/log" 2>&1 ||
    cannot "$(tail -n 1 "$work/log")"
"$work/unpacked/usr/bin/dpkg" --version | head -n 1

# A package with a script that refuses its removal while a file says so.
mkdir -p "$work/careful/DEBIAN" "$work/careful/usr/share/careful"
cat >"$work/careful/DEBIAN/control" <<'CONTROL'
Package: careful
Version: 1.0
Architecture: all
Maintainer: Nobody <nobody@example.test>
Description: refuses its removal
CONTROL
printf '#!/bin/sh\n[ ! -e %s/busy ]\n' "$work" >"$work/careful/DEBIAN/prerm"
chmod 755 "$work/careful/DEBIAN/prerm"
echo text >"$work/careful/usr/share/careful/file"
dpkg-deb --root-owner-group -b "$work/careful" "$work/careful.deb" >"$work/log"

# A database and a root of its own; the script runs where it is.
mkdir -p "$work/root/var/lib/dpkg/"{info,updates}
: >"$work/root/var/lib/dpkg/status"
own() {
    "$work/unpacked/usr/bin/dpkg" --root="$work/root" --log="$work/dpkg.log" --force-script-chrootless "$@" \
        >>"$work/log" 2>&1
}
state() { dpkg-query --admindir="$work/root/var/lib/dpkg" -W -f '${Status}' careful 2>/dev/null || echo "not there"; }
look() {
    own -i "$work/careful.deb"
    echo "installed: $(state)"
    touch "$work/busy"
    if own -r careful; then echo "removed"; else echo "removal refused: $(state)"; fi
    own -i "$work/careful.deb" || true
    echo "installed again, still busy: $(state)"
    own -r careful || true
    rm "$work/busy"
    own --remove --pending || true
    echo "after dpkg --remove --pending: $(state)"
}
seen=$(look)
echo "$seen"
expected=$(cat <<'TEXT'
installed: install ok installed
removal refused: deinstall ok installed
installed again, still busy: install ok installed
after dpkg --remove --pending: not there
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
