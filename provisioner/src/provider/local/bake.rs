//! What goes into the base that all nodes are copied from: archives unpacked, and of Kubernetes the images too, in containerd's own store.
//! Done once, when the base is made, so that no node has to import anything.

use std::path::Path;

use super::keeper::Keeper;
use crate::artifact::Kubernetes;
use crate::error::{Error, Result};
use crate::text;

/// Arguments: the base; whether CRI-O is to have the images as well, by Podman, whose store it shares; then name and layout
/// of each image. The base's own containerd runs in it, in namespaces that end with
/// the script; devices are made in memory.
const IMPORT: &str = r#"
set -eu
root=$1; crio=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for memory in dev run tmp; do mount -t tmpfs -o mode=755 lab "$root/$memory"; done
mkdir -m 1777 "$root/dev/shm"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 444 "$root/dev/urandom" c 1 9
inside() { chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TMPDIR=/tmp PODMAN_IGNORE_CGROUPSV1_WARNING=1 "$@"; }
printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' > "$root/run/containerd.toml"
inside containerd --config /run/containerd.toml --address /run/lab.sock --log-level error 2> "$root/run/log" &
waited=0
until inside ctr --address /run/lab.sock version > /dev/null 2>&1; do
    waited=$((waited + 1))
    if [ "$waited" -gt 300 ]; then cat "$root/run/log" >&2; exit 1; fi
    sleep 0.1
done
while [ $# -gt 0 ]; do
    tar -C "$2" -cf - . | inside ctr --address /run/lab.sock --namespace k8s.io images import --base-name "${1%:*}" - > "$root/run/said" 2>&1 ||
        { cat "$root/run/said" >&2; exit 1; }
    inside ctr --address /run/lab.sock --namespace k8s.io images ls -q | grep -qxF "$1" || { echo "not imported: $1" >&2; exit 1; }
    if [ "$crio" = yes ]; then
        tar -C "$2" -cf "$root/run/image.tar" .
        id=$(inside podman --cgroup-manager cgroupfs pull -q oci-archive:/run/image.tar 2> "$root/run/said") || { cat "$root/run/said" >&2; exit 1; }
        # The archive knows the tag alone: not under a name made of that.
        inside podman --cgroup-manager cgroupfs untag "$id"
        inside podman --cgroup-manager cgroupfs tag "$id" "$1"
        rm "$root/run/image.tar"
    fi
    shift 2
done
kill -TERM $!
wait $! || [ $? -eq 143 ]
"#;

/// Puts Kubernetes into an unfinished base; `crio`: for nodes with CRI-O as well.
pub fn bake(keeper: &Keeper, base: &Path, kubernetes: &Kubernetes, crio: bool) -> Result<()> {
    let crio = if crio { "yes" } else { "no" };
    unpack(keeper, &kubernetes.programs.path, base)?;
    let namespaces = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    let base = base.to_string_lossy();
    let script = ["sh", "-c", IMPORT, "lab-bake", &base, crio];
    let images: Vec<String> = kubernetes
        .images
        .iter()
        .flat_map(|image| [image.reference.clone(), image.layout.display().to_string()])
        .collect();
    let argv: Vec<&str> = namespaces
        .into_iter()
        .chain(script)
        .chain(images.iter().map(String::as_str))
        .collect();
    keeper.run(&argv).map(drop).map_err(|error| {
        Error::new(text!(
            "노드 이미지에 쿠버네티스 이미지를 넣을 수 없음",
            "cannot put Kubernetes' images into the node image"
        ))
        .because(error)
    })
}

/// Unpacks a tar at a directory.
pub fn unpack(keeper: &Keeper, tar: &Path, into: &Path) -> Result<()> {
    let (tar, into) = (tar.to_string_lossy(), into.to_string_lossy());
    keeper
        .run(&[
            "tar",
            "-C",
            &into,
            "--numeric-owner",
            "--xattrs",
            "--xattrs-include=*",
            "-xpf",
            &tar,
        ])
        .map(drop)
}
