#!/bin/bash
# MariaDB 10.11: a column's default of `NEXT VALUE FOR s` is stored with the name of the schema that it was made in. So
# a dump of one schema, which names no schema anywhere else, makes no copy of it. Loaded into a second schema, the
# table there counts with the first schema's sequence, not with its own, which was loaded too. While the dump holds its
# LOCK TABLES, even its own INSERT of complete rows is refused. And once the first schema is dropped, the second one
# takes no row without a number any more.
# Seen with mariadb-server-core 10.11.19 of Debian 12: the list `expected` below.
# Exits 0 while that is so, 1 when it changed, 2 where it cannot be looked at (Debian 12 no longer offers 10.11.19).
set -euo pipefail

cannot() {
    echo "cannot be looked at: $*" >&2
    exit 2
}
work=$(mktemp -d)
stop() {
    kill $(jobs -p) 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap stop EXIT
chmod 755 "$work"

version=10.11.19
(cd "$work" && apt-get -q download "mariadb-server-core=1:$version-*" "mariadb-client-core=1:$version-*" \
    "mariadb-client=1:$version-*") \
    >"$work/log" 2>&1 || cannot "Debian no longer offers MariaDB $version here, but:" \
    "$(apt-cache madison mariadb-server-core | cut -d '|' -f 2 | xargs)"
(cd "$work" && apt-get -q download libaio1 libedit2 libbsd0 libmd0 libncurses6 libnuma1 liburing2) >"$work/log" 2>&1 ||
    cannot "the libraries: $(tail -n 1 "$work/log")"
for package in "$work"/*.deb; do dpkg -x "$package" "$work"; done
LD_LIBRARY_PATH=$(echo "$work"/usr/lib/*-linux-gnu):$(echo "$work"/lib/*-linux-gnu)
export LD_LIBRARY_PATH
"$work/usr/sbin/mariadbd" --version >"$work/log" 2>&1 || cannot "it does not run here: $(tail -n 1 "$work/log")"
grep -o 'Ver .*' "$work/log"

mkdir "$work/tmp"
export TMPDIR=$work/tmp
common=(--no-defaults --user="$(id -un)" --basedir="$work/usr")
client() {
    "$work/usr/bin/mariadb" --no-defaults --batch --skip-column-names --force --user=root --socket="$work/socket" "$@"
}
"$work/usr/bin/mariadb-install-db" "${common[@]}" --datadir="$work/data" --auth-root-authentication-method=normal \
    --skip-test-db >"$work/log" 2>&1
"$work/usr/sbin/mariadbd" "${common[@]}" --datadir="$work/data" --socket="$work/socket" --skip-networking \
    2>"$work/server.log" &
server=$!
for _ in $(seq 600); do
    if echo 'DO 1' | client 2>/dev/null; then break; fi
    kill -0 "$server" 2>/dev/null || cannot "it does not start: $(tail -n 1 "$work/server.log")"
    sleep 0.2
done

client <<'SQL'
CREATE DATABASE first;
CREATE DATABASE second;
USE first;
CREATE SEQUENCE numbers;
CREATE TABLE tickets (number BIGINT NOT NULL DEFAULT NEXT VALUE FOR numbers, subject VARCHAR(20));
INSERT INTO tickets (subject) VALUES ('a');
SQL
"$work/usr/bin/mariadb-dump" --no-defaults --user=root --socket="$work/socket" first >"$work/dump.sql"

look() {
    echo "in the dump: $(grep -o 'DEFAULT nextval([^)]*)' "$work/dump.sql")"
    client second <"$work/dump.sql"
    client <<'SQL'
SELECT CONCAT(table_schema, ': ', column_default) FROM information_schema.columns
    WHERE table_name = 'tickets' AND column_name = 'number' ORDER BY table_schema;
INSERT INTO second.tickets (subject) VALUES ('b');
INSERT INTO first.tickets (subject) VALUES ('c');
SELECT CONCAT('second: ', subject, ' ', number) FROM second.tickets;
SELECT CONCAT('first: ', subject, ' ', number) FROM first.tickets;
DROP DATABASE first;
INSERT INTO second.tickets (subject) VALUES ('d');
SQL
}
look 2>&1 | sed -n 's/ at line [0-9]*//; /^[^-]/p' >"$work/seen"
seen=$(cat "$work/seen")
echo "$seen"
expected=$(cat <<'TEXT'
in the dump: DEFAULT nextval(`first`.`numbers`)
INSERT INTO `tickets` VALUES
(1,'a')
ERROR 1100 (HY000): Table 'numbers' was not locked with LOCK TABLES
first: nextval(`first`.`numbers`)
second: nextval(`first`.`numbers`)
second: b 2
first: a 1
first: c 3
INSERT INTO second.tickets (subject) VALUES ('d')
ERROR 1146 (42S02): Table 'first.numbers' doesn't exist
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
