#!/bin/bash
# What Kubernetes costs: a cluster from the cached bundle, saved, restored, one worker more; and the same kubeadm work by `lab` and as the
# plain script a person would write.
#
#   tests/compare/kubernetes.sh [LAB]      LAB: the program (default: target/debug/lab)
#
# A master and $WORKERS workers, Kubernetes $VERSION (a bundle with it is needed). Both sides of the comparison start from nodes whose cluster was taken
# away by `kubeadm reset`, with images and programs there, and end when every node is Ready and every pod of kube-system runs.
WORKERS=${WORKERS:-3}
ROUNDS=${ROUNDS:-3}
. "$(dirname "$0")/seat.sh"
kubernetes="kubernetes: {version: '${VERSION:-1.34}'}"
describe "$WORKERS" "$kubernetes"
nodes=(m-k8s $(seq -f 'w%g-k8s' "$WORKERS"))

# What a person gives kubeadm on nodes that are containers on a machine like this one.
cat >init.yaml <<'YAML'
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.168.1.10}
nodeRegistration: {criSocket: "unix:///run/containerd/containerd.sock", imagePullPolicy: Never, ignorePreflightErrors: [SystemVerification, NumCPU, Mem, Swap]}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: VERSION
networking: {serviceSubnet: 10.96.0.0/16}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: /kubelet
oomScoreAdj: 0
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
conntrack: {maxPerCore: 0}
oomScoreAdj: 0
YAML

without() {
    local node
    for node in "${nodes[@]}"; do
        on "$node" 'kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock && rm -rf /root/.kube /var/lib/lab/applied/kubernetes' >reset.log 2>&1 &
    done
    wait
}
# As one types it: a node after the other.
script() {
    local node join
    on m-k8s 'sed "s/VERSION/$(kubeadm version -o short)/" >init.yaml && kubeadm init --config init.yaml' <init.yaml
    join=$(on m-k8s kubeadm token create --print-join-command)
    for node in "${nodes[@]:1}"; do
        on "$node" "$join --cri-socket unix:///run/containerd/containerd.sock --ignore-preflight-errors SystemVerification,NumCPU,Mem,Swap"
    done
    on m-k8s 'export KUBECONFIG=/etc/kubernetes/admin.conf
        kubectl wait --for condition=Ready --timeout 300s node --all && kubectl wait --namespace kube-system --for condition=Ready --timeout 300s pod --all'
}
typed() { script >script.log 2>&1 || { cat script.log >&2; exit 1; }; }

measure "lab up of 1+$WORKERS, nothing there, until all is ready" said up
sed -n 's/^✓ *\(.*kubeadm.*\|.*Ready.*\)  \([0-9.]*\)s$/  \2 s  \1/p' said.log
seat
report "memory of all nodes: programs, and with page cache" "$(memory)"
for round in $(seq "$ROUNDS"); do
    measure "lab snapshot save" said snapshot save "round-$round"
    measure "lab snapshot restore, until all pods run" said snapshot restore "round-$round"
done
for _ in $(seq "$ROUNDS"); do
    without
    measure "kubeadm by lab (lab up)" said up
    without
    measure "kubeadm by a script" typed
done
without
said up
describe $((WORKERS + 1)) "$kubernetes"
measure "lab up, one worker more" said up
