//! A configuration and what NGINX says of it, parted by a line of `%%`: words of a secret directive are not repeated.
//!
//! Invariant: a message keeps its number of lines, and a quotation from the line of a secret is never shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nginx_config::{Config, MemoryReader, redact_message};
use std::path::Path;

const SECRET: &str = "Zq7PlantedX2vW9";
const FILE: &str = "/etc/nginx/nginx.conf";

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let (source, message) = text.split_once("\n%%\n").unwrap_or((&text, ""));
    if text.contains(SECRET) {
        return;
    }
    let source = format!("secure_link_secret {SECRET};\n{source}");
    let reader = MemoryReader::new().with(FILE, source);
    let Ok(config) = Config::load(Path::new(FILE), Path::new("/etc/nginx"), &reader) else { return };
    let said = format!("{message}\nnginx: [emerg] invalid value \"{SECRET}\" in {FILE}:1");
    let shown = redact_message(&config, &said);
    assert!(!shown.contains(SECRET), "{shown}");
    assert_eq!(shown.lines().count(), said.lines().count());
});
