#!/bin/bash
# NGINX on Linux writes the titles of its processes over its own arguments and environment, and ends them where those
# ended. Started with an empty environment, its master is called "nginx: master " and its workers "nginx: worker ",
# and with `-c` and no environment a worker that is shutting down looks like one that serves. Whoever looks for
# "nginx: master process" finds nothing.
# Seen with Debian's nginx 1.22.1, started by `env -i PROGRAM -c FILE`.
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

work=$(mktemp -d)
trap 'if [ -f "$work/pid" ]; then kill "$(cat "$work/pid")"; fi; rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -q download 'nginx=1.22.1-*' >/dev/null && dpkg -x nginx_*.deb .)
cp "$work/usr/sbin/nginx" "$work/n"
cd "$work"
./n -v 2>&1

# Short names, so that the arguments leave no room either.
cat >"$work/c" <<CONF
pid $work/pid;
error_log $work/error.log;
events { }
http {
    access_log off;
    client_body_temp_path $work/1; proxy_temp_path $work/2; fastcgi_temp_path $work/3;
    uwsgi_temp_path $work/4; scgi_temp_path $work/5;
    server { listen 127.0.0.1:18656; }
}
CONF
title() { tr -d '\0' <"/proc/$1/cmdline"; }

start() { # ENVIRONMENT…
    rm -f "$work/pid"
    env -i "$@" ./n -p "$work/" -c c -e "$work/error.log" 2>/dev/null
    until [ -s "$work/pid" ]; do sleep 0.1; done
    master=$(cat "$work/pid")
    sleep 0.3
    worker=$(pgrep -P "$master" | head -n 1)
    printf '[%s] [%s]\n' "$(title "$master")" "$(title "$worker")"
    kill "$master"
    while [ -e "/proc/$master" ]; do sleep 0.1; done
}

cut=$(start)
whole=$(start "ROOM=$(printf '%0200d' 0)")
echo "no environment: $cut"
echo "200 bytes more: $whole"
case "$cut" in *"worker process is"*) echo "it changed" >&2; exit 1 ;; esac
case "$whole" in
    "[nginx: master process ./n -p $work/ -c c -e $work/error.log] [nginx: worker process]") ;;
    *) echo "it changed" >&2; exit 1 ;;
esac
if [ "${#cut}" -lt "${#whole}" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
