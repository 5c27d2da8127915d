#!/bin/bash
# Four machines by `vagrant up` and Docker, and by `lab up` itself, of the same node image; then the same part of the chapter on both.
#
#   tests/compare/vagrant.sh [LAB] [RUN]      LAB: the program (default: target/debug/lab); RUN: chapter4 (default) or chapter4/registry
#
# Takes tests/vagrant/docker as it is and shows the times it tells. Both images are there before either clock starts: Vagrant's box made and
# loaded, lab's base on its shelf. `vagrant up` ends with machines that answer; the first `lab up` after it brings engines, registry
# and trust, which a `lab up` of lab's own nodes includes.
docker=$(realpath "$(dirname "$0")/../vagrant/docker")
run=${2:-chapter4}
. "$(dirname "$0")/seat.sh"
describe 3

echo "machines by Vagrant and Docker (whole seconds):"
"$docker" "$lab" "$run" >vagrant.log 2>&1 || { cat vagrant.log >&2; exit 1; }
grep -E '^(vagrant up|lab up|lab run|vagrant ssh)[^:]*: [0-9]+ s$' vagrant.log | sed 's/^/    /'

echo "nodes by lab itself:"
said up
said down
measure "    lab up (base from the shelf)" said up
measure "    lab up, nothing to change" said up
measure "    lab run $run" said run "$run"
