#!/bin/sh
# Checks the code with the oldest Rust that Cargo.toml promises (`rust-version`), or one a little newer.
#
# clippy's incompatible_msrv knows the standard library's items; only the compiler itself knows the language and the
# dependencies. It is taken from rustup, or from a Debian suite and unpacked into the target folder: nothing is installed.
# Where neither has one, says so and succeeds.
# Usage: packaging/msrv.sh
set -eu

# So many minor versions newer still say something about the oldest.
slack=${MSRV_SLACK:-2}
suites="trixie trixie-backports forky sid"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
work=$target/msrv

oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
oldest_minor=${oldest#1.}
newest_minor=$((oldest_minor + slack))

say() { echo "msrv: $*" >&2; }
skip() { say "SKIPPED, $*"; exit 0; }
fits() { # MINOR
    [ "$1" -ge "$oldest_minor" ] && [ "$1" -le "$newest_minor" ]
}
check() { # RUSTC
    say "checking with $("$1" --version)"
    RUSTC=$1 CARGO_TARGET_DIR=$work/target cargo check --locked --workspace --all-targets
}

# A toolchain that is there already; none is fetched.
minor=$oldest_minor
while command -v rustup >/dev/null 2>&1 && [ "$minor" -le "$newest_minor" ]; do
    for toolchain in $(rustup toolchain list | sed -n "s/^\(1\.$minor\(\.[0-9]*\)\?-[^ ]*\).*/\1/p"); do
        check "$(rustup which --toolchain "$toolchain" rustc)"
        exit
    done
    minor=$((minor + 1))
done

wanted="no Rust 1.$oldest_minor to 1.$newest_minor here"
command -v apt-get >/dev/null 2>&1 && [ -r $keyring ] || skip "$wanted, and this is no Debian"
# The mirror that this machine's own packages come from.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/*$' || true)
[ -n "$mirror" ] || skip "$wanted, and apt knows no mirror of Debian"

# An apt of our own: the system's lists and packages stay as they are.
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
: >"$work/status"
for suite in $suites; do echo "deb [signed-by=$keyring] $mirror $suite main"; done >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir::State "$work";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::Languages "none";
END
export APT_CONFIG="$work/apt.conf"
timeout 120 apt-get -q update >"$work/log" 2>&1 || skip "$wanted, and $mirror does not answer (see $work/log)"

held=$(apt-cache madison rustc | awk -F ' *[|] *' '{ print $2 }')
found=
for version in $held; do
    minor=${version#1.}
    if fits "${minor%%.*}"; then found=$version; fi
done
[ -n "$found" ] || skip "$wanted, and the Debian suites $suites hold only rustc $(echo "$held" | sort -uV | tr '\n' ' ')"

# The compiler and its libraries, LLVM's among them. The C library is this machine's, and so is what must fit to it.
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances "rustc=$found" | grep -E '^(rustc|libstd-rust-.*|lib.*[0-9](t64)?)$' |
    grep -Ev '^lib(c6|gcc|gomp|stdc|asan|tsan|lsan|ubsan|hwasan|itm|atomic|quadmath|cc1|crypt)' | sort -u)
rm -rf "$work/root" && mkdir -p "$work/root" "$work/packages"
# shellcheck disable=SC2086 # one word a package
(cd "$work/packages" && rm -f ./*.deb && apt-get -q download "rustc=$found" $(echo "$packages" | grep -v '^rustc$')) \
    >"$work/log" 2>&1 || skip "rustc $found cannot be fetched (see $work/log)"
for package in "$work"/packages/*.deb; do dpkg -x "$package" "$work/root"; done
LD_LIBRARY_PATH=$(find "$work/root/usr/lib" -name '*.so*' -printf '%h\n' | sort -u | tr '\n' ':')
export LD_LIBRARY_PATH
"$work/root/usr/bin/rustc" --version >/dev/null 2>"$work/log" \
    || skip "rustc $found does not run here: $(tail -n 1 "$work/log")"
check "$work/root/usr/bin/rustc"
