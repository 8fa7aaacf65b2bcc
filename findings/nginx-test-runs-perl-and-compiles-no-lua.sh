#!/bin/bash
# NGINX: `nginx -t` is expected to look at configuration alone, and to look at all of it. With the modules for Perl and
# Lua it does neither: `perl_require` and an anonymous `sub` are run and compiled by the test, with the rights of whoever
# tests (root, as a rule), so that a file is written; a `content_by_lua_block`, and even the text of an
# `init_by_lua_block`, which runs at every start, are not so much as compiled: the test is successful, and the start that
# follows fails.
# Seen with Debian 12's nginx 1.22.1, ngx_http_perl_module of the same and lua-nginx-module 0.10.23:
#   perl: the test is successful, and the module's top level was run
#   lua: the test is successful, and the start fails: syntax error
# Exits 0 while that is so, 1 when it changed, 2 where it cannot be looked at.
set -euo pipefail

cannot() {
    echo "cannot be looked at: $*" >&2
    exit 2
}
work=$(mktemp -d)
trap 'if [ -s "$work/pid" ]; then kill "$(cat "$work/pid")"; fi; rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$work" && apt-get -q download 'nginx=1.22.1-*' 'libnginx-mod-http-perl=1.22.1-*' 'libnginx-mod-http-lua=1:0.10.23-*' \
    libnginx-mod-http-ndk libluajit2-5.1-2 libluajit-5.1-2 libpcre3 libperl5.36 perl-modules-5.36 lua-resty-core \
    lua-resty-lrucache) >"$work/log" 2>&1 || cannot "$(tail -n 1 "$work/log")"
for package in "$work"/*.deb; do dpkg -x "$package" "$work"; done
libraries=$(echo "$work"/usr/lib/*-linux-gnu)
LD_LIBRARY_PATH=$libraries:$(echo "$work"/lib/*-linux-gnu)
export LD_LIBRARY_PATH
# NGINX removes PERL5LIB from its environment.
perl=
for folder in "$work" "$libraries/perl/5.36" "$libraries/perl5/5.36" "$work/usr/share/perl/5.36"; do
    perl="$perl perl_modules $folder;"
done
nginx=$work/usr/sbin/nginx
"$nginx" -v 2>&1

configuration() { # NAME MODULES HTTP
    cat >"$work/$1.conf" <<CONF
$2
pid $work/pid;
error_log $work/error.log;
events { }
http {
    access_log off;
    client_body_temp_path $work/1; proxy_temp_path $work/2; fastcgi_temp_path $work/3;
    uwsgi_temp_path $work/4; scgi_temp_path $work/5;
    $3
    server { listen 127.0.0.1:18647; return 200; }
}
CONF
}
modules=$work/usr/lib/nginx/modules
cat >"$work/Seen.pm" <<PERL
package Seen;
open(my \$file, '>', '$work/written') or die;
print \$file "by the test\n";
close(\$file);
1;
PERL
configuration perl "load_module $modules/ngx_http_perl_module.so;" "$perl perl_require Seen.pm;"
configuration lua "load_module $modules/ndk_http_module.so; load_module $modules/ngx_http_lua_module.so;" \
    "lua_package_path '$work/usr/share/lua/5.1/?.lua;;'; init_by_lua_block { this is no Lua }"

tested() { # NAME
    if "$nginx" -e "$work/error.log" -t -c "$work/$1.conf" >"$work/log" 2>&1; then echo successful; else cat "$work/log"; fi
}
look() {
    echo "perl: the test is $(tested perl), and wrote: $(cat "$work/written" 2>/dev/null || echo nothing)"
    echo "lua: the test is $(tested lua)"
    if "$nginx" -e "$work/error.log" -c "$work/lua.conf" >"$work/log" 2>&1; then
        echo "lua: it starts"
    else
        echo "lua: the start fails:$(grep -o ' init_by_lua error: .*' "$work/log" | head -n 1)"
    fi
}
seen=$(look)
echo "$seen"
expected=$(cat <<'TEXT'
perl: the test is successful, and wrote: by the test
lua: the test is successful
lua: the start fails: init_by_lua error: init_by_lua(lua.conf:9):1: '=' expected near 'is'
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
