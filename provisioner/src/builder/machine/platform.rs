//! What differs between architectures when a disk is made: how firmware starts it, and where a tree has its own programs' loader.

use crate::error::{Error, Result};

/// An architecture as a disk is made for it.
#[derive(Debug)]
pub struct Platform {
    /// Debian's name of it.
    pub architecture: &'static str,
    /// GRUB's format for a BIOS, where machines may have one.
    pub bios: Option<&'static str>,
    /// GRUB's format for UEFI.
    pub efi: &'static str,
    /// What UEFI starts from a disk that it was told nothing about, in EFI/BOOT.
    pub started: &'static str,
    /// What starts programs, in the tree.
    pub loader: &'static str,
    /// Where their libraries are, in the tree.
    pub libraries: &'static str,
}

/// Those there are recipes for.
const PLATFORMS: [Platform; 2] = [
    Platform {
        architecture: "amd64",
        bios: Some("i386-pc"),
        efi: "x86_64-efi",
        started: "BOOTX64.EFI",
        loader: "usr/lib64/ld-linux-x86-64.so.2",
        libraries: "usr/lib/x86_64-linux-gnu",
    },
    Platform {
        architecture: "arm64",
        bios: None,
        efi: "arm64-efi",
        started: "BOOTAA64.EFI",
        loader: "usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1",
        libraries: "usr/lib/aarch64-linux-gnu",
    },
];

/// How disks of this architecture are made.
pub fn platform(architecture: &str) -> Result<&'static Platform> {
    PLATFORMS
        .iter()
        .find(|platform| platform.architecture == architecture)
        .ok_or_else(|| Error::new(format!("no boot loader for a disk of {architecture}")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::bundle::machine::{EMBEDDED, recipe};

    #[test]
    fn every_platform_has_a_recipe_that_brings_its_boot_loader() {
        for platform in &PLATFORMS {
            let recipe = recipe("box.yaml", EMBEDDED, platform.architecture, true).unwrap();
            let packages = &recipe.debian().next().unwrap().packages;
            let kernel = format!("linux-image-{}", platform.architecture);
            let efi = format!("grub-efi-{}-bin", platform.architecture);
            for package in [&kernel, &efi, "dosfstools", "mtools", "e2fsprogs"] {
                assert!(packages.iter().any(|one| one == package), "{package}");
            }
            let bios = packages.iter().any(|one| one == "grub-pc-bin");
            assert_eq!(bios, platform.bios.is_some());
        }
        assert!(platform("riscv64").is_err());
    }
}
