//! Findings about manifests and Motion's database.
//!
//! Invariant: rows only; what raises them is elsewhere.

use super::Family::Seed;
use super::row::{graded, info, stop, warn, when};
use crate::outcome::Level::{Info, Stop, Warn};

codes! {
    SEED_AMBIGUOUS_NAME = stop("seed.ambiguous-name")
        .means("several rows have a name that the manifest uses")
        .looked_for("names as the server compares them: under its collation `Support` and `SUPPORT` may be one. With \
                     `--prune profiles` also where a profile has no name of its own, or a blank one: it is not deleted \
                     for not being named; and with `permissions` where a User Profile has several rows of rights on agent profiles")
        .advises("rename or delete all but one in Motion");
    SEED_NAME_OF_OTHER_ROLE = stop("seed.name-of-other-role")
        .means("a user who is no agent has the name")
        .looked_for("the table of users, which holds administrators, too")
        .advises("choose another username");
    SEED_INTERNAL_DIFFERS = stop("seed.internal-differs")
        .means("the manifest's `internal` is not the agent's")
        .looked_for("the agent's row, which is the SIP peer: its number is never changed")
        .advises("change it in Motion, or correct the manifest");
    SEED_RENAME_CONFLICT = stop("seed.rename-conflict")
        .means("a profile is to be renamed, and both names exist")
        .looked_for("profiles of the old and of the new name")
        .advises("delete or rename one of them, or leave `previous_name` out");
    SEED_RENAME_MISSING = warn("seed.rename-missing")
        .means("a profile to be renamed exists under neither name: it is created")
        .looked_for("profiles of the old and of the new name")
        .advises("leave `previous_name` out if it is new");
    SEED_DELETIONS_NOT_ALLOWED = stop("seed.deletions-not-allowed")
        .means("rows go or rights are taken away, and `--prune` and `--max-delete` do not allow all of them")
        .looked_for("the deletions of the plan, counted by kind")
        .advises("the finding's advice has the exact flags");
    SEED_NAME_SOFT_DELETED =
        graded("seed.name-soft-deleted", &[when(Stop, "where a unique index covers it"), when(Warn, "elsewhere")])
        .means("a deleted row holds a wanted name")
        .looked_for("rows that are marked as deleted, and the indexes of their table")
        .advises("restore or rename it in Motion, or choose another name");
    SEED_OUTSIDE_REFERENCE = stop("seed.outside-reference")
        .means("rows that the plan does not know refer to rows that are to go")
        .looked_for("foreign keys of a table outside the map, of another schema, of users, or beside links in their \
                     table; looked for again when the plan is carried out")
        .advises("remove the references in Motion, or keep the rows");
    SEED_OUTSIDE_UNKNOWN = graded(
        "seed.outside-unknown",
        &[when(Stop, "where tables of the schema are hidden"), when(Info, "where only other schemas are")],
    )
        .accepted_by(Seed)
        .means("whether other tables refer to rows that are to go is not known")
        .looked_for("whether this user can see every table of the schema, and of other schemas")
        .advises("grant `SELECT` on the schema, or accept it");
    SEED_REPLICA = stop("seed.replica")
        .means("the server gets what others write, or has lost the others of its cluster")
        .looked_for("every connection and channel by which it replicates, its role in a replication group, and whether a \
                     Galera node is in the primary component and ready; looked for again before the first write")
        .advises("name the one that takes the writes");
    SEED_READ_ONLY = stop("seed.read-only")
        .means("the server, the schema, the session or the file only takes questions, no changes")
        .looked_for("`read_only`, `super_read_only`, `innodb_read_only`, `innodb_force_recovery`, \
                     `transaction_read_only` or `tx_read_only` (also of the session), MySQL's read-only schemas; of a \
                     SQLite file whether it and its folder may be written to; looked for again before the first write")
        .advises("ask who set it so; motionctl never turns it off");
    SEED_REPLICA_UNKNOWN = warn("seed.replica-unknown")
        .means("whether the server is a replica is not known")
        .looked_for("the server's own word, which this user may not ask for; of a replication group \
                     `performance_schema.replication_group_members`")
        .advises("make sure of it; `REPLICA MONITOR` (MariaDB) or `REPLICATION CLIENT` (MySQL) allows the question");
    SEED_CHECK_UNKNOWN = info("seed.check-unknown")
        .means("whether a CHECK constraint refuses a value is not known before it is written")
        .looked_for("the constraints of the tables that are written; the server is asked what it says of each new value")
        .advises("nothing: what it refuses is rolled back as a whole");
    SEED_UNDO_MOVED = stop("seed.undo-moved")
        .means("a run cannot be undone: rows are not as it left them")
        .looked_for("every row that it wrote: of a changed row what the run changed, of a new row everything, and whether \
                     something else belongs to it by now; looked at again before the first write")
        .advises("bring the rows that are named to what they should be with a manifest");
    SEED_UNDO_UNCERTAIN = stop("seed.undo-uncertain").accepted_by(Seed)
        .means("whether a run was committed is not known: it was interrupted at its COMMIT")
        .looked_for("the note that COMMIT has succeeded; the rows are as the run would have left them, which may be \
                     somebody else's work")
        .advises("if the change was this run's, accept it");
    SEED_PROFILE_IN_USE = stop("seed.profile-in-use")
        .means("a profile that is to be deleted has an open session of an agent who is online")
        .looked_for("open sessions that name it, by id or name; looked for again when the plan is carried out")
        .advises("let the agents log out or change their profile");
    SEED_PROFILE_MAYBE_IN_USE = stop("seed.profile-maybe-in-use").accepted_by(Seed)
        .means("a profile that is to be deleted may be in use")
        .looked_for("an open session of somebody who is not online, or sessions that cannot be read")
        .advises("ask the agents, then accept it");
    SEED_DISABLE_IN_USE = stop("seed.disable-in-use").accepted_by(Seed)
        .means("a profile that is to be disabled is, or may be, in use")
        .looked_for("open sessions that name it: these agents stay logged in with it and cannot choose it again")
        .advises("accept it once you have read that");
    SEED_PROFILE_DISABLED = info("seed.profile-disabled")
        .means("a profile becomes unavailable at once; nobody uses it")
        .looked_for("open sessions that name it")
        .advises("nothing");
    SEED_RENAME_IN_USE = warn("seed.rename-in-use")
        .means("a profile that is renamed stands in open sessions under its old name")
        .looked_for("open sessions that name it by its name: until these end, it does not look in use")
        .advises("do not delete it until its agents have logged in again");
    SEED_QUEUE_BECOMES_PERSONAL = warn("seed.queue-becomes-personal")
        .means("agents of a profile keep a queue that is removed from it")
        .looked_for("queues that are linked to these agents directly")
        .advises("remove it from their `personal` lists, too");
    SEED_AGENT_WITHOUT_QUEUE = warn("seed.agent-without-queue")
        .means("the plan leaves agents without any queue")
        .looked_for("the queues of the agents that it touches, their own and those of enabled profiles, as they will be")
        .advises("give them one, or an enabled profile that has queues");
    SEED_AGENTS_ONLINE = warn("seed.agents-online")
        .means("agents whom this concerns are logged in")
        .looked_for("who of them is online")
        .advises("nothing: they keep their queues until their next login or Change Profile");
    SEED_NO_NEW_CLIENT = warn("seed.no-new-client")
        .means("NGINX on this host serves Motion without the new client's route")
        .looked_for("Motion's site, as `motionctl check` does; agents choose profiles only in the new client")
        .advises("`motionctl plan` shows what is missing");
    SEED_MAP_MISMATCH = stop("seed.map-mismatch")
        .means("the schema map and the database differ where the command relies on it")
        .looked_for("tables, columns, types and keys in the database's catalog; each line says what is expected and \
                     what was found")
        .advises("correct the map, or let `motionctl seed schema discover` propose a new one");
    SEED_MAP_DIFFERS = warn("seed.map-differs")
        .means("the schema map and the database differ in parts that the command does not use")
        .looked_for("tables, columns, types and keys in the database's catalog")
        .advises("correct them before they are needed");
    SEED_MAP_OPPOSITE = warn("seed.map-opposite")
        .means("a column's name says the opposite of what the map takes it for")
        .looked_for("the columns of the map for `enabled` and `online`: one called `disabled`, `inactive`, `offline` or the \
                     like holds 1 where it is not so, and a map cannot turn values around")
        .advises("look at rows that you know before anything is written by the map");
    SEED_MAP_VALUES = warn("seed.map-values")
        .means("rows of links have a value that means a channel and that the map does not name")
        .looked_for("by `seed schema check`: what the columns of `only` hold. Such rows are not seen, and a plan would add \
                     them again")
        .advises("name the value in `also`");
    SEED_DELETED_UNKNOWN = graded(
        "seed.deleted-unknown",
        &[when(Stop, "where the plan relies on the rows"), when(Warn, "where they are only shown or looked up")],
    )
        .accepted_by(Seed)
        .means("a column may mark deleted rows, and the schema map does not name it")
        .looked_for("columns called `deletedAt`, `is_deleted`, `removed`, `archived` or the like, in the tables that \
                     are used: rows that Motion has deleted would count as there")
        .advises("name it as `deleted` in the map, or accept it if it means something else");
    SEED_LINK_MEANING_UNKNOWN = graded(
        "seed.link-meaning-unknown",
        &[when(Stop, "where the plan relies on the rows"), when(Warn, "where they are only shown or looked up")],
    )
        .accepted_by(Seed)
        .means("a column of a table of links may change what its rows mean, and the map does not name it")
        .looked_for("columns of such tables that are part of the unique key of a pair; that are an ENUM, a SET or a flag, or \
                     are called status, role, type or the like; and dates that may be NULL, such as `validTo`: a row \
                     with another value there may be no link at all")
        .advises("say in the map what it means: `only`, `fixed` or `deleted`; or that it means nothing: `ignored`");
    SEED_LINK_TWICE = warn("seed.link-twice")
        .means("a link stands in several rows of its table")
        .looked_for("rows with the same two ends among the links that a plan, `seed list` or `seed export` reads, and among all \
                     of the map for `seed schema check`. Which of them Motion goes by is not known; they are changed and removed together")
        .advises("look at what tells the rows apart; if nothing does, leave one of them");
    SEED_USAGE_INCOMPLETE = warn("seed.usage-incomplete")
        .means("hours were counted without a part of the sessions")
        .looked_for("an index of the table of sessions that begins with when they ended; without it only the newest rows are read")
        .advises("take hours before the time that is named for too low");
    SEED_SESSION_ODD = warn("seed.session-odd")
        .means("rows of sessions contradict themselves or name no profile")
        .looked_for("two open sessions of an agent in one channel, an end before the beginning, a beginning in the future, \
                     a time that is missing or none, a value that is neither the id nor the name of a profile, columns that mean several \
                     profiles, and an agent's name that no user has")
        .advises("the old name of a profile or an agent counts by itself: add its hours to those of the new one. What cannot be \
                  counted is not in the hours");
    SEED_MAP_UNREVIEWED = stop("seed.map-unreviewed")
        .means("nobody has reviewed the schema map")
        .looked_for("`reviewed_by` of the map, where the database is MySQL or MariaDB")
        .advises("compare each line, then put your name there");
    SEED_TRIGGER = warn("seed.trigger")
        .means("a table that is written has triggers")
        .looked_for("the database's catalog")
        .advises("read what they do; it happens in the same transaction");
    SEED_NEAR_MISS = warn("seed.near-miss")
        .means("a name is nearly another one of the manifest or the database, or is spelled differently there")
        .looked_for("each name that a manifest uses, against those that it declares; and names that differ only in case, \
                     blanks, or characters that look alike or cannot be seen, within the manifest and, where a row is \
                     created, against those of the database")
        .advises("correct the spelling; it is right if the database has both");
    SEED_OFFLINE = warn("seed.offline")
        .means("the plan was made against an export, not against the database")
        .looked_for("`--against`: the names and columns of an export, and nothing else")
        .advises("plan again against the server before you apply; apply does so, too");
    SEED_IMPORT_HIDDEN = warn("seed.import-hidden")
        .means("rows, columns or sheets of an imported spreadsheet are hidden; rows were read like others")
        .looked_for("the workbook that `seed import` reads")
        .advises("look at them in the spreadsheet; delete what is not meant");
    SEED_LOOKS_RENAMED = warn("seed.looks-renamed")
        .means("a profile to be created looks like one that was renamed since the manifest was written")
        .looked_for("profiles that the manifest does not name and that have at least 80 % of the agents and queues of \
                     the new one, and the new one of theirs")
        .advises("put the `previous_name:` of the finding below its name; it is right if both are meant");
    SEED_PROFILE_WITHOUT_AGENTS = warn("seed.profile-without-agents")
        .means("the plan leaves enabled profiles without any agent")
        .looked_for("the agents of the profiles that it takes agents from, as they will be")
        .advises("put agents into them, or disable or delete them");
    SEED_UNSEEN_CHARACTERS = warn("seed.unseen-characters")
        .means("a name in a manifest begins or ends with a blank, or has characters that cannot be seen")
        .looked_for("names of agents, queues and profiles, full names and e-mail addresses: control and format \
                     characters, and blanks that are no space, such as U+00A0; they are shown as `\\u{a0}`")
        .advises("write the name again by hand; it is right if the database has it so");
    SEED_INTERNAL_NOT_DIGITS = warn("seed.internal-not-digits")
        .means("an agent's `internal` in a manifest has other characters than digits")
        .looked_for("each agent of the manifest; with a blank, a character that cannot be seen or one that is not \
                     ASCII the agent can be kept but not created")
        .advises("correct it, unless your telephones dial it so");
    SEED_UNUSUAL_VALUE = warn("seed.unusual-value")
        .means("a strategy, a type or a weight in a manifest is none of those known")
        .looked_for("the values that releases of Motion are known to have")
        .advises("correct it, or leave it if your release of Motion has it");
    SEED_USERNAME = warn("seed.username")
        .means("a username in a manifest has other characters than letters, digits, `.` and `_`")
        .looked_for("each agent of the manifest")
        .advises("correct it; such an agent can be kept but not created");
    SEED_FULLNAME_IS_INTERNAL = warn("seed.fullname-is-internal")
        .means("an agent's full name in a manifest is the internal number")
        .looked_for("each agent of the manifest")
        .advises("correct it; such an agent can be kept but not created");
}
