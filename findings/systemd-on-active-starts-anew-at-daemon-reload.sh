#!/bin/bash
# systemd: a timer of `systemd-run --on-active=N` counts its N seconds anew from every `daemon-reload` and from every
# `daemon-reexec`, which each installation of a package with a unit is. What is to happen in ten minutes happens ten
# minutes after the last of them, and never where they come often enough. `--on-boot` and `--on-startup` keep their moment.
# `systemctl isolate` takes both away, and leaves one with IgnoreOnIsolate=yes.
# Seen with Debian's systemd 252.39 and 262.1: a timer of 3 s has not fired after 8 s with a reload in each second.
# Exits 0 while that is so, 1 when it changed, 2 where it cannot be looked at: it takes root, and a cgroup of its own for
# a systemd as the first process of private namespaces.
set -euo pipefail

cannot() { echo "cannot be looked at: $*" >&2; exit 2; }
[ "$(id -u)" = 0 ] || cannot "not root"
for cgroups in /sys/fs/cgroup /sys/fs/cgroup/unified; do
    [ ! -e "$cgroups/cgroup.controllers" ] || break
done
work=$(mktemp -d)
cgroup=$cgroups/${work##*/}
leave() {
    [ ! -e "$cgroup" ] || echo 1 >"$cgroup/cgroup.kill"
    for _ in $(seq 50); do
        [ -e "$cgroup" ] || break
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    rm -rf "$work"
}
trap leave EXIT
mkdir "$cgroup" 2>/dev/null || cannot "no cgroup of its own"
(cd "$work" && apt-get -q download 'systemd=252.*' 'libsystemd-shared=252.*' >/dev/null) || cannot "the packages are not to be had"
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu/systemd:$work/root/lib/x86_64-linux-gnu/systemd
systemctl=$work/root/bin/systemctl
"$systemctl" --version | head -n 1

cat >"$work/first" <<'INSIDE'
#!/bin/bash
set -euo pipefail
work=$1
echo $$ >"$2/cgroup.procs"
exec unshare --mount --pid --ipc --uts --net --cgroup --fork --kill-child --mount-proc --propagation private /bin/bash -euc '
    mount -t tmpfs -o mode=755 tmpfs /run
    for folder in /etc/systemd /usr/lib/systemd/system /usr/lib/systemd/system-generators; do
        [ ! -d $folder ] || mount -t tmpfs -o mode=755 tmpfs $folder
    done
    mkdir -p /run/systemd/system
    for unit in basic shutdown sysinit timers; do
        printf "[Unit]\nDefaultDependencies=no\n" >/run/systemd/system/$unit.target
    done
    printf "[Unit]\nRequires=basic.target sysinit.target\nAllowIsolate=yes\n" >/run/systemd/system/default.target
    umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
    exec env -i container=test "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        "$1/root/lib/systemd/systemd" --system --log-target=null --show-status=no
' sh "$work"
INSIDE
chmod +x "$work/first"
"$work/first" "$work" "$cgroup" </dev/null >/dev/null 2>&1 &
outside=$!
disown
for _ in $(seq 100); do
    first=$(cat "/proc/$outside/task/$outside/children" 2>/dev/null || true)
    [ "$(cat "/proc/${first% }/comm" 2>/dev/null || true)" != systemd ] || break
    sleep 0.1
done
inside() { nsenter --target "${first% }" --mount --pid --ipc --cgroup "$@"; }
for _ in $(seq 100); do
    [ "$(inside "$systemctl" is-system-running 2>/dev/null || true)" != running ] || break
    sleep 0.1
done
[ "$(inside "$systemctl" is-system-running)" = running ] || cannot "it does not start here"

started=$(inside "$systemctl" show --property=UserspaceTimestampMonotonic)
now=$(cut -d ' ' -f 1 /proc/uptime)
after=$(awk "BEGIN { printf \"%d\", ($now + 3) * 1000 - ${started#*=} / 1000 }")
run() { inside "$work/root/usr/bin/systemd-run" --quiet "$@"; }
run --on-active=3s touch "$work/active"
run "--on-startup=${after}ms" touch "$work/startup"
for _ in $(seq 8); do
    inside "$systemctl" daemon-reload
    sleep 1
done
fired() { if [ -e "$work/$1" ]; then echo fired; else echo waits; fi; }
seen="on-active $(fired active), on-startup $(fired startup)"
run --unit=goes --on-startup=1h true
run --unit=stays --on-startup=1h --timer-property=IgnoreOnIsolate=yes true
inside "$systemctl" isolate default.target
for unit in goes stays; do
    seen+=", $unit $(inside "$systemctl" is-active "$unit.timer" || true)"
done
echo "$seen"
if [ "$seen" = 'on-active waits, on-startup fired, goes inactive, stays active' ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
