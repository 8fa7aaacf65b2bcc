#!/bin/sh
# What the roads share, to be sourced: a server as Motion's installer leaves it, and commands whose exit codes are expected.
# shellcheck disable=SC2034 # variables of who sources it

count=0
system=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release) nginx=$(nginx -v 2>&1 | sed 's/.*: //')

# The expected exit code, and the command as it is typed.
want() { # CODE COMMAND…
    code=$1 said=0
    shift
    echo "\$ $*"
    sh -c "$*" || said=$?
    [ "$said" = 0 ] || echo "(exit $said)"
    echo
    count=$((count + 1))
    [ "$said" = "$code" ] || { echo "road: expected exit $code of: $*"; exit 1; }
}
page() { # EXPECTED: which client answers the new one's route
    found=$(request /user-ui/login)
    case $found in
        *'base href="/user-ui/"'*) found=new ;;
        *'base href="/"'*) found=legacy ;;
        *) found="neither: $found" ;;
    esac
    [ "$found" = "$1" ] || { echo "road: /user-ui/login is answered by $found, not $1"; exit 1; }
    echo "# https://cc.example.test/user-ui/login: the $1 client answers"
    echo
}
request() {
    printf 'GET %s HTTP/1.0\r\nHost: cc.example.test\r\n\r\n' "$1" |
        openssl s_client -quiet -connect 127.0.0.1:443 -servername cc.example.test 2>/dev/null
}

# The distribution's NGINX, Motion's file, Motion's pages. Motion itself is motion.pl.
furnish() {
    rm -f /etc/nginx/sites-enabled/default
    cp -r /given/server/var/opt/motion2 /var/opt/
    chown -R root:root /var/opt/motion2
    cp /given/server/etc/nginx/conf.d/motion.conf /etc/nginx/conf.d/
    mkdir -p /etc/nginx/tls
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=cc.example.test \
        -keyout /etc/nginx/tls/motion.key -out /etc/nginx/tls/motion.crt 2>/dev/null
    chmod 600 /etc/nginx/tls/motion.key
}
install_it() { # package|binary FILE
    if [ "$1" = package ]; then
        want 0 "dpkg -i $2"
    else
        want 0 "install -m 755 $2 /usr/local/bin/motionctl"
    fi
}
