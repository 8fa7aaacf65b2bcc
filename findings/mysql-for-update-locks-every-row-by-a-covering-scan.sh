#!/bin/bash
# MySQL, InnoDB: `SELECT id FROM u FORCE INDEX (PRIMARY) WHERE id IN (1, 2, 3) FOR UPDATE` is taken for a lock on three
# rows. Where the keys asked for are more than about two in seven of the rows, it reads the whole index instead and
# locks every row and the supremum, so that nobody else changes any row or adds one. `FORCE INDEX` rules out the table
# scan only: the scan of the whole index is no table scan as long as nothing but the key is selected, and it is weighed
# against the keys (optimizer_trace: best_covering_index_scan).
# When, as seen here:
#   - It is the share that counts, not a small table: 2 keys of up to 4 rows, 3 of up to 8, 100 of up to 346. One key
#     alone never. `FORCE INDEX` makes no difference, nor does ANALYZE TABLE right after the rows were inserted.
#   - The rows are those of the statistics: where these say 5, three keys lock all of 1000 rows.
#   - With another column selected, `FORCE INDEX (PRIMARY)` locks the keys' rows alone, even 100 of 100. Another
#     column without `FORCE INDEX` is a table scan instead, and locks everything, at higher shares (100 of 200).
#   - Where a second index exists, the three of 8 are a range without `FORCE INDEX`, and a scan of all with it.
#   - `id BETWEEN 1 AND 3` is a range; UPDATE and DELETE by the same IN lock three of 8 rows.
#   - READ COMMITTED keeps three locks, but waits for a fourth row that somebody else holds all the same (1205).
# Seen with Debian's mysql-server-core 9.7.4-2 of sid: the list `expected` below, "all" with the supremum.
# Exits 0 while that is so, 1 when it changed, 2 where it cannot be looked at (sid no longer offers 9.7.4).
set -euo pipefail

cannot() {
    echo "cannot be looked at: $*" >&2
    exit 2
}
work=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" || true; fi
    rm -rf "$work"
}
trap stop EXIT

# sid's lists and packages in a folder of their own, with sid's loader and libraries: nothing is installed or added.
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | awk '!/security/ && !seen++')
[ -n "$mirror" ] || cannot "apt has no lists of Debian's here: run apt-get update first"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$work/sources.list"
: >"$work/status"
cat >"$work/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
export APT_CONFIG="$work/apt.conf"
apt-get -q update >"$work/log" 2>&1 || cannot "the lists of sid: $(tail -n 1 "$work/log")"
packages='mysql-server-core mysql-client-core'
for package in $packages; do
    apt-cache madison "$package" | grep -E '\| +9\.7\.4-' >/dev/null ||
        cannot "Debian's sid no longer offers $package 9.7.4, but:" \
            "$(apt-cache madison "$package" | cut -d '|' -f 2 | xargs)"
done
# shellcheck disable=SC2086 # one word a package
libraries=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances $packages | grep -xE 'lib[a-z0-9.+-]+|zlib1g' |
    grep -vE -- '-perl$|^libperl|-bin$|-dev$|-data$' | sort -u)
