#!/bin/bash
# In the Rust crate `mysql_common` 0.37.3, by which `mysql` 28 and `mysql_async` log in, `AuthSwitchRequest::plugin_data()`
# takes a zero at the end of what a server sends for the end of a text. It is one for `mysql_native_password` and
# `caching_sha2_password`, whose 20 letters have a zero behind them. MariaDB's `client_ed25519` and `parsec` send 32 random
# bytes and nothing behind them, so that one login of 256 signs 31 of them, and is refused: error 1045, "Access denied",
# with the right password. The next one succeeds. A test that logs in ten times fails in one run of 25.
# Seen with mysql_common 0.37.3, rustc 1.95: the lines `expected` below; and with MariaDB 10.11.19, where a login by ed25519
# failed and the same one succeeded when it was repeated.
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src"

cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "nonce"
version = "0.0.0"
edition = "2021"

[dependencies]
mysql_common = { version = "=0.37.3", default-features = false }
# Without a backend it does not compile.
flate2 = { version = "1", default-features = false, features = ["rust_backend"] }

[workspace]
TOML

cat >"$work/src/main.rs" <<'RUST'
use mysql_common::io::ParseBuf;
use mysql_common::packets::AuthSwitchRequest;

fn main() {
    for (plugin, data) in [
        ("mysql_native_password", [&[7; 20][..], &[0]].concat()),
        ("client_ed25519", vec![7; 32]),
        ("client_ed25519", [&[7; 31][..], &[0]].concat()),
        ("parsec", [&[7; 31][..], &[0]].concat()),
    ] {
        let packet = [b"\xfe", plugin.as_bytes(), b"\0", &data].concat();
        let request: AuthSwitchRequest = ParseBuf(&packet).parse(()).unwrap();
        println!("{plugin}: {} bytes sent, {} handed on", data.len(), request.plugin_data().len());
    }
}
RUST

seen=$(cd "$work" && cargo run --quiet)
echo "$seen"
expected=$(cat <<'TEXT'
mysql_native_password: 21 bytes sent, 20 handed on
client_ed25519: 32 bytes sent, 32 handed on
client_ed25519: 32 bytes sent, 31 handed on
parsec: 32 bytes sent, 31 handed on
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
