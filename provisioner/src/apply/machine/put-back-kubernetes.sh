# Takes Kubernetes away from this machine, by the record that was made before it came. Can be run again after it was cut short. Without a
# record nothing of it was brought. Argument: the directory of the whole record. Run by `sh -eu`.
cd /
record=$1/kubernetes
if [ ! -e "$record/complete" ]; then exit 0; fi
was() { grep -qxF "$1" "$record/paths"; }
loaded() { [ "$(systemctl show --property=LoadState --value "$1")" = loaded ]; }
# Pods with their networks, kubelet and its mounts. Without containerd there are no pods.
if loaded kubelet.service; then systemctl stop kubelet.service; fi
if command -v kubeadm > /dev/null && { [ -e etc/kubernetes ] || [ -e var/lib/kubelet ]; }; then
    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock
fi
# Rules of the unit of the routes, by its own words.
unit=etc/systemd/system/lab-pod-routes.service
if [ -e "$unit" ]; then
    sed -n "s/^ExecStart=sh -c 'iptables \(-t [a-z]*\) -C \(.*\) 2>.*/\1 \2/p" "$unit" | while read -r flag table rule; do
        if iptables "$flag" "$table" -C $rule 2> /dev/null; then iptables "$flag" "$table" -D $rule; fi
    done
fi
# Rules of kube-proxy, kubelet and the pods' published ports.
for family in iptables ip6tables; do
    if command -v "$family-save" > /dev/null; then
        "$family-save" | grep -v -e KUBE- -e CNI-HOSTPORT- -e CNI-DN- | "$family-restore"
    fi
done
if [ -e /sys/class/net/lab-pods ]; then ip link delete lab-pods; fi
if [ -e /sys/class/net/cni0 ] && ! was sys/class/net/cni0; then ip link delete cni0; fi
# Settings of the machine's own over the host's, in a container; then the kernel's as they were.
for unit in lab-pod-routes.service lab-kernel-settings.service kubelet.service; do
    if loaded "$unit"; then systemctl disable --now "$unit"; fi
done
if [ -d run/lab-kernel-settings ]; then
    (cd run/lab-kernel-settings && find . -type f) | while read -r name; do
        while mountpoint -q "/proc/sys/$name"; do umount "/proc/sys/$name"; done
    done
    rm -r run/lab-kernel-settings
fi
rm -rf run/lab-kubelet
while IFS='=' read -r name value; do echo "$value" > "/proc/sys/$name"; done < "$record/settings"
rm -f etc/systemd/system/lab-pod-routes.service etc/modules-load.d/lab-kubernetes.conf etc/cni/net.d/10-lab.conflist \
    etc/systemd/system/kubelet.service.d/lab-*.conf \
    usr/local/bin/kubeadm usr/local/bin/kubelet
# Images of Kubernetes in a containerd that stays.
if ! grep -qx containerd "$1/packages" && command -v ctr > /dev/null && ctr version > /dev/null 2>&1; then
    ctr --namespace k8s.io images ls -q | while read -r name; do
        if ! grep -qxF "$name" "$record/images"; then ctr --namespace k8s.io images rm --sync "$name" > /dev/null; fi
    done
fi
for path in etc/containerd/config.toml etc/containerd/certs.d/docker.io/hosts.toml root/.kube/config usr/local/bin/kubectl usr/local/bin/crictl; do
    if [ -e "$record/files/$path" ]; then cp -a "$record/files/$path" "$path"; else rm -f "$path"; fi
done
if ! grep -qx containerd "$1/packages" && systemctl is-active -q containerd.service; then systemctl restart containerd.service; fi
for path in var/lib/kubelet var/lib/etcd; do
    while mountpoint -q "$path"; do umount "$path"; done
done
for path in etc/systemd/system/kubelet.service etc/systemd/system/kubelet.service.d etc/systemd/system/lab-kernel-settings.service \
    etc/cni/net.d etc/cni opt/cni var/lib/cni etc/kubernetes var/lib/etcd var/lib/kubelet root/.kube root/.kube/cache usr/libexec/kubernetes var/log/pods var/log/containers \
    etc/containerd/certs.d/docker.io; do
    if ! was "$path"; then rm -rf "$path"; fi
done
for path in usr/libexec usr/lib/modules; do
    if ! was "$path" && [ -d "$path" ]; then find "$path" -depth -type d -empty -delete; fi
done
# A unit that was there before its kubelet, as on machines made from the node image.
unit=etc/systemd/system/kubelet.service
if [ -e "$record/files/$unit" ]; then cp -a "$record/files/$unit" "$unit"; fi
systemctl daemon-reload
if [ -e "$record/kubelet-enabled" ]; then systemctl enable kubelet.service; fi
# Control groups that kubelet made; one that something is still in goes with the next boot.
for one in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -d "$one/kubelet" ]; then find "$one/kubelet" -depth -type d -exec rmdir {} + 2> /dev/null || :; fi
done
