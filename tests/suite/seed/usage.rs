//! `seed usage`: hours per profile and agent, and who is on which profile now.

use super::deletions::with_soft_deletion;
use super::people::STAFF;
use super::support::Db;
use crate::support::binary::motionctl;
use crate::support::said::Said;
use jiff::Timestamp;
use motionctl::seed::usage::{Anomaly, Hours, Usage, UsageRequest};

/// A session of `agent` in `channel`: what `data3` and `data4` hold, from when to when.
fn row(db: &Db, agent: &str, channel: &str, [data3, data4]: [&str; 2], [from, to]: [&str; 2]) {
    let quoted = |text: &str| if text.is_empty() { "NULL".to_owned() } else { format!("'{text}'") };
    db.sql(&format!(
        "INSERT INTO report_member (membername, channel, type, data3, data4, enterAt, exitAt, createdAt, updatedAt) \
         VALUES ('{agent}', '{channel}', 'LOGIN', {}, {}, '2026-01-{from}', {}, '2026-01-01', '2026-01-01')",
        quoted(data3),
        quoted(data4),
        if to.is_empty() { "NULL".to_owned() } else { format!("'2026-01-{to}'") },
    ));
}

fn time(text: &str) -> Timestamp {
    format!("2026-01-{text}Z").parse().expect("a time")
}

/// The second to the eleventh of January, seen at noon of the tenth.
fn request() -> UsageRequest {
    UsageRequest::of(time("02T00:00:00"), time("11T00:00:00"), time("10T12:00:00"))
}

fn asked(db: &Db, request: &UsageRequest) -> Usage {
    db.session().usage(request).unwrap_or_else(|failure| panic!("{failure}"))
}

/// `profile agent seconds`, with a star where it is open.
fn hours(usage: &Usage) -> Vec<String> {
    let line = |row: &Hours| {
        format!("{} {} {}{}", row.profile, row.agent, row.seconds, if row.is_open { "*" } else { "" })
    };
    usage.hours.iter().map(line).collect()
}

fn odd(usage: &Usage, anomaly: Anomaly) -> (u64, Vec<String>) {
    usage.anomalies.get(&anomaly).cloned().unwrap_or_default()
}

#[test]
fn what_overlaps_counts_once_and_ends_with_the_period() {
    for db in Db::staffed(STAFF) {
        let id = db.rows("SELECT id FROM agent_profiles WHERE name = 'Day'").remove(0);
        // Cut at the beginning: one hour. By the id, and in other columns by the name.
        row(&db, "ann", "voice", [&id, ""], ["01 20:00:00", "02 01:00:00"]);
        row(&db, "ann", "voice", ["", "Day"], ["03 10:00:00", "03 14:00:00"]);
        row(&db, "ann", "chat", ["DAY", ""], ["03 11:00:00", "03 12:00:00"]);
        row(&db, "ann", "mail", [&id, ""], ["03 13:00:00", "03 15:00:00"]);
        // Touches the period and is not in it.
        row(&db, "ann", "voice", [&id, ""], ["01 10:00:00", "02 00:00:00"]);
        row(&db, "ann", "voice", ["Night", ""], ["04 10:00:00", "04 10:00:30"]);
        row(&db, "bob", "voice", [&id, ""], ["10 11:00:00", ""]);
        // Another type of row is no session.
        db.sql("INSERT INTO report_member (membername, type, data3, enterAt, createdAt, updatedAt) VALUES ('bob', 'PAUSE', 'Lunch', '2026-01-10 11:00:00', '2026-01-01', '2026-01-01'); UPDATE users SET online = 1 WHERE name = 'bob'");
        let usage = asked(&db, &request());
        assert_eq!(hours(&usage), ["Day ann 21600", "Day bob 3600*", "Night ann 30"]);
        let sums: Vec<_> = usage.profiles.iter().map(|p| (&*p.profile, p.seconds, p.agents)).collect();
        assert_eq!(sums, [("Day", 25200, 2), ("Night", 30, 1)]);
        assert!(usage.anomalies.is_empty() && usage.left_out.is_none(), "{usage:?}");
        let now: Vec<_> = usage.now.iter().map(|now| (&*now.agent, &*now.profile, now.online)).collect();
        assert_eq!(now, [("bob", "Day", true)]);
        // Closed and open sessions end with the period; the open one is still named.
        let usage = asked(&db, &UsageRequest { to: time("03T13:30:00"), ..request() });
        assert_eq!(hours(&usage), ["Day ann 16200"]);
        let usage = asked(&db, &UsageRequest { to: time("10T11:30:00"), ..request() });
        assert!(hours(&usage).contains(&"Day bob 1800*".to_owned()), "{usage:?}");
        let usage = asked(&db, &UsageRequest { to: time("03T00:00:00"), ..request() });
        assert_eq!(hours(&usage), ["Day ann 3600"]);
        assert_eq!(usage.now.len(), 1);
    }
}

