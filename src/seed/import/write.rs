//! A table of agents as a manifest.
//!
//! Invariant: what is returned was read back by the reader of manifests and says what the table says; whatever a name
//! holds, it comes back letter by letter.

use super::agents::{Agent, Profile, Table};
use super::cells::{At, Faults};
use super::header::Column;
use crate::seed::export::Text;
use crate::seed::manifest::{
    Links, Managed, Manifest, Mode, Origin, Place, Validated, quoted, scalar, validate,
};
use std::collections::BTreeMap;

/// The manifest's text and what the reader makes of it; none where it would not say the same.
/// What is said about it is said of the table, called `name`.
pub(super) fn manifest(
    table: &Table,
    faults: &Faults,
    name: &str,
) -> Result<(String, Validated), Box<Validated>> {
    let Written { text, cells } = written(table);
    let text = text.into_string();
    let mut read = validate(text.as_bytes(), name);
    let of_cell = |at: At| (Place { line: at.line, column: at.column }, faults.place(at));
    let cells = cells.into_iter().map(|(line, at)| (line, of_cell(at))).collect();
    read.source = read.source.made_of(Origin { file: name.to_owned(), cells });
    let is_same = read.manifest.as_ref().is_some_and(|manifest| is_same(table, manifest));
    if is_same { Ok((text, read)) } else { Err(Box::new(read)) }
}

/// A manifest's text, and the cells that its lines come from.
#[derive(Default)]
struct Written {
    text: Text,
    cells: BTreeMap<u32, At>,
}

impl Written {
    /// Notes the cell of the line that was written last.
    fn from(&mut self, at: Option<&At>) {
        if let Some(at) = at {
            self.cells.insert(self.text.lines(), *at);
        }
    }
}

fn written(table: &Table) -> Written {
    let mut written = Written::default();
    let text = &mut written.text;
    text.line(0, "# yaml-language-server: $schema=./motionctl-manifest.schema.json");
    text.line(0, "version: 1");
    if !table.agents.is_empty() {
        text.open(0, "agents");
    }
    table.agents.iter().for_each(|agent| write_agent(agent, &mut written));
    if !table.profiles.is_empty() {
        written.text.open(0, "profiles");
    }
    table.profiles.iter().for_each(|profile| write_profile(profile, &mut written));
    written
}

fn write_agent(agent: &Agent, written: &mut Written) {
    let at = |column| agent.cells.get(&column);
    written.text.item(1, &format!("username: {}", scalar(&agent.username)));
    written.from(at(Column::Username));
    let fields = [("fullname", &agent.fullname, Column::Fullname), ("email", &agent.email, Column::Email)];
    for (key, value, column) in fields {
        if let Some(value) = value {
            written.text.value(2, key, &scalar(value));
            written.from(at(column));
        }
    }
    if let Some(internal) = &agent.internal {
        // In quotes, so that nobody takes it for a number again.
        written.text.value(2, "internal", &quoted(internal));
        written.from(at(Column::Internal));
    }
    let personal = agent.personal.iter().filter(|(_, queues)| !queues.is_empty());
    let mut is_open = false;
    for (channel, queues) in personal {
        if !is_open {
            written.text.open(2, "personal");
            is_open = true;
        }
        written.text.open(3, channel.name());
        for queue in queues {
            written.text.item(4, &scalar(queue));
            written.from(at(Column::Personal(*channel)));
        }
    }
}

fn write_profile(profile: &Profile, written: &mut Written) {
    let (agents, queues) = &profile.cells;
    written.text.item(1, &format!("name: {}", scalar(&profile.name)));
    written.from(Some(&profile.at));
    if !profile.agents.is_empty() {
        written.text.open(2, "agents");
    }
    for (index, agent) in profile.agents.iter().enumerate() {
        written.text.item(3, &scalar(agent));
        written.from(agents.get(index));
    }
    if !profile.voice.is_empty() {
        written.text.open(2, "queues");
        written.text.open(3, "voice");
        for (index, (queue, penalty)) in profile.voice.iter().enumerate() {
            written.text.item(4, &format!("{{ name: {}, penalty: {penalty} }}", scalar(queue)));
            written.from(queues.get(index));
        }
    }
}

