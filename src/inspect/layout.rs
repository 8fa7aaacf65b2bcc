//! Where in an archive or folder a server begins.
//!
//! Pure: knows names alone. Invariant: of several places none is chosen but the one that is nearest to the top.

use super::copies::main_files;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Folders of a server's top: beside a copy of `nginx` they are what they are called.
const TOP: [&str; 6] = ["etc", "home", "opt", "srv", "usr", "var"];

/// How the paths of a copy become those of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The folder of the copy that counts.
    pub top: PathBuf,
    /// What it is on the server.
    pub is: Top,
}

/// What the folder is that a copy was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Top {
    Server,
    /// `/etc`, with the folder `nginx` in it.
    Etc,
    Nginx,
}

/// Why it is not known where the server begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLayout {
    /// There is no main file of NGINX.
    NoMainFile,
    /// There are several servers, each below a folder of its own.
    Several(Vec<PathBuf>),
}

impl Layout {
    /// Where the server begins that these relative paths of files are of.
    ///
    /// # Errors
    /// When there is none, or not one alone.
    pub fn of<'p>(paths: impl Iterator<Item = &'p Path>) -> Result<Self, NoLayout> {
        let found: BTreeSet<(usize, Top, PathBuf)> = paths
            .filter_map(Self::by_main_file)
            .map(|layout| (layout.top.components().count(), layout.is, layout.top))
            .collect();
        let Some((depth, is, _)) = found.first().cloned() else { return Err(NoLayout::NoMainFile) };
        let is_nearest = |found: &(usize, Top, PathBuf)| (found.0, found.1) == (depth, is);
        let mut nearest: Vec<_> = found.into_iter().filter(is_nearest).collect();
        match nearest.len() {
            1 => Ok(Self { top: nearest.remove(0).2, is }),
            _ => Err(NoLayout::Several(nearest.into_iter().map(|(_, _, top)| top).collect())),
        }
    }

    fn by_main_file(path: &Path) -> Option<Self> {
        for main in main_files() {
            let below = main.strip_prefix("/").expect("usual places are absolute");
            if path.ends_with(below) {
                return Some(Self { top: above(path, below.components().count()), is: Top::Server });
            }
        }
        let folder = path.parent().filter(|_| path.file_name() == Some(OsStr::new("nginx.conf")))?;
        Some(match folder.file_name().and_then(OsStr::to_str) {
            Some("nginx") => Self { top: above(path, 2), is: Top::Etc },
            // Somebody keeps it there, and names it.
            Some("etc") => Self { top: above(path, 2), is: Top::Server },
            _ => Self { top: folder.to_owned(), is: Top::Nginx },
        })
    }

    /// Where a file of the copy lies on the server, without the slash; `None` for one that is none of the server's.
    #[must_use]
    pub fn place(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.top).ok()?;
        let first = below.components().next()?.as_os_str();
        Some(match self.is {
            Top::Etc if !TOP.iter().any(|name| first == *name) => Path::new("etc").join(below),
            Top::Server | Top::Etc => below.to_owned(),
            Top::Nginx => Path::new("etc/nginx").join(below),
        })
    }

    /// What was taken for what, for people; `None` where it is a server's tree from its top.
    #[must_use]
    pub fn described(&self) -> Option<String> {
        let top = self.top.display();
        match self.is {
            Top::Server if self.top.as_os_str().is_empty() => None,
            Top::Server => Some(format!("the folder {top} in it is taken for the server's /")),
            Top::Etc => {
                Some(format!("the folder {} in it is taken for /etc/nginx", self.top.join("nginx").display()))
            }
            Top::Nginx if self.top.as_os_str().is_empty() => Some("it is taken for /etc/nginx".to_owned()),
            Top::Nginx => Some(format!("the folder {top} in it is taken for /etc/nginx")),
        }
    }
}

/// Without the last names.
fn above(path: &Path, names: usize) -> PathBuf {
    path.iter().take(path.components().count() - names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(paths: &[&str]) -> Result<Layout, NoLayout> {
        Layout::of(paths.iter().map(Path::new))
    }

    fn placed(paths: &[&str]) -> Vec<String> {
        let layout = layout(paths).expect("a layout");
        let placed = paths.iter().filter_map(|path| layout.place(Path::new(path)));
        placed.map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn the_server_begins_where_its_main_file_says() {
        assert_eq!(placed(&["etc/nginx/nginx.conf", "var/x"]), ["etc/nginx/nginx.conf", "var/x"]);
        assert_eq!(placed(&["cc/etc/nginx/nginx.conf", "readme"]), ["etc/nginx/nginx.conf"]);
        assert_eq!(
            placed(&["nginx/nginx.conf", "nginx/conf.d/a", "hostname", "var/opt/x"]),
            ["etc/nginx/nginx.conf", "etc/nginx/conf.d/a", "etc/hostname", "var/opt/x"]
        );
        assert_eq!(placed(&["nginx.conf", "conf.d/a"]), ["etc/nginx/nginx.conf", "etc/nginx/conf.d/a"]);
        assert_eq!(placed(&["kunde 1/nginx.conf", "x"]), ["etc/nginx/nginx.conf"]);
        assert_eq!(placed(&["etc/nginx.conf", "etc/hosts"]), ["etc/nginx.conf", "etc/hosts"]);
        assert_eq!(
            placed(&["opt/nginx/conf/nginx.conf"]),
            ["opt/nginx/conf/nginx.conf"],
            "a build from source keeps its place"
        );
    }

    #[test]
    fn a_copy_inside_of_a_server_is_not_taken_for_the_server() {
        let nearest = layout(&["etc/nginx/nginx.conf", "root/backup/etc/nginx/nginx.conf"]);
        assert_eq!(nearest, Ok(Layout { top: PathBuf::new(), is: Top::Server }));
    }

    #[test]
    fn none_and_several_servers_are_told() {
        assert_eq!(layout(&["conf.d/motion.conf"]), Err(NoLayout::NoMainFile));
        let several = layout(&["a/etc/nginx/nginx.conf", "b/etc/nginx/nginx.conf"]);
        assert_eq!(several, Err(NoLayout::Several(vec!["a".into(), "b".into()])));
    }
}
