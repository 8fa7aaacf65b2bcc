//! Discovery on each shape: the tables it finds among others, and that its map fits.

use super::support::{Database, SHAPES, lines};
use motionctl::seed::Channel::{Chat, Mail, Voice, Whatsapp};
use motionctl::seed::discover::Grade;
use motionctl::seed::map::LinkKind::{Personal, ProfileAgents, ProfileQueues};
use motionctl::seed::map::{Condition, LinkKind, Map, Needs};
use motionctl::seed::verify::unreviewed;

/// The links of `channel-tables`.
pub const CHANNEL_TABLES: &[(LinkKind, &str)] = &[
    (ProfileAgents, "user_has_agent_profiles AgentProfileId>UserId"),
    (ProfileQueues(Voice), "agent_profile_has_voice_queues AgentProfileId>VoiceQueueId +penalty"),
    (ProfileQueues(Chat), "agent_profile_has_chat_queues AgentProfileId>ChatQueueId"),
    (ProfileQueues(Mail), "agent_profile_has_mail_queues AgentProfileId>MailQueueId"),
    (Personal(Voice), "user_has_voice_queues UserId>VoiceQueueId"),
    (Personal(Chat), "user_has_chat_queues UserId>ChatQueueId"),
    (Personal(Mail), "user_has_mail_queues UserId>MailQueueId"),
];
/// The links of `one-table`.
pub const ONE_TABLE: &[(LinkKind, &str)] = &[
    (ProfileAgents, "agent_profile_has_users AgentProfileId>UserId"),
    (ProfileQueues(Voice), "user_has_voice_queues AgentProfileId>VoiceQueueId UserId=NULL +penalty"),
    (ProfileQueues(Chat), "user_has_chat_queues AgentProfileId>ChatQueueId UserId=NULL"),
    (ProfileQueues(Mail), "user_has_mail_queues AgentProfileId>MailQueueId UserId=NULL"),
    (Personal(Voice), "user_has_voice_queues UserId>VoiceQueueId AgentProfileId=NULL"),
    (Personal(Chat), "user_has_chat_queues UserId>ChatQueueId AgentProfileId=NULL"),
    (Personal(Mail), "user_has_mail_queues UserId>MailQueueId AgentProfileId=NULL"),
];
/// The links of `queue-columns`.
pub const QUEUE_COLUMNS: &[(LinkKind, &str)] = &[
    (ProfileAgents, "agent_profile_has_users AgentProfileId>UserId"),
    (
        ProfileQueues(Voice),
        "user_has_queues AgentProfileId>VoiceQueueId UserId=NULL ChatQueueId=NULL MailQueueId=NULL +penalty",
    ),
    (
        ProfileQueues(Chat),
        "user_has_queues AgentProfileId>ChatQueueId UserId=NULL MailQueueId=NULL VoiceQueueId=NULL",
    ),
    (
        ProfileQueues(Mail),
        "user_has_queues AgentProfileId>MailQueueId UserId=NULL ChatQueueId=NULL VoiceQueueId=NULL",
    ),
    (
        Personal(Voice),
        "user_has_queues UserId>VoiceQueueId AgentProfileId=NULL ChatQueueId=NULL MailQueueId=NULL",
    ),
    (
        Personal(Chat),
        "user_has_queues UserId>ChatQueueId AgentProfileId=NULL MailQueueId=NULL VoiceQueueId=NULL",
    ),
    (
        Personal(Mail),
        "user_has_queues UserId>MailQueueId AgentProfileId=NULL ChatQueueId=NULL VoiceQueueId=NULL",
    ),
];

/// A kind with its table, owner, member and conditions in one line.
pub fn links(map: &Map) -> Vec<(LinkKind, String)> {
    let line = |kind: &LinkKind| {
        let link = map.link(*kind).expect("its own key");
        let conditions = link.conditions.iter().map(|condition| match condition {
            Condition::Equals(column, value) => format!(" {column}={value}"),
            Condition::OneOf(column, values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                format!(" {column}={}", values.join(" or "))
            }
            Condition::IsNull(column) => format!(" {column}=NULL"),
        });
        let penalty = link.penalty.as_ref().map_or_else(String::new, |column| format!(" +{column}"));
        format!("{} {}>{}{}{penalty}", link.table, link.owner, link.member, conditions.collect::<String>())
    };
    map.links.keys().map(|kind| (*kind, line(kind))).collect()
}

