# Boots bare machines in namespaces of this shell, and takes them away when its input ends. Run by `sh -eu` in a mount and a network
# namespace of its own. Arguments: a directory, the node image, an instance's name, then NAME=ADDRESS of each machine. The
# directory holds NAME.json for each and key.pub of the user `debian`. With RESOLVER in the environment the machines have a way out
# through the interface egress0, which somebody puts into this network: DIRECTORY/network.
here=$1 image=$2 instance=$3
shift 3

away() {
    for one in "$@"; do runc --root "$here/runc" delete --force "${one%%=*}" > /dev/null 2>&1 || :; done
    umount -R "$here/disk" "$here/network"
    for directory in $(find /sys/fs/cgroup -depth -type d -path "*/lab-$instance*"); do rmdir "$directory" 2> /dev/null || :; done
}

mkdir "$here/disk" "$here/bundles"
mount -t tmpfs machines /run/netns 2> /dev/null || { mkdir -p /run/netns; mount -t tmpfs machines /run/netns; }
truncate -s 16G "$here/disk.img"
mkfs.btrfs -q "$here/disk.img" > /dev/null
mount -o loop "$here/disk.img" "$here/disk"
ip link set lo up
ip link add lab0 type bridge
ip link set lab0 up
ip address add 192.168.1.1/24 dev lab0

touch "$here/network"
mount --bind /proc/self/ns/net "$here/network"

# The node image without anything the lab would bring: systemd, sshd and sudo.
bare=$here/disk/bare
btrfs -q subvolume create "$bare"
zstd -dc "$image" | tar -C "$bare" -xpf -
mount -t tmpfs machines "$bare/run"
mount -t proc machines "$bare/proc"
if [ -n "${RESOLVER-}" ]; then
    echo 1 > /proc/sys/net/ipv4/ip_forward
    chroot "$bare" iptables -w -t nat -A POSTROUTING -o egress0 -j MASQUERADE
    # pasta sends some segments without any flag, which are taken for nobody's: answered here, they would end the connection.
    chroot "$bare" iptables -w -A INPUT -i egress0 -m conntrack --ctstate INVALID -j DROP
fi
printf '#!/bin/sh\nexit 101\n' > "$bare/usr/sbin/policy-rc.d"
chmod 755 "$bare/usr/sbin/policy-rc.d"
chroot "$bare" env DEBIAN_FRONTEND=noninteractive dpkg --purge --force-depends docker.io docker-cli docker-buildx docker-registry containerd \
    runc tini sshpass git git-man curl openssl ca-certificates iptables iputils-ping conntrack socat ethtool containernetworking-plugins \
    podman conmon crun netavark aardvark-dns nftables uidmap golang-github-containers-common golang-github-containers-image \
    > "$here/purge.log" 2>&1
umount "$bare/run" "$bare/proc"
rm "$bare/usr/sbin/policy-rc.d"
rm -rf "$bare/etc/docker" "$bare/etc/containerd" "$bare/var/lib/docker" "$bare/var/lib/containerd" "$bare/etc/cni" "$bare/opt/cni" \
    "$bare/etc/containers" "$bare/var/lib/containers"
rm -f "$bare"/etc/systemd/system/lab-*.service "$bare/etc/systemd/system/crio.service" "$bare/usr/local/bin/lab-oci-runtime"
rm -rf "$bare"/etc/systemd/system/kubelet.service* "$bare"/etc/systemd/system/*.wants/kubelet.service
if chroot "$bare" getent group docker > /dev/null; then chroot "$bare" groupdel docker; fi
chroot "$bare" useradd -m -s /bin/bash debian
chroot "$bare" useradd -m -s /bin/bash -G sudo asked
echo 'debian ALL=(ALL) NOPASSWD: ALL' > "$bare/etc/sudoers.d/debian"
for user in debian asked; do
    mkdir -p "$bare/home/$user/.ssh"
    cp "$here/key.pub" "$bare/home/$user/.ssh/authorized_keys"
    chroot "$bare" chown -R "$user:" "/home/$user"
done
for unit in systemd-udevd.service dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount; do
    ln -sf /dev/null "$bare/etc/systemd/system/$unit"
done

for one in "$@"; do
    name=${one%%=*} address=${one#*=}
    root=$here/disk/$name
    btrfs -q subvolume snapshot "$bare" "$root"
    echo "$name" > "$root/etc/hostname"
    printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$name" > "$root/etc/hosts"
    tr -d - < /proc/sys/kernel/random/uuid > "$root/etc/machine-id"
    chroot "$root" ssh-keygen -q -A > /dev/null
    ip netns add "$name"
    ip link add "v-$name" type veth peer name eth0 netns "$name"
    ip link set "v-$name" master lab0 up
    ip -n "$name" link set lo up
    ip -n "$name" address add "$address/24" dev eth0
    ip -n "$name" link set eth0 up
    if [ -n "${RESOLVER-}" ]; then
        ip -n "$name" route add default via 192.168.1.1
        echo "nameserver $RESOLVER" > "$root/etc/resolv.conf"
    fi
    mkdir "$here/bundles/$name"
    mv "$here/$name.json" "$here/bundles/$name/config.json"
    runc --root "$here/runc" run --detach --bundle "$here/bundles/$name" "$name" < /dev/null > "$here/$name.log" 2>&1
done
echo ready
cat > /dev/null
away "$@"
