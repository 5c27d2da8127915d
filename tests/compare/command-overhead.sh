#!/bin/bash
# What one command on a node costs: by `lab`, by OpenSSH to the same server, and by itself.
#
#   tests/compare/command-overhead.sh [LAB]      LAB: the program (default: target/debug/lab)
#
# Makes a cluster of one node in a scratch project (needs root and a built bundle, or time to build one) and takes it down.
# LAB_HOME counts as for `lab`. Figures in ms: smallest, median and largest of $ROUNDS; those of a loop: its mean.
set -euo pipefail
ROUNDS=${ROUNDS:-15}
MANY=${MANY:-200}
lab=$(realpath "${1:-target/debug/lab}")
project=$(mktemp -d)
cd "$project"
finish() {
    "$lab" down --yes --lang en >/dev/null 2>&1 || echo "the cluster of $project was not taken down" >&2
    rm -rf "$project"
}
trap finish EXIT
trap 'exit 130' INT TERM

cat >cluster.yaml <<'YAML'
cluster: overhead
network: 192.168.1.0/24
provider: local
nodes:
  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 1, memory: 1GiB}
registry: {host: m-k8s, port: 8443, image: registry:2}
YAML

# A lab of $1 steps that each do nothing.
steps() {
    mkdir -p "labs/$2"
    printf 'title: {ko: 비교, en: comparison}\nexercises: [steps.yaml]\n' >"labs/$2/lab.yaml"
    cat >"labs/$2/steps.yaml" <<YAML
id: steps
section: comparison
title: {ko: 비교, en: comparison}
steps:
- id: step
  title: {ko: 단계, en: a step}
  hosts: master
  matrix: {n: [$(seq -s ', ' -f '"%g"' "$1")]}
  solve: "true"
- id: last
  title: {ko: 마지막, en: the last step}
  hosts: master
  solve: "true"
  checks:
  - {id: ended, run: "true", expect: {exit-code: 0}, title: {ko: 끝, en: ended}, hint: {ko: 없음, en: none}}
YAML
}

now() { date +%s%N; }
# $ROUNDS times a command: its name, then the command.
measure() {
    local name=$1 since all=()
    shift
    for _ in $(seq "$ROUNDS"); do
        since=$(now)
        "$@" </dev/null >/dev/null
        all+=($((($(now) - since) / 1000)))
    done
    printf '%s\n' "${all[@]}" | sort -n | awk -v name="$name" \
        '{ all[NR] = $1 / 1000 } END { printf "%-58s %8.1f %8.1f %8.1f\n", name, all[1], all[int((NR + 1) / 2)], all[NR] }'
}
mean() { awk -v name="$1" -v ns="$2" -v count="$3" 'BEGIN { printf "%-58s %8s %8.2f\n", name, "", ns / count / 1e6 }'; }
# Nanoseconds that a lab takes.
lasting() {
    local since
    since=$(now)
    "$lab" run "$1" --lang en >"$1.log" 2>&1 || { cat "$1.log" >&2; exit 1; }
    echo $(($(now) - since))
}

echo "a cluster of one node …" >&2
"$lab" up --yes --lang en >up.log 2>&1 || { cat up.log >&2; exit 1; }
home=${LAB_HOME:+$LAB_HOME/state}
home=${home:-${XDG_STATE_HOME:-$HOME/.local/state}/lab}
state=$(dirname "$(grep -lxF "$(pwd -P)" "$home"/*/project)")
keeper=$(cut -d' ' -f1 "$state/keeper.pid")
echo "m-k8s $(cat "$state/ssh/host-m-k8s.pub")" >known_hosts
node=(nsenter -t "$keeper" -n -- ssh -F none -i "$state/ssh/orchestrator" -o BatchMode=yes -o UserKnownHostsFile=known_hosts
    -o GlobalKnownHostsFile=none -o HostKeyAlias=m-k8s)
at=root@192.168.1.10

steps 1 few
steps $((MANY + 1)) many
lasting few >/dev/null
few=$(lasting few)
many=$(lasting many)

printf '%-58s %8s %8s %8s\n' "ms" smallest median largest
measure "lab exec m-k8s -- true        (process, session, command)" "$lab" exec m-k8s -- true
measure "ssh m-k8s true                (process, session, command)" "${node[@]}" "$at" true
"${node[@]}" -M -S "$project/control" -fN "$at"
measure "ssh m-k8s true                (a session that is open)" "${node[@]}" -S "$project/control" "$at" true
bare=$("${node[@]}" "$at" "s=\$(date +%s%N); for i in \$(seq $MANY); do bash -euo pipefail -c true; done; e=\$(date +%s%N); echo \$((e - s))")
true=$("${node[@]}" "$at" "s=\$(date +%s%N); for i in \$(seq $MANY); do /bin/true; done; e=\$(date +%s%N); echo \$((e - s))")
"${node[@]}" -S "$project/control" -O exit "$at" 2>/dev/null
mean "a step of lab run             (a session that is open)" $((many - few)) "$MANY"
mean "bash -euo pipefail -c true    (on the node, what a step runs)" "$bare" "$MANY"
mean "/bin/true                     (on the node)" "$true" "$MANY"
