#!/bin/sh
# Builds the commit that is checked out twice, in two folders, and compares the programs byte for byte.
#
# The folders' names differ in length, since paths in a program move everything behind them. What is not committed is not
# built. The folders are removed when the programs are alike; else they stay, and the places that differ are shown.
# Usage: packaging/reproduce.sh [ARCHITECTURE]; WORK names the folder for both builds, below the target folder by default.
set -eu

machine=${1:-$(uname -m)}
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=${WORK:-$target/reproduce}
unset CARGO_TARGET_DIR

rm -rf "$work"
for folder in one/motionctl another/place/of/motionctl; do
    mkdir -p "$(dirname "$work/$folder")"
    git clone -q . "$work/$folder"
    # The tools are the same by their hashes: no need to fetch them twice.
    mkdir -p "$target/tools" "$work/$folder/target"
    ln -s "$target/tools" "$work/$folder/target/tools"
    (cd "$work/$folder" && packaging/dist.sh build "$machine")
done
one=$work/one/motionctl/dist/motionctl-$machine
another=$work/another/place/of/motionctl/dist/motionctl-$machine
if ! cmp "$one" "$another"; then
    for program in "$one" "$another"; do
        strings -n 8 "$program" | sort >"$program.strings"
    done
    diff "$one.strings" "$another.strings" | head -n 40 || true
    echo "reproduce: the two differ, in $(cmp -l "$one" "$another" | wc -l) bytes: $one $another" >&2
    exit 1
fi
sha256sum "$one"
echo "reproduce: the same $(stat -c %s "$one") bytes twice"
rm -rf "$work"
