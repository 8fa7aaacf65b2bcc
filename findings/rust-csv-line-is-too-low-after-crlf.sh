#!/bin/bash
# In the Rust crate `csv` 1.4.0 `Position::line()` of a record is taken for the line that the record begins on. Behind a
# line that ends with CRLF it is the line before: a record is over with its CR, and the LF, which is what counts a line,
# is read with the next record. `Position::byte()` is that LF's, too, and the crate's own errors name the same line.
# It is one too low, no matter how long the file is, and right for the first record and behind a line that LF alone
# ends. Behind empty lines the place is that of the first of them, with LF as well; with CRLF the one before it.
# CR alone ends a record and counts no line at all: every record is on line 1.
# Seen with csv 1.4.0, csv-core 0.1.13, rustc 1.95: the list `expected` below, (line, byte) of each record.
# Known: BurntSushi/rust-csv issue 395 (CRLF), 208 (empty lines).
# Exits 0 while that is so, 1 when it changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/src"

cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "line"
version = "0.0.0"
edition = "2021"

[dependencies]
csv = "=1.4.0"
csv-core = "=0.1.13"

[workspace]
TOML

cat >"$work/src/main.rs" <<'RUST'
fn main() {
    for text in [
        "a\nb\nc\n",
        "a\r\nb\r\nc\r\n",
        "a\r\n\"b\r\nb\"\r\nc\r\n",
        "a\r\nb\nc\r\nd\n",
        "a\n\n\nb\nc\n",
        "a\r\n\r\n\r\nb\r\nc\r\n",
        "a\rb\rc\r",
    ] {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let mut places = Vec::new();
        for record in reader.records() {
            let record = record.unwrap();
            let position = record.position().unwrap();
            places.push((position.line(), position.byte()));
        }
        println!("{text:?}: {places:?}");
    }
    for text in ["a\nb\nc,c\n", "a\r\nb\r\nc,c\r\n"] {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        println!("{text:?}: {}", reader.records().find_map(Result::err).unwrap());
    }
}
RUST

seen=$(cd "$work" && cargo run --quiet)
echo "$seen"
expected=$(cat <<'TEXT'
"a\nb\nc\n": [(1, 0), (2, 2), (3, 4)]
"a\r\nb\r\nc\r\n": [(1, 0), (1, 2), (2, 5)]
"a\r\n\"b\r\nb\"\r\nc\r\n": [(1, 0), (1, 2), (3, 10)]
"a\r\nb\nc\r\nd\n": [(1, 0), (1, 2), (3, 5), (3, 7)]
"a\n\n\nb\nc\n": [(1, 0), (2, 2), (5, 6)]
"a\r\n\r\n\r\nb\r\nc\r\n": [(1, 0), (1, 2), (4, 9)]
"a\rb\rc\r": [(1, 0), (1, 2), (1, 4)]
"a\nb\nc,c\n": CSV error: record 2 (line: 3, byte: 4): found record with 2 fields, but the previous record has 1 fields
"a\r\nb\r\nc,c\r\n": CSV error: record 2 (line: 2, byte: 5): found record with 2 fields, but the previous record has 1 fields
TEXT
)
if [ "$seen" = "$expected" ]; then
    echo "as described"
else
    echo "it changed" >&2
    exit 1
fi
