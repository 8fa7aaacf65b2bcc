# Becomes the first process of a host: systemd, on an overlay over a Debian's root. Run by hosts.sh in namespaces of its own.
# Arguments: the host's folder, the root below it, its name, the key that may log in.
set -eu
top=$1 lower=$2 name=$3 key=$4
hostname "$name"
mount -t overlay -o "lowerdir=$lower,upperdir=$top/upper,workdir=$top/work" overlay "$top/root"
cd "$top/root"
echo "$name" >etc/hostname
printf '127.0.0.1 localhost %s cc.example.test\n' "$name" >etc/hosts
install -d -m 700 root/.ssh
install -m 600 "$key" root/.ssh/authorized_keys
# Somebody who becomes root, as on most servers.
chroot . useradd --create-home --shell /bin/bash admin
chroot . install -d -m 700 -o admin -g admin /home/admin/.ssh
chroot . install -m 600 -o admin -g admin /root/.ssh/authorized_keys /home/admin/.ssh/
echo 'admin ALL=(root) NOPASSWD: ALL' >etc/sudoers.d/admin
mount -t proc proc proc
# It shares the kernel with the machine, and must not change its settings.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
    touch dev/$node
    mount --bind /dev/$node dev/$node
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
for unit in console-getty.service systemd-modules-load.service systemd-remount-fs.service systemd-udevd.service systemd-tmpfiles-setup-dev.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
    ln -sf /dev/null etc/systemd/system/$unit
done
mount -t cgroup2 cgroup2 sys/fs/cgroup
pivot_root . mnt
cd /
umount -l /mnt
exec env -i container=motionctl-fleet PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=no
