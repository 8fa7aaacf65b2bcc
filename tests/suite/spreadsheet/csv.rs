//! CSV files.
//!
//! Invariant: the same table in every separator gives the same manifest; a fault is named by line and column.

use super::support::Table;
use crate::support::binary::motionctl;
use motionctl::seed::Channel;
use std::fs;

const TABLE: &str = "\
User Name,Full name,E-Mail,Extension,Profiles,Voice penalties,Personal chat
anna.b,\"Anna \"\"Nina\"\" B: #1\",anna@example.test,0100,Morning;Evening,Morning/Talk Now=2,Support
bruno,- Bruno,,1001,Morning,,\"Support;yes; Über & Co: {a}\"
";

#[test]
fn the_same_table_in_every_separator_and_encoding_mark_is_the_same_manifest() {
    let expect = "\
# yaml-language-server: $schema=./motionctl-manifest.schema.json
version: 1
agents:
  - username: anna.b
    fullname: \"Anna \\\"Nina\\\" B: #1\"
    email: anna@example.test
    internal: \"0100\"
    personal:
      chat:
        - Support
  - username: bruno
    fullname: \"- Bruno\"
    internal: \"1001\"
    personal:
      chat:
        - Support
        - \"yes\"
        - \"Über & Co: {a}\"
profiles:
  - name: Morning
    agents:
      - anna.b
      - bruno
    queues:
      voice:
        - { name: Talk Now, penalty: 2 }
  - name: Evening
    agents:
      - anna.b
";
    let quoted = |separator: char| {
        let mut rows = csv::Reader::from_reader(TABLE.as_bytes());
        let mut all = vec![rows.headers().expect("a header").clone()];
        all.extend(rows.records().map(|row| row.expect("a row")));
        let mut writer = csv::WriterBuilder::new().delimiter(separator as u8).from_writer(Vec::new());
        all.iter().for_each(|row| writer.write_record(row).expect("a row"));
        writer.into_inner().expect("a table")
    };
    let with_mark = [b"\xef\xbb\xbf", TABLE.as_bytes()].concat();
    let told = [b"sep=;\r\n".as_slice(), &quoted(';')].concat();
    for bytes in [TABLE.as_bytes().to_vec(), quoted(';'), quoted('\t'), with_mark, told] {
        let answer = Table::new("team.csv", &bytes).import(&[]);
        assert_eq!((answer.code, answer.stdout.as_str()), (0, expect), "{answer:?}");
    }
}

#[test]
fn what_is_wrong_is_said_at_once_with_line_and_column() {
    let table = Table::new(
        "team.csv",
        "username;internal;email;profiles;penalties\n\
         a;1001.0;no address;Morning;Talk=x\n\
         ;1002;b@example.test;;\n\
         A;1.002E+03;#N/A;morning;Talk=1\n\
         c;1002;;P;Talk=2\n\
         d;;;P,Q;Talk=3\n\
         e;;;;;extra\n",
    );
    let expect = [
        "line 2, column `internal`: `1001.0` is how a program writes a number, not an extension | \
         format the column as text, type it again and save again",
        "line 2, column `email`: `no address` is no mail address | write name@host",
        "line 2, column `penalties`: `Talk=x` is no queue with a penalty | write QUEUE=2; the lower, the earlier served",
        "line 3, column `username`: no username | every agent has one; empty the row if it is none",
        "line 4, column `username`: the agent `A` is there already, in line 2, column `username` | \
         an agent has one row; profiles are a list",
        "line 4, column `internal`: `1.002E+03` is how a program writes a number, not an extension | \
         format the column as text, type it again and save again",
        "line 4, column `email`: holds the error #N/A | correct the formula and save again",
        "line 4, column `profiles`: `morning` is spelt `Morning` in line 2, column `profiles` | write it alike in both",
        "line 4, column `penalties`: `Talk` has a penalty, and the row names no profile | \
         a penalty belongs to a voice queue of a profile",
        "line 5, column `internal`: the internal number `1002` is there already, in line 3, column `internal` | \
         every agent has one of its own",
        "line 6, column `penalties`: `Talk` may be of any of the row's profiles | write PROFILE/Talk=3",
        "line 7, column 6: its column has no header | write one, with --ignore if it is to be left out, or empty the cell",
    ];
    assert_eq!(table.problems(&[]), expect);
    let text = table.import(&[]);
    assert!(text.stderr.contains("team.csv:2:2  line 2, column `internal`"), "{text:?}");
    assert_eq!(text.stdout, "");
}

