#!/bin/sh
# Makes a Motion server of a host's overlay, before it starts: the configuration and the pages of a fixture, certificates,
# the stand-in for Motion, and the host's own fault.
#
# Usage: packaging/fleet/furnish.sh FOLDER good|cluster|probe|cut
set -eu

upper=$1/upper fault=$2
here=$(cd "$(dirname "$0")" && pwd)
fixtures=$here/../../fixtures
units=$upper/etc/systemd/system

mkdir -p "$upper/etc" "$upper/var/opt" "$upper/usr/local/sbin" "$units/multi-user.target.wants"
# The root's own configuration is hidden, not merged with.
rm -rf "$upper/etc/nginx"
cp -R "$fixtures/standalone/etc/nginx" "$upper/etc/nginx"
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "trusted.overlay.opaque", b"y")' "$upper/etc/nginx"
cp -R "$fixtures/standalone/var/opt/motion2" "$upper/var/opt/motion2"
mkdir -p "$upper/etc/nginx/tls"
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=cc.example.test -addext subjectAltName=DNS:cc.example.test \
    -keyout "$upper/etc/nginx/tls/motion.key" -out "$upper/etc/nginx/tls/motion.crt" 2>/dev/null
cp "$here/motion.py" "$upper/usr/local/sbin/motion.py"
unit() { # NAME TARGET: its text on standard input
    cat >"$units/$1"
    mkdir -p "$units/$2.wants"
    ln -sf "/etc/systemd/system/$1" "$units/$2.wants/$1"
}
unit motion.service multi-user.target <<'UNIT'
[Service]
ExecStart=/usr/bin/python3 /usr/local/sbin/motion.py
DynamicUser=yes
UNIT
case $fault in
good | probe) ;;
cluster) cp -R "$fixtures/topology/cluster-manager.files/." "$upper/" ;;
cut)
    install -m 755 "$here/cut.sh" "$upper/usr/local/sbin/cut.sh"
    unit cut.path paths.target <<'UNIT'
[Path]
PathChanged=/etc/nginx/conf.d/motion.conf
UNIT
    printf '[Service]\nType=oneshot\nExecStart=/usr/local/sbin/cut.sh\n' >"$units/cut.service"
    ;;
*) echo "furnish: no such fault: $fault" >&2; exit 64 ;;
esac
chown -R 0:0 "$upper"
