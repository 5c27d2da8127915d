# What the scripts beside this one try where nothing but Vagrant is on the host, as on Windows: the `lab` that is in the box, on m-k8s,
# for every machine of the cluster. Sourced. Needs LAB_RUN: a lab, an exercise, or `kubernetes` for one of its exercises. Counts on `on`,
# `fail`, `names`, `work`, and on the words of `vagrant up` in up.log.

exercise=$LAB_RUN
if [ "$LAB_RUN" = kubernetes ]; then exercise=${LAB_EXERCISE:-chapter4/kubernetes-registry}; fi

# What a person types who has Vagrant only.
on_m_k8s() {
  local before=$SECONDS
  vagrant ssh m-k8s -c "${LAB_PATIENCE:+LAB_PATIENCE=$LAB_PATIENCE }$1" >"$work/said" 2>&1 </dev/null ||
    { cat "$work/said" "$work/up.log"; fail "vagrant ssh m-k8s -c \"$1\""; }
  echo "vagrant ssh m-k8s -c \"$1\": $((SECONDS - before)) s"
}
says() { grep -qF -- "$1" "$work/said" || { cat "$work/said"; fail "it does not say: $1"; }; }
tells_the_host() {
  says "on m-k8s, which holds the CA key"
  says "vagrant ssh m-k8s -- -L 8080:localhost:8080"
  says "PuTTY: host "
}
with_vagrant_only() {
  cp "$work/up.log" "$work/said"
  says "lab: vagrant ssh m-k8s -c \"lab run chapter4\"  ($(echo $names))"
  on_m_k8s "lab run $exercise"
  tail -15 "$work/said"
  ! grep "on first sight" "$work/said" || fail "a host key was not known"
  tells_the_host
  local fetch
  fetch=$(sed -n 's/.*`scp \(.*\)`.*/\1/p' "$work/said" | tr -d '\r')
  eval "scp ${fetch/%./\"$work\"}"
  grep -q '(lab ran there)</span>.*m-k8s\|m-k8s.*(lab ran there)' <(tr -d '\n' <"$work/report.html") || fail "the report does not name who has the CA key"
  on_m_k8s "lab show chapter4/registry"
  tells_the_host
  ! vagrant ssh m-k8s -c "lab restart m-k8s" >"$work/said" 2>&1 </dev/null || fail "lab rebooted itself"
  says "vagrant reload m-k8s"
  on m-k8s 'stat -c "key of m-k8s: %a" ~/.ssh/id_lab' | grep -q ': 600$' || fail "others can read the key of m-k8s"
  ! on w1-k8s 'sudo find / -xdev -name "id_lab*" | grep .' || fail "the key of m-k8s is on w1-k8s"
  if [ "$LAB_RUN" = chapter4 ]; then
    vagrant destroy --force w3-k8s >/dev/null
    vagrant up w3-k8s >"$work/up.log" 2>&1 || { tail -50 "$work/up.log"; fail "vagrant up w3-k8s"; }
    on_m_k8s "lab up"
    on_m_k8s "lab up"
    says "nothing to change"
    vagrant ssh-config >"$work/ssh-config"
  fi
  on_m_k8s "lab down --yes"
}
