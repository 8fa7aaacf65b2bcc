#!/bin/sh
# Writes what the program is made of into dist/motionctl.cdx.json (CycloneDX): every crate that is compiled in.
#
# It follows from Cargo.lock and the commit alone, so that two runs write the same bytes: the time is the commit's, and
# there is no random serial number.
# Usage: packaging/sbom.sh
set -eu

# What is installed into the target folder where it is missing.
version=0.5.9
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
PATH=$target/tools/bin:$PATH

if ! cargo cyclonedx --version 2>/dev/null | grep -qF "$version"; then
    echo "sbom: installing cargo-cyclonedx $version into $target/tools (some minutes, once)" >&2
    # It runs for seconds: what its optimisation takes is never won back.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_TARGET_DIR=$target/tools/build \
        cargo install --locked --quiet --force --root "$target/tools" --version "$version" cargo-cyclonedx
    rm -rf "$target/tools/build"
fi

# The lock file is what was built; it is not to be changed by looking at it.
cargo metadata --locked --format-version 1 >/dev/null
written=motionctl_bin.cdx.json
trap 'rm -f "$written"' EXIT
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)} cargo cyclonedx --quiet --format json --spec-version 1.5 \
    --describe binaries --no-build-deps --target "$(uname -m)-unknown-linux-gnu"
mkdir -p dist
# Our own crates are named by their folder on this machine.
sed "s|path+file://$PWD|path+file:///motionctl|g" "$written" >dist/motionctl.cdx.json
if grep -qF "$PWD" dist/motionctl.cdx.json; then
    echo "sbom: dist/motionctl.cdx.json names a folder of this machine" >&2
    exit 1
fi
echo "sbom: dist/motionctl.cdx.json, $(grep -c '"bom-ref"' dist/motionctl.cdx.json) crates" >&2