fn check(shape: &str, expected: &[(LinkKind, &str)]) {
    for mut database in Database::shaped(shape) {
        let map = database.map();
        let expected: Vec<_> = expected.iter().map(|(kind, line)| (*kind, (*line).to_owned())).collect();
        assert_eq!(links(&map), expected, "{shape} on {:?}", database.engine());
        assert!(!map.users.create && map.queues.values().all(|queues| !queues.create));
    }
}

#[test]
fn a_table_for_each_channel() {
    check("channel-tables", CHANNEL_TABLES);
}

/// A row of a SET may hold several channels at once, of which no map can speak.
#[test]
fn a_column_that_is_no_single_text_tells_no_channels_apart_and_is_named() {
    let [_, mut database] = Database::shaped("discriminator");
    for (kind, said) in [
        ("SET('voice','chat','email') NOT NULL", "channel is a SET, of which one row may hold several"),
        ("TINYINT NOT NULL", "channel is tinyint"),
    ] {
        database.sql(&format!("ALTER TABLE agent_profile_queues MODIFY channel {kind}"));
        let text = database.discover().to_toml("a test");
        let note = format!(
            "agent_profile_queues: no text column says of which channel the queue in QueueId is ({said}"
        );
        assert!(text.contains(&note), "{text}");
        assert!(!text.contains("[links.profile_queues.voice]\ntable"), "{text}");
    }
}

#[test]
fn one_table_of_links_with_a_discriminator() {
    for mut database in Database::shaped("discriminator") {
        let text = database.discover().to_toml("a test");
        assert!(
            text.contains("# new rows need a value for addedBy (varchar(255)")
                && text.contains("add it below [links.personal.voice.fixed] as addedBy = …"),
            "{text}"
        );
        let email = if database.is_server() { "email" } else { "mail" };
        let map = database.map();
        let expected = [
            (ProfileAgents, "agent_profile_members profile_id>user_id".to_owned()),
            (
                ProfileQueues(Voice),
                "agent_profile_queues AgentProfileId>QueueId channel=\"voice\" +penalty".to_owned(),
            ),
            (ProfileQueues(Chat), "agent_profile_queues AgentProfileId>QueueId channel=\"chat\"".to_owned()),
            (ProfileQueues(Mail), format!("agent_profile_queues AgentProfileId>QueueId channel=\"{email}\"")),
            (Personal(Voice), "agent_queues UserId>QueueId queue_type=\"voice\"".to_owned()),
            (Personal(Chat), "agent_queues UserId>QueueId queue_type=\"chat\"".to_owned()),
            (Personal(Mail), "agent_queues UserId>QueueId queue_type=\"mail\"".to_owned()),
        ];
        assert_eq!(links(&map), expected);
        assert_eq!(
            map.profiles.as_ref().map(|profiles| profiles.columns.enabled.as_str()),
            Some("isEnabled")
        );
        let found = database.verify(&map);
        let demanded = "agent_queues.addedBy (links.personal.chat): expected a default, NULL, or a value for new \
                        rows under links.personal.chat.fixed, found varchar(255)";
        assert!(lines(&found.mismatches)[0].starts_with(demanded), "{:?}", lines(&found.mismatches));
        assert_eq!(found.mismatches.len(), 3);
    }
}

#[test]
fn personal_and_profile_links_in_one_table() {
    check("one-table", ONE_TABLE);
    for mut database in Database::shaped("one-table") {
        let profiles = database.map().profiles.expect("profiles");
        assert_eq!(profiles.columns.deleted.as_ref().map(|column| column.as_str()), Some("deletedAt"));
    }
}

