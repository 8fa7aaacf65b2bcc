#!/bin/sh
# Makes a folder the root of this process, as a server that has just been started; with a service manager where the
# command is one.
#
# To be called in mounts, processes and a network of its own, with control groups of its own for a service manager.
# Nothing of the machine's own stays in sight.
# Usage: unshare … packaging/roots/enter.sh FOLDER NAME COMMAND…
set -eu

root=${1:?a folder} name=${2:?a host name}
shift 2

mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sys "$root/sys" 2>/dev/null || true
case ${1:-} in */systemd) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" ;; esac
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"
mount -t tmpfs -o mode=755 run "$root/run"
mkdir -m 1777 "$root/run/lock"
hostname "$name"
echo "$name" >"$root/etc/hostname"
echo "127.0.0.1 localhost $name" >"$root/etc/hosts"
cd "$root"
mkdir -p mnt
pivot_root . mnt
cd /
umount -l /mnt
# By this word systemd leaves alone what belongs to the machine: its swap, its devices, the settings of its kernel.
exec env -i container=test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
