# What every comparison begins with, to be sourced with the program as $1: a scratch project (the directory it then is in), which is taken
# down however the comparison ends, the nodes' own OpenSSH beside `lab`, and a clock. Needs root and a built bundle; LAB_HOME counts as
# for `lab`.
set -euo pipefail
lab=$(realpath "${1:-target/debug/lab}")
project=$(mktemp -d)
cd "$project"
finish() {
    "$lab" down --yes --lang en >down.log 2>&1 || { cat down.log >&2; echo "the cluster of $project was not taken down" >&2; }
    cd /
    rm -rf "$project"
}
trap finish EXIT
trap 'exit 130' INT TERM

# cluster.yaml of a master and $1 workers; more of it as further arguments, a line each.
describe() {
    printf 'cluster: compared\nnetwork: 192.168.1.0/24\nprovider: local\nnodes:\n'
    printf '  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}\n'
    local worker
    for worker in $(seq "$1"); do
        printf '  - {name: w%d-k8s, role: worker, address: 192.168.1.%d, cpus: 1, memory: 1GiB}\n' "$worker" $((100 + worker))
    done
    printf 'registry: {host: m-k8s, port: 8443, image: registry:2}\n'
    shift
    (($# == 0)) || printf '%s\n' "$@"
} >cluster.yaml

# `lab`, whose words are only shown if it fails.
said() { "$lab" "$@" --yes --lang en >said.log 2>&1 || { cat said.log >&2; exit 1; }; }

# Once nodes are up: where the seat is, and ssh to a node as `lab` itself logs in. NODE, then arguments of ssh.
seat() {
    local home=${LAB_HOME:+$LAB_HOME/state} node
    home=${home:-${XDG_STATE_HOME:-$HOME/.local/state}/lab}
    state=$(dirname "$(grep -lxF "$(pwd -P)" "$home"/*/project)")
    for node in $(sed -n 's/.*{name: \([^,]*\),.*/\1/p' cluster.yaml); do echo "$node $(cat "$state/ssh/host-$node.pub")"; done >known_hosts
}
on() {
    local node=$1 address
    shift
    address=$(sed -n "s/.*{name: $node,.* address: \([^,]*\),.*/\1/p" cluster.yaml)
    nsenter -t "$(cut -d' ' -f1 "$state/keeper.pid")" -n -- ssh -F none -i "$state/ssh/orchestrator" -o BatchMode=yes -o UserKnownHostsFile=known_hosts \
        -o GlobalKnownHostsFile=none -o HostKeyAlias="$node" -o User=root "$address" "$@"
}

# A command's wall time, under the name given first; the load of the last minute is beside it, for without that it says nothing.
measure() {
    local name=$1 since
    shift
    since=$(date +%s%N)
    "$@"
    awk -v name="$name" -v ns=$(($(date +%s%N) - since)) -v load="$(cut -d' ' -f1 /proc/loadavg)" \
        'BEGIN { printf "%-58s %8.2f   load %s\n", name, ns / 1e9, load }'
}
report() { printf '%-58s %8s\n' "$1" "$2"; }
# Bytes that the groups of the seat hold: without the page cache, then with it.
memory() {
    local group=lab-$(cat "$state/instance")
    if [ -d "/sys/fs/cgroup/memory/$group" ]; then
        awk '$1 == "total_rss" { printf "%.0f MiB\n", $2 / 1048576 }' "/sys/fs/cgroup/memory/$group/memory.stat"
        awk '{ printf "%.0f MiB\n", $1 / 1048576 }' "/sys/fs/cgroup/memory/$group/memory.usage_in_bytes"
    else
        awk '$1 == "anon" { printf "%.0f MiB\n", $2 / 1048576 }' "/sys/fs/cgroup/$group/memory.stat"
        awk '{ printf "%.0f MiB\n", $1 / 1048576 }' "/sys/fs/cgroup/$group/memory.current"
    fi | paste -sd' '
}