#[test]
fn odd_rows_are_named() {
    for db in Db::staffed(STAFF) {
        row(&db, "ann", "voice", ["Day", ""], ["10 10:00:00", ""]);
        row(&db, "ann", "voice", ["Day", ""], ["10 11:00:00", ""]);
        row(&db, "ann", "chat", ["Day", ""], ["10 11:00:00", ""]);
        row(&db, "bob", "voice", ["Day", ""], ["05 12:00:00", "05 11:00:00"]);
        row(&db, "bob", "voice", ["Day", ""], ["20 12:00:00", ""]);
        row(&db, "bob", "voice", ["Evening", ""], ["06 12:00:00", "06 13:00:00"]);
        row(&db, "bob", "voice", ["", "99999"], ["07 12:00:00", "07 13:00:00"]);
        row(&db, "bob", "voice", ["", ""], ["08 12:00:00", "08 13:00:00"]);
        let usage = asked(&db, &request());
        assert_eq!(hours(&usage), ["(none) bob 3600", "99999 bob 3600", "Day ann 7200*", "Evening bob 3600"]);
        assert_eq!(
            odd(&usage, Anomaly::TwoOpen),
            (1, vec!["ann voice since 2026-01-10T11:00:00Z".to_owned()])
        );
        assert_eq!(
            odd(&usage, Anomaly::ExitBeforeEnter),
            (1, vec!["bob at 2026-01-05T12:00:00Z".to_owned()])
        );
        assert_eq!(odd(&usage, Anomaly::InTheFuture), (1, vec!["bob at 2026-01-20T12:00:00Z".to_owned()]));
        let unknown = ["`Evening` of bob", "`99999` of bob"].map(str::to_owned).to_vec();
        assert_eq!(odd(&usage, Anomaly::NoSuchProfile), (2, unknown));
        // Of several open sessions of a channel the last is the one that is shown.
        let now: Vec<_> = usage.now.iter().map(|now| (&*now.agent, &*now.channel, now.since)).collect();
        assert_eq!(now, [("ann", "chat", time("10T11:00:00")), ("ann", "voice", time("10T11:00:00"))]);
        assert_eq!(usage.anomalies.len(), 4, "{usage:?}");
    }
}

