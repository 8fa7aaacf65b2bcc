#!/bin/bash
# NGINX: `proxy_protocol` on one server block's `listen` holds for every block of that address and port. A block that
# says plain `listen 8080` waits for the PROXY header, too, and closes the connection without it. `nginx -t` says no word.
# Seen with Debian's nginx 1.22.1: the block "plain" without the header: closed, with it: 200.
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail
trap "" PIPE

work=$(mktemp -d)
trap 'if [ -f "$work/pid" ]; then kill "$(cat "$work/pid")"; fi; rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -q download 'nginx=1.22.1-*' >/dev/null && dpkg -x nginx_*.deb .)
nginx=$work/usr/sbin/nginx
"$nginx" -v 2>&1

cat >"$work/nginx.conf" <<CONF
pid $work/pid;
error_log $work/error.log;
events { }
http {
    access_log off;
    client_body_temp_path $work/1; proxy_temp_path $work/2; fastcgi_temp_path $work/3;
    uwsgi_temp_path $work/4; scgi_temp_path $work/5;
    server { listen 127.0.0.1:18655; server_name plain.test; return 200 plain; }
    server { listen 127.0.0.1:18655 proxy_protocol; server_name proxied.test; return 200 proxied; }
}
CONF
"$nginx" -t -c "$work/nginx.conf" 2>&1
"$nginx" -c "$work/nginx.conf" 2>/dev/null
until [ -s "$work/pid" ]; do sleep 0.1; done

ask() { # PREFACE
    exec 3<>/dev/tcp/127.0.0.1/18655
    printf '%bGET / HTTP/1.0\r\nHost: plain.test\r\n\r\n' "$1" >&3 2>/dev/null || true
    { head -n 1 <&3 || true; } | cut -d ' ' -f 2
    exec 3>&-
}

without=$(ask '')
with=$(ask 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n')
echo "without ${without:-closed}, with $with"
if { [ -z "$without" ] || [ "$without" = 400 ]; } && [ "$with" = 200 ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
