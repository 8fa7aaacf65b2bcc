#!/bin/sh
# Installs what is missing for `make bench`, `make build`, `make demo`, `make dist`, `make test`, `make test-package`, `make test-roots` or
# `make lint`, and nothing else; for the tests it writes an /etc/hosts where there is none.
#
# Starts no service and stops none: where a package would start one, it is told not to.
# Usage: packaging/setup.sh bench|build|demo|dist|lint|package|roots|test|test-package
set -eu

PATH=$PATH:/usr/sbin:/sbin
purpose=${1:?usage: packaging/setup.sh bench|build|demo|dist|lint|package|roots|test|test-package}

say() { echo "setup: $*" >&2; }
# A command, or a file: there a pattern may stand for the folders of distributions.
have() {
    case $1 in
        /*) for file in $1; do [ -e "$file" ] && return; done; return 1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# One line for each need: the command or file that shows it, its package with apt, its package with dnf.
needs() {
    echo "cc gcc gcc"
    case $purpose in
        build) ;;
        demo) echo "nginx nginx nginx" ;;
        # The peers that make bench measures beside, besides what the tests take.
        bench)
            echo "nginx nginx nginx"
            echo "mariadb-install-db mariadb-server mariadb-server"
            echo "pgrep procps procps-ng"
            echo "python3 python3 python3"
            echo "diff diffutils diffutils"
            echo "hyperfine hyperfine hyperfine"
            echo "wrk wrk wrk"
            echo "sqlite3 sqlite3 sqlite"
            ;;
        test)
            echo "nginx nginx nginx"
            echo "/usr/lib*/nginx/modules/ngx_stream_module.so libnginx-mod-stream nginx-mod-stream"
            echo "strace strace strace"
            # What scripts of `motionctl try` ask for is there as on a server.
            echo "curl curl curl"
            echo "wget wget wget"
            echo "systemd-analyze systemd systemd"
            # The pipelines of docs/pipelines.md.
            echo "jq jq jq"
            # Signs bundles; where it is missing the tests say that they are skipped.
            if have apt-get; then echo "minisign minisign minisign"; fi
            # File systems on recorded disks; of the kinds that a distribution lacks the tests say why they are skipped.
            echo "mkfs.ext4 e2fsprogs e2fsprogs"
            echo "mkfs.xfs xfsprogs xfsprogs"
            if have apt-get; then echo "mkfs.btrfs btrfs-progs btrfs-progs"; fi
            echo "mariadb-install-db mariadb-server mariadb-server"
            # The Ansible modules' own tests.
            echo "python3 python3 python3"
            ;;
        lint) echo "python3 python3 python3" ;;
        dist | package)
            echo "python3 python3 python3"
            echo "objdump binutils binutils"
            ;;
        # Makes roots of Debian's releases; works with apt alone.
        roots) echo "mmdebstrap mmdebstrap mmdebstrap" ;;
        test-package)
            echo "python3 python3 python3"
            echo "objdump binutils binutils"
            # What looks at the packages; the roots are Debian's.
            echo "rpm rpm rpm"
            if have apt-get; then
                echo "lintian lintian lintian"
                echo "mmdebstrap mmdebstrap mmdebstrap"
            fi
            ;;
        *) say "not a purpose: $purpose"; exit 64 ;;
    esac
}

missing() { # apt|dnf
    needs | while read -r command apt dnf; do
        have "$command" && continue
        if [ "$1" = apt ]; then echo "$apt"; else echo "$dnf"; fi
        # A compiler without the C library's headers and start files links nothing.
        if [ "$1" = apt ] && [ "$apt" = gcc ]; then echo libc6-dev; fi
    done
    # For packaging/unpack.sh, which works with apt alone.
    if [ "$1" = apt ] && [ "$purpose" = test ] && ! have patchelf; then echo patchelf; fi
    # Debian keeps the part of `python3 -m venv` that matters in a package of its own.
    case $1:$purpose in
        apt:bench | apt:lint | apt:dist | apt:package | apt:test-package)
            python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
            ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        say "not root, and no sudo here; as root, run: $*"
        exit 69
    fi
}

# Debian asks /usr/sbin/policy-rc.d before it starts a service. One that is there already is the
# administrator's and stays; ours goes away whatever happens.
with_apt() {
    as_root sh -eu -c '
        policy=/usr/sbin/policy-rc.d
        if [ ! -e "$policy" ]; then
            # Gone also after Ctrl-C; a policy left behind would keep every service down.
            trap "rm -f $policy" EXIT
            trap "exit 1" HUP INT TERM
            printf "#!/bin/sh\nexit 101\n" >"$policy"
            chmod 755 "$policy"
        fi
        export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
        apt-get -q update
        apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@"
        # What is new here does not start at the next boot either.
        for service in nginx:nginx mariadb-server:mariadb; do
            case " $* " in *" ${service%:*} "*) ;; *) continue ;; esac
            if [ -d /run/systemd/system ]; then systemctl disable "${service#*:}.service"; fi
        done
    ' setup "$@"
}

# Before anything is installed: without it all the rest is for nothing. What is packed was built before.
case $purpose in
    package | test-package) ;;
    *) "$(dirname "$0")/with-rust.sh" cargo --version >/dev/null ;;
esac

if have apt-get; then
    packages=$(missing apt | tr '\n' ' ')
    if [ -n "$packages" ]; then
        say "installing $packages"
        # shellcheck disable=SC2086 # one word a package
        with_apt $packages
    fi
elif have dnf; then
    packages=$(missing dnf | tr '\n' ' ')
    if [ -n "$packages" ]; then
        say "installing $packages"
        # shellcheck disable=SC2086 # one word a package
        as_root dnf -q -y install $packages
    fi
else
    packages=$(missing dnf | tr '\n' ' ')
    if [ -n "$packages" ]; then
        say "neither apt-get nor dnf here; install by hand: $packages"
        exit 69
    fi
fi

# A root that debootstrap has made has none, and then nothing says where localhost is.
if [ "$purpose" = test ] && [ ! -e /etc/hosts ]; then
    say "writing /etc/hosts, which is missing"
    printf '127.0.0.1 localhost\n::1 localhost\n' | as_root tee /etc/hosts >/dev/null
fi

# The parser that ours is measured beside, in a folder of its own: one version, by its hash, so that figures stay comparable.
crossplane=${CARGO_TARGET_DIR:-target}/tools/crossplane
if [ "$purpose" = bench ] && ! "$crossplane/bin/python3" -c 'import crossplane' 2>/dev/null; then
    say "installing crossplane into $crossplane"
    python3 -m venv "$crossplane"
    # Not the venv's `pip`, which names the place where it was made.
    "$crossplane/bin/python3" -m pip install --quiet --require-hashes -r "$(dirname "$0")/bench-tools.txt"
fi

# Opens the pages of reports. Not every distribution has it as a package, and nothing else depends on it.
if [ "$purpose" = test ] && have apt-get && ! have chromium; then
    with_apt chromium || say "chromium cannot be had here: the tests that open pages say that they are skipped"
fi

# The tests (tests/suite/support/newest.rs, real_systemd.rs) and the Makefile know these folders.
for program in nginx mysql systemd; do
    folder=/var/cache/motionctl-tests/$program
    if [ "$purpose" = test ] && [ ! -d "$folder/usr" ]; then
        as_root "$(dirname "$0")/unpack.sh" "$program" "$folder"
    fi
done
