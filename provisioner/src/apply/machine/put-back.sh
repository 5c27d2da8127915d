# Takes back what the lab did on this machine, by the record it made first. Can be run again after it was cut short. Without a record
# nothing was done but bringing the agent. What a person installed since stays. Run by `sh -eu`.
cd /
if [ ! -d "$1" ]; then
    rm -rf usr/local/lib/lab usr/local/bin/lab-agent
    exit 0
fi
# What was there, and what the lab installed.
was() { grep -qxF "$1" "$record/paths"; }
record=$1
packages=$(sort -u "$record/packages" | while read -r name; do
    case $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2> /dev/null || echo un) in un*) ;; *) echo "$name" ;; esac; done)
ours() { grep -qxF "$1" "$record/packages"; }
# The registry, while its engine is there.
if command -v docker > /dev/null && docker version > /dev/null 2>&1; then
    if [ -n "$(docker ps -aq -f "name=^$2\$" -f "label=$3")" ]; then docker rm -f "$2" > /dev/null; fi
    image=$(docker image inspect -f '{{.Id}}' "$4" 2> /dev/null || :)
    if [ -n "$image" ] && ! grep -qxF "$image" "$record/images" 2> /dev/null; then docker rmi "$4" > /dev/null 2>&1 || :; fi
fi
if [ -e /etc/systemd/system/lab-mirror.service ]; then
    systemctl disable --now lab-mirror.service
    rm -f /etc/systemd/system/lab-mirror.service
    systemctl daemon-reload
fi
# An engine of the lab's goes with its interfaces and rules; one that was there keeps them.
if ours docker.io; then
    for unit in docker.service docker.socket containerd.service; do
        if [ "$(systemctl show --property=LoadState --value "$unit")" = loaded ]; then systemctl stop "$unit"; fi
    done
    for name in $(ls /sys/class/net); do case $name in docker0|br-????????????) ip link delete "$name" ;; esac; done
    for family in iptables ip6tables; do
        if command -v "$family-save" > /dev/null; then
            "$family-save" | grep -v -i docker | sed "s/^:FORWARD DROP/:FORWARD ACCEPT/" | "$family-restore"
        fi
    done
    cat "$record/forwarding" > /proc/sys/net/ipv4/ip_forward
fi
if [ -n "$packages" ]; then
    echo "$packages" | DEBIAN_FRONTEND=noninteractive xargs dpkg --purge
fi
# Files as they were; of /etc/hosts only the lab's block goes, whatever a person wrote since stays.
for path in etc/docker/daemon.json etc/docker/certs/tls.crt etc/docker/certs/tls.key; do
    if [ -e "$record/files/$path" ]; then cp -a "$record/files/$path" "$path"; else rm -f "$path"; fi
done
# Its builder goes on for minutes with the authorities it once read. With no container to disturb, Docker begins anew.
if ! ours docker.io && systemctl is-active -q docker.service; then
    if [ -z "$(docker ps -aq)" ]; then systemctl restart docker.service; else systemctl reload docker.service; fi
fi
sed -i '/^# lab: from cluster.yaml/,/^# lab: end$/d' /etc/hosts
if cmp -s /etc/hosts "$record/files/etc/hosts"; then cp -a "$record/files/etc/hosts" /etc/hosts; fi
for path in etc/docker/certs etc/docker/certs.d etc/docker etc/containerd/certs.d etc/containerd etc/containers/certs.d etc/containers usr/local/share/ca-certificates; do
    if ! was "$path" && [ -d "$path" ]; then find "$path" -depth -type d -empty -delete; fi
done
if ours docker.io; then
    while mountpoint -q /var/lib/docker; do umount /var/lib/docker; done
    for path in var/lib/docker var/lib/docker-engine etc/docker root/.docker; do if ! was "$path"; then rm -rf "$path"; fi; done
    if [ ! -s "$record/group" ] && getent group docker > /dev/null; then groupdel docker; fi
fi
if ours containerd; then
    for path in var/lib/containerd opt/containerd opt/cni etc/cni etc/containerd; do if ! was "$path"; then rm -rf "$path"; fi; done
fi
if ours podman; then
    for path in var/lib/containers etc/containers; do if ! was "$path"; then rm -rf "$path"; fi; done
fi
for path in registry-image etc/lab var/lib/lab var/cache/lab; do if ! was "$path"; then rm -rf "$path"; fi; done
rm -rf usr/local/lib/lab usr/local/bin/lab-agent
rm -rf "$record"
