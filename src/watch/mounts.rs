//! File systems that do not tell of every change: the number that statfs(2) gives in, a name for people out.
//!
//! inotify tells what is done through this kernel's view of a mount. What another machine does on a share, a program behind
//! FUSE, or somebody who writes to a layer below an overlay, it tells nobody.

use std::path::Path;

use rustix::fs;

/// By `f_type` of statfs(2), in the order of the numbers.
const UNTOLD: [(u32, &str); 26] = [
    (0x0000_517B, "an SMB share"),
    (0x0000_564C, "a NetWare share"),
    (0x0000_6969, "NFS"),
    (0x0000_F15F, "eCryptfs"),
    (0x00C0_FFEE, "a folder of the host"),
    (0x00C3_6400, "Ceph"),
    (0x0102_1997, "9p"),
    (0x0116_1970, "GFS2"),
    (0x0BD0_0BD0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x5346_414F, "AFS"),
    (0x6163_6673, "ACFS"),
    (0x6175_6673, "aufs"),
    (0x6573_5546, "FUSE"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x7461_636F, "OCFS2"),
    (0x786F_4256, "a VirtualBox share"),
    (OVERLAY, "overlayfs"),
    (0x7C7C_6673, "a Parallels share"),
    (0xA501_FCF5, "VxFS"),
    (0xAAD7_AAEA, "PanFS"),
    (0xBACB_ACBC, "a VMware share"),
    (0xBEEF_DEAD, "SNFS"),
    (0xFE53_4D42, "an SMB share"),
    (0xFF53_4D42, "an SMB share"),
];

const OVERLAY: u32 = 0x794C_7630;

/// The name of the file system that a folder is on, if it does not tell of every change.
pub(super) fn untold(folder: &Path) -> Option<&'static str> {
    name(kind_of(folder)?)
}

/// Whether a folder's file system tells when the folder itself is moved or removed. An overlay does: nobody may move what
/// lies below it while it is mounted.
pub(super) fn tells_of_moves(folder: &Path) -> bool {
    kind_of(folder).is_none_or(|kind| kind == OVERLAY || name(kind).is_none())
}

fn kind_of(folder: &Path) -> Option<u32> {
    // The type of `f_type` differs between machines, its low 32 bits never do.
    let kind = fs::statfs(folder).ok()?.f_type;
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "32 bits of pattern, in another type on each machine"
    )]
    Some(kind as u32)
}

fn name(kind: u32) -> Option<&'static str> {
    let found = UNTOLD.binary_search_by_key(&kind, |(number, _)| *number).ok()?;
    UNTOLD.get(found).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_disks_are_trusted_and_shares_are_not() {
        assert!(UNTOLD.is_sorted_by_key(|(number, _)| *number));
        for (number, kind) in UNTOLD {
            assert_eq!(name(number), Some(kind), "{number:x}");
        }
        for (number, kind) in [
            (0xEF53, "ext4"),
            (0x5846_5342, "xfs"),
            (0x9123_683E, "btrfs"),
            (0x0102_1994, "tmpfs"),
            (0x2FC1_2FC1, "zfs"),
            (0xF2F5_2010, "f2fs"),
            (0xCA45_1A4E, "bcachefs"),
            (0x8584_58F6, "ramfs"),
            (0x4D44, "vfat"),
            (0, "none"),
        ] {
            assert_eq!(name(number), None, "{kind}");
        }
    }
}
