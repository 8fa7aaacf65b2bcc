//! Who may have written a file or folder, judged by what the file system says of it.
//!
//! Invariant: pure; whatever is not understood is distrusted. Root, and we ourselves where we are not root, are
//! the only ones who may write what we execute.

use crate::host::system::accounts::{Accounts, Others};

/// What is known of a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Traits {
    pub uid: u32,
    pub gid: u32,
    pub mode: u32,
    /// `system.posix_acl_access`, where it has an access list.
    pub acl: Option<Vec<u8>>,
}

/// Who asks, and whom he trusts.
#[derive(Debug, Clone)]
pub(super) struct Judge {
    /// Root, and who we are.
    pub trusted: Vec<u32>,
    pub accounts: Accounts,
}

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// Version and entries of an access list (`include/uapi/linux/posix_acl_xattr.h`).
const ACL_VERSION: u32 = 2;
const ACL_USER: u16 = 0x02;
const ACL_GROUP_OBJ: u16 = 0x04;
const ACL_GROUP: u16 = 0x08;
const ACL_MASK: u16 = 0x10;
const ACL_WRITE: u16 = 0x02;

impl Judge {
    /// Why somebody else may have written it; `None` when nobody may.
    pub(super) fn objection(&self, found: &Traits) -> Option<String> {
        if !self.trusted.contains(&found.uid) {
            return Some(format!("belongs to the user {}", self.accounts.user(found.uid)));
        }
        self.objection_to_writers(found)
    }

    /// Why somebody else than its owner may write it; `None` when nobody else may.
    pub(super) fn objection_to_writers(&self, found: &Traits) -> Option<String> {
        if found.mode & OTHERS_WRITE != 0 {
            return Some("can be written by everybody".to_owned());
        }
        // With an access list these bits are its mask: without them no entry of a user or group may write.
        if found.mode & GROUP_WRITES == 0 {
            return None;
        }
        match &found.acl {
            None => self.objection_to_group(found.gid),
            Some(acl) => self.objection_to_list(acl, found.gid),
        }
    }

    fn objection_to_group(&self, gid: u32) -> Option<String> {
        let group = self.accounts.group(gid);
        match self.accounts.others_in(gid, &self.trusted) {
            Others::Nobody => None,
            Others::Member(name) => {
                Some(format!("can be written by the group {group}, of which {name} is a member"))
            }
            Others::Unknown => {
                Some(format!("can be written by the group {group}, whose members are not known"))
            }
        }
    }

    fn objection_to_list(&self, acl: &[u8], owner: u32) -> Option<String> {
        let Some(entries) = entries(acl) else {
            return Some("has an access list that is not understood".to_owned());
        };
        let masked = entries.iter().any(|entry| entry.tag == ACL_MASK && entry.permissions & ACL_WRITE == 0);
        let writers = entries.iter().filter(|entry| !masked && entry.permissions & ACL_WRITE != 0);
        writers.into_iter().find_map(|entry| match entry.tag {
            ACL_USER if !self.trusted.contains(&entry.id) => {
                let user = self.accounts.user(entry.id);
                Some(format!("can be written by the user {user}, by its access list"))
            }
            ACL_GROUP => self.objection_to_group(entry.id),
            ACL_GROUP_OBJ => self.objection_to_group(owner),
            _ => None,
        })
    }
}

struct AclEntry {
    tag: u16,
    permissions: u16,
    id: u32,
}

