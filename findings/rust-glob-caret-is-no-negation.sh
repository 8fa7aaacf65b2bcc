#!/bin/bash
# In the Rust crate `glob` 0.3.3 a bracket negates with `!` alone: `[^_]*` means "begins with ^ or _".
# glibc's glob(3), which NGINX calls for `include`, and every shell take `^` for a negation as well. So the same
# pattern names other files: here the crate finds exactly the file that glob(3) leaves out.
# Likewise `**` is a walk through folders for the crate, and a plain star for glob(3).
# Seen with glob 0.3.3, libc 0.2.177, rustc 1.95, glibc 2.36:
#   [^_]*.conf   crate: _off.conf      glob(3): on.conf
#   **/*.conf    crate: _off.conf on.conf sub/deep/x.conf sub/y.conf   glob(3): sub/y.conf
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src" "$work/tree/sub/deep"
touch "$work/tree/_off.conf" "$work/tree/on.conf" "$work/tree/sub/y.conf" "$work/tree/sub/deep/x.conf"

cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "caret"
version = "0.0.0"
edition = "2021"

[dependencies]
glob = "=0.3.3"
libc = "=0.2.177"

[workspace]
TOML

cat >"$work/src/main.rs" <<'RUST'
use std::ffi::{CStr, CString};

fn crates(pattern: &str) -> Vec<String> {
    glob::glob(pattern).unwrap().map(|path| path.unwrap().display().to_string()).collect()
}

fn libcs(pattern: &str) -> Vec<String> {
    let pattern = CString::new(pattern).unwrap();
    unsafe {
        let mut found: libc::glob_t = std::mem::zeroed();
        if libc::glob(pattern.as_ptr(), 0, None, &mut found) != 0 {
            return Vec::new();
        }
        let paths = (0..found.gl_pathc as usize)
            .map(|at| CStr::from_ptr(*found.gl_pathv.add(at)).to_string_lossy().into_owned())
            .collect();
        libc::globfree(&mut found);
        paths
    }
}

fn main() {
    for pattern in ["[^_]*.conf", "[!_]*.conf", "**/*.conf"] {
        println!("{pattern}: crate {:?}, glob(3) {:?}", crates(pattern), libcs(pattern));
    }
}
RUST

(cd "$work" && cargo build --quiet)
seen=$(cd "$work/tree" && LC_ALL=C "$work/target/debug/caret")
echo "$seen"
expected='[^_]*.conf: crate ["_off.conf"], glob(3) ["on.conf"]
[!_]*.conf: crate ["on.conf"], glob(3) ["on.conf"]
**/*.conf: crate ["_off.conf", "on.conf", "sub/deep/x.conf", "sub/y.conf"], glob(3) ["sub/y.conf"]'
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
