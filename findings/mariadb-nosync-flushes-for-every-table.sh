#!/bin/bash
# MariaDB 10.11 with --innodb-flush-method=nosync and --innodb-flush-log-at-trx-commit=0, as people start it for tests:
# it is expected to flush nothing, since that is what the value is called and data does not have to last. But each
# CREATE TABLE of InnoDB flushes about eight times: its DDL log (ddl_recovery.log)
# four times, the table's .frm, the schema's folder, and InnoDB's own log twice. A schema of 20 tables costs 160 flushes:
# more than a second on a disk that takes 8 ms for one, and hardly anything with the data on tmpfs.
# Seen with mariadb-server-core 10.11.19 of Debian 12, 10 tables: the list `expected` below, and 20 to 22 of ib_logfile0.
# Exits 0 while that is so, 1 when it changed, 2 where it cannot be looked at (Debian 12 no longer offers 10.11.19).
set -euo pipefail

cannot() {
    echo "cannot be looked at: $*" >&2
    exit 2
}
work=$(mktemp -d)
tracer=
stop() {
    if [ -n "$tracer" ]; then
        kill "$(cat "$work/pid" 2>/dev/null)" 2>/dev/null || true
        wait "$tracer" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap stop EXIT
chmod 755 "$work"

version=10.11.19
(cd "$work" && apt-get -q download "mariadb-server-core=1:$version-*" "mariadb-client-core=1:$version-*") \
    >"$work/log" 2>&1 || cannot "Debian no longer offers MariaDB $version here, but:" \
    "$(apt-cache madison mariadb-server-core | cut -d '|' -f 2 | xargs)"
(cd "$work" && apt-get -q download libaio1 libedit2 libbsd0 libmd0 libncurses6 libnuma1 liburing2 strace libunwind8) \
    >"$work/log" 2>&1 || cannot "the libraries: $(tail -n 1 "$work/log")"
for package in "$work"/*.deb; do dpkg -x "$package" "$work"; done
LD_LIBRARY_PATH=$(echo "$work"/usr/lib/*-linux-gnu):$(echo "$work"/lib/*-linux-gnu)
export LD_LIBRARY_PATH
"$work/usr/sbin/mariadbd" --version >"$work/log" 2>&1 || cannot "it does not run here: $(tail -n 1 "$work/log")"
grep -o 'Ver .*' "$work/log"

common=(--no-defaults --user="$(id -un)" --basedir="$work/usr" --datadir="$work/data")
"$work/usr/bin/mariadb-install-db" "${common[@]}" --auth-root-authentication-method=normal --skip-test-db \
    >"$work/log" 2>&1
"$work/usr/bin/strace" -f -y -e trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync -o "$work/flushes" \
    "$work/usr/sbin/mariadbd" "${common[@]}" --socket="$work/socket" --pid-file="$work/pid" --skip-networking \
    --innodb-flush-method=nosync --innodb-flush-log-at-trx-commit=0 2>"$work/error.log" &
tracer=$!
root() { "$work/usr/bin/mariadb" --no-defaults --batch --skip-column-names --user=root --socket="$work/socket" -e "$1"; }
for _ in $(seq 600); do
    if root 'DO 1' 2>/dev/null; then break; fi
    kill -0 "$tracer" 2>/dev/null || cannot "it does not start: $(tail -n 1 "$work/error.log")"
    sleep 0.2
done

root 'CREATE DATABASE motion'
sleep 2 # InnoDB's log is also flushed once a second by itself
before=$(wc -l <"$work/flushes")
for number in $(seq 10); do root "CREATE TABLE motion.t$number (a INT PRIMARY KEY) ENGINE=InnoDB"; done
seen=$(tail -n +$((before + 1)) "$work/flushes" | grep -o '<[^>]*>' | sed -E "s#<$work/data/##; s#>##; s#/t[0-9]+#/t#" |
    grep -v ib_logfile0 | sort | uniq -c | sed 's/^ *//')
logs=$(tail -n +$((before + 1)) "$work/flushes" | grep -c ib_logfile0 || true)
printf '%s\n' "$seen" "$logs ib_logfile0"
expected='40 ddl_recovery.log
10 motion
10 motion/t.frm'
if [ "$seen" = "$expected" ] && [ "$logs" -ge 10 ]; then
    echo "as seen before: nosync flushes for every table"
else
    echo "changed; expected was:" >&2
    printf '%s\n' "$expected" >&2
    exit 1
fi
