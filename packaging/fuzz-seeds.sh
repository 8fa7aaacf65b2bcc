#!/bin/sh
# Writes the seeds of every fuzz target, made of the fixtures: one folder a target, one file a seed.
#
# `make fuzz` begins with them, and the tests run each once through its target (tests/suite/fuzz.rs).
# Usage: packaging/fuzz-seeds.sh FOLDER
set -eu

out=${1:?usage: packaging/fuzz-seeds.sh FOLDER}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$(dirname "$0")/.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT

# One file a seed. Some targets take three bytes of numbers before the text, or a byte.
seed() { # TARGET HEADER FILE…
    name=$1 header=$2
    shift 2
    mkdir -p "$out/$name"
    for whole in "$@"; do
        { printf %s "$header"; cat "$whole"; } >"$out/$name/$(echo "$whole" | tr / _)"
    done
}

# Several files as one seed, parted by a line of `%%`.
parted() { # TARGET HEADER NAME FILE…
    name=$1 header=$2 as=$3
    shift 3
    mkdir -p "$out/$name"
    {
        printf %s "$header"
        cat "$1"
        shift
        for part in "$@"; do printf '\n%%%%\n' && cat "$part"; done
    } >"$out/$name/$(echo "$as" | tr / _)"
}

text() { # TARGET NAME: what stands on standard input
    mkdir -p "$out/$1"
    cat >"$out/$1/$2"
}

find fixtures crates/nginx-config/fixtures templates -name '*.conf' >"$list"
while read -r file; do
    seed parse '' "$file"
    seed redact 'aab' "$file"
    parted edit 'aab' "$file" "$file" templates/new-client/redirect.conf
done <"$list"
for case in crates/nginx-config/fixtures/merge/*/; do
    if [ -f "$case/base.conf" ] && [ -f "$case/ours.conf" ] && [ -f "$case/theirs.conf" ]; then
        parted merge '' "$case" "$case/base.conf" "$case/ours.conf" "$case/theirs.conf"
    fi
done
seed manifest '' fixtures/manifests/*/*.yaml
seed seed_map '' templates/seed/schema-map.toml
seed saved_plan 'aab' fixtures/compat/plan-1/*.json
# Without their checksums, which the target puts there.
mkdir -p "$out/journal"
for file in fixtures/compat/journal-1/*; do
    { printf aab; sed -n 's/^[0-9a-f]\{16\} //p' "$file"; } >"$out/journal/${file##*/}"
done
find fixtures -name index.html >"$list"
while read -r file; do seed page '' "$file"; done <"$list"
find fixtures -name .env -o -name production.js >"$list"
while read -r file; do seed settings '' "$file"; done <"$list"
seed template '' templates/new-client/static.conf templates/new-client/missing.conf
parted template '' whole templates/new-client/bundle.toml templates/new-client/redirect.conf
{
    printf 'server {\n    set $token a;\n    listen 80;\n}\n%%%%\n'
    printf 'nginx: [emerg] unknown directive "set" in /etc/nginx/nginx.conf:3\n'
    printf '2026/01/02 03:04:05 [crit] 7#8: *3 open() "/x?token=a" failed, client: ::1, request: "GET /x HTTP/1.1"\n'
} | text message words
printf '[client]\nuser = motion\npassword = "a\\"b"\n!include my.cnf\n' | text option_file included
printf '[mysql]\nhost=db\nport=3306\nssl-mode=disabled\n[other]\nx\n' | text option_file groups
printf '\001/var/www/ui\nhttp://[::1]:9001/app/\n~^cc\\d+$\n[::]:443\ntls/a b.pem\ntls/k.key\n20m\nit' | text bundle tls
printf '\004/srv/a b\nhttp://unix:/run/ui.sock\n*.example.test\n127.0.0.1:80\na\nb\n1g\na/b' | text bundle plain
printf 'username;fullname;profiles;penalties\nanna;"Anna; A";Morning, Evening;Morning/Sales=2\n' | text import semicolons
printf 'username,internal,personal chat\r\nanna,0123,Support\r\n' | text import commas
