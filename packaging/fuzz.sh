#!/bin/sh
# Runs every fuzz target, one after the other, and fails at the first that finds something.
#
# Seeds are made of the fixtures, what was found interesting before is kept in CARGO_TARGET_DIR/fuzz/corpus. No nightly
# compiler is needed: the code is safe Rust, so that what a sanitizer looks for is not what is looked for here.
# Usage: packaging/fuzz.sh [TARGET…]; FUZZ_SECONDS (600) for each, FUZZ_SANITIZER (none) for cargo-fuzz.
set -eu

# What `make fuzz` installs where it is missing.
version=0.13.1
seconds=${FUZZ_SECONDS:-600}
sanitizer=${FUZZ_SANITIZER:-none}
cd "$(dirname "$0")/.."
mkdir -p "${CARGO_TARGET_DIR:-target}/fuzz"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/fuzz
PATH=$target/tools/bin:$PATH
# Sanitizers are options of unstable Rust; this lets a stable compiler take them.
export RUSTC_BOOTSTRAP=1
unset CARGO_TARGET_DIR

if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install --locked --quiet --root "$target/tools" --version "$version" cargo-fuzz
fi

dictionary() { # TARGET
    case $1 in
        parse | edit | merge | redact | message | bundle) echo fuzz/dictionaries/nginx.dict ;;
        *) echo fuzz/dictionaries/text.dict ;;
    esac
}

rm -rf "$work/seeds"
packaging/fuzz-seeds.sh "$work/seeds"
for package in . crates/nginx-config; do
    names=$(cargo fuzz list --fuzz-dir "$package/fuzz")
    wanted=
    for name in $names; do
        case " ${*:-$name} " in *" $name "*) wanted="$wanted $name" ;; esac
    done
    if [ -z "$wanted" ]; then continue; fi
    for name in $wanted; do
        mkdir -p "$work/corpus/$name" "$work/seeds/$name" "$work/found/$name"
        echo "== $name, $seconds s" >&2
        # The order of arguments is libFuzzer's: the first folder is the one that it adds to. Beyond 64 KiB an input says
        # nothing new and takes the time of thousands.
        cargo fuzz run --sanitizer "$sanitizer" --codegen-units 16 --fuzz-dir "$package/fuzz" --target-dir "$work/build" \
            "$name" "$work/corpus/$name" "$work/seeds/$name" -- \
            -max_total_time="$seconds" -dict="$(dictionary "$name")" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
            -artifact_prefix="$work/found/$name/" -print_final_stats=1
    done
done
