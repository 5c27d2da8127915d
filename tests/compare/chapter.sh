#!/bin/bash
# What `lab run` adds to the chapter's own commands: each exercise by `lab`, then the same steps and checks typed over one open ssh.
#
#   tests/compare/chapter.sh [LAB]      LAB: the program (default: target/debug/lab)
#
# Two nodes without Kubernetes; needs python3. $EXERCISES: which (those that restart nothing). Before each of the two the nodes are as new; cleanups
# are not counted. Consecutive commands of one node go through one `bash`, so the script pays for a connection as seldom as it can.
EXERCISES=${EXERCISES:-pull-images image-tags image-layers run-containers container-status publish-port filter-containers copy-files add-files bind-mount mount-option}
. "$(dirname "$0")/seat.sh"
describe 1

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

said up
seat
# NODE, then arguments of ssh: over one connection that stays open.
over() {
    local node=$1
    shift
    on "$node" -S "$project/$node.open" "$@"
}

printf '%-20s %9s %9s %9s %7s\n' exercise commands 'lab (s)' 'ssh (s)' ratio
for exercise in $EXERCISES; do
    said reset
    said run "chapter4/$exercise"
    rm -rf typed && mkdir typed
    read -r commands by_lab < <(python3 events.py lab-reports/latest/events.jsonl typed)
    said reset
    for node in m-k8s w1-k8s; do over "$node" -M -fN; done
    since=$(date +%s%N)
    # An expected failure is one here too: `lab` has judged them already.
    for typed in typed/*; do over "${typed##*.}" bash -s <"$typed" >/dev/null 2>&1 || continue; done
    spent=$(($(date +%s%N) - since))
    for node in m-k8s w1-k8s; do over "$node" -O exit 2>/dev/null; done
    echo "$exercise $commands $by_lab $spent"
done | tee /dev/fd/3 3> >(awk '{ printf "%-20s %9d %9.2f %9.2f %7.2f\n", $1, $2, $3, $4 / 1e9, $3 / ($4 / 1e9); fflush() }' >&2) |
    awk '{ n += $2; lab += $3; ssh += $4 / 1e9 } END { printf "%-20s %9d %9.2f %9.2f %7.2f\n", "all", n, lab, ssh, lab / ssh }'
