# shellcheck shell=sh
# What packaging/test-fleet.sh and packaging/fleet-scale.sh begin with. Read by both, from the project's folder, with `name`,
# `cache` and `logs` set.

say() { echo "$name: $*" >&2; }

# Sets `package` to the one that is named, or to the newest in dist/; ends where something is missing.
ready() { # [PACKAGE]
    [ "$(id -u)" = 0 ] || { say "namespaces need root"; exit 69; }
    package=${1:-}
    for found in dist/*.deb; do
        # shellcheck disable=SC3013 # dash has it
        if [ -z "${1:-}" ] && { [ -z "$package" ] || [ "$found" -nt "$package" ]; }; then package=$found; fi
    done
    [ -r "$package" ] || { say "no package: run \`make package\` first, or name one"; exit 69; }
    package=$(realpath "$package")
    missing=
    for need in mmdebstrap:mmdebstrap ip:iproute2 nsenter:util-linux ssh:openssh-client openssl:openssl dpkg-deb:dpkg python3:python3; do
        command -v "${need%:*}" >/dev/null || missing="$missing ${need#*:}"
    done
    [ -z "$missing" ] || { say "install first: apt-get install$missing"; exit 69; }
    mkdir -p "$cache" "$logs"
}

venv() { # FOLDER PACKAGE…
    folder=$1
    shift
    if [ ! -e "$folder/ready" ]; then
        say "installing $*"
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" --quiet --disable-pip-version-check install "$@"
        touch "$folder/ready"
    fi
}

end() {
    sh packaging/fleet/hosts.sh down "$work/hosts" || :
    rm -rf "$work"
}

# Sets `work` to a folder that ends with the script, as do the hosts in it; the collection is installed there as a partner
# gets it: built, and from the archive.
begin() {
    work=$(mktemp -d "/var/tmp/motionctl-$name.XXXXXX")
    mkdir "$work/hosts"
    trap end EXIT
    trap 'exit 1' HUP INT TERM
    # What Ansible keeps for itself.
    export ANSIBLE_HOME="$work/home"
    export ANSIBLE_COLLECTIONS_PATH="$work/collections"
    galaxy=$cache/ansible-newest/bin/ansible-galaxy
    "$galaxy" collection build --output-path "$work" packaging/ansible >/dev/null
    "$galaxy" collection install --offline --collections-path "$work/collections" "$work"/motionctl-fleet-*.tar.gz >/dev/null
}

# Ends the hosts of before, and makes room for new ones.
no_hosts() {
    sh packaging/fleet/hosts.sh down "$work/hosts"
    rm -rf "$work/hosts"
    mkdir "$work/hosts"
}