#[test]
fn what_contradicts_itself_is_counted_for_the_first_and_named() {
    for db in Db::staffed(STAFF) {
        let night = db.rows("SELECT id FROM agent_profiles WHERE name = 'Night'").remove(0);
        row(&db, "ann", "voice", ["Day", &night], ["03 10:00:00", "03 11:00:00"]);
        // The id and the name of one profile, and a value beside it that means none.
        row(&db, "ann", "voice", [&night, "Night"], ["04 10:00:00", "04 11:00:00"]);
        row(&db, "ann", "voice", ["queue 7", "Night"], ["05 10:00:00", "05 11:00:00"]);
        // Nobody of this name is there any more.
        row(&db, "zoe", "voice", ["Day", ""], ["06 10:00:00", "06 11:00:00"]);
        // Motion's clock is a little ahead of ours.
        row(&db, "bob", "voice", ["Day", ""], ["10 12:04:59", ""]);
        db.sql("INSERT INTO report_member (membername, type, data3, exitAt, createdAt, updatedAt) VALUES ('bob', 'LOGIN', 'Day', '2026-01-05 10:00:00', '2026-01-01', '2026-01-01'), ('ann', 'LOGIN', 'Day', NULL, '2026-01-01', '2026-01-01')");
        for index in [
            "",
            "CREATE INDEX entered ON report_member (enterAt)",
            "CREATE INDEX ended ON report_member (exitAt)",
        ] {
            db.sql(if index.is_empty() { "SELECT 1" } else { index });
            let usage =
                asked(&db, &UsageRequest { newest: if index.is_empty() { 1000 } else { 1 }, ..request() });
            assert_eq!(hours(&usage), ["Day ann 3600", "Day zoe 3600", "Night ann 7200"]);
            let several = (1, vec![format!("`Day` and `{night}` of ann")]);
            assert_eq!(odd(&usage, Anomaly::SeveralProfiles), several);
            assert_eq!(odd(&usage, Anomaly::NoSuchAgent), (1, vec!["zoe".to_owned()]));
            let (count, mut agents) = odd(&usage, Anomaly::NoTime);
            agents.sort();
            assert_eq!((count, agents), (2, vec!["ann".to_owned(), "bob".to_owned()]));
            assert_eq!(usage.anomalies.len(), 3, "{usage:?}");
            assert_eq!(usage.now.iter().map(|now| &*now.agent).collect::<Vec<_>>(), ["bob"]);
        }
    }
}

#[test]
fn names_are_what_they_are_to_the_database() {
    for db in Db::staffed(STAFF) {
        row(&db, "ann", "voice", ["Day", ""], ["03 10:00:00", "03 12:00:00"]);
        let accent = if db.is_server() { ["D\u{e1}y", "ANN"] } else { ["DAY", "ann"] };
        row(&db, accent[1], "chat", [accent[0], ""], ["03 11:00:00", "03 13:00:00"]);
        let usage = asked(&db, &request());
        assert_eq!(hours(&usage), ["Day ann 10800"]);
        assert!(usage.anomalies.is_empty(), "{usage:?}");
    }
}

/// Seconds of the union of intervals, second by second of a list of an hour each.
fn union(intervals: &[(i64, i64)], from: i64, to: i64) -> i64 {
    (from..to).filter(|hour| intervals.iter().any(|(start, end)| (*start..*end).contains(hour))).count()
        as i64
        * 3600
}

#[test]
fn every_way_through_the_table_comes_to_the_same() {
    let (first, last) = (36, 150);
    for db in Db::staffed(STAFF) {
        let mut intervals: [Vec<(i64, i64)>; 2] = [Vec::new(), Vec::new()];
        let mut random: i64 = 1;
        for number in 0..60_usize {
            random = (random * 1_103_515_245 + 12_345) % (1 << 31);
            let (start, long) = (random / 7 % 190, random / 1_999 % 30 + 1);
            let end = (start + long).min(200);
            // Some have the same end, at which a page may be full.
            let end = if number % 3 == 0 { (end / 10 + 1) * 10 } else { end };
            let at = |hour: i64| format!("{:02} {:02}:00:00", hour / 24 + 1, hour % 24);
            row(&db, ["ann", "bob"][number % 2], "voice", ["Day", ""], [&at(start), &at(end)]);
            intervals[number % 2].push((start, end));
        }
        row(&db, "ann", "voice", ["Day", ""], ["06 05:00:00", ""]);
        intervals[0].push((125, 240));
        let expect = |from: i64, to: i64| {
            let of = |index: usize| union(&intervals[index], from, to);
            vec![format!("Day ann {}*", of(0)), format!("Day bob {}", of(1))]
        };
        let period = UsageRequest::of(time("02T12:00:00"), time("07T06:00:00"), time("10T12:00:00"));
        for index in [
            "",
            "CREATE INDEX entered ON report_member (enterAt)",
            "CREATE INDEX ended ON report_member (exitAt)",
        ] {
            db.sql(if index.is_empty() { "SELECT 1" } else { index });
            for page in [1, 2, 7, 1000] {
                let newest = if index.is_empty() { 1000 } else { 3 };
                let usage = asked(&db, &UsageRequest { page, newest, ..period });
                assert_eq!(hours(&usage), expect(first, last), "{index} {page}");
                assert_eq!(usage.now.len(), 1);
            }
        }
    }
}

