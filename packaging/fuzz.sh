#!/bin/sh
# Runs every fuzz target, one after the other, and fails at the first that finds something.
#
# Seeds are made of the fixtures, what was found interesting before is kept in CARGO_TARGET_DIR/fuzz/corpus. No nightly
# compiler is needed: the code is safe Rust, so that what a sanitizer looks for is not what is looked for here.
# Usage: packaging/fuzz.sh [TARGET…]; FUZZ_SECONDS (600) for each, FUZZ_SANITIZER (none) for cargo-fuzz.
set -eu

# What `make fuzz` installs where it is missing.
version=0.13.1
seconds=${FUZZ_SECONDS:-600}
sanitizer=${FUZZ_SANITIZER:-none}
cd "$(dirname "$0")/.."
mkdir -p "${CARGO_TARGET_DIR:-target}/fuzz"
target=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)
work=$target/fuzz
PATH=$target/tools/bin:$PATH
# Sanitizers are options of unstable Rust; this lets a stable compiler take them.
export RUSTC_BOOTSTRAP=1
unset CARGO_TARGET_DIR

if ! cargo fuzz --version >/dev/null 2>&1; then
    cargo install --locked --quiet --root "$target/tools" --version "$version" cargo-fuzz
fi

# One file a seed. Some targets take three bytes of numbers before the text, or a byte.
seed() { # TARGET HEADER FILE…
    name=$1 header=$2
    shift 2
    mkdir -p "$work/seeds/$name"
    for whole in "$@"; do
        { printf %s "$header"; cat "$whole"; } >"$work/seeds/$name/$(echo "$whole" | tr / _)"
    done
}

# Several files as one seed, parted by a line of `%%`.
parted() { # TARGET HEADER NAME FILE…
    name=$1 header=$2 as=$3
    shift 3
    mkdir -p "$work/seeds/$name"
    {
        printf %s "$header"
        cat "$1"
        shift
        for part in "$@"; do printf '\n%%%%\n' && cat "$part"; done
    } >"$work/seeds/$name/$(echo "$as" | tr / _)"
}

text() { # TARGET NAME: what stands on standard input
    mkdir -p "$work/seeds/$1"
    cat >"$work/seeds/$1/$2"
}

seeds() {
    rm -rf "$work/seeds"
    find fixtures crates/nginx-config/fixtures templates -name '*.conf' >"$work/conf"
    while read -r file; do
        seed parse '' "$file"
        seed redact 'aab' "$file"
        parted edit 'aab' "$file" "$file" templates/new-client/redirect.conf
    done <"$work/conf"
    for case in crates/nginx-config/fixtures/merge/*/; do
        if [ -f "$case/base.conf" ] && [ -f "$case/ours.conf" ] && [ -f "$case/theirs.conf" ]; then
            parted merge '' "$case" "$case/base.conf" "$case/ours.conf" "$case/theirs.conf"
        fi
    done
    seed manifest '' fixtures/manifests/*/*.yaml
    seed seed_map '' templates/seed/schema-map.toml
    seed saved_plan 'aab' fixtures/compat/plan-1/*.json
    # Without their checksums, which the target puts there.
    mkdir -p "$work/seeds/journal"
    for file in fixtures/compat/journal-1/*; do
        { printf aab; sed -n 's/^[0-9a-f]\{16\} //p' "$file"; } >"$work/seeds/journal/${file##*/}"
    done
    find fixtures -name index.html >"$work/pages"
    while read -r file; do seed page '' "$file"; done <"$work/pages"
    find fixtures -name .env -o -name production.js >"$work/settings"
    while read -r file; do seed settings '' "$file"; done <"$work/settings"
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
}

dictionary() { # TARGET
    case $1 in
        parse | edit | merge | redact | message | bundle) echo fuzz/dictionaries/nginx.dict ;;
        *) echo fuzz/dictionaries/text.dict ;;
    esac
}

seeds
for package in . crates/nginx-config; do
    names=$(cargo fuzz list --fuzz-dir "$package/fuzz")
    wanted=
    for name in $names; do
        case " ${*:-$name} " in *" $name "*) wanted="$wanted $name" ;; esac
    done
    if [ -z "$wanted" ]; then continue; fi
    for name in $wanted; do
        mkdir -p "$work/corpus/$name" "$work/seeds/$name" "$work/found/$name"
        echo "== $name, $seconds s" >&2
        # The order of arguments is libFuzzer's: the first folder is the one that it adds to. Beyond 64 KiB an input says
        # nothing new and takes the time of thousands.
        cargo fuzz run --sanitizer "$sanitizer" --codegen-units 16 --fuzz-dir "$package/fuzz" --target-dir "$work/build" \
            "$name" "$work/corpus/$name" "$work/seeds/$name" -- \
            -max_total_time="$seconds" -dict="$(dictionary "$name")" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
            -artifact_prefix="$work/found/$name/" -print_final_stats=1
    done
done
