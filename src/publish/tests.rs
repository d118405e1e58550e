//! Stories on a real disk: what was there, what is written, what stands there then.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
};

use tempfile::TempDir;

use super::*;

struct Site {
    above: TempDir,
}

impl Site {
    fn new() -> Self {
        Self { above: tempfile::tempdir().unwrap() }
    }

    fn root(&self) -> PathBuf {
        self.above.path().join("var/feeds")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn open(&self) -> Output {
        Output::open(&self.root()).unwrap()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    fn put(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    /// All files, the manifest aside.
    fn files(&self) -> Vec<String> {
        fn visit(at: &Path, root: &Path, all: &mut Vec<String>) {
            for entry in fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                if path.is_dir() && !path.is_symlink() {
                    all.push(format!("{name}/"));
                    visit(&path, root, all);
                } else if name != manifest::NAME {
                    all.push(name);
                }
            }
        }
        let mut all = Vec::new();
        visit(&self.root(), &self.root(), &mut all);
        all.sort();
        all
    }
}

/// Writes, and says how many were written and how many stood there; nothing may fail.
#[track_caller]
fn write(output: &mut Output, documents: &[(&str, &str)]) -> (usize, usize) {
    let report = try_write(output, documents);
    assert_eq!(report.failed, []);
    (report.changed, report.unchanged)
}

fn try_write(output: &mut Output, documents: &[(&str, &str)]) -> Report {
    let document = |&(path, text): &(&str, &str)| (path.to_owned(), text.as_bytes().to_vec().into());
    output.write(&documents.iter().map(document).collect::<Vec<_>>()).unwrap()
}

const TWO: [(&str, &str); 2] = [("rss.xml", "all"), ("categories/社交媒体/知乎/rss.xml", "some")];

#[test]
fn documents_stand_where_they_belong() {
    let site = Site::new();
    let mut output = site.open();

    assert_eq!(write(&mut output, &TWO), (2, 0));

    assert_eq!(site.files(), ["categories/", "categories/社交媒体/", "categories/社交媒体/知乎/", TWO[1].0, "rss.xml"]);
    assert_eq!(site.read("rss.xml"), "all");
    assert_eq!(site.read(TWO[1].0), "some");
    let mode = |path: &str| fs::metadata(site.at(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("rss.xml"), mode("categories/社交媒体"), mode("")), (0o644, 0o755, 0o755));
    assert_eq!(output.paths().collect::<Vec<_>>(), [TWO[1].0, "rss.xml"]);
    assert!(site.read(manifest::NAME).starts_with("Feedwright wrote the files named below"));
}

#[test]
fn the_same_bytes_are_not_written_again() {
    let site = Site::new();
    let mut output = site.open();
    write(&mut output, &TWO);
    let inode = |path: &str| fs::metadata(site.at(path)).unwrap().ino();
    let before = (inode("rss.xml"), inode(TWO[1].0));

    assert_eq!(write(&mut output, &TWO), (0, 2), "by memory");
    let mut output = site.open();
    assert_eq!(write(&mut output, &TWO), (0, 2), "by reading");
    let mut output = site.open();
    let hash = bytes::digest("all");
    assert!(output.holds("rss.xml", 3, hash, Trust::Size) && output.holds("rss.xml", 3, hash, Trust::Nothing));
    let written = std::os::unix::fs::MetadataExt::ctime(&fs::metadata(site.root().join("rss.xml")).unwrap());
    let (earlier, later) = ((written - 1) * 1_000_000_000, (written + 2) * 1_000_000_000);
    let others = [0; 16];
    for (trust, is_believed) in [
        (Trust::Size, true),
        (Trust::Nothing, false),
        (Trust::UntouchedSince(earlier), false),
        (Trust::UntouchedSince(later), true),
    ] {
        assert_eq!(output.holds("rss.xml", 3, others, trust), is_believed, "{trust:?}");
    }
    assert!(!output.holds("rss.xml", 4, hash, Trust::Size) && !output.holds("unheard of", 3, hash, Trust::Size));
    assert!(output.holds("rss.xml", 3, hash, Trust::Size));
    assert_eq!(write(&mut output, &TWO), (0, 2), "by what the caller knew");
    assert_eq!((inode("rss.xml"), inode(TWO[1].0)), before);

    // Another size, the same size, a file that was removed or cut behind our back.
    assert_eq!(write(&mut output, &[("rss.xml", "longer")]), (1, 0));
    assert_eq!(write(&mut output, &[("rss.xml", "LONGER")]), (1, 0));
    fs::remove_file(site.at("rss.xml")).unwrap();
    assert_eq!(write(&mut output, &[("rss.xml", "LONGER")]), (1, 0));
    fs::write(site.at("rss.xml"), "LON").unwrap();
    assert_eq!(write(&mut output, &[("rss.xml", "LONGER")]), (1, 0));
    assert_eq!(site.read("rss.xml"), "LONGER");
}

#[test]
fn what_is_no_longer_kept_goes_and_nothing_else() {
    let site = Site::new();
    let mut output = site.open();
    write(&mut output, &TWO);
    write(&mut output, &[("categories/社交媒体/atom.xml", "a"), ("categories/旧/rss.xml", "old")]);
    site.put("categories/旧/notes.txt", "mine");
    site.put("robots.txt", "mine");

    let report = output.retain(&|path| path == "rss.xml" || path.ends_with("atom.xml")).unwrap();

    assert_eq!(report, Report { changed: 2, unchanged: 2, ..Report::default() });
    let expected = [
        "categories/",
        "categories/旧/",
        "categories/旧/notes.txt",
        "categories/社交媒体/",
        "categories/社交媒体/atom.xml",
        "robots.txt",
        "rss.xml",
    ];
    assert_eq!(site.files(), expected);
    assert_eq!(site.open().paths().collect::<Vec<_>>(), ["categories/社交媒体/atom.xml", "rss.xml"]);
    assert_eq!(output.retain(&|_| true).unwrap(), Report { unchanged: 2, ..Report::default() });
}

#[test]
fn a_renamed_category_leaves_nothing_stale_over_a_restart() {
    let site = Site::new();
    write(&mut site.open(), &[("categories/旧/rss.xml", "old")]);

    let mut output = site.open();
    write(&mut output, &[("categories/新/rss.xml", "new")]);
    let report = output.retain(&|path| path.starts_with("categories/新/")).unwrap();
    assert_eq!(report.failed, []);

    assert_eq!(site.files(), ["categories/", "categories/新/", "categories/新/rss.xml"]);
}

#[test]
fn a_folder_that_is_not_ours_is_refused() {
    let check = |put: &dyn Fn(&Site), expected: Result<(), PublishError>| {
        let site = Site::new();
        fs::create_dir_all(site.root()).unwrap();
        put(&site);
        assert_eq!(Output::open(&site.root()).map(drop), expected);
    };

    check(&|_| {}, Ok(()));
    check(&|site| site.put(".gitkeep", ""), Ok(()));
    check(&|site| site.put(".git/config", ""), Ok(()));
    check(&|site| site.put("index.html", ""), Err(PublishError::NotOurs("index.html".into())));
    check(&|site| site.put("文/a", ""), Err(PublishError::NotOurs("文".into())));
    check(&|site| site.put(manifest::NAME, "something else"), Err(PublishError::NotOurs(manifest::NAME.into())));
    check(
        &|site| symlink("/etc/hostname", site.at(manifest::NAME)).unwrap(),
        Err(PublishError::NotOurs(manifest::NAME.into())),
    );
    let site = Site::new();
    fs::write(site.above.path().join("var"), "a file").unwrap();
    assert_eq!(Output::open(&site.root()).map(drop), Err(PublishError::NotAFolder));
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let site = Site::new();
    write(&mut site.open(), &TWO);
    site.put(".feedwright-7-1.tmp", "half");
    site.put("categories/.feedwright-7-2.tmp", "half");
    site.put("categories/社交媒体/知乎/.feedwright-7-3.tmp", "half");
    site.put("categories/.other.tmp", "not ours");
    // Killed between a line of the manifest and its end.
    let manifest = format!("{}categories/half", site.read(manifest::NAME));
    fs::write(site.at(manifest::NAME), manifest).unwrap();

    let mut output = site.open();

    assert_eq!(
        site.files(),
        [
            "categories/",
            "categories/.other.tmp",
            "categories/社交媒体/",
            "categories/社交媒体/知乎/",
            TWO[1].0,
            "rss.xml"
        ]
    );
    write(&mut output, &[("new.xml", "new")]);
    assert_eq!(site.open().paths().collect::<Vec<_>>(), [TWO[1].0, "new.xml", "rss.xml"]);
}

#[test]
fn a_failed_document_is_named_and_the_others_are_written() {
    let site = Site::new();
    let outside = site.above.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let mut output = site.open();
    write(&mut output, &[("ours.xml", "old")]);
    site.put("file", "in the way");
    site.put("theirs.xml", "theirs");
    site.put("adopted.xml", "same");
    symlink(&outside, site.at("link")).unwrap();
    fs::create_dir(site.at("folder.xml")).unwrap();
    fs::remove_file(site.at("ours.xml")).unwrap();
    fs::create_dir(site.at("ours.xml")).unwrap();
    let long = format!("{}/rss.xml", "长".repeat(100));

    let report = try_write(
        &mut output,
        &[
            ("good.xml", "good"),
            ("file/rss.xml", "x"),
            ("theirs.xml", "x"),
            ("adopted.xml", "same"),
            ("link/rss.xml", "x"),
            ("link/deeper/rss.xml", "x"),
            ("folder.xml", "x"),
            ("ours.xml", "x"),
            (&long, "x"),
            ("../escape.xml", "x"),
            ("/absolute.xml", "x"),
            ("a//b.xml", "x"),
            ("a/./b.xml", "x"),
            ("nul\0.xml", "x"),
            ("line\n.xml", "x"),
            (".feedwright", "x"),
            ("", "x"),
            ("also/good.xml", "good"),
        ],
    );

    let mut expected = vec![
        ("file/rss.xml", PublishError::NotAFolder),
        ("theirs.xml", PublishError::Foreign),
        ("link/rss.xml", PublishError::NotAFolder),
        ("link/deeper/rss.xml", PublishError::NotAFolder),
        ("folder.xml", PublishError::Foreign),
        ("ours.xml", PublishError::Foreign),
        (&long, PublishError::Io(Errno::NAMETOOLONG)),
        ("../escape.xml", PublishError::Path),
        ("/absolute.xml", PublishError::Path),
        ("a//b.xml", PublishError::Path),
        ("a/./b.xml", PublishError::Path),
        ("nul\0.xml", PublishError::Path),
        ("line\n.xml", PublishError::Path),
        (".feedwright", PublishError::Path),
        ("", PublishError::Path),
    ];
    expected.sort_by_key(|(path, _)| *path);
    let failed: Vec<_> = report.failed.iter().map(|failed| (failed.path.as_str(), failed.error.clone())).collect();
    assert_eq!(failed, expected);
    assert_eq!((report.changed, report.unchanged), (2, 1));
    assert_eq!((site.read("good.xml"), site.read("also/good.xml")), ("good".into(), "good".into()));
    assert_eq!(site.read("theirs.xml"), "theirs");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "no link is followed out of the output");
    assert!(site.files().iter().all(|path| !path.contains(".feedwright")), "{:?}", site.files());

    // What stands in a stale document's place is not ours to remove.
    let report = output.retain(&|_| false).unwrap();
    assert_eq!(report.failed, []);
    assert_eq!(site.files(), ["file", "folder.xml/", "link", "ours.xml/", "theirs.xml"]);
}

#[test]
fn an_output_that_was_replaced_is_not_written_to() {
    let site = Site::new();
    let mut output = site.open();
    write(&mut output, &TWO);

    fs::remove_dir_all(site.root()).unwrap();
    let documents = [("rss.xml".to_owned(), b"x".to_vec().into())];
    assert_eq!(output.write(&documents), Err(PublishError::Replaced));
    fs::create_dir(site.root()).unwrap();
    assert_eq!(output.write(&documents), Err(PublishError::Replaced));
    assert_eq!(output.retain(&|_| false), Err(PublishError::Replaced));

    assert_eq!(write(&mut site.open(), &TWO), (2, 0), "the cure works");
}

#[test]
fn many_documents_in_many_folders_are_all_written() {
    let site = Site::new();
    let mut output = site.open();
    let documents: Vec<(String, String)> = (0..300)
        .map(|number| (format!("categories/{}/{}/{number}.xml", number % 7, number % 50), format!("text {number}")))
        .collect();
    let documents: Vec<(&str, &str)> = documents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();

    assert_eq!(write(&mut output, &documents), (300, 0));
    assert_eq!(write(&mut site.open(), &documents), (0, 300));
    for (path, text) in documents {
        assert_eq!(site.read(path), text);
    }
}

#[test]
fn refusals_name_the_cure() {
    let check = |error: Errno, expected: &str| {
        let words = PublishError::from(error).to_string();
        assert!(words.contains(expected), "{words}");
        assert!(words.starts_with(char::is_lowercase) && !words.ends_with('.'), "{words}");
    };

    check(Errno::NOSPC, "no space is left: free some");
    check(Errno::ROFS, "ReadWritePaths=");
    check(Errno::ACCESS, "chown -R feedwright");
    check(Errno::NOTDIR, "remove it");
    check(Errno::IO, "check the disk");
}
