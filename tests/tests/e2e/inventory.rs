//! Machines that were there before the lab: bare Debian reached by SSH, provisioned, used, and left as they were.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lab::transport::patient;
use lab_tests::machines::Machines;
use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{asked_for, booting, plain, program};

const CLUSTER: &str = "\
cluster: theirs
network: 192.168.1.0/24
provider: inventory
ssh: {user: debian, key: KEY}
nodes:
  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}
  - {name: w1-k8s, role: worker, address: 192.168.1.101, cpus: 1, memory: 1GiB}
registry: {host: m-k8s, port: 8443, image: registry:2}
";

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting(
            "inventory::bare_machines_are_provisioned_used_and_left_as_they_were",
            there_and_back,
        ),
        asked_for(
            "inventory::machines_of_ubuntu_bring_docker_by_their_own_apt_get",
            || by_their_own_apt_get("ubuntu-24.04"),
        ),
        asked_for(
            "inventory::machines_of_debian_12_bring_docker_by_their_own_apt_get",
            || by_their_own_apt_get("debian-12"),
        ),
        plain("inventory::what_it_cannot_do_is_said", cannot),
    ]
}

fn there_and_back() {
    // Makes the bundle where there is none.
    Seat::new(program(), CLUSTER)
        .unwrap()
        .lab(&["bundle", "build", "--kubernetes", "--yes"])
        .passes();
    let machines = Machines::boot(CLUSTER).unwrap();
    let cluster = CLUSTER.replace("KEY", &machines.key());
    let seat = Seat::new(program(), &cluster).unwrap();
    machines.on("m-k8s", THEIR_OWN).unwrap();
    machines
        .on("w1-k8s", "echo 'debian:open sesame' | chpasswd")
        .unwrap();
    let before = ["m-k8s", "w1-k8s"].map(|name| machines.all_of(name).unwrap());
    refused_before_anything_is_touched(&machines, &cluster);
    machines
        .lab(&seat, &["up", "--yes"])
        .passes()
        .says("trusting w1-k8s on first sight, SHA256:");
    machines.lab(&seat, &["up"]).passes().says("nothing to change");
    by_password(&machines, &seat);
    by_agent(&machines, &seat);
    seat.write("cluster.yaml", &cluster).unwrap();
    machines
        .lab(&seat, &["status"])
        .passes()
        .prints("ok 89d")
        .without("first sight");
    machines.lab(&seat, &["run", "chapter4/registry"]).passes();
    machines
        .lab(&seat, &["snapshot", "save", "before"])
        .code(3)
        .says("cannot save or restore snapshots");
    another_key_is_refused(&machines, &seat);
    kubernetes_comes(&machines, &seat);
    down_leaves(&machines, &seat, &before);
    let theirs = "grep -qx theirs /root/.kube/config; grep -qx '# theirs' /usr/local/bin/kubectl
        grep -qx ExecStart=/bin/true /etc/systemd/system/kubelet.service; systemctl -q is-enabled kubelet";
    machines.on("m-k8s", theirs).unwrap();
}

const SSH: &str = "ssh: {user: debian, key: KEY}";

/// The password is in a file that nobody else can read.
fn by_password(machines: &Machines, seat: &Seat) {
    let cluster = CLUSTER.replace(SSH, "ssh: {user: debian, password-file: word}");
    seat.write("cluster.yaml", &cluster).unwrap();
    let with = |word: &str, mode: u32| {
        seat.write("word", word).unwrap();
        let file = seat.project().join("word");
        std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
        machines.lab(seat, &["exec", "w1-k8s", "--", "whoami"])
    };
    with("open sesame\n", 0o644)
        .code(2)
        .says("others can read the password file")
        .says("chmod 600")
        .without("sesame");
    with("close sesame\n", 0o600)
        .code(3)
        .says("cannot log in as debian")
        .without("sesame");
    with("open sesame\n", 0o600).passes().prints("root");
}

