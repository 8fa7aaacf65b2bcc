#!/bin/bash
# NGINX: the binary upgrade (USR2) executes the program by the name that it was started with, without a search of
# PATH. Started as plain `nginx` it forks, fails to execute, and the old master goes on; started by its path it works.
# Seen with Debian's nginx 1.22.1: by name: [alert] execve() failed, no second master; by path: a second master.
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

work=$(mktemp -d)
# Both are read first: the old master takes its file's name back when the new one ends.
stop() { pids=$(cat "$work/pid" "$work/pid.oldbin" 2>/dev/null || true); for pid in $pids; do kill "$pid" || true; done; }
trap 'stop; rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -q download 'nginx=1.22.1-*' >/dev/null && dpkg -x nginx_*.deb .)
"$work/usr/sbin/nginx" -v 2>&1

cat >"$work/nginx.conf" <<CONF
pid $work/pid;
error_log $work/error.log;
events { }
http {
    access_log off;
    client_body_temp_path $work/1; proxy_temp_path $work/2; fastcgi_temp_path $work/3;
    uwsgi_temp_path $work/4; scgi_temp_path $work/5;
    server { listen 127.0.0.1:18657; }
}
CONF

upgrade() { # PROGRAM
    (cd / && PATH="$work/usr/sbin:$PATH" "$1" -c "$work/nginx.conf" -e "$work/error.log")
    until [ -s "$work/pid" ]; do sleep 0.1; done
    kill -USR2 "$(cat "$work/pid")"
    for _ in $(seq 50); do
        if [ -s "$work/pid.oldbin" ] && [ -s "$work/pid" ]; then echo "a second master"; return; fi
        sleep 0.1
    done
    echo "none"
}

by_name=$(upgrade nginx)
grep -o 'execve() failed.*' "$work/error.log" | head -n 1 || true
stop
until [ ! -e "$work/pid" ]; do sleep 0.1; done
by_path=$(upgrade "$work/usr/sbin/nginx")
echo "started by name: $by_name; by path: $by_path"
if [ "$by_name" = none ] && [ "$by_path" = "a second master" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
