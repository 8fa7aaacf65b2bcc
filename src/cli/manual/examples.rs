//! What a person types first: examples of every command, for `--help` and the manual pages.
//!
//! Invariant: every command has one, and each is a command line that is understood. Names are those of documents
//! (`example.test`), never of anybody.

/// A command line, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    pub line: &'static str,
    pub why: &'static str,
}

const fn example(line: &'static str, why: &'static str) -> Example {
    Example { line, why }
}

/// Of one command, by its path without `motionctl`.
pub type OfCommand = (&'static str, &'static [Example]);

/// Of every command; the first is of `motionctl` itself.
pub fn all() -> impl Iterator<Item = &'static OfCommand> {
    MIGRATION.iter().chain(&LATER).chain(&SEEDING).chain(&AROUND)
}

/// Those of a command.
pub fn of(path: &str) -> &'static [Example] {
    all().find(|(command, _)| *command == path).map_or(&[], |(_, examples)| examples)
}

const MIGRATION: [OfCommand; 12] = [
    (
        "",
        &[
            example("motionctl check", "is this server ready? Nothing is written"),
            example("motionctl plan", "what would change"),
            example("sudo motionctl rehearse", "make and undo the change on a private copy"),
            example("sudo motionctl apply", "make the change; it asks first"),
        ],
    ),
    (
        "check",
        &[
            example("motionctl check", "this server"),
            example("motionctl check --root customer.tar.gz", "a customer's copy, as an archive or a folder"),
        ],
    ),
    (
        "plan",
        &[
            example("motionctl plan", "what would change on this server"),
            example("motionctl plan --out new-client.plan", "save it, so that exactly this is done later"),
            example("motionctl plan --candidate motion.conf", "with the vendor's own new file"),
            example(
                "motionctl plan --detailed-exitcode --json",
                "in a pipeline: exit 2 when changes are pending",
            ),
        ],
    ),
    (
        "apply",
        &[
            example("sudo motionctl apply", "show the change, ask, make it"),
            example("sudo motionctl apply new-client.plan", "exactly what was planned and saved before"),
            example(
                "sudo motionctl apply --wait-idle 30m --confirm-within 10m",
                "wait until nobody is logged in; undo it unless it is confirmed in time",
            ),
            example("sudo motionctl apply --yes --json", "in a pipeline: nothing is asked"),
        ],
    ),
    (
        "rehearse",
        &[
            example("sudo motionctl rehearse", "the whole change and its undoing, on a private copy"),
            example("sudo motionctl rehearse --keep result", "keep the changed files in the folder result"),
        ],
    ),
    (
        "try",
        &[
            example("sudo motionctl try update.sh", "what the vendor's script would do, on a private copy"),
            example(
                "sudo motionctl try update.sh --plan",
                "and plan the migration with the file that it makes",
            ),
        ],
    ),
    (
        "status",
        &[
            example("motionctl status", "is the route served, and as it was left?"),
            example("motionctl status --check", "one line for a monitor"),
        ],
    ),
    (
        "routes",
        &[
            example("motionctl routes", "what answers Motion's routes"),
            example("motionctl routes /user-ui/login", "which block answers one path"),
            example(
                "motionctl routes https://cc.example.test/user-ui/login --root customer",
                "an address, in a customer's copy",
            ),
        ],
    ),
    (
        "report",
        &[
            example(
                "sudo motionctl report --out report.html",
                "all that is known of this server, as one page",
            ),
            example(
                "motionctl report --root customer --archive report.tar.gz",
                "of a customer's copy, as an archive",
            ),
        ],
    ),
    (
        "collect",
        &[
            example("sudo motionctl collect server.tar.gz --list", "what would be in it"),
            example(
                "sudo motionctl collect server.tar.gz",
                "what support needs, in one archive without secrets",
            ),
        ],
    ),
    (
        "diff",
        &[
            example(
                "motionctl diff old.conf /etc/nginx/conf.d/motion.conf",
                "what differs, directive by directive",
            ),
            example("motionctl diff server-a server-b", "two copies of /etc/nginx, or two whole trees"),
        ],
    ),
    (
        "restore-vendor",
        &[example(
            "sudo motionctl restore-vendor",
            "exactly the vendor's text, for a support case; local changes are kept aside",
        )],
    ),
];

