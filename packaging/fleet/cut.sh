#!/bin/sh
# The fault of the host that is lost in the middle: as long as the new client's route stands in Motion's file, its sshd
# is gone, with every connection of it. Run by cut.path whenever that file is written.
# With /run/stay-cut it does not come back.
set -eu
if grep -q /user-ui/ /etc/nginx/conf.d/motion.conf; then
    systemctl stop ssh.service
    for process in /proc/[0-9]*; do
        program=$(readlink "$process/exe") || continue
        # Newer ones have a program of its own for each connection.
        case $program in */sshd | */sshd-session) kill -KILL "${process#/proc/}" || : ;; esac
    done
elif [ ! -e /run/stay-cut ]; then
    systemctl start ssh.service
fi
