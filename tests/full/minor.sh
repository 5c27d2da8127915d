#!/bin/bash
# The exercises of Kubernetes with another minor of it, on a master and three workers of their own.
#
#   tests/full/minor.sh [LAB [MINOR…]]      LAB: the program (default: target/debug/lab); MINOR: 1.36 unless given
. "$(dirname "$0")/../compare/seat.sh"
shift $(($# > 0))
(($# > 0)) || set -- 1.36
for minor in "$@"; do
    describe 3 "kubernetes: {version: '$minor'}"
    "$lab" up --yes
    "$lab" kubectl get nodes -o wide
    "$lab" run chapter4 --only kubernetes-pods,kubernetes-image,kubernetes-registry --lang en
    said down
done
