#!/bin/bash
# MariaDB 10.11: where `require_secure_transport` is on, a login by TCP without TLS is expected to be refused as such:
# 3159, "Connections using insecure transport are prohibited", as MySQL does and MariaDB 11.8. It is refused with 1045,
# "Access denied for user … (using password: YES)", to the letter what a wrong password is told, although user and
# password are right; the error log has the same. So 1045 does not say that the password is wrong. Likewise for a user
# with REQUIRE SSL. With TLS, or by the socket, the same user and password are let in.
# Seen with mariadb-server-core 10.11.19 of Debian 12: the list `expected` below. By hand the same login on MariaDB
# 11.8.9 of Debian 13 and on MySQL 9.7.4: 3159 (11.8.9 with a wrong password, too; MySQL says 1045 to that).
# Exits 0 while that is so, 1 when it changed, 2 where it cannot be looked at (Debian 12 no longer offers 10.11.19).
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

# A certificate of its own: without one the setting is refused.
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout "$work/key" -out "$work/cert" \
    2>"$work/log"
common=(--no-defaults --user="$(id -un)" --basedir="$work/usr" --datadir="$work/data")
"$work/usr/bin/mariadb-install-db" "${common[@]}" --auth-root-authentication-method=normal --skip-test-db \
    >"$work/log" 2>&1
"$work/usr/sbin/mariadbd" "${common[@]}" --socket="$work/socket" --pid-file="$work/pid" --bind-address=127.0.0.1 \
    --port=18658 --ssl-cert="$work/cert" --ssl-key="$work/key" 2>"$work/error.log" &
server=$!
client() { "$work/usr/bin/mariadb" --no-defaults --batch --skip-column-names "$@"; }
root() { client --user=root --socket="$work/socket" -e "$1"; }
for _ in $(seq 600); do
    if root 'DO 1' 2>/dev/null; then break; fi
    kill -0 "$server" 2>/dev/null || cannot "it does not start: $(tail -n 1 "$work/error.log")"
    sleep 0.2
done
root "CREATE USER guest@localhost IDENTIFIED BY 'right'; CREATE USER tls@localhost IDENTIFIED BY 'right' REQUIRE SSL"

log_in() { # USER PASSWORD OPTION…
    client --user="$1" --password="$2" "${@:3}" -e "SELECT 'in'" 2>&1 || true
}
tcp=(--host=127.0.0.1 --port=18658)
look() {
    for setting in OFF ON; do
        root "SET GLOBAL require_secure_transport = $setting"
        echo "$setting, plain, right: $(log_in guest right "${tcp[@]}" --skip-ssl)"
        echo "$setting, plain, wrong: $(log_in guest wrong "${tcp[@]}" --skip-ssl)"
        echo "$setting, TLS, right: $(log_in guest right "${tcp[@]}" --ssl)"
        echo "$setting, socket, right: $(log_in guest right --socket="$work/socket")"
        echo "$setting, plain, right, REQUIRE SSL: $(log_in tls right "${tcp[@]}" --skip-ssl)"
    done
    denied="[Warning] Access denied for user 'guest'@'localhost' (using password: YES)"
    echo "in the log: $(grep -cF "$denied" "$work/error.log") times"
}

seen=$(look)
echo "$seen"
expected=$(cat <<'TEXT'
OFF, plain, right: in
OFF, plain, wrong: ERROR 1045 (28000): Access denied for user 'guest'@'localhost' (using password: YES)
OFF, TLS, right: in
OFF, socket, right: in
OFF, plain, right, REQUIRE SSL: ERROR 1045 (28000): Access denied for user 'tls'@'localhost' (using password: YES)
ON, plain, right: ERROR 1045 (28000): Access denied for user 'guest'@'localhost' (using password: YES)
ON, plain, wrong: ERROR 1045 (28000): Access denied for user 'guest'@'localhost' (using password: YES)
ON, TLS, right: in
ON, socket, right: in
ON, plain, right, REQUIRE SSL: ERROR 1045 (28000): Access denied for user 'tls'@'localhost' (using password: YES)
in the log: 3 times
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
