//! A table of agents as a manifest.
//!
//! Invariant: what is returned was read back by the reader of manifests and says what the table says; whatever a name
//! holds, it comes back letter by letter.

use super::agents::{Agent, Profile, Table};
use crate::seed::export::Text;
use crate::seed::manifest::{Links, Managed, Manifest, Mode, Validated, quoted, scalar, validate};

/// The manifest's text and what the reader makes of it; none where it would not say the same.
pub(super) fn manifest(table: &Table, name: &str) -> Result<(String, Validated), Box<Validated>> {
    let text = text(table);
    let read = validate(text.as_bytes(), name);
    let is_same = read.manifest.as_ref().is_some_and(|manifest| is_same(table, manifest));
    if is_same { Ok((text, read)) } else { Err(Box::new(read)) }
}

fn text(table: &Table) -> String {
    let mut text = Text::default();
    text.line(0, "# yaml-language-server: $schema=./motionctl-manifest.schema.json");
    text.line(0, "version: 1");
    if !table.agents.is_empty() {
        text.open(0, "agents");
    }
    table.agents.iter().for_each(|agent| write_agent(agent, &mut text));
    if !table.profiles.is_empty() {
        text.open(0, "profiles");
    }
    table.profiles.iter().for_each(|profile| write_profile(profile, &mut text));
    text.into_string()
}

fn write_agent(agent: &Agent, text: &mut Text) {
    text.item(1, &format!("username: {}", scalar(&agent.username)));
    let fields = [("fullname", &agent.fullname), ("email", &agent.email)];
    for (key, value) in fields.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?))) {
        text.value(2, key, &scalar(value));
    }
    if let Some(internal) = &agent.internal {
        // In quotes, so that nobody takes it for a number again.
        text.value(2, "internal", &quoted(internal));
    }
    let personal = agent.personal.iter().filter(|(_, queues)| !queues.is_empty());
    let mut is_open = false;
    for (channel, queues) in personal {
        if !is_open {
            text.open(2, "personal");
            is_open = true;
        }
        text.open(3, channel.name());
        queues.iter().for_each(|queue| text.item(4, &scalar(queue)));
    }
}

fn write_profile(profile: &Profile, text: &mut Text) {
    text.item(1, &format!("name: {}", scalar(&profile.name)));
    if !profile.agents.is_empty() {
        text.open(2, "agents");
        profile.agents.iter().for_each(|agent| text.item(3, &scalar(agent)));
    }
    if !profile.voice.is_empty() {
        text.open(2, "queues");
        text.open(3, "voice");
        for (queue, penalty) in &profile.voice {
            text.item(4, &format!("{{ name: {}, penalty: {penalty} }}", scalar(queue)));
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
    use proptest::prelude::*;

    fn table(name: &str) -> Table {
        let agent = Agent {
            username: name.to_owned(),
            fullname: Some(format!("{name} full")),
            email: None,
            internal: Some("0100".to_owned()),
            personal: [(Channel::Chat, vec![name.to_owned()]), (Channel::Mail, Vec::new())].into(),
        };
        let voice = vec![(name.to_owned(), 2)];
        let profile = Profile { name: name.to_owned(), agents: vec![name.to_owned()], voice };
        Table { agents: vec![agent], profiles: vec![profile] }
    }

    #[test]
    fn a_manifest_that_says_something_else_is_not_given() {
        let read = |table: &Table| manifest(table, "f").map(|(_, read)| read.manifest);
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
            let (text, read) = manifest(&table(&name), "f").expect("the same");
            prop_assert!(read.manifest.is_some(), "{text}");
        }
    }
}
