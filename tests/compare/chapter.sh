#!/bin/bash
# What `lab run` adds to the chapter's own commands: each exercise by `lab`, then the same steps and checks typed over one open ssh.
#
#   tests/compare/chapter.sh [LAB]      LAB: the program (default: target/debug/lab)
#
# Makes a cluster of two nodes without Kubernetes in a scratch project (needs root, python3 and a built bundle) and takes it down.
# LAB_HOME counts as for `lab`. $EXERCISES: which (those that restart nothing). Before each of the two the nodes are as new; cleanups
# are not counted. Consecutive commands of one node go through one `bash`, so the script pays for a connection as seldom as it can.
set -euo pipefail
EXERCISES=${EXERCISES:-pull-images image-tags image-layers run-containers container-status publish-port filter-containers copy-files add-files bind-mount mount-option}
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

cat >cluster.yaml <<'YAML'
cluster: chapter
network: 192.168.1.0/24
provider: local
nodes:
  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}
  - {name: w1-k8s, role: worker, address: 192.168.1.101, cpus: 1, memory: 1GiB}
registry: {host: m-k8s, port: 8443, image: registry:2}
YAML

# From a run's events: the seconds from its first to its last step or check; and what was run, as NUMBER.NODE files of bash.
cat >events.py <<'PY'
import datetime, json, pathlib, re, sys
events = [json.loads(line) for line in open(sys.argv[1])]
at = lambda event: datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00"))
begun = next(at(event) for event in events if event["event"] == "exercise-started")
seen = [event for event in events if event["event"] in ("step-finished", "check-finished") and event.get("command")]
groups = []
for event in seen:
    node, command = re.match(r"lab exec (\S+) -- (.*)", event["command"], re.S).groups()
    if not groups or groups[-1][0] != node:
        groups.append((node, []))
    state = re.search(r"'state=([^']+)'", command)
    groups[-1][1].append((f"mkdir -p {state[1]}\n" if state else "") + command + " </dev/null")
for number, (node, commands) in enumerate(groups):
    pathlib.Path(sys.argv[2], f"{number:03}.{node}").write_text("\n".join(commands) + "\n")
print(len(seen), (max(map(at, seen)) - begun).total_seconds())
PY

quietly() { "$lab" "$@" --lang en >said.log 2>&1 || { cat said.log >&2; exit 1; }; }
quietly up --yes
home=${LAB_HOME:+$LAB_HOME/state}
home=${home:-${XDG_STATE_HOME:-$HOME/.local/state}/lab}
state=$(dirname "$(grep -lxF "$(pwd -P)" "$home"/*/project)")
on() { # NODE, then arguments of ssh
    local node=$1 address
    shift
    address=$(awk -v node="$node" 'index($0, "name: " node ",") { sub(/.*address: /, ""); sub(/,.*/, ""); print }' cluster.yaml)
    nsenter -t "$(cut -d' ' -f1 "$state/keeper.pid")" -n -- ssh -F none -i "$state/ssh/orchestrator" -o BatchMode=yes -o UserKnownHostsFile=known_hosts \
        -o GlobalKnownHostsFile=none -o HostKeyAlias="$node" -S "$project/$node.open" "$@" "root@$address" "${remote[@]}"
}
for node in m-k8s w1-k8s; do echo "$node $(cat "$state/ssh/host-$node.pub")" >>known_hosts; done

printf '%-20s %9s %9s %9s %7s\n' exercise commands 'lab (s)' 'ssh (s)' ratio
for exercise in $EXERCISES; do
    quietly reset --yes
    quietly run "chapter4/$exercise"
    rm -rf typed && mkdir typed
    read -r commands by_lab < <(python3 events.py lab-reports/latest/events.jsonl typed)
    quietly reset --yes
    remote=()
    for node in m-k8s w1-k8s; do on "$node" -M -fN; done
    remote=(bash -s)
    since=$(date +%s%N)
    # An expected failure is one here too: `lab` has judged them already.
    for typed in typed/*; do on "${typed##*.}" <"$typed" >/dev/null 2>&1 || continue; done
    spent=$(($(date +%s%N) - since))
    remote=()
    for node in m-k8s w1-k8s; do on "$node" -O exit 2>/dev/null; done
    echo "$exercise $commands $by_lab $spent"
done | tee /dev/fd/3 3> >(awk '{ printf "%-20s %9d %9.2f %9.2f %7.2f\n", $1, $2, $3, $4 / 1e9, $3 / ($4 / 1e9); fflush() }' >&2) |
    awk '{ n += $2; lab += $3; ssh += $4 / 1e9 } END { printf "%-20s %9d %9.2f %9.2f %7.2f\n", "all", n, lab, ssh, lab / ssh }'
