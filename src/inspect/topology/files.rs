//! Reading what a server's own files say about mounts, addresses and hosts.
//!
//! Invariant: no file is read beyond a limit and no listing is followed
//! without one: a tree may be hostile. What is written there is a statement
//! of intent, not what runs.

use crate::host::mounts::unescape;
use crate::host::{Root, is_absent};
use std::ffi::OsString;
use std::io;
use std::net::IpAddr;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// No configuration that is looked at for signs is larger.
const MOST_BYTES: u64 = 1 << 20;
/// Files of one folder that are looked at.
const MOST_FILES: usize = 256;

/// A mount that `/etc/fstab` or a unit asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMount {
    pub path: PathBuf,
    /// The kind of file system.
    pub fs_type: String,
    pub source: String,
    /// The file that says so.
    pub origin: PathBuf,
}

/// A text file; `None` when there is none.
pub fn read(root: &Root, path: &Path) -> io::Result<Option<String>> {
    match root.read_at_most(path, MOST_BYTES) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files of a folder with this ending, sorted; none when it cannot be listed.
pub fn listing(root: &Root, folder: &str, ending: &str) -> Vec<PathBuf> {
    let names = root.read_dir(folder).unwrap_or_default();
    let wanted = names.into_iter().filter(|name| name.to_string_lossy().ends_with(ending));
    wanted.take(MOST_FILES).map(|name| Path::new(folder).join(name)).collect()
}

/// The addresses that a hosts file gives to a name.
pub fn hosts_of<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = IpAddr> + 'a {
    text.lines().filter_map(move |line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    })
}

/// Every mount that the server's files ask for.
pub fn listed_mounts(root: &Root) -> Vec<ListedMount> {
    let fstab = PathBuf::from("/etc/fstab");
    let text = read(root, &fstab).ok().flatten().unwrap_or_default();
    let mut found: Vec<_> = text.lines().filter_map(|line| fstab_line(line, &fstab)).collect();
    for unit in listing(root, "/etc/systemd/system", ".mount") {
        found.extend(read(root, &unit).ok().flatten().and_then(|text| mount_unit(&text, &unit)));
    }
    found
}

/// `what where type options …` (fstab(5)).
fn fstab_line(line: &str, origin: &Path) -> Option<ListedMount> {
    let line = line.trim_start();
    let mut fields = line.split_whitespace();
    let (source, path, fs_type) = (fields.next()?, fields.next()?, fields.next()?);
    (!line.starts_with('#') && path.starts_with('/')).then(|| ListedMount {
        path: PathBuf::from(OsString::from_vec(unescape(path.as_bytes()))),
        fs_type: fs_type.to_owned(),
        source: source.to_owned(),
        origin: origin.to_owned(),
    })
}

fn mount_unit(text: &str, origin: &Path) -> Option<ListedMount> {
    let value = |key: &str| {
        let found =
            text.lines().find_map(|line| line.trim().strip_prefix(key)?.trim_start().strip_prefix('='));
        found.map(|value| value.trim().to_owned())
    };
    Some(ListedMount {
        path: PathBuf::from(value("Where")?),
        fs_type: value("Type").unwrap_or_default(),
        source: value("What")?,
        origin: origin.to_owned(),
    })
}

