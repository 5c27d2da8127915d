#!/bin/bash
# What nodes cost: from nothing, from the shelf, with nothing to change, to save and to restore, and idle.
#
#   tests/compare/node-times.sh [LAB]      LAB: the program (default: target/debug/lab)
#
# Makes a cluster of $NODES nodes in a scratch project (needs root and a built bundle) and takes it down. LAB_HOME counts as for
# `lab`. Figures are wall seconds; the load of the last minute is beside each, for without it they say nothing.
set -euo pipefail
NODES=${NODES:-4}
ROUNDS=${ROUNDS:-5}
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

{
    printf 'cluster: times\nnetwork: 192.168.1.0/24\nprovider: local\nnodes:\n'
    printf '  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}\n'
    for worker in $(seq $((NODES - 1))); do
        printf '  - {name: w%d-k8s, role: worker, address: 192.168.1.%d, cpus: 1, memory: 1GiB}\n' "$worker" $((100 + worker))
    done
    printf 'registry: {host: m-k8s, port: 8443, image: registry:2}\n'
} >cluster.yaml

said() { "$lab" "$@" --yes --lang en >said.log 2>&1 || { cat said.log >&2; exit 1; }; }
# A command's wall time, under the name given first.
measure() {
    local name=$1 since
    shift
    since=$(date +%s%N)
    "$@"
    awk -v name="$name" -v ns=$(($(date +%s%N) - since)) -v load="$(cut -d' ' -f1 /proc/loadavg)" \
        'BEGIN { printf "%-58s %8.2f   load %s\n", name, ns / 1e9, load }'
}
# The last node to answer, as `lab` tells it: seconds after its boot.
slowest() { sed -n 's/.*\(boot\|wait until it answers\)  *\([0-9.]*\)s$/\2/p' said.log | sort -n | tail -1; }
report() { printf '%-58s %8s\n' "$1" "$2"; }
# Waits until no node has a job left; says which ended with a failed unit.
settled() { "$lab" exec all -- bash -c 'state=$(systemctl is-system-running --wait) || echo "$HOSTNAME: $state"'; }
# One node's boot by systemd's own clock.
boot() {
    settled
    "$lab" exec m-k8s -- bash -c 'systemd-analyze | head -1; echo "ssh.service, docker.service active (µs of the host):"
        systemctl show --property ActiveEnterTimestampMonotonic --value ssh.service docker.service' | sed 's/^/    /'
}
# Bytes that the groups of the seat hold: without the page cache, then with it.
memory() {
    local group=/sys/fs/cgroup/memory/lab-$1
    if [ -d "$group" ]; then
        awk '$1 == "total_rss" { printf "%.0f MiB\n", $2 / 1048576 }' "$group/memory.stat"
        awk '{ printf "%.0f MiB\n", $1 / 1048576 }' "$group/memory.usage_in_bytes"
    else
        awk '$1 == "anon" { printf "%.0f MiB\n", $2 / 1048576 }' "/sys/fs/cgroup/lab-$1/memory.stat"
        awk '{ printf "%.0f MiB\n", $1 / 1048576 }' "/sys/fs/cgroup/lab-$1/memory.current"
    fi
}

measure "lab up, nothing there" said up
report "  slowest node, start to first answer" "$(slowest)"
measure "lab down" said down
measure "lab up again (base from the shelf)" said up
report "  slowest node, start to first answer" "$(slowest)"
boot
for _ in $(seq "$ROUNDS"); do measure "lab up, nothing to change" said up; done
measure "lab snapshot save" said snapshot save one
measure "lab snapshot restore (until all answer)" said snapshot restore one
report "  slowest node, start to first answer" "$(slowest)"
measure "lab restart (until all answer)" said restart
home=${LAB_HOME:+$LAB_HOME/state}
home=${home:-${XDG_STATE_HOME:-$HOME/.local/state}/lab}
state=$(dirname "$(grep -lxF "$(pwd -P)" "$home"/*/project)")
settled
report "memory of $NODES idle nodes: programs, and with page cache" "$(memory "$(cat "$state/instance")" | paste -sd' ')"
