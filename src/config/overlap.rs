//! Folders that must not lie inside each other.

use std::path::{Component, Path, PathBuf};

use super::{ConfigError, Settings};

/// Refuses posts folders that contain each other, an output or state folder inside one of them, and a state folder
/// inside the output. `key_of` names the key that a folder comes from.
pub(super) fn check(settings: &Settings, key_of: &dyn Fn(Position) -> String) -> Result<(), ConfigError> {
    let folders: Vec<PathBuf> = settings.folders.iter().map(|folder| real(&folder.path)).collect();
    let (output, state) = (real(&settings.output), real(&settings.state));
    for (index, folder) in folders.iter().enumerate() {
        let key = |place| key_of(place);
        for (earlier, other) in folders.iter().enumerate().take(index) {
            if folder.starts_with(other) || other.starts_with(folder) {
                let message = format!(
                    "{} and {} ({}) contain each other: name one of them, or folders that lie beside each other",
                    folder.display(),
                    other.display(),
                    key(Position::Folder(earlier))
                );
                return Err(ConfigError::value(key(Position::Folder(index)), message));
            }
        }
        if folder.starts_with(&output) || output.starts_with(folder) {
            let message = format!(
                "the output {} and the posts folder {} contain each other: choose another output folder",
                output.display(),
                folder.display()
            );
            return Err(ConfigError::value(key(Position::Output), message));
        }
        if state.starts_with(folder) {
            let message = format!(
                "the state folder {} lies inside the posts folder {}: choose another one",
                state.display(),
                folder.display()
            );
            return Err(ConfigError::value(key(Position::State), message));
        }
    }
    if state.starts_with(&output) {
        let message = format!(
            "the state folder {} lies inside the output {}, where everybody can read it: choose another one",
            state.display(),
            output.display()
        );
        return Err(ConfigError::value(key_of(Position::State), message));
    }
    Ok(())
}

/// A folder of the settings.
#[derive(Debug, Clone, Copy)]
pub(super) enum Position {
    Folder(usize),
    Output,
    State,
}

/// The path without links, as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut existing = path;
    loop {
        if let Ok(real) = existing.canonicalize() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        let (Some(parent), Some(name)) = (existing.parent(), existing.file_name()) else { return path.to_owned() };
        missing.push(name);
        existing = parent;
    }
}

/// `path` below `base`, with `.` and `..` taken out by their letters.
pub(super) fn absolute(base: &Path, path: &Path) -> PathBuf {
    base.join(path).components().fold(PathBuf::new(), |mut result, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            _ => result.push(part),
        }
        result
    })
}
