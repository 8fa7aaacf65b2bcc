#!/bin/bash
# MySQL: information_schema.CHECK_CONSTRAINTS.CHECK_CLAUSE is taken for the SQL of the check, to be parsed, or put into
# another CREATE TABLE. It is that SQL escaped once more, as if for a string of its own: every quote and backslash
# has another backslash before it, and put to use it is a syntax error (1064). SHOW CREATE TABLE has it as it is valid.
# Likewise COLUMNS.GENERATION_EXPRESSION, and COLUMN_DEFAULT of a default that is an expression. A default that is a
# plain text is not escaped at all, so that the column must be known first. Without quotes (`a` > 3) all is well.
# To get it back: take one backslash away before each character that has one (\' to ', \\ to \), once.
# Seen with Debian's mysql-server-core 9.7.4-2 of sid: the list `expected` below.
# Known: rails/rails issue 42424 (MySQL 8.0.23).
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
    a VARCHAR(9) DEFAULT 'it''s',
    b VARCHAR(9) GENERATED ALWAYS AS (CONCAT(a, 'x')),
    c VARCHAR(9) DEFAULT (CONCAT('x', 'y')),
    CONSTRAINT one CHECK (a <> 'a'),
    CONSTRAINT two CHECK (a <> 'it''s'),
    CONSTRAINT three CHECK (a <> 'x\\y'),
    CONSTRAINT four CHECK (a > 3)
);
SQL

clause() { # CONSTRAINT
    sql --raw -e "SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_NAME = '$1'"
}
again() { # CONSTRAINT EXPRESSION
    # By PREPARE, because the client itself stumbles on a backslash outside a text.
    sql t -e "SELECT CONCAT('CREATE TABLE again (a VARCHAR(9), CHECK (', $2, '))') INTO @made
        FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_NAME = '$1';
        PREPARE made FROM @made; EXECUTE made; DROP TABLE again" >"$work/said" 2>&1 &&
        echo fine || grep -oE '^ERROR [0-9]+' "$work/said"
}
column() { # WHICH COLUMN
    sql --raw -e "SELECT $1 FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = 't' AND TABLE_NAME = 't' AND COLUMN_NAME = '$2'"
}
look() {
    for name in one two three four; do
        echo "$name: $(clause "$name")"
        sql --raw t -e 'SHOW CREATE TABLE t' | sed -nE "s/^ *CONSTRAINT .$name. CHECK (.*[^,]),?\$/    shown: \1/p"
        echo "    again: $(again "$name" CHECK_CLAUSE)," \
            "unescaped: $(again "$name" "REGEXP_REPLACE(CHECK_CLAUSE, '\\\\\\\\(.)', '\$1')")"
    done
    echo "generated: $(column GENERATION_EXPRESSION b)"
    echo "default: $(column COLUMN_DEFAULT c)"
    echo "plain default: $(column COLUMN_DEFAULT a)"
}

seen=$(look)
echo "$seen"
expected=$(cat <<'TEXT'
one: (`a` <> _utf8mb4\'a\')
    shown: ((`a` <> _utf8mb4'a'))
    again: ERROR 1064, unescaped: fine
two: (`a` <> _utf8mb4\'it\\\'s\')
    shown: ((`a` <> _utf8mb4'it\'s'))
    again: ERROR 1064, unescaped: fine
three: (`a` <> _utf8mb4\'x\\\\y\')
    shown: ((`a` <> _utf8mb4'x\\y'))
    again: ERROR 1064, unescaped: fine
four: (`a` > 3)
    shown: ((`a` > 3))
    again: fine, unescaped: fine
generated: concat(`a`,_utf8mb4\'x\')
default: concat(_utf8mb4\'x\',_utf8mb4\'y\')
plain default: it's
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
