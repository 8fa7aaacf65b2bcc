# Starts a systemd as the first process of namespaces of its own, on a root that is an overlay over this machine's.
# Arguments: the folder of an unpacked systemd, or nothing for this machine's; a cgroup of its own; the program under
# test; the unit that `make install` would install; options of unshare for its clocks.
#
# Everything that it reads or writes lies in the one overlay: a soft-reboot takes every other mount away.
set -eu
folder=$1 cgroup=$2 program=$3 boot_unit=$4
shift 4
echo $$ >"$cgroup/cgroup.procs"
exec unshare --mount --pid --ipc --cgroup "$@" --fork --kill-child --mount-proc --propagation private /bin/sh -euc '
folder=$1 program=$2 boot_unit=$3
here=/run/real
mkdir -p $here/work $here/root
# What is not to be merged with the folder below it is hidden first, by what overlays take for "removed".
for own in etc/nginx etc/motionctl etc/systemd usr/lib/systemd var/backups var/lib var/log var/opt; do
    mkdir -p $here/upper/${own%/*}
    mknod $here/upper/$own c 0 0
done
root=$here/root
mount -t overlay -o lowerdir=/,upperdir=$here/upper,workdir=$here/work overlay $root
for own in etc/nginx etc/motionctl var/backups var/lib var/log var/opt; do cp -a /$own $root/$own; done

units=$root/usr/lib/systemd/system
mkdir -p $units $root/etc/systemd/system/multi-user.target.wants
for part in systemd systemd-executor systemd-shutdown; do
    test ! -e $folder/usr/lib/systemd/$part || cp $folder/usr/lib/systemd/$part $root/usr/lib/systemd/
done
test -z "$folder" || cp $folder/usr/bin/systemctl $folder/usr/bin/systemd-run $root/usr/bin/
# The way down is the real one, what a machine needs on its way up is not.
for unit in soft-reboot.target systemd-soft-reboot.service; do
    test ! -e $folder/usr/lib/systemd/system/$unit || cp $folder/usr/lib/systemd/system/$unit $units/
done
for unit in basic final local-fs shutdown sysinit timers umount; do
    printf "[Unit]\nDefaultDependencies=no\n" >$units/$unit.target
done
printf "[Unit]\nRequires=basic.target sysinit.target\nAfter=basic.target sysinit.target\nAllowIsolate=yes\n" \
    >$units/multi-user.target
ln -s multi-user.target $units/default.target
printf "[Service]\nType=forking\nPIDFile=/run/nginx.pid\nExecStart=/usr/sbin/nginx\n[Install]\n" >$units/nginx.service
cp $program $root/usr/local/bin/motionctl
cp $boot_unit $units/motionctl-recover.service
for unit in nginx motionctl-recover; do
    ln -s /usr/lib/systemd/system/$unit.service $root/etc/systemd/system/multi-user.target.wants/
done

cd $root
mount --rbind /dev dev
mount -t proc proc proc
mount --rbind /sys sys
umount -R sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
pivot_root . mnt
umount -l /mnt
# Without this word it would look after the machine that it runs on, too: its swap, its loop devices, its kernel settings.
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --system --show-status=no \
    --log-target=null
' sh "$folder" "$program" "$boot_unit"
