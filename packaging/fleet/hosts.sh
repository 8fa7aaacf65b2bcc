#!/bin/sh
# Starts and stops the hosts of `make test-fleet`: servers of their own on this machine, each with a root of another
# Debian, systemd as its first process, sshd, NGINX and a stand-in for Motion.
#
# A host is a network, a process and a mount namespace, a cgroup, and an overlay over a root that mmdebstrap made; they and
# the machine that commands them share one bridge in a namespace of its own, and reach nothing else.
# Usage: packaging/fleet/hosts.sh root SUITE FOLDER | up FOLDER NAME NUMBER ROOT | down FOLDER | in FOLDER NAME COMMAND… | ctl FOLDER COMMAND…
set -eu

PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
case ${1:?usage: see the head of this file} in
root) ;;
*)
    folder=$(realpath "$2")
    # What this run calls its namespaces, so that two runs are not in each other's way.
    run=mf$(printf %s "$folder" | cksum | cut -c 1-6)
    ;;
esac
network=10.55.0
group=$(for place in /sys/fs/cgroup /sys/fs/cgroup/unified; do
    if [ -e $place/cgroup.controllers ]; then echo $place; fi
done)
[ -n "$group" ] || { echo "hosts: there are no cgroups (v2) here" >&2; exit 69; }

root() { # SUITE FOLDER
    if [ -e "$2/ready" ]; then return; fi
    rm -rf "$2"
    mkdir -p "$2"
    # Debian 11 is the last with a Python 2, which old servers have and the modules promise to run on.
    more=$(if [ "$1" = bullseye ]; then echo ,python2.7; fi)
    echo "hosts: making a root of $1" >&2
    mmdebstrap --quiet --variant=minbase \
        --include=systemd-sysv,openssh-server,python3,nginx,iproute2,sudo,ca-certificates"$more" "$1" "$2/root" >"$2/log" 2>&1 ||
        { echo "hosts: mmdebstrap of $1 failed: $(tail -n 1 "$2/log")" >&2; exit 69; }
    touch "$2/ready"
}

commander() {
    if ip netns list | grep -q "^$run-ctl\b"; then return; fi
    ip netns add "$run-ctl"
    ip -n "$run-ctl" link set lo up
    ip -n "$run-ctl" link add br0 type bridge
    ip -n "$run-ctl" addr add $network.1/24 dev br0
    ip -n "$run-ctl" link set br0 up
    ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
}

up() { # NAME NUMBER ROOT
    commander
    name=$1 number=$2 lower=$3 top=$folder/$1
    ip netns add "$run-$name"
    ip -n "$run-ctl" link add "v$number" type veth peer name eth0 netns "$run-$name"
    ip -n "$run-ctl" link set "v$number" master br0 up
    ip -n "$run-$name" link set lo up
    ip -n "$run-$name" addr add $network."$number"/24 dev eth0
    ip -n "$run-$name" link set eth0 up
    mkdir -p "$top/upper" "$top/work" "$top/root" "$group/$run-$name"
    # The cgroup comes before the rest: `ip netns exec` hides the folder in which it lies.
    sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' host "$group/$run-$name" \
        ip netns exec "$run-$name" unshare --mount --pid --ipc --uts --cgroup --fork --propagation private \
        sh "$here/host.sh" "$top" "$lower" "$name" "$folder/key.pub" >"$top/log" 2>&1 </dev/null &
}

# The first process of a host, as it is seen from here: of all in its cgroup the one that is 1 inside.
first() { # NAME
    find "$group/$run-$1" -name cgroup.procs -exec cat {} + | while read -r pid; do
        if [ "$(sed -n 's/^NSpid:.*\t\(.*\)/\1/p' "/proc/$pid/status" 2>/dev/null)" = 1 ]; then echo "$pid"; fi
    done
}

inside() { # NAME COMMAND…
    pid=$(first "$1")
    shift
    exec nsenter --target "$pid" --mount --pid --ipc --uts --net --cgroup --root --wd env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

down() {
    for cgroup in "$group/$run"-*; do
        [ -d "$cgroup" ] || continue
        echo 1 >"$cgroup/cgroup.kill"
        for _ in $(seq 100); do
            find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && break
            sleep 0.1
        done
    done
    for namespace in $(ip netns list | sed -n "s/^\($run-[a-z0-9-]*\).*/\1/p"); do ip netns delete "$namespace"; done
}

command=$1
case $command in
root) root "$2" "$3" ;;
up) up "$3" "$4" "$5" ;;
down) down ;;
in)
    shift 2
    inside "$@"
    ;;
ctl)
    shift 2
    exec ip netns exec "$run-ctl" "$@"
    ;;
*) echo "hosts: not a command: $command" >&2; exit 64 ;;
esac
