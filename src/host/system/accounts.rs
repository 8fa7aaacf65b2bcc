//! The users and groups of this machine, as `/etc/passwd` and `/etc/group` list them.
//!
//! Invariant: a group that is not listed has unknown members, never none. Accounts of a directory service (LDAP,
//! sssd) are not asked: their members of a *listed* group are not known here.

use std::collections::BTreeMap;
use std::fs;

/// The users and groups of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    users: Vec<User>,
    /// The names that a group lists, by its id.
    groups: BTreeMap<u32, Group>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct User {
    name: String,
    uid: u32,
    gid: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    members: Vec<String>,
}

/// Whether a group has a member that is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Others {
    Nobody,
    /// This one, for example.
    Member(String),
    /// Its members are not known.
    Unknown,
}

impl Accounts {
    /// Those of this machine; what cannot be read is not listed.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let read = |path: &str| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        Self::parse(&read("/etc/passwd"), &read("/etc/group"))
    }

    pub(in crate::host) fn parse(passwd: &str, group: &str) -> Self {
        let user = |line: &str| {
            let fields: Vec<&str> = line.split(':').collect();
            let (name, uid, gid) = (fields.first()?, fields.get(2)?, fields.get(3)?);
            Some(User { name: (*name).to_owned(), uid: uid.parse().ok()?, gid: gid.parse().ok()? })
        };
        let mut groups: BTreeMap<u32, Group> = BTreeMap::new();
        for line in group.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let (Some(name), Some(Ok(gid))) = (fields.first(), fields.get(2).map(|gid| gid.parse())) else {
                continue;
            };
            let members = fields.get(3).into_iter().flat_map(|list| list.split(',')).map(str::trim);
            let members = members.filter(|name| !name.is_empty()).map(str::to_owned);
            // The same number under two names is one group.
            groups
                .entry(gid)
                .or_insert_with(|| Group { name: (*name).to_owned(), members: Vec::new() })
                .members
                .extend(members);
        }
        Self { users: passwd.lines().filter_map(user).collect(), groups }
    }

    /// `bob (1001)`, or the number alone where it has no name.
    #[must_use]
    pub fn user(&self, uid: u32) -> String {
        let named = self.users.iter().find(|user| user.uid == uid);
        named.map_or_else(|| uid.to_string(), |user| format!("{} ({uid})", user.name))
    }

    /// As [`Accounts::user`], of a group.
    #[must_use]
    pub fn group(&self, gid: u32) -> String {
        self.groups.get(&gid).map_or_else(|| gid.to_string(), |group| format!("{} ({gid})", group.name))
    }

    /// Who besides these users is in a group, by its list or as its first group.
    #[must_use]
    pub fn others_in(&self, gid: u32, trusted: &[u32]) -> Others {
        let Some(group) = self.groups.get(&gid) else { return Others::Unknown };
        let is_other = |name: &&String| {
            // A listed name without an account is nobody today, and somebody tomorrow.
            !self.users.iter().any(|user| user.name == **name && trusted.contains(&user.uid))
        };
        let listed = group.members.iter().find(is_other);
        let first = || {
            let user = self.users.iter().find(|user| user.gid == gid && !trusted.contains(&user.uid));
            user.map(|user| &user.name)
        };
        listed.or_else(first).map_or(Others::Nobody, |name| Others::Member(name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n\
                          ann:x:1002:50::/:/bin/sh\nbroken\n";
    const GROUP: &str = "root:x:0:\nadm:x:4:root,toor\nstaff:x:50:\nweb:x:60:root,bob\nbob:x:1001:\n\
                         empty:x:70:\nghost:x:80:nobody-yet\nbroken:x\n";

    #[test]
    fn a_group_has_others_by_its_list_and_as_a_first_group() {
        let accounts = Accounts::parse(PASSWD, GROUP);
        let check = |gid, trusted: &[u32], expect| {
            assert_eq!(accounts.others_in(gid, trusted), expect, "{gid} {trusted:?}");
        };
        let member = |name: &str| Others::Member(name.to_owned());
        check(0, &[0], Others::Nobody);
        check(4, &[0], Others::Nobody);
        check(50, &[0], member("ann"));
        check(60, &[0], member("bob"));
        check(60, &[0, 1001], Others::Nobody);
        check(1001, &[0], member("bob"));
        check(1001, &[0, 1001], Others::Nobody);
        check(70, &[0], Others::Nobody);
        check(80, &[0], member("nobody-yet"));
        check(4711, &[0], Others::Unknown);
    }

    #[test]
    fn ids_are_shown_with_their_names() {
        let accounts = Accounts::parse(PASSWD, GROUP);
        assert_eq!((accounts.user(1001), accounts.user(7)), ("bob (1001)".to_owned(), "7".to_owned()));
        assert_eq!((accounts.group(60), accounts.group(7)), ("web (60)".to_owned(), "7".to_owned()));
    }
}
