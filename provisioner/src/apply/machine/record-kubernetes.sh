# Writes down what is on this machine before Kubernetes: files it may write are copied, what it may make is listed, and the kernel's
# settings. `complete` comes last. put-back-kubernetes.sh reads it. Argument: the directory of this record. Run by `sh -eu`.
cd /
umask 077
rm -rf "$1"
mkdir -p "$1/files"
for path in etc/containerd/config.toml etc/containerd/certs.d/docker.io/hosts.toml root/.kube/config usr/local/bin/kubectl usr/local/bin/crictl \
    etc/systemd/system/kubelet.service; do
    if [ -f "$path" ]; then cp -a --parents "$path" "$1/files/"; fi
done
for path in etc/cni etc/cni/net.d opt/cni var/lib/cni etc/kubernetes var/lib/etcd var/lib/kubelet root/.kube root/.kube/cache usr/libexec/kubernetes usr/libexec usr/lib/modules var/log/pods \
    var/log/containers sys/class/net/cni0 etc/systemd/system/kubelet.service etc/systemd/system/kubelet.service.d \
    etc/systemd/system/lab-kernel-settings.service etc/containerd/certs.d; do
    if [ -e "$path" ]; then echo "$path"; fi
done > "$1/paths"
if [ "$(systemctl is-enabled kubelet.service 2> /dev/null)" = enabled ]; then touch "$1/kubelet-enabled"; fi
# A container has settings of its own for its network alone.
settings="net/ipv4/ip_local_reserved_ports net/ipv4/conf/all/route_localnet"
if [ ! -e /run/systemd/container ]; then
    settings="$settings kernel/panic kernel/panic_on_oops vm/overcommit_memory vm/panic_on_oom kernel/keys/root_maxkeys kernel/keys/root_maxbytes net/netfilter/nf_conntrack_max"
fi
for name in $settings; do
    if [ -e "/proc/sys/$name" ]; then echo "$name=$(cat "/proc/sys/$name")"; fi
done > "$1/settings"
: > "$1/images"
if command -v ctr > /dev/null && ctr version > /dev/null 2>&1; then ctr --namespace k8s.io images ls -q > "$1/images"; fi
: > "$1/complete"
chmod 755 "$1"
chmod 644 "$1/complete"
