#!/bin/bash
# NGINX: below `alias`, a name in `try_files` that holds no variable is a path below the aliased folder as it stands,
# the location's own prefix included, unless it is the last argument, which is a URI. So in `location ^~ /a/` with
# `alias DIR/` the file DIR/index.html is `/index.html` in the middle and `/a/index.html` at the end.
# Seen with Debian's nginx 1.22.1, asking /a/none:
#   try_files $uri /a/index.html =404    404
#   try_files $uri /index.html =404      200
#   try_files $uri /a/index.html         200
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

work=$(mktemp -d)
trap 'if [ -f "$work/pid" ]; then kill "$(cat "$work/pid")"; fi; rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -q download 'nginx=1.22.1-*' >/dev/null && dpkg -x nginx_*.deb .)
nginx=$work/usr/sbin/nginx
"$nginx" -v 2>&1
mkdir -p "$work/new"
echo page >"$work/new/index.html"

server() { # PORT TRY_FILES
    echo "server { listen 127.0.0.1:$1; location ^~ /a/ { alias $work/new/; try_files $2; } }"
}
cat >"$work/nginx.conf" <<CONF
pid $work/pid;
error_log $work/error.log;
events { }
http {
    access_log off;
    client_body_temp_path $work/1; proxy_temp_path $work/2; fastcgi_temp_path $work/3;
    uwsgi_temp_path $work/4; scgi_temp_path $work/5;
    $(server 18651 '$uri /a/index.html =404')
    $(server 18652 '$uri /index.html =404')
    $(server 18653 '$uri /a/index.html')
}
CONF
"$nginx" -c "$work/nginx.conf" 2>/dev/null
until [ -s "$work/pid" ]; do sleep 0.1; done

ask() { # PORT
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET /a/none HTTP/1.0\r\n\r\n' >&3
    head -n 1 <&3 | cut -d ' ' -f 2
    exec 3>&-
}

seen="$(ask 18651) $(ask 18652) $(ask 18653)"
echo "$seen"
if [ "$seen" = '404 200 200' ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