/// Whether a manifest says what a table says, and no more.
fn is_same(table: &Table, manifest: &Manifest) -> bool {
    let names = |links: &Links| -> Option<Vec<(String, Option<u32>)>> {
        let members = links.members.iter().map(|member| (member.name.to_string(), member.penalty));
        (links.mode == Mode::Merge && links.remove.is_empty()).then(|| members.collect())
    };
    let bare = |list: &[String]| Some(list.iter().map(|name| (name.clone(), None)).collect::<Vec<_>>());
    let value =
        |managed: &Managed<_>| managed.value().map(|name: &crate::seed::manifest::Name| name.to_string());
    let agent = |(agent, read): (&Agent, &crate::seed::manifest::Agent)| {
        let personal = agent.personal.iter().filter(|(_, queues)| !queues.is_empty());
        let personal = personal.map(|(channel, queues)| (*channel, bare(queues)));
        agent.username == *read.username.value
            && agent.fullname == value(&read.fullname)
            && agent.email == value(&read.email)
            && agent.internal.as_deref() == read.internal.as_ref().map(|internal| &*internal.value)
            && personal.eq(read.personal.iter().map(|(channel, links)| (*channel, names(links))))
    };
    let profile = |(profile, read): (&Profile, &crate::seed::manifest::Profile)| {
        let voice: Vec<_> =
            profile.voice.iter().map(|(queue, penalty)| (queue.clone(), Some(*penalty))).collect();
        let lists = read.queues.values().map(names);
        profile.name == *read.name.value
            && read.agents.as_ref().map_or(Some(Vec::new()), names) == bare(&profile.agents)
            && lists.eq((!voice.is_empty()).then_some(Some(voice)))
    };
    table.agents.len() == manifest.agents.len()
        && table.profiles.len() == manifest.profiles.len()
        && table.agents.iter().zip(&manifest.agents).all(agent)
        && table.profiles.iter().zip(&manifest.profiles).all(profile)
        && manifest.queues.is_empty()
        && manifest.permissions.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Channel;
    use crate::seed::import::model::Kind;
    use proptest::prelude::*;

    fn table(name: &str) -> Table {
        let agent = Agent {
            username: name.to_owned(),
            fullname: Some(format!("{name} full")),
            email: None,
            internal: Some("0100".to_owned()),
            personal: [(Channel::Chat, vec![name.to_owned()]), (Channel::Mail, Vec::new())].into(),
            cells: BTreeMap::new(),
        };
        let voice = vec![(name.to_owned(), 2)];
        let profile =
            Profile { name: name.to_owned(), agents: vec![name.to_owned()], voice, ..Profile::default() };
        Table { agents: vec![agent], profiles: vec![profile] }
    }

    #[test]
    fn a_manifest_that_says_something_else_is_not_given() {
        let read =
            |table: &Table| manifest(table, &Faults::new("f", Kind::Csv), "f").map(|(_, read)| read.manifest);
        let given = read(&table("a")).ok().flatten().expect("a manifest");
        assert!(is_same(&table("a"), &given));
        assert!(!is_same(&table("b"), &given));
        let mut fewer = table("a");
        fewer.profiles[0].voice.clear();
        assert!(!is_same(&fewer, &given));
        assert!(read(&table(" ")).is_err(), "a blank name is none");
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "\\PC{0,20}[!-~]\\PC{0,20}") {
            // Such a cell is refused before.
            prop_assume!(!crate::seed::manifest::asks(&name));
            let faults = Faults::new("f", Kind::Csv);
            let (text, read) = manifest(&table(&name), &faults, "f").expect("the same");
            prop_assert!(read.manifest.is_some(), "{text}");
        }
    }
}
