//! Kubernetes by `lab up`: cut short, broken by hand, saved and restored; and the host that must not notice.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{booting, program, shared};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("kubernetes::what_is_cut_short_or_broken_is_made_whole", whole),
        booting("kubernetes::pods_come_back_with_a_snapshot", restored),
        booting("kubernetes::without_it_what_needs_it_is_skipped", without),
        booting("kubernetes::a_client_of_this_host_gets_in", client),
    ]
}

/// Nobody to ask for names: what CoreDNS must bear.
const HEAD: &str = "cluster: kube\nnetwork: {address: 192.168.1.0/24, egress: off}\nregistry: {host: m-k8s, port: 8443, image: registry:2}\nnodes:\n\
                    - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}\n\
                    - {name: w1-k8s, role: worker, address: 192.168.1.101, cpus: 1, memory: 1GiB}\n";
const SECOND: &str = "- {name: w2-k8s, role: worker, address: 192.168.1.102, cpus: 1, memory: 1GiB}\n";

fn cluster(seat: &Seat, workers: &str, version: &str) {
    let text = format!("{HEAD}{workers}kubernetes: {{version: \"{version}\"}}\n");
    seat.write("cluster.yaml", text).unwrap();
}

/// Settings of the host's kernel as kubelet would not leave them, none of which harms the host. (The sixth it sets, `panic_on_oom`,
/// it sets to what any host has.)
const OF_THE_HOST: [(&str, &str); 5] = [
    ("/proc/sys/kernel/panic", "7"),
    ("/proc/sys/kernel/panic_on_oops", "0"),
    ("/proc/sys/vm/overcommit_memory", "0"),
    ("/proc/sys/kernel/keys/root_maxkeys", "999999"),
    ("/proc/sys/kernel/keys/root_maxbytes", "24999999"),
];

/// A kernel setting of the host that is put back at the end, whatever happens.
struct Setting {
    path: &'static str,
    before: String,
}

impl Setting {
    fn set(path: &'static str, value: &str) -> Self {
        let before = fs::read_to_string(path).unwrap();
        fs::write(path, value).unwrap();
        Self { path, before }
    }

    fn now(&self) -> String {
        fs::read_to_string(self.path).unwrap().trim().to_owned()
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        let _ = fs::write(self.path, &self.before);
    }
}

/// Kills `lab up` once `path` is on the node.
fn kill_when(seat: &Seat, mut lab: Child, node: &str, path: &str) {
    let deadline = Instant::now() + Duration::from_secs(240);
    while seat.lab(&["exec", node, "--", "test", "-e", path]).code != 0 {
        if lab.try_wait().unwrap().is_some() {
            let said = String::from_utf8_lossy(&lab.wait_with_output().unwrap().stderr).into_owned();
            panic!("`lab up` ended before {path} was there:\n{said}");
        }
        assert!(Instant::now() < deadline, "{path} never came");
        std::thread::sleep(Duration::from_millis(50));
    }
    lab.kill().unwrap();
    lab.wait().unwrap();
}

fn up(seat: &Seat) {
    seat.lab(&["up", "--yes"]).passes();
    seat.lab(&["up"]).passes().says("nothing to change");
}