#[test]
fn a_column_for_the_queues_of_each_channel() {
    check("queue-columns", QUEUE_COLUMNS);
}

#[test]
fn no_foreign_keys_and_values_of_rows() {
    let queues = "queue_members agent_profile_id>queue_id";
    let personal = "queue_members agent_id>queue_id";
    check(
        "without-keys",
        &[
            (ProfileAgents, "agent_profile_agent agent_profile_id>agent_id"),
            (ProfileQueues(Voice), &format!("{queues} channel=\"VOICE\" agent_id=NULL +penalty")),
            (ProfileQueues(Chat), &format!("{queues} channel=\"CHAT\" agent_id=NULL")),
            (Personal(Voice), &format!("{personal} channel=\"VOICE\" agent_profile_id=NULL")),
            (Personal(Chat), &format!("{personal} channel=\"CHAT\" agent_profile_id=NULL")),
        ],
    );
    for mut database in Database::shaped("without-keys") {
        let text = database.discover().to_toml("a test");
        for line in [
            "table = \"cm_open_channel_queues\"  # guess: its name contains the channel",
            "only = { column = \"channel\", value = \"VOICE\" }  # certain: rows hold this value",
            // No row has it, and those of the others are spelt otherwise: a person says what is written.
            "\n# only = { column = \"channel\", value = \"openchannel\" }  # guess: no row says it",
            "name = \"user_name\"  # guess: a name like it",
            "# queues.fax: no table found",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
    }
}

#[test]
fn of_tables_with_the_same_ends_the_one_that_means_it() {
    check(
        "competing",
        &[
            (ProfileAgents, "profile_members ProfileId>UserId"),
            (ProfileQueues(Voice), "profile_voice_queues ProfileId>VoiceQueueId +penalty"),
            (ProfileQueues(Chat), "profile_chat_queues ProfileId>ChatQueueId"),
            (Personal(Voice), "agent_has_voice_queues AgentId>VoiceQueueId"),
            (Personal(Chat), "agent_has_chat_queues AgentId>ChatQueueId"),
        ],
    );
    for mut database in Database::shaped("competing") {
        let map = database.map();
        assert_eq!(map.profiles.as_ref().map(|profiles| profiles.table.as_str()), Some("profiles"));
        let link = map.link(ProfileAgents).expect("links");
        assert_eq!(link.id.as_ref().map(|id| id.as_str()), Some("id"));
    }
}

#[test]
fn a_prefix_no_keys_and_queues_of_the_table_s_own_channel() {
    check(
        "prefixed",
        &[
            (ProfileAgents, "cc_agent_profile_users agent_profile_id>user_id"),
            (ProfileQueues(Voice), "cc_agent_profile_voice_queues agent_profile_id>queue_id +penalty"),
            (ProfileQueues(Mail), "cc_agent_profile_email_queues agent_profile_id>queue_id"),
            (Personal(Voice), "cc_user_voice_queues user_id>queue_id"),
            (Personal(Mail), "cc_user_email_queues user_id>queue_id"),
        ],
    );
    for mut database in Database::shaped("prefixed") {
        let map = database.map();
        let columns = &map.users.columns;
        assert_eq!(
            [columns.id.as_str(), columns.name.as_str(), columns.internal.as_str(), columns.online.as_str()],
            ["user_id", "user_name", "extension", "is_online"]
        );
        let link = map.link(ProfileQueues(Voice)).expect("links");
        assert_eq!(link.id.as_ref().map(|id| id.as_str()), Some("link_id"));
    }
}

#[test]
fn names_of_a_server_in_lower_case() {
    check(
        "lower-case",
        &[
            (ProfileAgents, "agentprofileusers AgentProfileId>UserId"),
            (ProfileQueues(Voice), "agentprofilevoicequeues AgentProfileId>VoiceQueueId +penalty"),
            (ProfileQueues(Whatsapp), "agentprofilewhatsappqueues AgentProfileId>WhatsappQueueId"),
            (Personal(Voice), "uservoicequeues UserId>VoiceQueueId"),
            (Personal(Whatsapp), "userwhatsappqueues UserId>WhatsappQueueId"),
        ],
    );
    for mut database in Database::shaped("lower-case") {
        let report = database.map().report_member.expect("sessions, although their ids are not unique");
        assert_eq!(report.table.as_str(), "report_member");
    }
}

#[test]
fn several_values_that_mean_one_channel() {
    for mut database in Database::shaped("several-values") {
        let map = database.map();
        let voice = "agentProfileQueue agentProfileId>queueId channel=\"Voice\" or \"voice\" +penalty";
        let mut expected = vec![
            (ProfileAgents, "agentProfileMember agentProfileId>userId"),
            (ProfileQueues(Voice), voice),
            (ProfileQueues(Mail), "agentProfileQueue agentProfileId>queueId channel=\"email\""),
            (Personal(Voice), "userQueue userId>queueId queueType=\"voice\""),
        ];
        // SQLite has no ENUM.
        expected.push(if database.is_server() {
            (Personal(Mail), "userQueue userId>queueId queueType=\"email\" or \"mail\"")
        } else {
            (Personal(Mail), "userQueue userId>queueId queueType=\"mail\"")
        });
        let expected: Vec<_> = expected.into_iter().map(|(kind, line)| (kind, line.to_owned())).collect();
        assert_eq!(links(&map), expected, "{:?}", database.engine());
        let text = database.discover().to_toml("a test");
        let line = "only = { column = \"channel\", value = \"Voice\", also = [\"voice\"] }  # likely: values of rows that \
                    mean voice, too: \"voice\"; new rows get \"Voice\"";
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn what_is_proposed_fits_the_database_once_it_is_signed() {
    for shape in SHAPES.iter().filter(|shape| **shape != "discriminator") {
        for mut database in Database::shaped(shape) {
            let proposal = database.discover();
            assert_eq!(proposal.missing(), [""; 0], "{shape}");
            assert!(proposal.count(Grade::Certain) > 0 && proposal.count(Grade::Likely) > 0);
            let open: Vec<_> =
                proposal.said().into_iter().filter(|note| note.starts_with("to be settled")).collect();
            let muted = "to be settled (seed.link-meaning-unknown): agent_has_voice_queues.muted (links.personal.voice): a flag";
            let expected = if *shape == "competing" { &[muted][..] } else { &[] };
            assert_eq!(open, expected, "{shape}");
            let text = proposal.to_toml("a test");
            let unsigned = Map::parse("proposal", &text).expect("a map");
            assert_eq!(unreviewed(&unsigned, database.engine()).is_some(), database.is_server(), "{shape}");
            let map = database.map();
            assert_eq!(unreviewed(&map, database.engine()), None);
            let found = database.verify(&map);
            assert_eq!(lines(&found.mismatches), [""; 0], "{shape} on {:?}", database.engine());
            assert_eq!((lines(&found.differences), found.triggers.len()), (Vec::new(), 0));
            assert!(!map.tables.is_empty(), "definitions are recorded");
            assert_eq!(Needs::all(&map).iter().count(), Needs::reading(&map).iter().count());
        }
    }
}

#[test]
fn rows_of_an_agent_and_a_profile_at_once_are_not_links() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/database/shapes/one-table.sql");
    let sql = std::fs::read_to_string(path)
        .expect("a fixture")
        .replace("  UserId INTEGER ", "  UserId INTEGER NOT NULL ");
    for mut database in Database::both() {
        database.sql(&sql.replace("NOT NULL NOT NULL", "NOT NULL"));
        let proposal = database.discover();
        let note = "user_has_voice_queues: UserId is never NULL, so that its rows belong to an agent and a profile at \
                    once; such links are not proposed";
        assert!(proposal.said().contains(&note.to_owned()), "{:?}", proposal.said());
        let map = database.map();
        assert!(map.link(ProfileQueues(Voice)).is_none() && map.link(Personal(Voice)).is_some());
    }
}
