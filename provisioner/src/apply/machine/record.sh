# Writes down what is on this machine before the lab does anything: files it may write are copied, directories it or what it
# installs may make are listed. `complete` comes last. put-back.sh reads it. Run by `sh -eu`.
cd /
umask 077
rm -rf "$1"
mkdir -p "$1/files"
chmod 755 "$1"
for path in etc/docker/daemon.json etc/hosts etc/docker/certs/tls.crt etc/docker/certs/tls.key; do
    if [ -f "$path" ]; then cp -a --parents "$path" "$1/files/"; fi
done
for path in etc/docker etc/docker/certs etc/docker/certs.d etc/containerd etc/containerd/certs.d etc/containers etc/containers/certs.d var/lib/docker var/lib/containerd var/lib/docker-engine var/lib/containers \
    registry-image opt/containerd opt/cni etc/cni var/lib/lab var/cache/lab etc/lab usr/local/share/ca-certificates root/.docker; do
    if [ -e "$path" ]; then echo "$path"; fi
done > "$1/paths"
: > "$1/packages"
# Docker opens these when it starts.
getent group docker > "$1/group" || : > "$1/group"
cat /proc/sys/net/ipv4/ip_forward > "$1/forwarding"
if command -v iptables-save > /dev/null; then iptables-save | grep '^:FORWARD' > "$1/forward" || : ; fi
if command -v docker > /dev/null; then docker image ls -q --no-trunc > "$1/images" || : > "$1/images"; fi
: > "$1/complete"
chmod 644 "$1/complete"