#[test]
fn a_renamed_profile_keeps_the_hours_of_its_id() {
    for db in Db::staffed(STAFF) {
        let id = db.rows("SELECT id FROM agent_profiles WHERE name = 'Day'").remove(0);
        row(&db, "ann", "voice", [&id, ""], ["03 10:00:00", "03 11:00:00"]);
        row(&db, "ann", "voice", ["Day", ""], ["04 10:00:00", "04 11:00:00"]);
        db.sql("UPDATE agent_profiles SET name = 'Noon' WHERE name = 'Day'");
        let usage = asked(&db, &request());
        assert_eq!(hours(&usage), ["Day ann 3600", "Noon ann 3600"]);
        assert_eq!(odd(&usage, Anomaly::NoSuchProfile), (1, vec!["`Day` of ann".to_owned()]));
    }
}

#[test]
fn a_profile_that_was_deleted_keeps_its_hours_until_the_name_is_given_again() {
    let without_unique_names = |schema: String| schema.replace(" UNIQUE,\n    enabled", ",\n    enabled");
    for db in with_soft_deletion(without_unique_names) {
        db.apply(STAFF);
        let id = db.rows("SELECT id FROM agent_profiles WHERE name = 'Day'").remove(0);
        db.sql("UPDATE agent_profiles SET deletedAt = '2026-01-09 10:00:00' WHERE name = 'Day'");
        row(&db, "ann", "voice", [&id, ""], ["03 10:00:00", "03 11:00:00"]);
        row(&db, "ann", "voice", ["Day", ""], ["04 10:00:00", "04 11:00:00"]);
        let usage = asked(&db, &request());
        assert_eq!(hours(&usage), ["Day ann 7200"]);
        db.sql("INSERT INTO agent_profiles (name, enabled, createdAt, updatedAt) VALUES ('Day', 1, '2026-01-09', '2026-01-09')");
        let usage = asked(&db, &request());
        assert_eq!(hours(&usage), ["Day ann 3600", "Day ann 3600"]);
        assert!(usage.anomalies.is_empty(), "{usage:?}");
    }
}

#[test]
fn what_is_left_out_is_said() {
    for db in Db::staffed(STAFF) {
        for day in ["03", "04", "05"] {
            row(&db, "ann", "voice", ["Day", ""], [&format!("{day} 10:00:00"), &format!("{day} 11:00:00")]);
        }
        let few = UsageRequest { newest: 2, ..request() };
        let usage = asked(&db, &few);
        assert_eq!(hours(&usage), ["Day ann 7200"]);
        let left_out = usage.left_out.expect("what was left out");
        assert_eq!(left_out.since, Some(time("04T10:00:00")));
        assert!(left_out.why.contains("the newest 2 rows"), "{left_out:?}");
        let all = UsageRequest { newest: 3, ..request() };
        assert!(asked(&db, &all).left_out.is_none());
        db.sql("CREATE INDEX entered ON report_member (enterAt)");
        let usage = asked(&db, &few);
        assert_eq!(hours(&usage), ["Day ann 10800"]);
        // There is nothing older that could have been left out.
        assert!(usage.left_out.is_none(), "{usage:?}");
        db.sql("INSERT INTO report_member (membername, channel, type, data3, enterAt, createdAt, updatedAt) VALUES ('bob', 'voice', 'LOGIN', 'Day', '2025-12-01 23:59:59', '2026-01-01', '2026-01-01')");
        let usage = asked(&db, &few);
        assert_eq!(hours(&usage), ["Day ann 10800"]);
        let since = usage.left_out.expect("what was left out").since.expect("a time");
        assert_eq!(since.to_string(), "2025-12-02T00:00:00Z");
        db.sql("CREATE INDEX ended ON report_member (exitAt)");
        let usage = asked(&db, &few);
        assert!(usage.left_out.is_none() && hours(&usage).len() == 2, "{usage:?}");
    }
}

