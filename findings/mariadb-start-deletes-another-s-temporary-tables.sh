#!/bin/bash
# MariaDB 10.11: a server that starts deletes every file in its `tmpdir` whose name begins with `#sql`, whoever made
# it. Two servers on one machine that share a tmpdir (both have /tmp unless told otherwise) are expected to leave each
# other's temporary tables alone: the names even hold the process id. The start of the second one removes the files of
# a temporary table that the first one has open. That table can be read on, since the files are open; a table that the
# first one has made and not opened yet is gone, and its query cannot end well. So two servers need a tmpdir each.
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
(cd "$work" && apt-get -q download "mariadb-server-core=1:$version-*" "mariadb-client-core=1:$version-*") \
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
client() { "$work/usr/bin/mariadb" --no-defaults --batch --skip-column-names --user=root --socket="$work/$1.socket"; }
install() { # NAME
    "$work/usr/bin/mariadb-install-db" "${common[@]}" --datadir="$work/$1" --auth-root-authentication-method=normal \
        --skip-test-db >"$work/log" 2>&1
}
launch() { # NAME
    "$work/usr/sbin/mariadbd" "${common[@]}" --datadir="$work/$1" --socket="$work/$1.socket" --skip-networking \
        2>"$work/$1.log" 3>&- &
    local server=$!
    for _ in $(seq 600); do
        if echo 'DO 1' | client "$1" 2>/dev/null; then return; fi
        kill -0 "$server" 2>/dev/null || cannot "it does not start: $(tail -n 1 "$work/$1.log")"
        sleep 0.2
    done
}
files() { find "$TMPDIR" -name '#sql*' -printf '%f\n' | sed 's/.*\.//' | sort | paste -sd ' '; }
install first
install second
launch first
mkfifo "$work/questions"
client first <"$work/questions" >"$work/answers" 2>&1 &
asking=$!
exec 3>"$work/questions"
echo 'CREATE DATABASE d; USE d; CREATE TEMPORARY TABLE a (i INT) ENGINE=Aria; INSERT INTO a VALUES (1);' >&3
for _ in $(seq 100); do
    [ -z "$(files)" ] || break
    sleep 0.1
done
look() {
    echo "files of the first server's table: $(files)"
    touch "$TMPDIR/#sql-of-nobody" "$TMPDIR/of-nobody"
    launch second
    echo "after the start of the second one: $(files)"
    echo "others: $(find "$TMPDIR" -name '*of-nobody' -printf '%f\n')"
    echo "SELECT CONCAT('the open table has ', i) FROM a;" >&3
}
look >"$work/seen"
exec 3>&-
wait "$asking" || true
seen=$(cat "$work/seen" "$work/answers")
echo "$seen"
expected=$(cat <<'TEXT'
files of the first server's table: MAD MAI
after the start of the second one: 
others: of-nobody
the open table has 1
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