const LATER: [OfCommand; 20] = [
    ("confirm", &[example("sudo motionctl confirm", "keep a change made with apply --confirm-within")]),
    (
        "rollback",
        &[
            example("sudo motionctl rollback", "undo the newest applied run"),
            example(
                "sudo motionctl rollback 2026-11-28T01-44-07Z-77241446 --whole-tree",
                "put all of one backup back, after showing what that changes",
            ),
        ],
    ),
    ("recover", &[example("sudo motionctl recover", "finish or undo a run that was interrupted")]),
    ("watch", &[example("sudo motionctl watch --heal tell", "look once, and only say what is wrong")]),
    (
        "install-unit",
        &[
            example("sudo motionctl install-unit", "set an interrupted change right before NGINX starts"),
            example("sudo motionctl install-unit --watch", "look after Motion's file as well"),
        ],
    ),
    ("history", &[example("sudo motionctl history", "what earlier runs did: when, who, how each ended")]),
    ("backups", &[example("sudo motionctl backups", "the backups, newest first")]),
    ("backups list", &[example("sudo motionctl backups list", "the backups, newest first")]),
    (
        "backups show",
        &[example("sudo motionctl backups show 2026-11-28T01-44-07Z-77241446", "what one holds")],
    ),
    ("backups verify", &[example("sudo motionctl backups verify", "read every byte of all of them again")]),
    (
        "backups diff",
        &[example(
            "sudo motionctl backups diff 2026-11-28T01-44-07Z-77241446",
            "one of them and the server as it is",
        )],
    ),
    (
        "backups extract",
        &[example(
            "sudo motionctl backups extract 2026-11-28T01-44-07Z-77241446 before",
            "its files in the folder before, to look at or to copy back by hand",
        )],
    ),
    (
        "backups prune",
        &[
            example(
                "sudo motionctl backups prune --keep 5 --dry-run",
                "which would go, all but the newest five",
            ),
            example(
                "sudo motionctl backups prune --keep 5 --older-than 90d",
                "only those that are old as well",
            ),
        ],
    ),
    (
        "base",
        &[example(
            "motionctl base learn server-a server-b server-c",
            "what three servers share: the vendor's text",
        )],
    ),
    (
        "base learn",
        &[
            example(
                "motionctl base learn server-a server-b server-c --out vendor.conf",
                "keep it for plan --base",
            ),
            example("motionctl base learn a.tar.gz b.tar.gz c.tar.gz", "from archives"),
        ],
    ),
    ("local", &[example("sudo motionctl local list", "the local changes that are remembered")]),
    (
        "local list",
        &[example("sudo motionctl local list", "what each is, and whether it stands in the file now")],
    ),
    ("local show", &[example("sudo motionctl local show 2", "the second of the list, ready to be copied")]),
    (
        "local drop",
        &[example("sudo motionctl local drop 2", "do not bring it back any more; the file is not touched")],
    ),
    (
        "local add",
        &[
            example("sudo motionctl local add", "keep what was edited by hand since the last change"),
            example("sudo motionctl local add --from old.conf", "keep what an old file has"),
        ],
    ),
];

