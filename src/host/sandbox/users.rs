//! Owns the private user and group lists. Invariant: an entry that exists is
//! never changed. Must not touch the host's `/etc`: it runs inside.

use super::put;
use super::spec::StagedFile;
use super::staging::Staging;
use anyhow::{Context, Result};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// Where ids are looked for: above ordinary users, below `nobody` (65534).
const IDS: std::ops::RangeInclusive<u32> = 61_000..=64_999;

/// Adds the names that have no entry: nginx stops at an unknown `user`.
pub(super) fn add_missing(staging: &Staging, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let (passwd, group) = (read("/etc/passwd")?, read("/etc/group")?);
    let (mut new_passwd, mut new_group) = (passwd.clone(), group.clone());
    for name in names {
        let Some(id) = free_id(&new_passwd, &new_group) else { break };
        if !has(&new_group, name) {
            append(&mut new_group, &format!("{name}:x:{id}:\n"));
        }
        if !has(&new_passwd, name) {
            let gid = id_of(&new_group, name).unwrap_or(id);
            append(&mut new_passwd, &format!("{name}:x:{id}:{gid}::/nonexistent:/usr/sbin/nologin\n"));
        }
    }
    write(staging, "/etc/passwd", &passwd, new_passwd)?;
    write(staging, "/etc/group", &group, new_group)
}

fn read(path: &str) -> Result<Vec<u8>> {
    match fs::read(path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.with_context(|| format!("reading `{path}`")),
    }
}

fn write(staging: &Staging, path: &str, old: &[u8], new: Vec<u8>) -> Result<()> {
    if old == new {
        return Ok(());
    }
    let (mode, uid, gid) = fs::metadata(path)
        .map_or((0o644, 0, 0), |found| (found.permissions().mode(), found.uid(), found.gid()));
    put::stage(staging, &StagedFile { path: Path::new(path).into(), mode, uid, gid, bytes: new })
}

fn fields(list: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    list.split(|&byte| byte == b'\n').map(|line| line.split(|&byte| byte == b':').collect())
}

fn has(list: &[u8], name: &str) -> bool {
    fields(list).any(|entry| entry.first() == Some(&name.as_bytes()))
}

fn id_of(list: &[u8], name: &str) -> Option<u32> {
    let entry = fields(list).find(|entry| entry.first() == Some(&name.as_bytes()))?;
    std::str::from_utf8(entry.get(2)?).ok()?.parse().ok()
}

fn free_id(passwd: &[u8], group: &[u8]) -> Option<u32> {
    let taken =
        |list: &[u8], id: u32| fields(list).any(|entry| entry.get(2) == Some(&id.to_string().as_bytes()));
    IDS.into_iter().find(|&id| !taken(passwd, id) && !taken(group, id))
}

fn append(list: &mut Vec<u8>, line: &str) {
    if list.last().is_some_and(|&byte| byte != b'\n') {
        list.push(b'\n');
    }
    list.extend_from_slice(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_a_last_newline_is_continued_on_a_new_line() {
        let mut list = b"root:x:0:0::/root:/bin/sh".to_vec();
        append(&mut list, "nginx:x:61000:61000::/:/x\n");
        assert!(has(&list, "nginx") && has(&list, "root") && !has(&list, "ngin"));
        assert_eq!(id_of(&list, "nginx"), Some(61_000));
        assert_eq!(free_id(&list, b""), Some(61_001));
    }
}
