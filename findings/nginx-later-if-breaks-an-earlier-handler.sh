#!/bin/bash
# NGINX: of two true `if`s in a location, the first with `proxy_pass` and the second without a handler, neither
# wins. The handler of the first stays and runs with the settings of the second, which has no upstream: 500, also
# where the second `if` holds nothing but `add_header`. With the `if`s in the other order the request is passed on.
# Where the location itself passes requests on, the second `if` inherits that, and the first one is without effect.
# Seen with Debian's nginx 1.22.1:
#   /first?x=1        502 (nobody listens upstream, as meant)
#   /first?x=1&y=1    500, in the error log: [alert] no upstream configuration
#   /last?x=1&y=1     502
#   /around?x=1       502
#   /around?x=1&y=1   200: the location's own proxy_pass, not the one of the first `if`
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

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
    server { listen 127.0.0.1:18642; return 200 around; }
    server {
        listen 127.0.0.1:18641;
        location /first {
            if (\$arg_x) { proxy_pass http://127.0.0.1:1; }
            if (\$arg_y) { add_header X-Seen yes; }
        }
        location /last {
            if (\$arg_y) { add_header X-Seen yes; }
            if (\$arg_x) { proxy_pass http://127.0.0.1:1; }
        }
        location /around {
            if (\$arg_x) { proxy_pass http://127.0.0.1:1; }
            if (\$arg_y) { add_header X-Seen yes; }
            proxy_pass http://127.0.0.1:18642;
        }
    }
}
CONF
"$nginx" -c "$work/nginx.conf" 2>/dev/null
until [ -s "$work/pid" ]; do sleep 0.1; done

ask() { # URI
    exec 3<>/dev/tcp/127.0.0.1/18641
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
    head -n 1 <&3 | cut -d ' ' -f 2
    exec 3>&-
}

seen="$(ask '/first?x=1') $(ask '/first?x=1&y=1') $(ask '/last?x=1&y=1') $(ask '/around?x=1') $(ask '/around?x=1&y=1')"
echo "$seen"
cat "$work/error.log"
if [ "$seen" = '502 500 502 502 200' ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