/// Ends with the test, however that ends.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The key is known to an agent only.
fn by_agent(machines: &Machines, seat: &Seat) {
    let cluster = CLUSTER.replace(SSH, "ssh: {user: debian, agent: true}");
    seat.write("cluster.yaml", &cluster).unwrap();
    let socket = seat.project().join("agent");
    let mut agent = Command::new("ssh-agent");
    agent.args(["-D", "-a"]).arg(&socket).stdout(Stdio::null());
    let _agent = Agent(agent.spawn().unwrap());
    let deadline = Instant::now() + patient(Duration::from_secs(20));
    while !socket.exists() {
        assert!(Instant::now() < deadline, "the agent does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    let whoami = || {
        let mut command = machines.command(seat, &["exec", "w1-k8s", "--", "whoami"]);
        command.env("SSH_AUTH_SOCK", &socket);
        seat.run(command)
    };
    whoami().code(3).says("cannot log in as debian");
    let mut add = Command::new("ssh-add");
    add.env("SSH_AUTH_SOCK", &socket).args(["-q", &machines.key()]);
    assert!(add.status().unwrap().success());
    whoami().passes().prints("root");
}

/// What apt-get and a login leave on a machine, whoever they are of.
const LIVED_IN: &str = "apt-get -q update; install -d -m 700 -o debian -g debian /home/debian/.cache; \
    install -m 644 -o debian -g debian /dev/null /home/debian/.cache/motd.legal-displayed";

/// Their packages come from the internet, not from the bundle.
fn by_their_own_apt_get(image: &str) {
    let cluster = format!("{CLUSTER}image: {image}\n");
    // The one is what the machines are made of here, the other what the lab brings to any.
    let seat = Seat::new(program(), &cluster).unwrap();
    for image in [image, "debian-13"] {
        seat.lab(&["bundle", "build", "--image", image, "--yes"]).passes();
    }
    let machines = Machines::boot_with_a_way_out(&cluster).unwrap();
    let cluster = cluster.replace("KEY", &machines.key());
    let seat = Seat::new(program(), &cluster).unwrap();
    let before = ["m-k8s", "w1-k8s"].map(|name| {
        machines.on(name, LIVED_IN).unwrap();
        machines.all_of(name).unwrap()
    });
    machines.lab(&seat, &["up", "--yes"]).passes();
    machines.lab(&seat, &["up"]).passes().says("nothing to change");
    machines.lab(&seat, &["run", "chapter4/registry"]).passes();
    down_leaves(&machines, &seat, &before);
}

/// What somebody had on a machine, and Kubernetes writes over.
const THEIR_OWN: &str = "mkdir /root/.kube; echo theirs > /root/.kube/config; echo '# theirs' > /usr/local/bin/kubectl
    printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/kubelet.service
    systemctl -q enable kubelet";

/// Settings of the kernel that kubelet and kube-proxy change: these machines' kernel is this computer's.
fn kernel() -> String {
    let one = |name: &str| std::fs::read_to_string(format!("/proc/sys/{name}")).unwrap_or_default();
    let names = [
        "kernel/panic",
        "kernel/panic_on_oops",
        "vm/overcommit_memory",
        "vm/panic_on_oom",
        "kernel/keys/root_maxkeys",
        "net/netfilter/nf_conntrack_max",
    ];
    names.map(one).concat()
}

/// Kubernetes on machines that have an engine already; not where there is another one.
fn kubernetes_comes(machines: &Machines, seat: &Seat) {
    let before = kernel();
    // Their own kubectl is not even asked.
    machines
        .lab(seat, &["run", "chapter4/kubernetes-registry"])
        .passes()
        .says("no Kubernetes");
    let other = "mkdir /etc/kubernetes; touch /etc/kubernetes/kubelet.conf";
    machines.on("w1-k8s", other).unwrap();
    machines
        .lab(seat, &["up", "--kubernetes", "--yes"])
        .code(3)
        .says("a Kubernetes already that is not the lab's: /etc/kubernetes/kubelet.conf");
    machines.on("w1-k8s", "rm -r /etc/kubernetes").unwrap();
    machines.on("m-k8s", "test ! -e /usr/local/bin/kubeadm").unwrap();
    // What was asked is remembered, though something was in its way.
    machines.lab(seat, &["up", "--yes"]).passes();
    machines.lab(seat, &["up"]).passes().says("nothing to change");
    machines
        .lab(seat, &["run", "chapter4/kubernetes-registry"])
        .passes()
        .without("skipped: ");
    assert_eq!(kernel(), before, "the kernel's settings are this computer's");
}

/// `lab down` puts both machines back as they were.
fn down_leaves(machines: &Machines, seat: &Seat, before: &[Vec<String>; 2]) {
    machines
        .lab(seat, &["down"])
        .passes()
        .says("put back as they were");
    for (name, before) in ["m-k8s", "w1-k8s"].iter().zip(before) {
        is_as_before(machines, name, before);
    }
}

/// What a closed session leaves while it ends is waited for.
fn is_as_before(machines: &Machines, name: &str, before: &[String]) {
    let deadline = Instant::now() + patient(Duration::from_secs(20));
    loop {
        let after = machines.all_of(name).unwrap();
        let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
        let gone: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
        if new.is_empty() && gone.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{name}: left {new:#?}\ngone {gone:#?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// A machine with another name, and one whose sudo asks for a password.
fn refused_before_anything_is_touched(machines: &Machines, cluster: &str) {
    let seat = Seat::new(program(), cluster).unwrap();
    machines.on("w1-k8s", "hostname other").unwrap();
    machines
        .lab(&seat, &["up", "--yes"])
        .code(3)
        .says("its host name is `other`")
        .says("hostnamectl set-hostname w1-k8s");
    machines.on("w1-k8s", "hostname w1-k8s").unwrap();
    for name in ["m-k8s", "w1-k8s"] {
        machines.on(name, "test ! -e /var/lib/lab-record").unwrap();
    }
    machines.lab(&seat, &["down"]).passes();
    let asked = cluster.replace("user: debian", "user: asked");
    let seat = Seat::new(program(), &asked).unwrap();
    machines
        .lab(&seat, &["up", "--yes"])
        .code(3)
        .says("asked cannot use sudo without a password");
}

fn another_key_is_refused(machines: &Machines, seat: &Seat) {
    let change = "cd /etc/ssh; mkdir /tmp/kept; mv ssh_host_* /tmp/kept; ssh-keygen -q -A > /dev/null; systemctl restart ssh";
    machines.on("w1-k8s", change).unwrap();
    machines
        .lab(seat, &["exec", "w1-k8s", "--", "true"])
        .code(3)
        .says("wrong host key");
    let back = "cd /etc/ssh; rm ssh_host_*; mv /tmp/kept/* .; rmdir /tmp/kept; systemctl restart ssh";
    machines.on("w1-k8s", back).unwrap();
}

/// Nobody answers where these machines should be: what is said needs none.
fn cannot() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = |text: &str, host: u8| {
        let node = format!("ssh: {{address: 127.77.7.{host}, port: 9}}}}");
        text.replacen("GiB}", &format!("GiB, {node}"), 1)
    };
    let cluster = nowhere(&nowhere(CLUSTER, 1), 2).replace("KEY", "missing");
    let seat = Seat::new(program(), &cluster).unwrap();
    let lab = |arguments: &[&str]| {
        let mut command = seat.command(arguments);
        command.env("HOME", home.path()).env("LAB_PATIENCE", "0.1");
        seat.run(command)
    };
    lab(&["snapshot", "save", "before"])
        .code(3)
        .says("snapshots need provider: local or vagrant");
    lab(&["reset", "--yes"])
        .code(3)
        .says("the inventory provider cannot save or restore");
    lab(&["stop"])
        .code(3)
        .says("the inventory provider does not stop machines");
    lab(&["status"]).passes().says("no SSH at 127.77.7.1 port 9");
}
