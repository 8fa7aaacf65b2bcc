#!/bin/sh
# Runs a command where `cargo` is one that is new enough for this project, also where sudo has hidden it.
#
# A distribution's own cargo is often too old, and sudo takes rustup's folder out of PATH. Looked at are: the cargo on
# PATH, rustup's in the home folder, and that of the user who called sudo. Under sudo a checkout of that user's is built
# as that user, so that `target` stays theirs. Nothing is installed; where there is none, the exit code is 69.
# Usage: packaging/with-rust.sh COMMAND [ARGUMENT…]
set -eu

PATH=$PATH:/usr/sbin:/sbin
here=$(dirname "$0")
oldest=$(sed -n 's/^rust-version = "1\.\([0-9]*\)\(\.[0-9]*\)*"$/\1/p' "$here/../Cargo.toml")
caller='' home=''
HOME=${HOME:-/}
if [ "$(id -u)" = 0 ] && [ "${SUDO_USER:-root}" != root ]; then
    caller=$SUDO_USER
    home=$(getent passwd "$caller" | cut -d : -f 6)
fi

in_place() { # PLACE COMMAND…
    place=$1
    shift
    case $place in
        caller) runuser -u "$caller" -- env HOME="$home" PATH="$home/.cargo/bin:$PATH" "$@" ;;
        path) "$@" ;;
        home) env PATH="$HOME/.cargo/bin:$PATH" "$@" ;;
        # As root, for a checkout that the user may not write to; what cargo fetches goes to root's own folder.
        toolchain) env RUSTUP_HOME="$home/.rustup" PATH="$home/.cargo/bin:$PATH" "$@" ;;
    esac
}

tried=
fits() { # PLACE
    # Two lines may come: rustup says things before it runs anything.
    answer=$(in_place "$1" cargo --version 2>&1 | grep . | tail -n 1) || true
    minor=${answer#cargo 1.}
    minor=${minor%%.*}
    case $minor in
        '' | *[!0-9]*) answer="no answer of cargo's: $answer" ;;
        *) [ "$minor" -lt "$oldest" ] || return 0 ;;
    esac
    case $1 in
        caller | toolchain) tried="$tried
  $caller's, in PATH and $home/.cargo/bin: $answer" ;;
        path) tried="$tried
  in PATH: $answer" ;;
        home) tried="$tried
  in $HOME/.cargo/bin and PATH: $answer" ;;
    esac
    return 1
}

places="path home"
if [ -n "$home" ]; then
    places="path home toolchain"
    [ "$(stat -c %U "$here")" != "$caller" ] || places="caller path home toolchain"
fi
for place in $places; do
    if fits "$place"; then
        in_place "$place" "$@"
        exit
    fi
done
cat >&2 <<END
with-rust: Rust 1.$oldest or newer is needed to build motionctl, and it is not here. Looked at:$tried
  get it from https://rustup.rs; or install a package, which needs no Rust: docs/install.md
END
exit 69
