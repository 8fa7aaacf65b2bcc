//! What archives give, and which are refused.
//!
//! Invariant: each hostile archive is made here, byte by byte where a packer would refuse to make it.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use tar::Header;
use tempfile::NamedTempFile;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn stored(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// A tar of entries, written without the packer's care for names.
fn tar_of(entries: &[(&str, EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, kind, link, bytes) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn all(bytes: &[u8]) -> Result<Entries, ArchiveError> {
    read(stored(bytes).path(), Limits::default(), |_| true)
}

const FILE: EntryType = EntryType::Regular;

#[test]
fn every_format_gives_the_files_and_links_by_relative_paths() {
    let entries = [
        ("./etc/nginx/", EntryType::Directory, "", &b""[..]),
        ("./etc/nginx/nginx.conf", FILE, "", b"user x;"),
        ("/etc/nginx/a.conf", FILE, "", b"a;"),
        ("etc/nginx/b.conf", EntryType::Symlink, "../../x", b""),
        ("etc/nginx/c.conf", EntryType::Link, "etc/nginx/a.conf", b""),
        ("dev/null", EntryType::Char, "", b""),
    ];
    let tar = tar_of(&entries);
    let found = all(&tar).unwrap();
    let file = |bytes: &[u8]| ArchiveEntry::File(bytes.to_vec());
    let expect = Entries::from([
        ("etc/nginx/nginx.conf".into(), file(b"user x;")),
        ("etc/nginx/a.conf".into(), file(b"a;")),
        ("etc/nginx/b.conf".into(), ArchiveEntry::Link("../../x".into())),
        ("etc/nginx/c.conf".into(), file(b"a;")),
    ]);
    assert_eq!(found, expect);
    assert_eq!(all(&gzipped(&tar)).unwrap(), expect);
    // Backups that are written in pieces are several members one after the other.
    let (one, other) = tar.split_at(700);
    assert_eq!(all(&[gzipped(one), gzipped(other)].concat()).unwrap(), expect);
    let zipped = zip_of(&[("etc/nginx/nginx.conf", b"user x;"), ("etc/nginx/a.conf", b"a;")]);
    let found = all(&zipped).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[Path::new("etc/nginx/a.conf")], file(b"a;"));
}

#[test]
fn folders_of_windows_in_a_zip_are_folders_and_do_not_climb() {
    let zipped = zip_of(&[("etc\\nginx\\nginx.conf", b"user x;"), ("etc/dev\\x2d.service", b"x")]);
    let names: Vec<_> = all(&zipped).unwrap().into_keys().collect();
    assert_eq!(names, [Path::new("etc/dev\\x2d.service"), Path::new("etc/nginx/nginx.conf")]);
    let refused = all(&zip_of(&[("..\\..\\x", b"2")])).unwrap_err();
    assert!(matches!(refused, ArchiveError::Climbs(_)), "{refused}");
}

#[test]
fn only_what_is_wanted_is_kept_and_a_later_entry_replaces_an_earlier_one() {
    let entries = [("a", FILE, "", &b"1"[..]), ("b", FILE, "", b"2"), ("a", FILE, "", b"3")];
    let file = stored(&tar_of(&entries));
    let found = read(file.path(), Limits::default(), |path| path == Path::new("a")).unwrap();
    assert_eq!(found, Entries::from([("a".into(), ArchiveEntry::File(b"3".to_vec()))]));
}

#[test]
fn a_name_that_climbs_refuses_the_whole_archive() {
    for name in ["../etc/passwd", "etc/../../x", "/../x"] {
        let refused = all(&tar_of(&[("ok", FILE, "", b"1"), (name, FILE, "", b"2")])).unwrap_err();
        assert!(matches!(refused, ArchiveError::Climbs(_)), "{name}: {refused}");
        let refused = all(&zip_of(&[("ok", b"1"), (name, b"2")])).unwrap_err();
        assert!(matches!(refused, ArchiveError::Climbs(_)), "{name}: {refused}");
    }
    let refused = all(&tar_of(&[("x", EntryType::Link, "../../etc/shadow", b"")])).unwrap_err();
    assert!(matches!(refused, ArchiveError::Climbs(_)), "{refused}");
}

#[test]
fn bombs_are_refused_by_number_by_size_and_by_ratio() {
    let small = Limits { entries: 3, packed: 1 << 20, unpacked: 1 << 20, kept: 100 };
    let refused = |bytes: &[u8], limits: Limits| match read(stored(bytes).path(), limits, |_| true) {
        Err(ArchiveError::TooMuch(what)) => what,
        other => panic!("{other:?}"),
    };
    let many = [("a", FILE, "", &b""[..]); 4];
    assert!(refused(&tar_of(&many), small).contains("entries"));
    assert!(refused(&tar_of(&[("a", FILE, "", &[b'x'; 101])]), small).contains("looked at"));
    assert!(refused(&zip_of(&[("a", &[b'x'; 101])]), small).contains("looked at"));
    assert!(refused(&vec![0; (1 << 20) + 1], small).contains("packed"));
    // A name of 3 MiB, which a reader would hold in memory before anybody is asked.
    for kind in [EntryType::GNULongName, EntryType::XHeader] {
        let long = tar_of(&[("x", kind, "", &vec![b'x'; 3 << 20]), ("a", FILE, "", b"1")]);
        assert!(refused(&long, Limits::default()).contains("name"));
    }
    // 80 MiB of zeros in 80 KiB: within the number of bytes, beyond the ratio, and not even kept.
    let zeros = gzipped(&tar_of(&[("a", FILE, "", &vec![0; 80 << 20])]));
    let read = read(stored(&zeros).path(), Limits::default(), |_| false);
    assert!(matches!(read, Err(ArchiveError::TooMuch(_))), "{read:?}");
}

#[test]
fn a_file_that_was_packed_by_itself_is_an_archive_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("motion.conf.gz");
    std::fs::write(&packed, gzipped(b"proxy_set_header Authorization secret;")).unwrap();
    let entries = read(&packed, Limits::default(), |_| true).unwrap();
    let [(name, ArchiveEntry::File(bytes))] = entries.iter().collect::<Vec<_>>()[..] else {
        panic!("{entries:?}")
    };
    assert_eq!(
        (name.to_str(), bytes.as_slice()),
        (Some("motion.conf"), &b"proxy_set_header Authorization secret;"[..])
    );
    let cut = [&gzipped(b"proxy_set_header")[..20]].concat();
    assert!(matches!(all(&cut), Err(ArchiveError::Broken(_))));
}

#[test]
fn what_is_no_archive_or_damaged_is_said() {
    assert!(matches!(all(b"server { listen 80; }"), Err(ArchiveError::Unknown)));
    assert!(matches!(all(b""), Err(ArchiveError::Unknown)));
    // A compressor that is not known here.
    assert!(matches!(all(b"BZh91AY&SY"), Err(ArchiveError::Unknown)));
    let whole = gzipped(&tar_of(&[("a", FILE, "", &[b'x'; 5000])]));
    let cut = all(&whole[..whole.len() / 2]);
    assert!(matches!(cut, Err(ArchiveError::Broken(_))), "{cut:?}");
    let zipped = zip_of(&[("a", b"1")]);
    let cut = all(&zipped[..zipped.len() - 10]);
    assert!(matches!(cut, Err(ArchiveError::Broken(_))), "{cut:?}");
    let zeros = [&tar_of(&[("a", FILE, "", b"1")])[..512], &[b'7'; 600]].concat();
    let said = all(&gzipped(&zeros)).expect_err("half an archive").to_string();
    assert!(!said.contains('7'), "what was read is not quoted: {said}");
    let folder = tempfile::tempdir().unwrap();
    assert!(read(folder.path(), Limits::default(), |_| true).unwrap_err().is_about_access());
    assert!(is_archive(stored(&whole).path()).unwrap());
    assert!(!is_archive(stored(b"server {}").path()).unwrap());
}
