//! Backups in people's hands: plain files, lines, names.

use super::*;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// A folder of the machine's, and how it is called outside.
const OUT: &str = "/var/backups/by-hand";

#[test]
fn what_a_backup_holds_is_written_as_plain_files_in_their_places() {
    let (machine, id) = Machine::migrated();
    let key = "/etc/nginx/tls/motion.key";
    let out = machine.json(&["backups", "extract", &id, OUT]);
    out.expect(0, "ok");
    let at = |path: &str| machine.path("/var/backups/by-hand").join(path.trim_start_matches('/'));
    assert!(!fs::read_to_string(at(SITE)).expect("the site").contains("/user-ui/"));
    let (kept, live) =
        (fs::metadata(at(key)).expect("the key"), fs::metadata(machine.path(key)).expect("the key"));
    assert_eq!((kept.mode(), kept.uid(), kept.mtime()), (live.mode(), live.uid(), live.mtime()));
    assert_eq!(fs::read(at(key)).expect("a key"), fs::read(machine.path(key)).expect("a key"));
    assert_eq!(fs::metadata(machine.path(OUT)).expect("the folder").mode() & 0o777, 0o700);

    // By hand, as operations.md says.
    let by_hand = format!("cp -a {OUT}{SITE} {SITE} && nginx -t && nginx -s reload");
    machine.must(&by_hand);
    assert!(!machine.read(SITE).contains("/user-ui/"));

    // Nothing that is there is written over.
    let again = machine.json(&["backups", "extract", &id, OUT]);
    again.expect(3, "refused");
    assert!(again.error().contains("something is there already"), "{again}");
}

#[test]
fn a_link_that_somebody_planted_leads_no_extraction_away() {
    let (machine, id) = Machine::migrated();
    let planted = "/run/planted";
    machine.must(&format!(
        "mkdir -m 1777 {planted} && cd {planted} && setpriv --reuid=65534 --clear-groups ln -s /etc/nginx into"
    ));
    let before = machine.configuration();
    machine.json(&["backups", "extract", &id, &format!("{planted}/into/x")]).expect(3, "refused");
    machine.json(&["backups", "extract", &id, &format!("{planted}/into")]).expect(3, "refused");
    before.assert_same(&machine.configuration());
}

#[test]
fn a_difference_shows_its_lines_and_no_key() {
    let (machine, id) = Machine::migrated();
    machine.edit(SITE, |text| text.replace("listen 443 ssl;", "listen 443 ssl; # by hand"));
    machine.edit("/etc/nginx/tls/motion.key", |text| text + "S3cr3tTail\n");
    let diff = machine.motionctl(&["backups", "diff", &id]);
    assert_eq!(diff.code, 2, "{diff}");
    assert!(diff.stdout.contains("+    location ^~ /user-ui/ {"), "{diff}");
    assert!(diff.stdout.contains("motion.key differs: not shown"), "{diff}");
    assert!(!diff.stdout.contains("S3cr3tTail") && !diff.stdout.contains("PRIVATE KEY"), "{diff}");
    let unified = machine.json(&["backups", "diff", &id]).json["details"]["unified"].to_string();
    assert!(unified.contains("location ^~ /user-ui/"), "{unified}");
}

#[test]
fn backups_alone_lists_them() {
    let (machine, id) = Machine::migrated();
    let list = machine.json(&["backups"]);
    list.expect(0, "ok");
    assert_eq!(list.json["command"], "backups list");
    assert_eq!(list.json["details"]["backups"][0]["id"], id.as_str());
}

#[test]
fn what_is_pruned_is_named_and_a_dry_run_deletes_nothing() {
    let (machine, first) = Machine::migrated();
    machine.json(&["rollback", "--yes"]).expect(0, "applied");
    machine.apply(&[]).expect(0, "applied");
    let dry = machine.json(&["backups", "prune", "--keep", "1", "--dry-run"]);
    dry.expect(0, "changes-pending");
    assert_eq!(dry.json["details"]["would_remove"], serde_json::json!([first]));
    assert_eq!(machine.backups().len(), 2);
    // A script is not asked.
    let done = machine.motionctl(&["backups", "prune", "--keep", "1"]);
    assert_eq!(done.code, 0, "{done}");
    assert!(done.stdout.contains("1 backup removed") && done.stdout.contains(&first), "{done}");
    assert_eq!(machine.backups().len(), 1);
}
