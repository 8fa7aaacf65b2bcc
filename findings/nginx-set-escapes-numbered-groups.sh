#!/bin/bash
# NGINX: `set $x $1` escapes the group again, but only where the request line held an escape or a plus;
# a named group, `$uri` and `return 200 $1` do not. So `if ($x = "a b")` behind `set $x $1` is false for
# /s/a%20b, while the same with `(?<word>…)` is true.
# Seen with Debian's nginx 1.22.1 (PCRE2 10.42):
#   /s/a%20b   set $x $1: [a%20b]   named group: [a b]   return $1: [a b]
#   /s/a       set $x $1: [a]       named group: [a]     return $1: [a]
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
    server {
        listen 127.0.0.1:18641;
        location ~ ^/s/(.*)\$ { set \$x \$1; return 200 "[\$x]"; }
        location ~ ^/n/(?<word>.*)\$ { set \$x \$word; return 200 "[\$x]"; }
        location ~ ^/r/(.*)\$ { return 200 "[\$1]"; }
    }
}
CONF
"$nginx" -c "$work/nginx.conf" 2>/dev/null
until [ -s "$work/pid" ]; do sleep 0.1; done

ask() { # URI
    exec 3<>/dev/tcp/127.0.0.1/18641
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
    tail -n 1 <&3
    exec 3>&-
}

seen="$(ask /s/a%20b) $(ask /n/a%20b) $(ask /r/a%20b) $(ask /s/a) $(ask /n/a) $(ask /r/a)"
echo "$seen"
if [ "$seen" = '[a%20b] [a b] [a b] [a] [a] [a]' ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
