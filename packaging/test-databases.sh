#!/bin/sh
# Runs the tests of everything that reads or writes a database on every server that can be had, and prints a table.
#
# The servers of other Debian suites are unpacked (packaging/unpack.sh), nothing is installed. One that cannot be had is
# a row with its reason. The table stands in docs/seeding.md; tests that failed are named below it.
# Usage: packaging/test-databases.sh [CARGO OPTION…]
set -eu

cache=/var/cache/motionctl-tests
modules="database:: schema_map:: seed:: sessions::"
logs=${CARGO_TARGET_DIR:-target}/tmp/databases
status=0

mkdir -p "$logs"
date -u '+%F, commit '"$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" >"$logs/table"
echo '| server | passed | failed | skipped |' >>"$logs/table"
echo '|---|---|---|---|' >>"$logs/table"

row() { # NAME FOLDER [CARGO OPTION…]; without a folder it is this machine's own server
    name=$1 folder=$2 log=$logs/$1.log
    shift 2
    if [ -n "$folder" ] && [ ! -d "$folder/usr" ]; then
        echo "| $name | | | all: $(cat "$folder/reason") |" >>"$logs/table"
        return
    fi
    # shellcheck disable=SC2086 # one word a module
    MOTIONCTL_TEST_DATABASE=$folder cargo test --locked --test suite "$@" -- $modules >"$log" 2>&1 || true
    if ! grep -q '^test result: ' "$log"; then
        tail -n 20 "$log" >&2
        exit 1
    fi
    count() { grep '^test result: ' "$log" | grep -o "[0-9]* $1" | tail -n 1 | cut -d ' ' -f 1; }
    skipped=$(grep -c ': SKIPPED on ' "$log" || true)
    # A test that is skipped by its own word ends as one that passed.
    passed=$(($(count passed) - skipped))
    why=$(sed -n 's/: SKIPPED on .*//p' "$log" | paste -sd ';' | sed 's/;/; /g')
    echo "| $name | $passed | $(count failed) | $skipped${why:+: $why} |" >>"$logs/table"
    [ "$(count failed)" = 0 ] || status=1
}

# Programs of one version are tried once, and those of this machine first.
seen=
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
try() { # PROGRAM SUITE [CARGO OPTION…]
    program=$1 suite=$2 folder=$cache/$1-$2
    shift 2
    # The one that `make test` knows.
    [ "$program-$suite" != mysql-sid ] || folder=$cache/mysql
    [ -d "$folder/usr" ] || $sudo packaging/unpack.sh "$program" "$folder" "$suite"
    server=$(find "$folder/usr/sbin" -name 'm*d' 2>/dev/null | head -n 1)
    version=$("${server:-false}" --version 2>/dev/null | sed 's/.*Ver \([0-9.]*\).*/\1/' || true)
    case " $seen " in *" $program-$version "*) return ;; esac
    seen="$seen $program-$version"
    row "$program ${version:-of $suite}" "$folder" "$@"
}

own=$(mariadbd --version 2>/dev/null | sed 's/.*Ver \([0-9.]*\).*/\1/' || true)
if [ -n "$own" ]; then
    seen="mariadb-$own"
    row "mariadb $own" "" "$@"
fi
for suite in sid trixie; do try mysql "$suite" "$@"; done
for suite in bullseye bookworm trixie sid; do try mariadb "$suite" "$@"; done

cat "$logs/table"
for log in "$logs"/*.log; do
    failed=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/  \1/p' "$log")
    [ -z "$failed" ] || printf '\n%s\n%s\n' "$(basename "$log" .log): failed" "$failed"
done
exit "$status"
