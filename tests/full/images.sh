#!/bin/bash
# The chapter with the other node images and the Docker of each, a major version before (20.10) and one after (29): whole, in a cluster
# of its own.
#
#   tests/full/images.sh [LAB [IMAGE…]]      LAB: the program (default: target/debug/lab); IMAGE: only these
. "$(dirname "$0")/../compare/seat.sh"
shift $(($# > 0))
(($# > 0)) || set -- debian-12 ubuntu-24.04
for image in "$@"; do
    describe 2 "image: $image"
    said up
    "$lab" exec m-k8s -- docker version --format "$image: Docker {{.Server.Version}}"
    "$lab" run chapter4 --yes --lang en
    said down
done
