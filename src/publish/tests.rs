use tempfile::TempDir;

use super::*;

fn names(root: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            }
            names.push(entry.path().strip_prefix(root).unwrap().to_string_lossy().into_owned());
        }
    }
    names.sort();
    names
}

#[test]
fn documents_appear_and_what_is_stale_goes() {
    let root = TempDir::new().unwrap();
    let mut output = Output::open(root.path()).unwrap();
    assert!(output.write(&[("rss.xml", b"a"), ("categories/知乎/rss.xml", b"b"), ("categories/x/rss.xml", b"c")]).is_empty());
    fs::write(root.path().join("categories/x/own.txt"), "not ours").unwrap();

    let mut output = Output::open(root.path()).unwrap();
    output.retain(&|path| path == "rss.xml").unwrap();

    assert_eq!(names(root.path()), [".feedwright", "categories", "categories/x", "categories/x/own.txt", "rss.xml"]);
}

#[test]
fn equal_bytes_are_not_written_again() {
    let root = TempDir::new().unwrap();
    let file = root.path().join("rss.xml");
    let mut output = Output::open(root.path()).unwrap();
    output.write(&[("rss.xml", b"a")]);
    let inode = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&file).unwrap());
    let before = inode();
    output.write(&[("rss.xml", b"a")]);
    assert_eq!(inode(), before);

    let mut output = Output::open(root.path()).unwrap();
    assert!(output.holds("rss.xml", 1, hash_of(b"a"), false));
    output.write(&[("rss.xml", b"a")]);
    assert_eq!(inode(), before);
    fs::write(&file, "x").unwrap();
    assert!(output.holds("rss.xml", 1, hash_of(b"a"), true), "a clean stop is trusted");
    assert!(!output.holds("rss.xml", 1, hash_of(b"a"), false), "an unclean one is not");
}

#[test]
fn temporaries_of_a_killed_process_are_removed() {
    let root = TempDir::new().unwrap();
    Output::open(root.path()).unwrap().write(&[("categories/a/rss.xml", b"a")]);
    for left in [".feedwright-tmp-rss.xml", "categories/a/.feedwright-tmp-atom.xml"] {
        fs::write(root.path().join(left), "half").unwrap();
    }
    Output::open(root.path()).unwrap();
    assert!(!names(root.path()).iter().any(|name| name.contains("tmp")));
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    let root = TempDir::new().unwrap();
    fs::write(root.path().join("thesis.txt"), "years").unwrap();
    let error = Output::open(root.path()).unwrap_err();
    assert!(matches!(error, PublishError::Foreign(_)) && error.to_string().contains("--output"));
}

#[test]
fn one_failure_does_not_stop_the_others_and_the_old_bytes_stand() {
    let root = TempDir::new().unwrap();
    let mut output = Output::open(root.path()).unwrap();
    output.write(&[("a/rss.xml", b"old")]);
    fs::write(root.path().join("b"), "a file where a folder should be").unwrap();
    fs::create_dir_all(root.path().join("c/rss.xml/x")).unwrap();
    let failures =
        output.write(&[("b/rss.xml", b"1"), ("c/rss.xml", b"2"), ("a/rss.xml", b"new"), ("../x", b"3"), ("/etc/x", b"4")]);
    let failed: Vec<_> = failures.iter().map(|failure| failure.path.as_str()).collect();
    assert_eq!(failed, ["b/rss.xml", "c/rss.xml", "../x", "/etc/x"]);
    assert_eq!(fs::read(root.path().join("a/rss.xml")).unwrap(), b"new");
    assert!(!names(root.path()).iter().any(|name| name.contains("tmp")));
}

#[test]
fn symbolic_links_do_not_lead_out() {
    let (root, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut output = Output::open(root.path()).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("categories")).unwrap();
    assert_eq!(output.write(&[("categories/rss.xml", b"x")]).len(), 1);
    assert_eq!(names(outside.path()), Vec::<String>::new());
}
