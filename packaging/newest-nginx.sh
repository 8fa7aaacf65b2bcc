#!/bin/sh
# Unpacks the newest NGINX of Debian's suites into a folder of its own, for the tests that run on two versions.
#
# Nothing is installed and no source of packages is added: apt works on lists and a cache of its own, checks the
# signatures as always, and the program gets its own libraries and loader, so that this machine's are untouched.
# The folder is root's alone, as every program that motionctl runs.
# Usage: packaging/newest-nginx.sh FOLDER; what cannot be had is said in FOLDER/reason, and that is no failure.
set -eu

folder=${1:?usage: packaging/newest-nginx.sh FOLDER}
suite=sid
work=

cannot() {
    mkdir -p "$folder"
    echo "$*" >"$folder/reason"
    echo "newest-nginx: $*" >&2
    exit 0
}
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

[ ! -x "$folder/nginx" ] || exit 0
for tool in apt-get apt-cache dpkg patchelf; do
    command -v "$tool" >/dev/null 2>&1 || cannot "no $tool here"
done
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keys" ] || cannot "the keys of Debian's archive are not here"
# The mirror that this machine uses already.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
[ -n "$mirror" ] || cannot "apt has no lists of Debian's here: run apt-get update first"

work=$(mktemp -d)
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
echo "deb [signed-by=$keys] $mirror $suite main" >"$work/sources.list"
# What is installed here has no say in what belongs together there.
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

apt-get -q update >"$work/log" 2>&1 || cannot "the lists of $suite cannot be fetched: $(tail -n 1 "$work/log")"
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances nginx | grep -E '^(nginx|lib[a-z0-9.+-]+|zlib1g)$' | grep -vE '^(nginx-.*|libnginx-.*|.*-bin)$' | sort -u)
# shellcheck disable=SC2086 # one word a package
(cd "$work/debs" && apt-get -q download $packages) >"$work/log" 2>&1 ||
    cannot "the packages of $suite cannot be fetched: $(tail -n 1 "$work/log")"
for package in "$work"/debs/*.deb; do
    dpkg -x "$package" "$work/root"
done

program=$work/root/usr/sbin/nginx
loader=$(basename "$(patchelf --print-interpreter "$program")")
rm -rf "$folder"
mkdir -p "$folder/lib"
find "$work/root" -path '*/lib*' -name 'lib*.so.*' ! -path '*/gconv/*' -exec cp -L {} "$folder/lib/" \;
find "$work/root" -name "$loader" -exec cp -L {} "$folder/lib/" \;
# The path of the program itself counts for its libraries' own, too.
patchelf --force-rpath --set-rpath "$folder/lib" --set-interpreter "$folder/lib/$loader" "$program"
"$program" -V >"$work/log" 2>&1 || cannot "it does not run here: $(tail -n 1 "$work/log")"
cp "$program" "$folder/nginx"
chmod -R go-w "$folder"
echo "newest-nginx: $(head -n 1 "$work/log") in $folder" >&2
