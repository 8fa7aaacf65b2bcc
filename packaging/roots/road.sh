#!/bin/sh
# The whole road of one server, in a root of its own: installed, migrated, taken back, seeded, removed.
#
# Prints what is typed and what is answered, as a person would see it. Any answer that is not the expected one ends it.
# Usage: road.sh package|binary FILE
set -eu

kind=${1:?package or binary} file=${2:?a file}
count=0

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

# A server as Motion's installer leaves it: the distribution's NGINX, Motion's file, Motion behind it.
rm -f /etc/nginx/sites-enabled/default
cp -r /given/server/var/opt/motion2 /var/opt/
chown -R root:root /var/opt/motion2
cp /given/server/etc/nginx/conf.d/motion.conf /etc/nginx/conf.d/
mkdir -p /etc/nginx/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=cc.example.test \
    -keyout /etc/nginx/tls/motion.key -out /etc/nginx/tls/motion.crt 2>/dev/null
chmod 600 /etc/nginx/tls/motion.key
perl -e 'use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); my $lo = pack("a16 s x22", "lo", 1 | 64); ioctl(S, 0x8914, $lo) or die $!'
perl /given/motion.pl &
nginx
cp -r /etc/nginx /before
page legacy

system=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release) nginx=$(nginx -v 2>&1 | sed 's/.*: //')
echo "# $system, $(ldd --version | sed -n '1s/.*) /glibc /p'), $nginx"
echo
if [ "$kind" = package ]; then
    want 0 "dpkg -i $file"
else
    want 0 "install -m 755 $file /usr/local/bin/motionctl"
fi
want 0 "motionctl --version"
want 0 "motionctl check"
want 0 "motionctl rehearse"
want 3 "motionctl apply --yes --confirm-within 10m"
want 0 "motionctl apply --yes"
page new
want 0 "motionctl status"
want 0 "motionctl apply --yes"
want 0 "motionctl backups verify"
want 0 "motionctl rollback --yes"
page legacy
diff -r /before /etc/nginx
want 0 "motionctl apply --yes --strategy replace"
page new
want 0 "motionctl rollback --yes"

want 0 "motionctl seed apply /given/team.yaml --db sqlite:/root/team.db --yes"
want 0 "motionctl seed list --db sqlite:/root/team.db"

# The same on the distribution's MariaDB, over its socket, in a schema of Motion's kind.
useradd --system --no-create-home mysql
install -d -o mysql -g mysql /run/mysqld
mysql_install_db --user=mysql --auth-root-authentication-method=socket >/dev/null 2>&1
"$(command -v mariadbd || command -v mysqld)" --user=mysql >/var/log/mysqld.log 2>&1 &
for _ in $(seq 100); do ! mysql -e 'CREATE DATABASE motion2' 2>/dev/null || break; sleep 0.2; done
sed -e '/^PRAGMA/d' -e 's/ COLLATE NOCASE//' \
    -e 's/INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT/INTEGER NOT NULL AUTO_INCREMENT PRIMARY KEY/' /given/schema.sql | mysql motion2
sed 's/^reviewed_by = ""/reviewed_by = "Ann"/' /given/schema-map.toml >/root/schema-map.toml
echo "# $(mysql -BNe 'SELECT version()') over its socket"
echo
want 0 "motionctl seed plan /given/team.yaml --db mysql:///motion2 --map /root/schema-map.toml"
want 0 "motionctl seed apply /given/team.yaml --db mysql:///motion2 --map /root/schema-map.toml --yes"
want 0 "motionctl seed list --db mysql:///motion2 --map /root/schema-map.toml"

if [ "$kind" = package ]; then
    want 0 "dpkg -r motionctl"
    for kept in /var/backups/motionctl /var/lib/motionctl; do
        [ -d "$kept" ] || { echo "road: removing the package took $kept along"; exit 1; }
    done
    [ ! -e /usr/bin/motionctl ] || { echo "road: the program is still there"; exit 1; }
    want 0 "dpkg -P motionctl"
    for gone in /var/backups/motionctl /var/lib/motionctl /etc/motionctl; do
        [ ! -e "$gone" ] || { echo "road: purging the package left $gone"; exit 1; }
    done
fi
nginx -t
page legacy
echo "== $system, $nginx: $count commands, each as expected"