fn entries(acl: &[u8]) -> Option<Vec<AclEntry>> {
    let (version, rest) = acl.split_first_chunk::<4>()?;
    let (entries, left) = rest.as_chunks::<8>();
    if u32::from_le_bytes(*version) != ACL_VERSION || !left.is_empty() {
        return None;
    }
    let entry = |[a, b, c, d, id @ ..]: &[u8; 8]| AclEntry {
        tag: u16::from_le_bytes([*a, *b]),
        permissions: u16::from_le_bytes([*c, *d]),
        id: u32::from_le_bytes(*id),
    };
    Some(entries.iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(trusted: &[u32]) -> Judge {
        let passwd = "root:x:0:0::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
        let group = "root:x:0:\nstaff:x:50:\nweb:x:60:bob\nbob:x:1001:\n";
        Judge { trusted: trusted.to_vec(), accounts: Accounts::parse(passwd, group) }
    }

    fn traits(uid: u32, gid: u32, mode: u32) -> Traits {
        Traits { uid, gid, mode, acl: None }
    }

    #[test]
    fn only_what_nobody_else_can_write_is_trusted() {
        let check = |uid, gid, mode, trusted: &[u32], expect: Option<&str>| {
            let said = judge(trusted).objection(&traits(uid, gid, mode));
            match expect {
                None => assert_eq!(said, None, "{uid} {gid} {mode:o}"),
                Some(part) => {
                    assert!(
                        said.as_deref().is_some_and(|said| said.contains(part)),
                        "{uid} {gid} {mode:o}: {said:?}"
                    );
                }
            }
        };
        check(0, 0, 0o755, &[0], None);
        check(0, 60, 0o750, &[0], None);
        check(0, 0, 0o775, &[0], None);
        // Debian's /usr/local: the group `staff` has no members.
        check(0, 50, 0o2775, &[0], None);
        check(0, 60, 0o775, &[0], Some("the group web (60), of which bob is a member"));
        check(0, 1001, 0o775, &[0], Some("of which bob is a member"));
        check(0, 999, 0o775, &[0], Some("the group 999, whose members are not known"));
        check(0, 0, 0o757, &[0], Some("by everybody"));
        check(0, 0, 0o1777, &[0], Some("by everybody"));
        check(1001, 0, 0o755, &[0], Some("belongs to the user bob (1001)"));
        check(1001, 1001, 0o775, &[0, 1001], None);
        check(1002, 1002, 0o755, &[0, 1001], Some("belongs to the user 1002"));
    }

    fn acl(entries: &[(u16, u16, u32)]) -> Option<Vec<u8>> {
        let mut bytes = ACL_VERSION.to_le_bytes().to_vec();
        for (tag, permissions, id) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(permissions.to_le_bytes());
            bytes.extend(id.to_le_bytes());
        }
        Some(bytes)
    }

    #[test]
    fn an_access_list_is_read_where_its_mask_lets_somebody_write() {
        let check = |mode, acl: Option<Vec<u8>>, expect: Option<&str>| {
            let said = judge(&[0]).objection(&Traits { acl: acl.clone(), ..traits(0, 0, mode) });
            assert_eq!(said.is_some(), expect.is_some(), "{mode:o} {acl:?}: {said:?}");
            assert!(said.unwrap_or_default().contains(expect.unwrap_or_default()), "{mode:o} {acl:?}");
        };
        let none = u32::MAX;
        let bob = acl(&[(0x01, 7, none), (ACL_USER, 6, 1001), (ACL_GROUP_OBJ, 5, none), (ACL_MASK, 7, none)]);
        check(0o775, bob.clone(), Some("the user bob (1001), by its access list"));
        // The mask takes it away, and shows as the group's bits.
        check(0o755, bob, None);
        check(0o775, acl(&[(ACL_USER, 6, 1001), (ACL_MASK, 5, none)]), None);
        check(0o775, acl(&[(ACL_USER, 6, 0), (ACL_USER, 4, 1001), (ACL_MASK, 7, none)]), None);
        check(0o775, acl(&[(ACL_GROUP, 2, 60), (ACL_MASK, 7, none)]), Some("the group web (60)"));
        check(0o775, acl(&[(ACL_GROUP, 2, 50), (ACL_GROUP_OBJ, 7, none), (ACL_MASK, 7, none)]), None);
        check(0o775, Some(vec![2, 0, 0]), Some("not understood"));
        check(0o775, Some(vec![3, 0, 0, 0]), Some("not understood"));
        check(0o775, Some(vec![2, 0, 0, 0, 1]), Some("not understood"));
    }
}