# shellcheck disable=SC2086 # one word a package
(cd "$work/debs" && apt-get -q download ${packages// /=9.7.4-* }=9.7.4-\* $libraries) >"$work/log" 2>&1 ||
    cannot "the packages of sid: $(tail -n 1 "$work/log")"
for package in "$work"/debs/*.deb; do dpkg -x "$package" "$work/root"; done
loader=$(find "$work/root" -name 'ld-linux*.so.*' ! -xtype l -print -quit)
run=("$loader" --library-path "$(dirname "$loader"):$(echo "$work"/root/usr/lib/*-linux-gnu)")
mysqld=("${run[@]}" "$work/root/usr/sbin/mysqld" --no-defaults --user=root --basedir="$work/root/usr")
"${mysqld[@]}" --version >"$work/log" 2>&1 || cannot "it does not run here: $(tail -n 1 "$work/log")"
grep -o 'Ver .*' "$work/log"

mysqld+=(--datadir="$work/data" --secure-file-priv=NULL)
"${mysqld[@]}" --initialize-insecure >"$work/log" 2>&1 || cannot "no data folder: $(tail -n 1 "$work/log")"
"${mysqld[@]}" --skip-networking --mysqlx=OFF --skip-log-bin --socket="$work/socket" \
    --pid-file="$work/pid" >"$work/log" 2>&1 &
server=$!
sql() {
    "${run[@]}" "$work/root/usr/bin/mysql" --no-defaults --user=root --socket="$work/socket" \
        --default-character-set=utf8mb4 --batch --skip-column-names "$@"
}
for _ in $(seq 600); do
    if sql -e 'DO 1' 2>/dev/null; then break; fi
    kill -0 "$server" 2>/dev/null || cannot "it does not start: $(tail -n 1 "$work/log")"
    sleep 0.2
done

sql <<'SQL'
CREATE DATABASE t;
USE t;
CREATE TABLE n (n INT PRIMARY KEY);
INSERT INTO n WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000) SELECT n FROM r;
SQL

table() { # ROWS [STATEMENT [MORE]]
    sql t -e "DROP TABLE IF EXISTS u; CREATE TABLE u (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL${3:-});
        INSERT INTO u SELECT n, 'x' FROM n WHERE n <= $1; ${2:-ANALYZE TABLE u}" >/dev/null
}
locks() { # STATEMENT [ISOLATION]
    sql t -e "SET SESSION TRANSACTION ISOLATION LEVEL ${2:-REPEATABLE READ}; BEGIN; $1;
        SELECT CONCAT('locks ', IF(SUM(LOCK_DATA LIKE 'supremum%'), 'all ', ''), SUM(LOCK_DATA NOT LIKE 'supremum%'))
        FROM performance_schema.data_locks WHERE LOCK_TYPE = 'RECORD'; ROLLBACK" | sed -n 's/^locks //p'
}
keys() { # HOW MANY
    echo "id IN ($(seq -s , "$1"))"
}
force='FORCE INDEX (PRIMARY)'
look() { # KEYS ROWS
    table "$2"
    printf '%s of %s rows: id %s, forced %s; name %s, forced %s\n' "$1" "$2" \
        "$(locks "SELECT id FROM u WHERE $(keys "$1") FOR UPDATE")" \
        "$(locks "SELECT id FROM u $force WHERE $(keys "$1") FOR UPDATE")" \
        "$(locks "SELECT name FROM u WHERE $(keys "$1") FOR UPDATE")" \
        "$(locks "SELECT name FROM u $force WHERE $(keys "$1") FOR UPDATE")"
}
others() {
    table 8 'DO 1'
    echo "not analyzed: $(locks "SELECT id FROM u $force WHERE $(keys 3) FOR UPDATE")"
    table 8 '' ', KEY (name)'
    echo "a second index: id $(locks "SELECT id FROM u WHERE $(keys 3) FOR UPDATE")," \
        "forced $(locks "SELECT id FROM u $force WHERE $(keys 3) FOR UPDATE")"
    table 1000 "UPDATE mysql.innodb_table_stats SET n_rows = 5 WHERE table_name = 'u'; FLUSH TABLE u"
    echo "statistics of 5 rows: $(locks "SELECT id FROM u $force WHERE $(keys 3) FOR UPDATE")"
    table 8
    echo "between: $(locks 'SELECT id FROM u WHERE id BETWEEN 1 AND 3 FOR UPDATE')"
    echo "update $(locks "UPDATE u SET name = 'y' WHERE $(keys 3)"), delete $(locks "DELETE FROM u WHERE $(keys 3)")"
    echo "read committed: $(locks "SELECT id FROM u $force WHERE $(keys 3) FOR UPDATE" 'READ COMMITTED')"
    # Somebody else holds row 8 for as long as it takes.
    sql t -e "BEGIN; SELECT id FROM u WHERE id = 8 FOR UPDATE; DO GET_LOCK('held', 0), SLEEP(60)" >/dev/null 2>&1 &
    for _ in $(seq 100); do
        if [ "$(sql -e "SELECT IS_USED_LOCK('held') IS NOT NULL")" = 1 ]; then break; fi
        sleep 0.1
    done
    for column in id name; do
        sql t -e "SET innodb_lock_wait_timeout = 1; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;
            SELECT $column FROM u $force WHERE $(keys 3) FOR UPDATE" >"$work/log" 2>&1 || true
        echo "read committed, row 8 held, $column: $(grep -oE '^ERROR [0-9]+' "$work/log" || wc -l <"$work/log")"
    done
    sql -e "KILL $(sql -e "SELECT IS_USED_LOCK('held')")"
    wait $! || true
}

seen=$(look 1 1; look 2 4; look 2 5; look 3 8; look 3 9; look 100 100; look 100 200; look 100 346; look 100 347; others)
echo "$seen"
expected='1 of 1 rows: id 1, forced 1; name 1, forced 1
2 of 4 rows: id all 4, forced all 4; name 2, forced 2
2 of 5 rows: id 2, forced 2; name 2, forced 2
3 of 8 rows: id all 8, forced all 8; name 3, forced 3
3 of 9 rows: id 3, forced 3; name 3, forced 3
100 of 100 rows: id all 100, forced all 100; name all 100, forced 100
100 of 200 rows: id all 200, forced all 200; name all 200, forced 100
100 of 346 rows: id all 346, forced all 346; name 100, forced 100
100 of 347 rows: id 100, forced 100; name 100, forced 100
not analyzed: all 8
a second index: id 3, forced all 8
statistics of 5 rows: all 1000
between: 3
update 3, delete 3
read committed: 3
read committed, row 8 held, id: ERROR 1205
read committed, row 8 held, name: 3'
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