fn command(db: &Db, more: &[&str]) -> Said {
    let mut arguments = ["seed", "usage", "--db", &db.url()].map(str::to_owned).to_vec();
    if db.is_server() {
        arguments.extend(["--map".to_owned(), db.map_file().display().to_string()]);
    }
    arguments.extend(more.iter().map(ToString::to_string));
    motionctl(arguments)
}

#[test]
fn the_table_is_safe_in_a_spreadsheet() {
    for db in Db::staffed(STAFF) {
        row(&db, "=1+2", "voice", ["Day", ""], ["03 10:00:00", "03 11:30:00"]);
        row(&db, "ann", "voice", ["@sum, \"x\"", ""], ["04 10:00:00", ""]);
        let period = ["--from", "2026-01-02", "--to", "2026-01-05T00:00:00Z"];
        let id = db.rows("SELECT id FROM agent_profiles WHERE name = 'Day'").remove(0);
        let answer = command(&db, &[&period[..], &["--csv"]].concat());
        assert_eq!(answer.code, 0, "{answer:?}");
        let expect = format!(
            "profile,profile_id,agent,seconds,hours,sessions,open\r\n\
             \"'@sum, \"\"x\"\"\",,ann,50400,14.00,1,yes\r\nDay,{id},'=1+2,5400,1.50,1,no\r\n"
        );
        assert_eq!(answer.stdout, expect);
        assert!(answer.stderr.contains("seed.session-odd"), "{answer:?}");
        let shown = command(&db, &period);
        for text in [
            "14.0 h  1 agent  ####################",
            " 1.5 h  1 agent  ###",
            "still open",
            "not online  since 2026-01-04",
        ] {
            assert!(shown.stdout.contains(text), "{text}\n{}", shown.stdout);
        }
        assert!(
            !answer.stderr.contains("Hours by profile") && shown.stdout.contains("Hours by profile"),
            "{answer:?}"
        );
        let usage = command(&db, &[&period[..], &["--json"]].concat()).document()["usage"].clone();
        assert_eq!(usage["hours"][1]["seconds"], 5400);
        let kinds: Vec<_> =
            usage["anomalies"].as_array().expect("a list").iter().map(|odd| &odd["kind"]).collect();
        assert_eq!(kinds, ["no-such-profile", "no-such-agent"]);
    }
}

#[test]
fn what_cannot_be_answered_is_refused() {
    for db in Db::staffed(STAFF) {
        for period in
            [["2026-01-02", "2026-01-02"], ["2026-01-03", "2026-01-02T23:00:00Z"], ["soon", "2026-01-02"]]
        {
            let answer = command(&db, &["--from", period[0], "--to", period[1]]);
            assert_eq!(answer.code, 64, "{answer:?}");
        }
        db.sql("ALTER TABLE report_member DROP COLUMN data4");
        let answer = command(&db, &[]);
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(format!("{answer:?}").contains("data4"), "{answer:?}");
        let map = db.map_file();
        let text = std::fs::read_to_string(&map).expect("the map");
        let (before, after) = text.split_once("[report_member]").expect("the section");
        let after = after.split_once("[permissions]").expect("the next").1;
        let without = db.folder().join("without.toml");
        std::fs::write(&without, format!("{before}[permissions]{after}")).expect("writing");
        let without = without.display().to_string();
        let answer = motionctl(["seed", "usage", "--db", &db.url(), "--map", &without]);
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(format!("{answer:?}").contains("report_member"), "{answer:?}");
    }
}
