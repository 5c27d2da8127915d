//! What makes the node image a machine of Vagrant's, and what the files of a box say. Pure; making boxes is the builder's.

use crate::bundle::recipe::{Recipe, Recipes};
use crate::error::{Error, Result};
use crate::text;

/// The recipes this program was built with.
pub const EMBEDDED: &str = include_str!("../../../labs/bundle/box.yaml");

/// The number of a disk's file system, which GRUB, the kernel and /etc/fstab find it by.
pub const NUMBER: &str = "6c616200-0000-4000-8000-000000000001";

/// Where a box can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hypervisor {
    /// Containers of the host's Docker.
    Docker,
    /// QEMU, by libvirt.
    Libvirt,
    /// VirtualBox.
    Virtualbox,
}

impl Hypervisor {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Docker, Self::Libvirt, Self::Virtualbox];

    /// As Vagrant calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Libvirt => "libvirt",
            Self::Virtualbox => "virtualbox",
        }
    }

    /// Whether machines of it have a disk and a kernel of their own.
    pub fn boots(self) -> bool {
        self != Self::Docker
    }
}

/// What makes a node image a machine of this architecture, with a disk or as a container; `file` names the recipes in errors.
pub fn recipe(file: &str, text: &str, architecture: &str, disk: bool) -> Result<Recipe> {
    let recipes = Recipes::parse(file, text)?;
    if !disk {
        return recipes.find("box-container").cloned();
    }
    recipes
        .find(&format!("box-disk-{architecture}"))
        .cloned()
        .map_err(|_| {
            Error::new(text!(
                "{architecture}용 디스크의 레시피가 없음",
                "there is no recipe for a disk of {architecture}"
            ))
            .hint(text!(
                "`--provider docker`는 됩니다 (이 아키텍처에서 확인하지 않음)",
                "`--provider docker` can be made (unproved on this architecture)"
            ))
        })
}

/// The image's name in Docker, as the Vagrantfile asks for it.
pub fn reference(image: &str) -> String {
    format!("lab-node:{image}")
}

/// The file of a box.
pub fn file_name(image: &str, architecture: &str, hypervisor: Hypervisor) -> String {
    let (name, ending) = (hypervisor.name(), if hypervisor.boots() { "box" } else { "tar" });
    format!("lab-{image}-{architecture}-{name}.{ending}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_machine_has_with_the_user_vagrant_asks_for() {
        for disk in [false, true] {
            let recipe = recipe("box.yaml", EMBEDDED, "amd64", disk).unwrap();
            let key = &recipe.files["/home/vagrant/.ssh/authorized_keys"];
            assert!(key.content.contains("vagrant insecure public key"));
            assert_eq!(key.mode, 0o600);
            assert_eq!(recipe.files["/etc/sudoers.d/vagrant"].mode, 0o440);
        }
    }

    #[test]
    fn a_disk_is_found_by_its_number() {
        for architecture in ["amd64", "arm64"] {
            let recipe = recipe("box.yaml", EMBEDDED, architecture, true).unwrap();
            for path in ["/boot/grub/grub.cfg", "/etc/fstab"] {
                assert!(
                    recipe.files[path].content.contains(NUMBER),
                    "{architecture} {path}"
                );
            }
        }
    }

    #[test]
    fn an_architecture_without_a_disk_is_said() {
        let error = recipe("box.yaml", EMBEDDED, "riscv64", true).unwrap_err();
        assert!(error.to_string().contains("riscv64"), "{error}");
        assert!(recipe("box.yaml", EMBEDDED, "riscv64", false).is_ok());
    }
}