/// The addresses that each interface gets from the files of Debian's and Red
/// Hat's ways to configure one; aliases count as their interface.
pub fn configured_addresses(root: &Root) -> Vec<(String, Vec<IpAddr>)> {
    let mut found: Vec<(String, Vec<IpAddr>)> = Vec::new();
    let mut add = |interface: &str, address: IpAddr| {
        let name = interface.split(':').next().unwrap_or(interface);
        match found.iter_mut().find(|(known, _)| known == name) {
            Some((_, addresses)) if addresses.contains(&address) => {}
            Some((_, addresses)) => addresses.push(address),
            None => found.push((name.to_owned(), vec![address])),
        }
    };
    let mut debian = vec![PathBuf::from("/etc/network/interfaces")];
    debian.extend(listing(root, "/etc/network/interfaces.d", ""));
    for path in debian {
        let text = read(root, &path).ok().flatten().unwrap_or_default();
        interfaces(&text, &mut add);
    }
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for path in listing(root, "/etc/sysconfig/network-scripts", "") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(interface) = name.strip_prefix("ifcfg-") else { continue };
        let text = read(root, &path).ok().flatten().unwrap_or_default();
        keys(&text, |key| key.starts_with("IPADDR"), |address| add(interface, address));
    }
    for path in listing(root, "/etc/systemd/network", ".network") {
        let text = read(root, &path).ok().flatten().unwrap_or_default();
        keys(&text, |key| key == "Address", |address| add(&stem(&path), address));
    }
    for path in listing(root, "/etc/NetworkManager/system-connections", ".nmconnection") {
        let text = read(root, &path).ok().flatten().unwrap_or_default();
        let is_address = |key: &str| {
            key.strip_prefix("address").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        keys(&text, is_address, |address| add(&stem(&path), address));
    }
    found
}

/// `iface NAME inet static` with `address A`, and `up ip addr add A dev NAME` (interfaces(5)).
fn interfaces(text: &str, add: &mut impl FnMut(&str, IpAddr)) {
    let mut current = "";
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["iface", name, ..] => current = name,
            ["address", address, ..] => {
                address_of(address).into_iter().for_each(|address| add(current, address));
            }
            [first, ..] if !first.starts_with('#') => {
                let added =
                    words.windows(2).filter(|pair| pair[0] == "add").filter_map(|pair| address_of(pair[1]));
                added.for_each(|address| add(current, address));
            }
            _ => {}
        }
    }
}

fn keys(text: &str, wanted: impl Fn(&str) -> bool, mut add: impl FnMut(IpAddr)) {
    for line in text.lines().map(str::trim) {
        let Some((key, value)) = line.split_once('=') else { continue };
        // NetworkManager puts the gateway behind a comma.
        let value = value.split(',').next().unwrap_or_default();
        if wanted(key.trim()) {
            address_of(value.trim().trim_matches(['"', '\''])).into_iter().for_each(&mut add);
        }
    }
}

/// `10.0.0.5` or `10.0.0.5/24`.
fn address_of(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.split('/').next()?.parse().ok()?;
    (!address.is_loopback()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fstab_and_hosts_are_read() {
        let origin = Path::new("/etc/fstab");
        let mount = fstab_line("nas:/x /var/opt/motion\\0402 nfs4 rw 0 0", origin).unwrap();
        assert_eq!((mount.path.as_path(), mount.fs_type.as_str()), (Path::new("/var/opt/motion 2"), "nfs4"));
        assert_eq!(fstab_line("# nas:/x /y nfs", origin), None);
        assert_eq!(fstab_line("/dev/sda2 none swap sw", origin), None);
        let hosts = "127.0.1.1 motion cc # db\n10.0.0.5\tdb db.example.test\n";
        let of = |name| hosts_of(hosts, name).map(|address| address.to_string()).collect::<Vec<_>>();
        assert_eq!(of("DB"), ["10.0.0.5"]);
        assert_eq!(of("cc"), ["127.0.1.1"]);
    }

    #[test]
    fn interfaces_are_read_with_their_aliases() {
        let text = "auto eth0\niface eth0 inet static\n  address 192.0.2.10/24\n  up ip addr add 192.0.2.11/32 dev eth0\n\
            iface eth0:1 inet static\n  address 192.0.2.12\n# address 192.0.2.13\niface lo inet loopback\n";
        let mut found = Vec::new();
        interfaces(text, &mut |name: &str, address: IpAddr| found.push(format!("{name} {address}")));
        assert_eq!(found, ["eth0 192.0.2.10", "eth0 192.0.2.11", "eth0:1 192.0.2.12"]);
    }
}