#[test]
fn a_penalty_that_two_rows_give_differently_is_refused() {
    let table = Table::new("team.csv", "username,profiles,penalties\na,P,Talk=1\nb,P,Talk=1\nc,P,Talk=2\n");
    let problems = table.problems(&[]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with(
            "line 4, column `penalties`: the penalty of `Talk` in the profile `P` is 2, and 1 in line 2"
        ),
        "{problems:?}"
    );
}

#[test]
fn headers_that_mean_nothing_are_refused_unless_they_are_left_out() {
    let table = Table::new("team.csv", "usrname,Phone,username\na,1,b\n");
    let problems = table.problems(&[]);
    assert!(problems[0].contains("did you mean `username`?"), "{problems:?}");
    assert!(problems[1].contains("no column is called `Phone`"), "{problems:?}");
    let manifest = table.manifest(&["--ignore", "phone", "--ignore", "usrname"]);
    assert_eq!(&*manifest.agents[0].username.value, "b");
    let none = Table::new("team.csv", "Phone\n1\n").problems(&[]);
    assert!(none.iter().any(|problem| problem.contains("no column `username`")), "{none:?}");
    let twice = Table::new("team.csv", "username,login\na,b\n").problems(&[]);
    assert!(twice[0].contains("a second column of `username`"), "{twice:?}");
}

#[test]
fn other_encodings_and_files_are_refused_with_what_to_do() {
    let utf16: Vec<u8> = "username\na\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let check = |bytes: &[u8], message: &str, hint: &str| {
        let json = Table::new("team.csv", bytes).import(&["--json"]).document();
        assert_eq!(json["exit_code"], 65, "{json:#}");
        let error = json["error"].to_string();
        assert!(error.contains(message) && error.contains(hint), "{error}");
    };
    check(b"username,fullname\na,M\xfcller\n", "line 2 is not UTF-8", "CSV UTF-8");
    check(&[b"\xff\xfe".as_slice(), &utf16].concat(), "UTF-16", "CSV UTF-8");
    check(&utf16, "byte 0", "CSV file in UTF-8");
    check(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old .xls", "save it as .xlsx");
    check(b"username,fullname\na,\"open\nb,c\n", "opened and not closed", "written twice");
    check(b"", "1 problem", "");
}

#[test]
fn a_quote_that_takes_the_next_lines_into_its_cell_is_seen() {
    let table = Table::new("team.csv", "username,fullname\na,\"x\nb,y\nc,z\"\nd,w\n");
    assert_eq!(
        table.problems(&[]),
        ["line 2, column `fullname`: holds a line break | \
         a quote `\"` that is opened and not closed takes the lines below into its cell"]
    );
}

#[test]
fn the_template_is_read_as_it_is() {
    let printed = motionctl(["seed", "import", "--template"]);
    assert_eq!(printed.code, 0, "{printed:?}");
    let table = Table::new("team.csv", &printed.stdout);
    let book = table.beside("template.xlsx");
    assert_eq!(motionctl(["seed", "import", "--template", "--out", &book]).code, 0);
    let other = Table::new("team.xlsx", fs::read(&book).expect("a workbook"));
    for table in [table, other] {
        let manifest = table.manifest(&[]);
        assert_eq!(manifest.agents.len(), 2);
        assert_eq!(manifest.agents[1].internal.as_ref().map(|internal| &*internal.value), Some("0100"));
        assert_eq!(manifest.profiles[0].queues[&Channel::Voice].members[0].penalty, Some(2));
        assert!(manifest.agents[0].personal.contains_key(&Channel::Chat));
    }
    assert_eq!(motionctl(["seed", "import", "--template", "--out", "x.ods"]).code, 64);
    assert_eq!(motionctl(["seed", "import"]).code, 64);
}

#[test]
fn the_manifest_is_written_where_it_was_asked_for_and_never_over_the_table() {
    let table = Table::new("team.csv", "username\na\n");
    let out = table.beside("team.yaml");
    let answer = table.import(&["--out", &out]);
    assert!(answer.code == 0 && answer.stdout.contains("1 agent and 0 profiles, in"), "{answer:?}");
    assert!(fs::read_to_string(&out).expect("a manifest").contains("username: a"));
    assert_eq!(table.import(&["--out", &table.path.display().to_string()]).code, 3);
    assert_eq!(table.import(&["--sheet", "x"]).code, 64);
}

