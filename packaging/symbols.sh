#!/bin/sh
# Refuses a program that asks for a newer C library than NEWEST, or for a library that old servers may lack.
#
# What the loader looks at before a program starts is read: the libraries that are needed, and the versions of their
# symbols. A program of which neither can be read is refused as well: nothing was shown then.
# Usage: packaging/symbols.sh PROGRAM [NEWEST]; NEWEST is 2.17, that of RHEL 7 and the oldest that Rust's library allows.
set -eu

program=${1:?usage: packaging/symbols.sh PROGRAM [NEWEST]}
newest=${2:-2.17}
status=0

complain() { echo "symbols: $program: $*" >&2; status=1; }

head=$(LC_ALL=C objdump -p "$program" || true)
needed=$(echo "$head" | awk '$1 == "NEEDED" { print $2 }')
# "  required from libc.so.6:", and a line for each version below it: hash, flags, index, name.
versions=$(echo "$head" | awk '/^  required from / { inside = 1; next } NF != 4 { inside = 0 } inside { print $4 }')
plain=$(echo "$versions" | grep -xE 'GLIBC_[0-9]+(\.[0-9]+)+' || true)
if [ -z "$needed" ] || [ -z "$plain" ]; then
    complain "no needed libraries, or no versions of symbols: nothing can be said of it"
    exit 1
fi

# The parts of the C library itself; libgcc_s and others are packages of their own.
for library in $needed; do
    echo "$library" | grep -qxE 'lib(c|m|dl|rt|pthread|util)\.so\.[0-9]+|ld-linux-[a-z0-9_-]+\.so\.[0-9]+' ||
        complain "needs $library, which is no part of the C library"
done
# GLIBC_ABI_DT_RELR and its like: a loader that does not know the word refuses the program.
for version in $versions; do
    echo "$plain" | grep -qxF "$version" || complain "asks for $version, which is no plain version of the C library"
done
symbols_of() { # VERSION
    LC_ALL=C objdump -T "$program" | grep -wF "$1" | awk '{ print $NF }' | sort -u | paste -sd ' '
}
for version in $(echo "$plain" | sort -uV); do
    of=${version#GLIBC_}
    [ "$(printf '%s\n' "$of" "$newest" | sort -V | tail -n 1)" = "$newest" ] ||
        complain "needs glibc $of where $newest is the newest allowed, for $(symbols_of "$version")"
done
[ "$status" = 0 ] || exit 1
echo "symbols: $program: starts with glibc $(echo "$plain" | sed 's/^GLIBC_//' | sort -V | tail -n 1) or newer, and needs no other library"
