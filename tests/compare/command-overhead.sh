#!/bin/bash
# What one command on a node costs: by `lab`, by OpenSSH to the same server, and by itself.
#
#   tests/compare/command-overhead.sh [LAB]      LAB: the program (default: target/debug/lab)
#
# A cluster of one node. Figures in ms: smallest, median and largest of $ROUNDS; those of a loop: its mean.
ROUNDS=${ROUNDS:-15}
MANY=${MANY:-200}
. "$(dirname "$0")/seat.sh"
describe 0

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
  - {id: ended, run: test -d /run/systemd/system, expect: {exit-code: 0}, title: {ko: 끝, en: ended}, hint: {ko: 없음, en: none}}
YAML
}

now() { date +%s%N; }
# $ROUNDS times a command: its name, then the command.
repeat() {
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

said up
seat

steps 1 few
steps $((MANY + 1)) many
lasting few >/dev/null
few=$(lasting few)
many=$(lasting many)

printf '%-58s %8s %8s %8s\n' "ms" smallest median largest
repeat "lab exec m-k8s -- true        (process, session, command)" "$lab" exec m-k8s -- true
repeat "ssh m-k8s true                (process, session, command)" on m-k8s true
on m-k8s -M -S "$project/control" -fN
repeat "ssh m-k8s true                (a session that is open)" on m-k8s -S "$project/control" true
bare=$(on m-k8s "s=\$(date +%s%N); for i in \$(seq $MANY); do bash -euo pipefail -c true; done; e=\$(date +%s%N); echo \$((e - s))")
true=$(on m-k8s "s=\$(date +%s%N); for i in \$(seq $MANY); do /bin/true; done; e=\$(date +%s%N); echo \$((e - s))")
on m-k8s -S "$project/control" -O exit 2>/dev/null
mean "a step of lab run             (a session that is open)" $((many - few)) "$MANY"
mean "bash -euo pipefail -c true    (on the node, what a step runs)" "$bare" "$MANY"
mean "/bin/true                     (on the node)" "$true" "$MANY"