#[test]
fn zeros_that_may_be_lost_are_seen_in_every_column_of_names() {
    let table = Table::new(
        "team.csv",
        "username;internal;profiles;chat\n\
         007;0200;01;0010\n\
         7;100;Day;A\n\
         8a;2001;1;A;\n\
         009;;\"01;2\";10\n",
    );
    let problems = table.problems(&[]);
    let begin: Vec<&str> = problems.iter().filter_map(|problem| problem.split(',').next()).collect();
    assert_eq!(begin, ["line 3", "line 3", "line 4", "line 5", "line 5"], "{problems:#?}");
    for (problem, column) in problems.iter().zip(["username", "internal", "profiles", "profiles", "chat"]) {
        assert!(problem.contains(&format!("`{column}`: holds the number")), "{problem}");
    }
    Table::new("team.csv", "username,internal\na,0200\nb,2001\n").manifest(&[]);
}

#[test]
fn what_a_program_made_of_a_number_or_a_date_is_refused() {
    let made = [
        "1.001", "1,001", "1 003", "1'005", "03-Mai", "2024-01-31", "01/02/2024", "TRUE", "-", "n/a", "—",
        "-5",
    ];
    for text in made {
        let problems = Table::new("team.csv", format!("username;internal\na;{text}\n")).problems(&[]);
        assert!(
            problems.len() == 1 && problems[0].starts_with("line 2, column `internal`: "),
            "{text}: {problems:?}"
        );
    }
    for text in ["TRUE", "03-Mai", "2024-01-31", "-", "—", "none", "{{ site.x }}"] {
        for column in ["profiles", "chat", "username"] {
            let header = if column == "username" { "username;fullname" } else { "username;fullname;" };
            let header = if column == "username" { header.to_owned() } else { format!("{header}{column}") };
            let row = if column == "username" { format!("{text};x") } else { format!("a;x;Day,{text}") };
            let problems = Table::new("team.csv", format!("{header}\n{row}\n")).problems(&[]);
            let place = format!("line 2, column `{column}`: ");
            assert!(problems.len() == 1 && problems[0].starts_with(&place), "{text}: {problems:?}");
        }
    }
}

#[test]
fn a_table_without_a_header_or_an_agent_is_refused_once() {
    let none = Table::new("team.csv", "anna,Anna,1001\nbruno,Bruno,1002\n").problems(&[]);
    assert!(none.len() == 1 && none[0].contains("no column `username`"), "{none:?}");
    assert_eq!(
        Table::new("team.csv", "").problems(&[]),
        ["the table is empty | --template writes one to fill in"]
    );
    let only = Table::new("team.csv", "username,profiles\n").problems(&[]);
    assert!(only.len() == 1 && only[0].contains("no agent stands below the header"), "{only:?}");
}

#[test]
fn a_penalty_of_a_profile_that_the_row_lacks_is_refused() {
    let table = Table::new("team.csv", "username,profiles,penalties\na,P1,P3/X=1\nb,P3,P3/X=1\n");
    let problems = table.problems(&[]);
    assert!(
        problems.len() == 1
            && problems[0].contains("line 2, column `penalties`: the row does not name the profile `P3`"),
        "{problems:?}"
    );
}

#[test]
fn what_the_manifest_warns_of_is_said_of_the_cell() {
    let csv = Table::new("team.csv", "username,internal\nanna-b,1001\nbruno,10a\n");
    let answer = csv.import(&[]);
    let said = &answer.stderr;
    assert!(said.contains("team.csv, line 2, column `username`") && !said.contains("<stdout>"), "{answer:?}");
    assert!(said.contains("team.csv, line 3, column `internal`"), "{answer:?}");
    assert!(!said.contains("all is well") && said.contains("2 warnings to look at"), "{answer:?}");
    let out = csv.beside("z.yaml");
    let answer = csv.import(&["--out", &out]);
    assert!(
        answer.stdout.contains("line 2, column `username`") && !answer.stdout.contains("z.yaml:"),
        "{answer:?}"
    );
}
