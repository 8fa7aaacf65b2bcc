#!/bin/sh
# Unpacks a program of another of Debian's suites into a folder of its own, for the tests that run on several versions.
#
# Nothing is installed and no source of packages is added: apt works on lists and a cache of its own, checks the
# signatures as always, and the programs get their own libraries and loader, so that this machine's are untouched.
# The folder is root's alone, as every program that motionctl runs: usr/ as in the packages, and lib/.
# Usage: packaging/unpack.sh nginx|mysql|mariadb|systemd FOLDER [SUITE…]; the first suite that offers it is taken.
# What cannot be had is said in FOLDER/reason, and that is no failure.
set -eu

usage="usage: packaging/unpack.sh nginx|mysql|mariadb|systemd FOLDER [SUITE…]"
name=${1:?$usage}
folder=${2:?$usage}
shift 2
work=

cannot() {
    mkdir -p "$folder"
    echo "$*" >"$folder/reason"
    echo "unpack: $name: $*" >&2
    exit 0
}
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What is unpacked whole (names as apt-cache has them, a pattern), the program itself, and what it says of itself.
case $name in
    nginx) wanted='nginx' program=usr/sbin/nginx version=-v ;;
    mysql) wanted='mysql-server-core(-8\.[0-9]+)?' program=usr/sbin/mysqld version=--version ;;
    # A new data folder is made by a script of the server's that runs a program of the client's.
    mariadb) wanted='mariadb-(server|client)-core(-10\.[0-9]+)?' program=usr/sbin/mariadbd version=--version ;;
    # The service manager and its programs: which units it has is for the test to say.
    systemd) wanted='systemd' program=usr/lib/systemd/systemd version=--version ;;
    *) echo "$usage" >&2; exit 64 ;;
esac
[ $# -gt 0 ] || set -- sid forky trixie

[ ! -x "$folder/$program" ] || exit 0
for tool in apt-get apt-cache dpkg patchelf; do
    command -v "$tool" >/dev/null 2>&1 || cannot "no $tool here"
done
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keys" ] || cannot "the keys of Debian's archive are not here"
# The mirror that this machine uses already.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
[ -n "$mirror" ] || cannot "apt has no lists of Debian's here: run apt-get update first"

# Each suite alone: what belongs together there is not mixed with another's.
lists_of() { # SUITE
    rm -rf "$work"
    work=$(mktemp -d)
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
    echo "deb [signed-by=$keys] $mirror $1 main" >"$work/sources.list"
    # What is installed here has no say in it.
    : >"$work/status"
    cat >"$work/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
CONF
    export APT_CONFIG="$work/apt.conf"
    apt-get -q update >"$work/log" 2>&1
}

found=
for suite in "$@"; do
    lists_of "$suite" || cannot "the lists of $suite cannot be fetched: $(tail -n 1 "$work/log")"
    # Some names are transitional packages without the program; the highest version is the last that is listed.
    found=$(apt-cache pkgnames | grep -xE "$wanted" | while read -r package; do
        [ -z "$(apt-cache madison "$package")" ] || echo "$package"
    done)
    [ -z "$found" ] || break
done
[ -n "$found" ] || cannot "not offered by Debian's $*"

# shellcheck disable=SC2086 # one word a package
libraries=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances $found | grep -xE 'lib[a-z0-9.+-]+|zlib1g' | grep -vE '^libnginx-|-perl$|^libperl|-bin$|-dev$|-data$' | sort -u)
fetch() { # PACKAGE…
    (cd "$work/debs" && apt-get -q download "$@") >"$work/log" 2>&1 ||
        cannot "the packages of $suite cannot be fetched: $(tail -n 1 "$work/log")"
}
# shellcheck disable=SC2086 # one word a package
fetch $found
mkdir "$work/unpacked"
for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/unpacked"; done
# shellcheck disable=SC2086 # one word a package
fetch $libraries
for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/root"; done
[ -x "$work/unpacked/$program" ] || cannot "the packages of $suite have no $program"

loader=$(basename "$(patchelf --print-interpreter "$work/unpacked/$program")")
rm -rf "$folder"
mkdir -p "$folder/lib"
# systemd's own libraries have their version in the name, and no other.
find "$work/root" "$work/unpacked" -path '*/lib*' \( -name 'lib*.so.*' -o -name 'libsystemd-*.so' \) ! -path '*/gconv/*' ! -xtype l -exec cp -L {} "$folder/lib/" \;
find "$work/root" -name "$loader" ! -xtype l -exec cp -L {} "$folder/lib/" \;
rm -rf "$work/unpacked/usr/share/doc" "$work/unpacked/usr/share/man" "$work/unpacked/etc"
# The path of a program itself counts for its libraries' own, and for what it loads later, too.
for file in "$work"/unpacked/usr/bin/* "$work"/unpacked/usr/sbin/* "$work"/unpacked/usr/lib/systemd/systemd*; do
    patchelf --print-interpreter "$file" >/dev/null 2>&1 || continue
    patchelf --force-rpath --set-rpath "$folder/lib" --set-interpreter "$folder/lib/$loader" "$file"
done
"$work/unpacked/$program" "$version" >"$work/log" 2>&1 || cannot "it does not run here: $(tail -n 1 "$work/log")"
# The program comes last: a folder that has it is whole.
cp -a "$work/unpacked/usr" "$folder/usr.new"
chmod -R go-w "$folder"
mv "$folder/usr.new" "$folder/usr"
echo "unpack: $(head -n 1 "$work/log") of $suite in $folder" >&2
