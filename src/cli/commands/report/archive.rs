//! The archive of a report: what support asks for, in one file.
//!
//! Invariant: the same input gives the same bytes; nothing goes in that has not passed the last door, or was redacted
//! where it was taken from.

use crate::cli::context::Context;
use crate::cli::files::{IfExists, write_out};
use crate::cli::{door, pages, version};
use crate::collect::{self, FOLDER, Found, Item, Package};
use crate::host::archive::is_archive;
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::prepare::Prepared;
use crate::report::{self, Colour, Detail, Glyphs, Style};
use serde_json::json;
use std::path::Path;

/// Columns of the texts in it, which are read in a ticket.
const WIDTH: usize = 80;

/// What the archive is, for whoever opens it.
const README: &str = "\
This archive was made by motionctl for support staff. It holds a server's NGINX configuration without its secrets, and
what motionctl says about it. motionctl reads it as it is: motionctl plan --root THIS.tar.gz

  motionctl/why.txt        what was found, and what stops a change; paste it into a ticket
  motionctl/report.html    the same as a page, with the differences that a change would make
  motionctl/report.json    the same for programs, with the plan
  motionctl/files.json     every file that was looked at: taken whole, redacted, or listed by name, size and hash
  motionctl/versions.json  of motionctl, NGINX, Motion and the operating system
  motionctl/journal        what motionctl did on this server before: hashes and paths

Keys, certificates and lists of passwords are listed only. Of Motion's .env the hosts, ports and the version stay.
A file of the new client is a line that says that it is there.
";

/// What goes into it: the server's files, and all that `outcome` says of them.
pub fn packed(context: &Context, prepared: Option<&Prepared>, outcome: &Outcome) -> Result<Package, Failure> {
    let mut outcome = outcome.clone();
    door::outcome(&mut outcome);
    let found = prepared.map(|prepared| {
        let inspection = &prepared.inspection;
        Found { facts: &inspection.facts, config: &inspection.config }
    });
    let mut package = collect::server(&context.root, found);
    let style = Style { colour: Colour::Off, detail: Detail::Verbose, width: WIDTH, glyphs: Glyphs::Ascii };
    let why = {
        let mut short = outcome.clone();
        (short.plan, short.comparisons) = (None, Vec::new());
        report::human(&short, style)
    };
    let versions = json!({
        "motionctl": version::line(),
        "nginx": outcome.host.as_ref().and_then(|host| host.nginx.clone()),
        "motion": outcome.host.as_ref().and_then(|host| host.motion.clone()),
        "os": outcome.host.as_ref().map(|host| host.os.clone()),
    });
    let files = json!({ "files": package.list(), "not_seen": package.unseen() });
    let ours = [
        ("README.txt", README.to_owned()),
        ("why.txt", why),
        ("report.html", pages::made(&outcome, None)?),
        ("report.json", report::json(&mut outcome)),
        ("files.json", format!("{files:#}\n")),
        ("versions.json", format!("{versions:#}\n")),
    ];
    for (name, text) in ours {
        package.add(Path::new(FOLDER).join(name), Item::ours(text));
    }
    Ok(package)
}

/// Writes it, in the place of nothing but an older archive or an empty file: a slip of the hand would replace a
/// configuration.
pub fn write(package: &Package, file: &Path) -> Result<u64, Failure> {
    let is_other = std::fs::metadata(file).is_ok_and(|there| there.is_file() && there.len() > 0)
        && is_archive(file).is_ok_and(|is_archive| !is_archive);
    if is_other {
        let message = format!("writing {}: the file that stands there is no archive", file.display());
        return Err(Failure::new(FailureKind::Refused, message).with_hint("name another file"));
    }
    let bytes = package.to_tar_gz().map_err(|error| {
        Failure::new(FailureKind::Failed, format!("packing the archive {}: {error}", file.display()))
    })?;
    write_out(file, &bytes, IfExists::Replace, &[])?;
    Ok(bytes.len() as u64)
}
