//! The database, as far as files speak of it: Galera, group replication, and
//! where Motion's settings say that it is.
//!
//! Invariant: reads options of the server's groups only, never a client's
//! password; what a running database says is not asked here.

use super::files::listing;
use super::view::{Seen, View, Whose};
use super::{files, view};
use crate::motion::settings::About;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is not known where Motion's settings do not say where its database is.
pub(super) const DATABASE_HOST: &str = "the database's host";

/// Where MySQL and MariaDB begin to read their options.
const OPTION_FILES: [&str; 2] = ["/etc/my.cnf", "/etc/mysql/my.cnf"];
/// Folders that packages add to these; read also where the include is missing from a copy.
const OPTION_FOLDERS: [&str; 4] =
    ["/etc/my.cnf.d", "/etc/mysql/conf.d", "/etc/mysql/mariadb.conf.d", "/etc/mysql/mysql.conf.d"];
/// Includes that are followed.
const MOST_FILES: usize = 128;
/// Groups that the server reads begin so.
const SERVER_GROUPS: [&str; 6] = ["mysqld", "mariadb", "server", "galera", "mariadbd", "embedded"];

/// An option of the server, its name spelt with underscores.
struct ServerOption {
    name: String,
    value: String,
    file: PathBuf,
}

/// Options that make the server a member of a cluster.
pub fn clustered(view: &View) -> Seen {
    let mut seen = Seen::default();
    let options = server_options(view, &mut seen);
    let last = |name: &str| options.iter().rev().find(|option| option.name == name);
    let on = |option: &ServerOption| {
        ["on", "1", "true", "yes"].contains(&option.value.to_ascii_lowercase().as_str())
    };
    let show =
        |option: &ServerOption| format!("{}={} in {}", option.name, option.value, option.file.display());
    if let Some(option) = last("wsrep_on").filter(|option| on(option)) {
        seen.found(show(option));
    } else if last("wsrep_on").is_none()
        && let Some(option) =
            last("wsrep_cluster_address").filter(|option| option.value.starts_with("gcomm://"))
    {
        seen.found(show(option));
    }
    for name in ["group_replication_group_name", "ndb_connectstring"] {
        seen.evidence.extend(last(name).filter(|option| !option.value.is_empty()).map(show));
    }
    seen.evidence.extend(last("group_replication_start_on_boot").filter(|option| on(option)).map(show));
    seen.evidence.extend(last("ndbcluster").filter(|option| option.value.is_empty() || on(option)).map(show));
    let arbitrators = view.programs.iter().flatten().filter(|program| program.is("garbd"));
    seen.evidence.extend(arbitrators.map(|program| format!("process garbd, pid {}", program.id.pid)));
    seen
}

/// The hosts that Motion's settings name for its database.
pub fn remote(view: &View) -> Seen {
    let mut seen = Seen::default();
    let Some(settings) = seen.take(&view.settings) else { return seen };
    let mut named = 0;
    for (file, setting) in settings.iter().filter(|(_, setting)| setting.about == About::Database) {
        named += 1;
        if view.whose(&setting.host) == Whose::Other {
            seen.found(format!("{} is {} in {}", setting.key, setting.host, file.display()));
        }
    }
    if named == 0 {
        let (sought, names) = (view.settings_files.as_slice(), "such as XC_DB_HOST or XC_MYSQL_URI");
        let why = match sought {
            [] => format!("Motion's settings are not there ({})", view::settings_paths()),
            files => {
                let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
                format!("no known key in {} names it, {names}", files.join(" or "))
            }
        };
        seen.missed(DATABASE_HOST, why);
    }
    seen
}

/// Where the database keeps its data.
pub fn data_folder(view: &View) -> PathBuf {
    // What cannot be read is said by the sign that the options are for.
    let options = server_options(view, &mut Seen::default());
    let set = options
        .iter()
        .rev()
        .find(|option| option.name == "datadir")
        .map(|option| PathBuf::from(&option.value));
    set.filter(|path| path.is_absolute()).unwrap_or_else(|| PathBuf::from("/var/lib/mysql"))
}

fn server_options(view: &View, seen: &mut Seen) -> Vec<ServerOption> {
    let mut queue: Vec<PathBuf> = OPTION_FILES.iter().map(PathBuf::from).collect();
    queue.extend(OPTION_FOLDERS.iter().flat_map(|folder| listing(view.root, folder, ".cnf")));
    let mut known: BTreeSet<PathBuf> = BTreeSet::new();
    let mut options = Vec::new();
    let mut next = 0;
    while let Some(path) = queue.get(next).cloned() {
        next += 1;
        let identity =
            view.root.resolve_link_target(&path).map_or(path.clone(), |path| path.as_path().to_owned());
        if known.len() >= MOST_FILES || !known.insert(identity) {
            continue;
        }
        let Some(text) = seen.read(view.root, &path) else { continue };
        queue.extend(includes(view, &text));
        options.extend(options_of(&text, &path));
    }
    options
}

/// `!include FILE` and `!includedir FOLDER`.
fn includes(view: &View, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(folder) = line.strip_prefix("!includedir") {
            found.extend(files::listing(view.root, folder.trim().trim_end_matches('/'), ".cnf"));
        } else if let Some(file) = line.strip_prefix("!include") {
            found.push(PathBuf::from(file.trim()));
        }
    }
    found
}

/// The server's options: `loose-wsrep-on = ON # …` is `wsrep_on`.
fn options_of(text: &str, file: &Path) -> Vec<ServerOption> {
    let mut in_server_group = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(group) = line.strip_prefix('[') {
            let name = group.split(']').next().unwrap_or_default().trim();
            in_server_group = SERVER_GROUPS.iter().any(|known| name.starts_with(known));
        } else if in_server_group && !line.is_empty() && !line.starts_with(['#', ';', '!']) {
            let (name, value) = line.split_once('=').unwrap_or((line, ""));
            let name = name.trim().replace('-', "_");
            let name = name.strip_prefix("loose_").unwrap_or(&name).to_owned();
            let value =
                value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned();
            found.push(ServerOption { name, value, file: file.to_owned() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_server_s_groups_are_read() {
        let text = "[client]\nwsrep_on=ON\n[mysqld]\n# wsrep_on=ON\nloose-wsrep-on = \"ON\" # x\nskip-name-resolve\n\
            [mariadb-10.11]\ndatadir=/srv/db\n";
        let found: Vec<_> = options_of(text, Path::new("/x"))
            .into_iter()
            .map(|option| format!("{}={}", option.name, option.value))
            .collect();
        assert_eq!(found, ["wsrep_on=ON", "skip_name_resolve=", "datadir=/srv/db"]);
    }
}
