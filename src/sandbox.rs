//! What the program may reach once it runs: Landlock and no-new-privileges, which it puts on itself.
//!
//! [`Needs`] in, a [`Sandbox`] out, which knows what it let in. Reading is allowed where posts and the configuration are,
//! writing where state and feeds are; no program can be started, no port opened, no other process signalled. Where the
//! kernel has no Landlock, or only some of it, the rest holds.
//!
//! A rule belongs to a folder itself and not to its path: once the folder is removed and made again, the new one is closed
//! for as long as the program runs. So rules are for folders further up, which stay what they are.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Component, Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::fs::{AtFlags, CWD, StatxFlags};

/// The newest set of rights that is asked for.
const RIGHTS: ABI = ABI::V6;

/// What the program and its libraries read besides: themselves, the limits of their group, randomness, and the zone.
const SYSTEM: [&str; 6] =
    ["/proc/self", "/sys/fs/cgroup", "/dev/urandom", "/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo"];

/// Where SQLite keeps what it sorts, in the order in which it looks.
const TEMPORARY: [&str; 3] = ["/var/tmp", "/usr/tmp", "/tmp"];

/// Folders of users, with the number of segments that it takes to be in one of them.
const HOMES: [(&str, usize); 5] = [("/home", 2), ("/root", 1), ("/run/user", 3), ("/tmp", 2), ("/var/tmp", 3)];

/// What the program has to do with files.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Posts folders. They may be removed, renamed away, unmounted and made again, and so may their parents.
    pub posts: Vec<PathBuf>,
    /// Files that are read again, by the folder they are in: an editor puts a new file in their place.
    pub files: Vec<PathBuf>,
    /// Folders that are written to.
    pub writes: Vec<PathBuf>,
}

/// What the program let itself reach.
#[derive(Debug, Default)]
pub struct Sandbox {
    /// Folders below which everything can be read; absent where nothing is enforced.
    read: Option<Vec<PathBuf>>,
}

/// Confines this thread, and all that it starts from now on. There is no way back.
///
/// # Errors
/// When the kernel has Landlock and refuses it all the same.
pub fn confine(needs: &Needs) -> io::Result<Sandbox> {
    let read: Vec<PathBuf> = needs.posts.iter().flat_map(|path| both(path)).map(|path| root_of(&path)).collect();
    let files = needs.files.iter().filter_map(|file| file.parent()).map(Path::to_owned);
    let reads: Vec<PathBuf> = read.iter().cloned().chain(files).chain(SYSTEM.map(PathBuf::from)).collect();
    let temporary = ["SQLITE_TMPDIR", "TMPDIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let writes: Vec<PathBuf> =
        needs.writes.iter().map(|path| remade_in(path)).chain(temporary).chain(TEMPORARY.map(PathBuf::from)).collect();

    let status = restrict(&reads, &writes).map_err(io::Error::other)?;
    if status.ruleset == RulesetStatus::NotEnforced {
        tracing::info!("the kernel has no Landlock: files are guarded by their modes and the service manager alone");
        return Ok(Sandbox { read: None });
    }
    tracing::debug!(?reads, ?writes, ?status, "confined");
    let (there, absent): (Vec<_>, Vec<_>) = read.iter().partition(|path| path.exists());
    for path in absent {
        tracing::warn!(
            "{} is not there: once it is, start the program again, which cannot read it now",
            path.display()
        );
    }
    let below: BTreeSet<_> = there.into_iter().map(|path| path.display().to_string()).collect();
    tracing::info!("confined by Landlock: posts are read below {}", Vec::from_iter(below).join(" and "));
    Ok(Sandbox { read: Some(reads.into_iter().chain(writes).filter(|path| path.exists()).collect()) })
}

impl Sandbox {
    /// Whether this folder, present or not, lies where everything can be read.
    #[must_use]
    pub fn lets_read(&self, folder: &Path) -> bool {
        let inside = |path: &Path, roots: &[PathBuf]| {
            roots
                .iter()
                .any(|root| path.starts_with(root) || root.canonicalize().is_ok_and(|root| path.starts_with(root)))
        };
        // Where links are followed is what counts; what is not there yet has none.
        self.read
            .as_ref()
            .is_none_or(|roots| inside(&folder.canonicalize().unwrap_or_else(|_| folder.to_owned()), roots))
    }
}

/// The folder that stays what it is while `path` and its parent come and go: two levels up, but never so high that it is
/// everybody's.
#[must_use]
pub fn above(path: &Path) -> &Path {
    let ancestors: Vec<&Path> = path.ancestors().collect();
    ancestors[2.min(highest(path))]
}

/// How many levels up the highest folder is that is not everybody's: the home that `path` lies in, else `/srv` and its like.
fn highest(path: &Path) -> usize {
    let segments = path.components().filter(|part| matches!(part, Component::Normal(_))).count();
    let home = HOMES.iter().find(|(home, _)| path.starts_with(home)).map_or(1, |(_, segments)| *segments);
    segments.saturating_sub(home)
}

/// A path as it is written and, where links lead elsewhere, as it is.
fn both(path: &Path) -> Vec<PathBuf> {
    let real = path.canonicalize().ok().filter(|real| real != path);
    [Some(path.to_owned()), real].into_iter().flatten().collect()
}

/// The folder that a rule names for a posts folder: [`above`] it, above what is mounted on the way there, and existing.
fn root_of(path: &Path) -> PathBuf {
    let ancestors: Vec<&Path> = path.ancestors().collect();
    let highest = highest(path);
    let mount = |at: usize| {
        let found = rustix::fs::statx(CWD, *ancestors.get(at)?, AtFlags::empty(), StatxFlags::MNT_ID);
        found.ok().map(|found| found.stx_mnt_id)
    };
    // What is mounted here may be unmounted; what it is mounted on stays.
    let mounted = (0..highest).rev().find(|&at| mount(at).is_some() && mount(at) != mount(at + 1));
    let wanted = mounted.map_or(0, |at| at + 1).max(2).min(highest);
    let existing = (wanted..=highest).find(|&at| ancestors[at].exists());
    ancestors[existing.unwrap_or(wanted)].to_owned()
}

/// The folder that a rule names for a folder of ours: its parent where we could make it again, else itself.
fn remade_in(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| rustix::fs::access(*parent, rustix::fs::Access::WRITE_OK).is_ok());
    parent.unwrap_or(path).to_owned()
}

