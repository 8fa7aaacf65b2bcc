#!/bin/sh
# What only a service manager can show, under the release's own systemd: a change that waits is confirmed, is undone when
# nobody does, and is undone by the boot unit when the server is restarted meanwhile.
#
# Runs as a unit of that systemd, once after each of two boots; it prints as road.sh does.
# Usage: boot.sh package|binary FILE
set -eu

kind=${1:?package or binary} file=${2:?a file}
# shellcheck source=packaging/roots/server.sh
. /given/server.sh

if [ ! -e /given/first ]; then
    touch /given/first
    furnish
    cp -r /etc/nginx /before
    printf '[Service]\nExecStart=/usr/bin/perl /given/motion.pl\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/motion.service
    systemctl --quiet enable --now motion
    systemctl restart nginx
    echo "# $system, $(systemctl --version | head -n 1), $nginx"
    echo
    page legacy
    install_it "$kind" "$file"
    if [ "$kind" = binary ]; then want 0 "motionctl install-unit"; fi
    want 0 "systemctl is-enabled motionctl-recover"
    want 0 "motionctl check"
    want 0 "motionctl apply --yes --confirm-within 10m"
    page new
    want 0 "motionctl confirm"
    page new
    want 0 "motionctl rollback --yes"
    page legacy

    want 0 "motionctl apply --yes --confirm-within 1m"
    page new
    echo "# nobody confirms"
    for _ in $(seq 100); do
        if [ -z "$(systemctl list-units --no-legend --state=waiting,running 'motionctl-*.timer')" ]; then break; fi
        sleep 1
    done
    sleep 5
    page legacy
    want 0 "motionctl status"

    want 0 "motionctl apply --yes --confirm-within 10m"
    page new
    echo "# the server is restarted meanwhile"
else
    echo "# after the restart"
    want 0 "systemctl is-active nginx"
    page legacy
    want 0 "motionctl status"
    diff -r /before /etc/nginx
    [ "$kind" = binary ] || want 0 "dpkg -P motionctl"
    echo "== $system, $(systemctl --version | head -n 1), $nginx: as expected over a restart"
fi
