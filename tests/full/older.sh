#!/bin/bash
# The chapter with Debian 12 and its Docker, a major version before (20.10): whole, in a cluster of its own.
#
#   tests/full/older.sh [LAB]      LAB: the program (default: target/debug/lab)
. "$(dirname "$0")/../compare/seat.sh"
describe 2 "image: debian-12"
said up
"$lab" exec m-k8s -- docker version --format 'Docker {{.Server.Version}}'
"$lab" run chapter4 --yes --lang en
