//! Option and password files on the disk: what they say, and who may have written them.

use crate::support::database_server::{option_file, shared};
use motionctl::db::{Connection, Limits, OptionFile, OptionFileError, Secret, Wanted};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

#[test]
fn groups_includes_and_quotes_are_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    let included = folder.path().join("more.d");
    fs::create_dir(&included).expect("a folder");
    fs::write(included.join("b.cnf"), "[mysql]\ndatabase = b\n").expect("writing");
    fs::write(included.join("a.cnf"), "[client-mariadb]\ndatabase=a\nhost=10.0.0.1\n").expect("writing");
    fs::write(included.join("c.txt"), "[client]\ndatabase=c\n").expect("writing");
    let path = option_file(
        folder.path(),
        "[mysqldump]\nuser=wrong\n[client]\nuser=bob\nport = 3307 # a comment\nssl_ca='/etc/c a.pem'\n\
         quick\n!includedir more.d\n[motionctl]\nhost=10.0.0.2\n",
    );
    let options = OptionFile::read(&path).expect("options");
    assert_eq!(options.user.as_deref(), Some("bob"));
    assert_eq!((options.port, options.host.as_deref()), (Some(3307), Some("10.0.0.2")));
    assert_eq!(options.schema.as_deref(), Some("b"));
    assert_eq!(options.ca.as_deref(), Some(Path::new("/etc/c a.pem")));
    assert!(options.password.is_none());
    // MariaDB's own name for what clients and servers share; what stands later in the file counts.
    let text = "[client]\nuser=bob\n[client-server]\nsocket=/run/s\nuser=eva\n[client-other]\nuser=no\n";
    let options = OptionFile::read(&option_file(folder.path(), text)).expect("options");
    assert_eq!(
        (options.user.as_deref(), options.socket.as_deref()),
        (Some("eva"), Some(Path::new("/run/s")))
    );
    assert!(OptionFile::read(&option_file(folder.path(), "[client-server]\nport=3306\n")).is_ok());
}

#[test]
fn a_password_with_everything_in_it_opens_the_door() {
    let schema = shared().motion();
    let user = schema.user(r##"a#b"c\\ d'' "##, "SELECT");
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[client]\nuser={user}\nhost=127.0.0.1\nport={}\npassword=\"a#b\\\"c\\\\ d' \"\ndatabase={}\n",
        schema.server.port, schema.name
    );
    let options = OptionFile::read(&option_file(folder.path(), &text)).expect("options");
    let source = Wanted { options: Some(options), ..Wanted::default() }.source(None).expect("a source");
    let conn = Connection::open(&source, &Limits::work()).expect("a connection");
    assert_eq!(conn.server().user, user);
}

#[test]
fn files_that_others_may_touch_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = option_file(folder.path(), "[client]\npassword=x\n");
    for (mode, what) in [(0o640, "read"), (0o604, "read"), (0o622, "changed")] {
        set_mode(&path, mode);
        let refused =
            |error: OptionFileError| matches!(error, OptionFileError::Open { what: w, .. } if w == what);
        assert!(OptionFile::read(&path).is_err_and(refused), "{mode:o}");
        let refused =
            |error: OptionFileError| matches!(error, OptionFileError::Open { what: w, .. } if w == what);
        assert!(Secret::read_file(&path).is_err_and(refused), "{mode:o}");
    }
    set_mode(&path, 0o600);
    assert!(OptionFile::read(&path).is_ok());
    chown(&path, Some(65_534), None).expect("root may");
    assert!(matches!(OptionFile::read(&path), Err(OptionFileError::Owner { owner: 65_534, .. })));
}

#[test]
fn an_included_file_may_be_public_while_it_tells_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let public = folder.path().join("public.cnf");
    let path = option_file(folder.path(), "!include public.cnf\n");
    fs::write(&public, "[client]\nuser=bob\n[mysqld]\npassword=not ours\n").expect("writing");
    set_mode(&public, 0o644);
    assert!(OptionFile::read(&path).is_ok());
    fs::write(&public, "[client]\npassword=x\n").expect("writing");
    let error = OptionFile::read(&path).err().expect("a secret for all to read");
    assert!(matches!(error, OptionFileError::Open { .. }), "{error}");
}

#[test]
fn what_means_nothing_is_named_by_its_line_and_not_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |text: &str, end: &str| {
        let path = option_file(folder.path(), text);
        let error = OptionFile::read(&path).err().expect("an error").to_string();
        assert!(error.ends_with(end) && !error.contains("s3cret"), "{error}");
    };
    check("[client]\n\n[s3cret\n", "client.cnf:3: a group without its closing bracket");
    check("[client]\nport=s3cret\n", "client.cnf:2: this is no port");
    check("!include client.cnf\n", "client.cnf:1: includes are nested too deeply");
    check("!s3cret\n", "client.cnf:1: only !include and !includedir are known");
    check("!include missing.cnf\n", "missing.cnf: No such file or directory (os error 2)");
}

#[test]
fn files_that_include_each_other_a_billion_times_are_refused_soon() {
    let folder = tempfile::tempdir().expect("a folder");
    for level in 1..9 {
        let next = format!("!include {}.txt\n", level + 1).repeat(10);
        fs::write(folder.path().join(format!("{level}.txt")), next).expect("writing");
    }
    fs::write(folder.path().join("9.txt"), "[client]\nuser=bob\n").expect("writing");
    let read = OptionFile::read(&option_file(folder.path(), &"!include 1.txt\n".repeat(10)));
    let error = read.err().expect("an error").to_string();
    assert!(error.ends_with(".txt is one of too many included files"), "{error}");
    // As many as anybody has are read.
    let many = OptionFile::read(&option_file(folder.path(), &"!include 9.txt\n".repeat(99)));
    assert_eq!(many.expect("options").user.as_deref(), Some("bob"));
}

#[test]
fn a_file_of_which_nothing_would_count_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |text: &str| OptionFile::read(&option_file(folder.path(), text));
    fs::write(folder.path().join("more.txt"), "[mysqldump]\nuser=bob\n").expect("writing");
    for text in ["[clinet]\nuser=bob\n", "", "# nothing\n", "!include more.txt\n"] {
        let error = read(text).err().expect("an error").to_string();
        let groups = "none of the groups that are read: [client], [client-server], [client-mariadb], [mysql], \
                      [motionctl]";
        assert!(error.ends_with(groups), "{error}");
    }
    let ungrouped = read("# a comment\npassword=s3cret\n[client]\n").err().expect("an error").to_string();
    assert!(ungrouped.ends_with("client.cnf:2: an option before the first [group]"), "{ungrouped}");
    // Editors of Windows put a mark before the text.
    assert_eq!(read("\u{feff}[client]\r\nuser=bob\r\n").expect("options").user.as_deref(), Some("bob"));
}

#[test]
fn a_pipe_does_not_hold_the_run_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).expect("a pipe");
    assert!(matches!(Secret::read_file(&path), Err(OptionFileError::Unfit { what: "no file", .. })));
}

#[test]
fn one_line_end_does_not_belong_to_a_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |text: &str, expect: &str| {
        let path = option_file(folder.path(), text);
        assert!(Secret::read_file(&path).expect("a password") == Secret::new(expect), "{text:?}");
    };
    check("x y\n", "x y");
    check("x\r\n", "x");
    check("x\n\n", "x\n");
    check("", "");
    check("\u{feff}x\r\n", "x");
}