fn restrict(reads: &[PathBuf], writes: &[PathBuf]) -> Result<RestrictionStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = read
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RIGHTS))?
        // The ports are open by now.
        .handle_access(AccessNet::from_all(RIGHTS))?
        .scope(Scope::Signal)?
        .create()?;
    let rules = reads.iter().map(|path| (path, read)).chain(writes.iter().map(|path| (path, write)));
    for (path, rights) in rules {
        // What is not there needs no rule.
        let Ok(fd) = PathFd::new(path) else { continue };
        let of_files: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate;
        let rights = if fs::metadata(path).is_ok_and(|found| found.is_dir()) { rights } else { rights & of_files };
        ruleset = ruleset.add_rule(PathBeneath::new(fd, rights))?;
    }
    ruleset.restrict_self()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_for_folders_that_stay() {
        let check = |path: &str, expected: &str| assert_eq!(above(Path::new(path)), Path::new(expected), "{path}");

        check("/srv/crawler/_posts", "/srv");
        check("/srv/posts", "/srv");
        check("/posts", "/posts");
        check("/var/lib/crawler/out/_posts", "/var/lib/crawler");
        check("/home/me/blog/source/_posts", "/home/me/blog");
        check("/home/me/blog/_posts", "/home/me");
        check("/home/me/posts", "/home/me");
        check("/root/blog/_posts", "/root");
        check("/run/user/1000/blog/_posts", "/run/user/1000");
        check("/", "/");
    }

    #[test]
    fn a_rule_is_for_something_that_is_there() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        assert_eq!(root_of(&place.join("a/b/c/_posts")), place);
        fs::create_dir_all(place.join("a/b")).unwrap();
        assert_eq!(root_of(&place.join("a/b/c/_posts")), place.join("a/b"));
    }

    #[test]
    fn a_folder_of_ours_may_be_made_again() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(remade_in(&place.path().join("state")), place.path());
        assert_eq!(remade_in(&place.path().join("nowhere/state")), place.path().join("nowhere/state"));
    }

    #[test]
    fn it_closes_what_it_was_not_told_of() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for folder in ["posts", "ours/state", "private"] {
            fs::create_dir_all(at(folder)).unwrap();
            fs::write(at(folder).join("file"), "x").unwrap();
        }
        // A thread of its own: the rest of the tests stays free. The temporary folders are open to SQLite, so the place is
        // judged from within a rule set that does not have them.
        std::thread::scope(|scope| {
            let confined = scope.spawn(|| {
                let status = restrict(&[at("posts")], &[at("ours/state")]).unwrap();
                if status.ruleset == RulesetStatus::NotEnforced {
                    eprintln!("not judged: the kernel has no Landlock");
                    return;
                }
                assert!(status.no_new_privs);
                fs::read(at("posts/file")).unwrap();
                fs::write(at("ours/state/file"), "y").unwrap();
                for refused in [
                    fs::read(at("private/file")).err(),
                    fs::read_dir(at("private")).err(),
                    fs::write(at("posts/file"), "y").err(),
                    fs::remove_file(at("posts/file")).err(),
                    fs::write(at("private/new"), "y").err(),
                    std::process::Command::new("/bin/true").spawn().err(),
                    std::net::TcpListener::bind("127.0.0.1:0").err(),
                ] {
                    assert_eq!(refused.map(|error| error.kind()), Some(io::ErrorKind::PermissionDenied));
                }
            });
            confined.join().unwrap();
        });
    }
}