const SEEDING: [OfCommand; 17] = [
    (
        "seed",
        &[
            example("motionctl seed validate agents.yaml", "is the manifest right? No database is asked"),
            example("sudo motionctl seed plan agents.yaml", "which rows would change"),
            example("sudo motionctl seed apply agents.yaml", "change them, after a question"),
        ],
    ),
    (
        "seed validate",
        &[example("motionctl seed validate agents.yaml profiles.yaml", "all that is wrong with them")],
    ),
    (
        "seed plan",
        &[
            example("sudo motionctl seed plan agents.yaml", "which rows would change"),
            example("motionctl seed plan agents.yaml --against export.yaml", "without a database"),
            example("sudo motionctl seed plan agents.yaml --out agents.plan", "save it for seed apply"),
            example("sudo motionctl seed plan team.d", "all the manifests of a folder, as one"),
        ],
    ),
    (
        "seed apply",
        &[
            example("sudo motionctl seed apply agents.yaml", "show the rows, ask, change them"),
            example(
                "sudo motionctl seed apply agents.plan --yes",
                "exactly what was planned and saved before",
            ),
            example(
                "sudo motionctl seed apply agents.yaml --wait-idle 30m",
                "once those concerned are logged out",
            ),
            example(
                "sudo motionctl seed apply agents.yaml --prune memberships --max-delete 10",
                "allow up to ten deletions, of memberships alone",
            ),
        ],
    ),
    (
        "seed status",
        &[
            example("sudo motionctl seed status agents.yaml", "is the database as the manifest says?"),
            example(
                "sudo motionctl seed status agreed.yaml --exact --detailed-exitcode",
                "2 when somebody changed something",
            ),
        ],
    ),
    (
        "seed export",
        &[
            example("sudo motionctl seed export > now.yaml", "the database as a manifest"),
            example("sudo motionctl seed export --only 'profile=Night shift'", "one profile alone"),
        ],
    ),
    (
        "seed import",
        &[
            example("motionctl seed import --template --out agents.xlsx", "a table to fill in"),
            example("motionctl seed import agents.xlsx --out agents.yaml", "a manifest of it"),
        ],
    ),
    ("seed list", &[example("sudo motionctl seed list", "all profiles, and who has them")]),
    (
        "seed usage",
        &[
            example("sudo motionctl seed usage", "the last seven days, and who is on which profile now"),
            example(
                "sudo motionctl seed usage --from 2026-01-01 --to 2026-02-01 --csv",
                "a month, for a spreadsheet",
            ),
        ],
    ),
    (
        "seed access",
        &[
            example("sudo motionctl seed access", "what the login offers every agent"),
            example("sudo motionctl seed access anna --with agents.yaml", "one agent, as after the manifest"),
            example(
                "sudo motionctl seed access --queue Support --csv",
                "who may serve a queue, for a spreadsheet",
            ),
        ],
    ),
    ("seed who", &[example("sudo motionctl seed who Support", "who uses the queue or profile Support")]),
    ("seed schema", &[example("sudo motionctl seed schema check", "does the map fit this database?")]),
    (
        "seed schema json-schema",
        &[example(
            "motionctl seed schema json-schema > manifest.schema.json",
            "for an editor that completes manifests",
        )],
    ),
    ("seed schema show", &[example("motionctl seed schema show", "which table and column holds what")]),
    (
        "seed schema check",
        &[example("sudo motionctl seed schema check --map motion.toml", "a map of your own")],
    ),
    (
        "seed schema discover",
        &[example(
            "sudo motionctl seed schema discover --out motion.toml",
            "a proposal, for a person to review",
        )],
    ),
    (
        "seed schema learn",
        &[
            example("sudo motionctl seed schema learn --begin", "look, and say what to do in Motion"),
            example("sudo motionctl seed schema learn --end --out motion.toml", "look again: a proposal"),
        ],
    ),
];

const AROUND: [OfCommand; 4] = [
    (
        "version",
        &[example("motionctl version", "which build this is"), example("motionctl --version", "in one line")],
    ),
    (
        "explain",
        &[
            example("motionctl explain sessions.online", "a finding: what it means, what to do"),
            example("motionctl explain 4", "an exit code"),
        ],
    ),
    (
        "completions",
        &[
            example("source <(motionctl completions bash)", "in this shell alone"),
            example(
                "motionctl completions bash | sudo tee /etc/bash_completion.d/motionctl",
                "for everybody, from the next shell on",
            ),
            example(
                "motionctl completions zsh | sudo tee /usr/local/share/zsh/site-functions/_motionctl",
                "for zsh",
            ),
            example("motionctl completions fish | sudo tee /etc/fish/completions/motionctl.fish", "for fish"),
        ],
    ),
    ("man", &[example("sudo motionctl man /usr/local/share/man/man1", "then `man motionctl-apply` works")]),
];
