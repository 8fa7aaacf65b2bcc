#!/bin/sh
# The whole road of one server, in a root of its own: installed, migrated, taken back, seeded, removed.
#
# Prints what is typed and what is answered, as a person would see it. Any answer that is not the expected one ends it.
# Usage: road.sh package|binary FILE
set -eu

kind=${1:?package or binary} file=${2:?a file}
# shellcheck source=packaging/roots/server.sh
. /given/server.sh
furnish
perl -e 'use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); my $lo = pack("a16 s x22", "lo", 1 | 64); ioctl(S, 0x8914, $lo) or die $!'
perl /given/motion.pl &
nginx
cp -r /etc/nginx /before
page legacy

echo "# $system, $(ldd --version | sed -n '1s/.*) /glibc /p'), $nginx"
echo
install_it "$kind" "$file"
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
