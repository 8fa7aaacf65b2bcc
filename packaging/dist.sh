#!/bin/sh
# Builds the binary that starts on old servers too, and shows that it asks for no newer C library than they have.
#
# A linker takes the newest symbols of the machine that it runs on: what is built on Debian 12 does not start on
# Debian 11. zig brings the symbols of every version of glibc along; cargo-zigbuild makes it the linker and the C
# compiler. Both come by hash (dist-tools.txt) into the target folder; nothing is installed.
# Two builds of one commit give the same bytes, wherever their folders lie (docs/release.md says what that needs).
# Usage: packaging/dist.sh [build [ARCHITECTURE]|tools|sums]; without the tools, and no way to fetch them, it exits 69.
set -eu

what=${1:-build}
machine=${2:-$(uname -m)}
glibc=2.17
here=$(dirname "$0")
source=$(realpath "$here/..")
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
tools=$target/tools
triple=$machine-unknown-linux-gnu

say() { echo "dist: $*" >&2; }

# A target folder may be a copy of another's, and a venv's `pip` is bound to the place where it was made: python3 is not.
fetch_tools() {
    if ! cmp -s "$here/dist-tools.txt" "$tools/dist-tools.txt"; then
        say "fetching cargo-zigbuild and zig into $tools (100 MB, once)"
        mkdir -p "$target"
        if ! { python3 -m venv "$tools" && timeout 600 "$tools/bin/python3" -m pip install --quiet --no-deps \
            --force-reinstall --only-binary :all: --require-hashes -r "$here/dist-tools.txt"; } >"$target/dist-tools.log" 2>&1; then
            cat "$target/dist-tools.log" >&2
            # Not the network's fault: somebody has to look at it.
            ! grep -q 'DO NOT MATCH THE HASHES' "$target/dist-tools.log" || exit 1
            say "they cannot be fetched; a binary for this machine alone: make build"
            exit 69
        fi
        cp "$here/dist-tools.txt" "$tools/dist-tools.txt"
    fi
    zig=$(echo "$tools"/lib/python3*/site-packages/ziglang/zig)
    [ -x "$zig" ] || { say "$zig is not there: remove $tools/dist-tools.txt and try again"; exit 69; }
}

# Paths of this machine that the compiler would write into the program: in the messages of panics, above all.
flags() {
    printf -- '--remap-path-prefix=%s=%s\037' "$(rustc --print sysroot)" /rust \
        "${CARGO_HOME:-$HOME/.cargo}" /cargo "$source" /motionctl "$target" /target
}

build() {
    [ -d "$(rustc --print target-libdir --target "$triple")" ] || {
        say "this Rust has no standard library for $triple: rustup target add $triple"
        exit 69
    }
    encoded=$(flags)
    # Before the build, during which somebody may commit something. Another project's repository around us says nothing.
    commit=
    if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$source" ]; then commit=$(git rev-parse --short=10 HEAD); fi
    # The caches of both go into the target folder, too.
    PATH=$tools/bin:$PATH CARGO_ENCODED_RUSTFLAGS=${encoded%?} CARGO_ZIGBUILD_ZIG_PATH=$zig \
        CARGO_ZIGBUILD_CACHE_DIR=$target/zigbuild ZIG_GLOBAL_CACHE_DIR=$target/zig \
        cargo zigbuild --release --locked --target "$triple.$glibc"
    binary=$target/$triple/release/motionctl
    ! grep -q MOTIONCTL_KILL_POINT "$binary" || { say "$binary has the kill points of the tests"; exit 1; }
    "$here/symbols.sh" "$binary" "$glibc"
    says_its_commit
    install -D -m 755 "$binary" "$source/dist/motionctl-$machine"
    say "dist/motionctl-$machine"
}

# A release that does not say what it was built from is of no use to whoever gets a report of it.
says_its_commit() {
    [ "$machine" = "$(uname -m)" ] || return 0
    said=$("$binary" --version)
    case $said in
        *"($commit"*) say "$said" ;;
        *) say "it says $said, and it was built from $commit"; exit 1 ;;
    esac
}

# Of everything that is there to be handed on, packages too.
sums() {
    [ -d "$source/dist" ] || { say "nothing is in dist/ yet: make dist"; exit 69; }
    cd "$source/dist"
    find . -maxdepth 1 -type f ! -name 'SHA256SUMS*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0r sha256sum >SHA256SUMS.new
    mv SHA256SUMS.new SHA256SUMS
    cat SHA256SUMS
}

cd "$source"
case $what in
    build)
        fetch_tools
        build
        ;;
    tools) fetch_tools ;;
    sums) sums ;;
    *) say "not a step: $what"; exit 64 ;;
esac
