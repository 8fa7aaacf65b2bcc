#!/bin/bash
# MySQL: a comparison with a text that is in no row finds nothing, and it is natural to take a latin1 column for no
# exception: nothing outside latin1 can be in it. But where the session is utf8mb4, `a = ?` with such a parameter fails:
# 3988, "Conversion from collation utf8mb4_… into latin1_… impossible for parameter", even on an empty table, with LIKE,
# in the WHERE of an UPDATE, and with IN where another text of the list would be found. It depends on the value: the
# same statement works with any text that latin1 holds (the euro sign, too). Likewise ascii, and utf8mb3 with an emoji.
# The literal is no way out: it fails, too, under another number (3854, "Cannot convert string").
# What finds nothing, as meant: CONVERT(? USING utf8mb4), ? COLLATE utf8mb4_bin, a user variable, another column.
# sql_mode = '' changes nothing.
# Seen with Debian's mysql-server-core 9.7.4-2 of sid, with PREPARE and EXECUTE, and the same numbers by the binary
# protocol (npm's mysql2 3.24.6, query and execute): the list `expected` below.
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
CREATE TABLE t (
    a VARCHAR(9) CHARACTER SET latin1,
    b VARCHAR(9) CHARACTER SET ascii,
    c VARCHAR(9) CHARACTER SET utf8mb3
);
INSERT INTO t VALUES ('abc', 'abc', 'abc');
CREATE TABLE other (a VARCHAR(9) CHARACTER SET utf8mb4);
INSERT INTO other VALUES ('漢');
CREATE TABLE nothing (a VARCHAR(9) CHARACTER SET latin1);
SQL

ask() { # SQL
    { sql t -e "$1" 2>&1 || true; } | sed -nE 's/^(ERROR [0-9]+).*/\1/; $p'
}
prepared() { # STATEMENT TEXT
    printf '%s, %s: %s\n' "$1" "$2" "$(ask "PREPARE s FROM \"$1\"; SET @x = '$2'; EXECUTE s USING @x")"
}
plain() { # STATEMENT
    printf '%s: %s\n' "$1" "$(ask "$1")"
}
look() {
    count='SELECT COUNT(*) FROM t WHERE'
    for text in abc xyz € 漢; do prepared "$count a = ?" "$text"; done
    prepared "$count a LIKE ?" 漢
    prepared "$count a IN (?, 'abc')" 漢
    prepared 'SELECT COUNT(*) FROM nothing WHERE a = ?' 漢
    prepared "UPDATE t SET b = 'x' WHERE a = ?" 漢
    prepared "$count b = ?" é
    prepared "$count c = ?" 😀
    plain "$count a = '€'"
    plain "$count a = '漢'"
    plain "$count a IN ('漢', 'abc')"
    plain "SET sql_mode = ''; $count a = '漢'"
    plain "SET @x = '漢'; $count a = @x"
    plain 'SELECT COUNT(*) FROM t, other WHERE t.a = other.a'
    prepared "$count a = CONVERT(? USING utf8mb4)" 漢
    prepared "$count a = ? COLLATE utf8mb4_bin" 漢
    echo "sql_mode '', prepared: $(ask "SET sql_mode = ''; PREPARE s FROM '$count a = ?'; SET @x = '漢'; EXECUTE s USING @x")"
}

seen=$(look)
echo "$seen"
expected="SELECT COUNT(*) FROM t WHERE a = ?, abc: 1
SELECT COUNT(*) FROM t WHERE a = ?, xyz: 0
SELECT COUNT(*) FROM t WHERE a = ?, €: 0
SELECT COUNT(*) FROM t WHERE a = ?, 漢: ERROR 3988
SELECT COUNT(*) FROM t WHERE a LIKE ?, 漢: ERROR 3988
SELECT COUNT(*) FROM t WHERE a IN (?, 'abc'), 漢: ERROR 3988
SELECT COUNT(*) FROM nothing WHERE a = ?, 漢: ERROR 3988
UPDATE t SET b = 'x' WHERE a = ?, 漢: ERROR 3988
SELECT COUNT(*) FROM t WHERE b = ?, é: ERROR 3988
SELECT COUNT(*) FROM t WHERE c = ?, 😀: ERROR 3988
SELECT COUNT(*) FROM t WHERE a = '€': 0
SELECT COUNT(*) FROM t WHERE a = '漢': ERROR 3854
SELECT COUNT(*) FROM t WHERE a IN ('漢', 'abc'): ERROR 3854
SET sql_mode = ''; SELECT COUNT(*) FROM t WHERE a = '漢': ERROR 3854
SET @x = '漢'; SELECT COUNT(*) FROM t WHERE a = @x: 0
SELECT COUNT(*) FROM t, other WHERE t.a = other.a: 0
SELECT COUNT(*) FROM t WHERE a = CONVERT(? USING utf8mb4), 漢: 0
SELECT COUNT(*) FROM t WHERE a = ? COLLATE utf8mb4_bin, 漢: 0
sql_mode '', prepared: ERROR 3988"
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