fn whole() {
    let settings = OF_THE_HOST.map(|(path, value)| Setting::set(path, value));
    let seat = Seat::new(program(), HEAD).unwrap();
    cluster(&seat, "", "1.34");
    kill_when(
        &seat,
        seat.spawn(&["up", "--yes"]).unwrap(),
        "m-k8s",
        "/etc/kubernetes/manifests/etcd.yaml",
    );
    seat.lab(&["plan"]).passes().prints("kubeadm init");
    up(&seat);
    // A worker more, whose join is cut short.
    cluster(&seat, SECOND, "1.34");
    seat.lab(&["plan"])
        .passes()
        .prints("kubeadm join")
        .without("kubeadm init");
    kill_when(
        &seat,
        seat.spawn(&["up", "--yes"]).unwrap(),
        "w2-k8s",
        "/etc/kubernetes/pki/ca.crt",
    );
    seat.lab(&["plan"]).passes().prints("it was cut short");
    up(&seat);
    seat.lab(&["kubectl", "get", "nodes"])
        .passes()
        .prints("w2-k8s")
        .without("NotReady");
    let names = "jsonpath={.status.readyReplicas}";
    let names = [
        "kubectl",
        "-n",
        "kube-system",
        "get",
        "deployment",
        "coredns",
        "-o",
        names,
    ];
    assert_eq!(seat.lab(&names).passes().stdout, "2");
    // One that another cluster had, one that was deleted, one whose kubelet was stopped.
    seat.on("w2-k8s", "echo another >> /etc/kubernetes/pki/ca.crt")
        .passes();
    seat.lab(&["kubectl", "delete", "node", "w1-k8s"]).passes();
    seat.lab(&["plan"])
        .passes()
        .prints("it belongs to another cluster")
        .prints("the API does not know it");
    seat.on("m-k8s", "systemctl stop kubelet").passes();
    up(&seat);
    seat.lab(&["kubectl", "get", "nodes"])
        .passes()
        .prints("w1-k8s")
        .without("NotReady");
    // Another engine, or version, is not put over it by surprise: no node is touched, and what was asked for is not kept.
    seat.lab(&["up", "--engine", "cri-o", "--yes"])
        .code(3)
        .says("another engine, containerd");
    seat.lab(&["up"]).passes().says("nothing to change");
    cluster(&seat, SECOND, "1.36.3");
    seat.lab(&["plan"]).says("lab down");
    let are_as_set = |by: &str| {
        for (setting, (path, value)) in settings.iter().zip(OF_THE_HOST) {
            assert_eq!(setting.now(), value, "{by} set the host's {path}");
        }
    };
    are_as_set("a node");
    seat.down().passes();
    are_as_set("`lab down`");
}

fn restored() {
    let seat = shared();
    let kubectl = |line: &str| {
        let words: Vec<&str> = ["kubectl"].into_iter().chain(line.split(' ')).collect();
        seat.lab(&words)
    };
    kubectl("create deployment lab-saved --image=nginx:stable --replicas=2").passes();
    kubectl("rollout status deployment lab-saved --timeout=120s").passes();
    seat.lab(&["snapshot", "save", "running"]).passes();
    kubectl("delete deployment lab-saved").passes();
    seat.lab(&["snapshot", "restore", "running"])
        .passes()
        .says("restored in");
    // No waiting here: it was done.
    let pods = kubectl("get pods -l app=lab-saved -o jsonpath={.items[*].status.containerStatuses[*].ready}")
        .passes();
    assert_eq!(pods.stdout, "true true");
    seat.lab(&["snapshot", "delete", "running"]).passes();
    seat.lab(&["reset", "--yes"]).passes();
    kubectl("get nodes").passes().without("NotReady");
    kubectl("get deployments").passes().without("lab-saved");
    // What kubectl says of its own failure is passed on.
    kubectl("get deployment lab-saved").code(1).says("not found");
}

fn without() {
    let seat = Seat::new(program(), HEAD).unwrap();
    seat.lab(&["up", "--yes"]).passes();
    for exercise in ["kubernetes-pods", "kubernetes-image", "kubernetes-registry"] {
        seat.lab(&["run", &format!("chapter4/{exercise}")])
            .passes()
            .says("no Kubernetes");
    }
    seat.lab(&["kubectl", "get", "nodes"])
        .code(2)
        .says("`kubernetes: {version:");
    // Nodes of an image without it are not given to kubeadm, and are as they were once nobody asks for it.
    seat.lab(&["up", "--kubernetes"])
        .code(3)
        .says("made without Kubernetes' programs")
        .says("lab up --no-kubernetes");
    seat.lab(&["up", "--no-kubernetes"])
        .passes()
        .says("nothing to change");
    seat.down().passes();
}

fn client() {
    let seat = shared();
    seat.lab(&["kubeconfig", "admin.conf"])
        .passes()
        .says("lab forward m-k8s:6443");
    let file = seat.project().join("admin.conf");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let mut forward = seat.spawn(&["forward", "m-k8s:6443"]).unwrap();
    let script = r#"
        set -eu
        for one in certificate-authority client-certificate client-key; do
            sed -n "s/^ *$one-data: //p" admin.conf | base64 -d > "$one"
        done
        grep -q 'server: https://127.0.0.1:6443' admin.conf
        for try in $(seq 100); do
            answer=$(curl -sS --cacert certificate-authority --cert client-certificate --key client-key https://127.0.0.1:6443/readyz 2>&1) && break
            sleep 0.1
        done
        test "$answer" = ok
    "#;
    let mut curl = seat.in_here(Command::new("bash"));
    curl.args(["-c", script]);
    let ran = seat.run(curl);
    forward.kill().unwrap();
    forward.wait().unwrap();
    ran.passes();
}
