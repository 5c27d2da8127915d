#!/bin/bash
# What nodes cost: from nothing, from the shelf, with nothing to change, to save and to restore, and idle.
#
#   tests/compare/node-times.sh [LAB]      LAB: the program (default: target/debug/lab)
#
# A cluster of $NODES nodes. Figures are wall seconds.
NODES=${NODES:-4}
ROUNDS=${ROUNDS:-5}
. "$(dirname "$0")/seat.sh"
describe $((NODES - 1))

# The last node to answer, as `lab` tells it: seconds after its boot.
slowest() { sed -n 's/.*\(boot\|wait until it answers\)  *\([0-9.]*\)s$/\2/p' said.log | sort -n | tail -1; }
# Waits until no node has a job left; says which ended with a failed unit.
settled() { "$lab" exec all -- bash -c 'state=$(systemctl is-system-running --wait) || echo "$HOSTNAME: $state"'; }
# One node's boot by systemd's own clock.
boot() {
    settled
    "$lab" exec m-k8s -- bash -c 'systemd-analyze | head -1; echo "ssh.service, docker.service active (µs of the host):"
        systemctl show --property ActiveEnterTimestampMonotonic --value ssh.service docker.service' | sed 's/^/    /'
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
seat
settled
report "memory of $NODES idle nodes: programs, and with page cache" "$(memory)"
