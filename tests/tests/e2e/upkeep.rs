//! Looking after a cluster: status of Kubernetes, journals, what a bug report needs; certificates that ended, and what stands in
//! kubeadm's way.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Command;
use std::time::{Duration, Instant};

use lab_tests::seat::{Ran, Seat};
use libtest_mimic::Trial;

use super::{booting, plain, program};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("upkeep::kubernetes_is_asked_for_watched_and_renewed", kubernetes),
        booting("upkeep::a_journal_is_shown_followed_and_let_go", logs),
        booting("upkeep::no_planted_secret_is_in_a_support_bundle", planted),
        plain("upkeep::a_support_bundle_needs_no_cluster", alone),
    ]
}

const CLUSTER: &str = "cluster: kube\nnetwork: 192.168.1.0/24\nregistry: {host: m-k8s, port: 8443, image: registry:2}\nnodes:\n\
                       - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 2GiB}\n\
                       - {name: w1-k8s, role: worker, address: 192.168.1.101, cpus: 1, memory: 1GiB}\n";

/// On the master: every certificate of the control plane ended long ago, its keys and authorities are as they were.
const EXPIRE: &str = r#"set -euo pipefail
keys=/etc/kubernetes/pki
ended() { openssl x509 -in "$1" -CA "$2.crt" -CAkey "$2.key" -not_before 20240101000000Z -not_after 20250101000000Z 2>/dev/null; }
over() { ended "$1" "$2" > /run/ended.pem; cat /run/ended.pem > "$1"; }
for one in apiserver apiserver-kubelet-client; do over $keys/$one.crt $keys/ca; done
for one in etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client; do over $keys/$one.crt $keys/etcd/ca; done
over $keys/front-proxy-client.crt $keys/front-proxy-ca
for one in admin super-admin controller-manager scheduler; do
    file=/etc/kubernetes/$one.conf
    sed -n 's/^ *client-certificate-data: //p' $file | base64 -d > /run/before.pem
    ended /run/before.pem $keys/ca > /run/ended.pem
    sed -i "s|^\( *client-certificate-data: \).*|\1$(base64 -w0 /run/ended.pem)|" $file
done"#;

/// On any node that has the authority's key: so did its kubelet's.
const EXPIRE_KUBELET: &str = r#"set -euo pipefail
systemctl stop kubelet
file=$(readlink -f /var/lib/kubelet/pki/kubelet-client-current.pem)
openssl x509 -in "$file" -CA /etc/kubernetes/pki/ca.crt -CAkey /etc/kubernetes/pki/ca.key \
    -not_before 20240101000000Z -not_after 20250101000000Z > /run/ended.pem 2>/dev/null
sed -n '/BEGIN.*PRIVATE/,/END.*PRIVATE/p' "$file" >> /run/ended.pem
cat /run/ended.pem > "$file""#;

/// In place of kubeadm: a join begins once it is let.
const SLOW_JOIN: &str = "#!/bin/sh
if [ \"$1\" = join ]; then touch /run/joining; until test -e /run/go; do sleep 0.1; done; fi
exec /usr/local/bin/kubeadm \"$@\"
";

fn until(what: &str, seat: &Seat, node: &str, script: &str) {
    let deadline = Instant::now() + Duration::from_secs(240);
    while seat.on(node, script).code != 0 {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn kubernetes() {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    seat.lab(&["up", "--kubernetes", "9.9"])
        .code(2)
        .says("it has 1.34");
    seat.lab(&["up", "--yes", "--kubernetes"]).passes();
    // It is remembered by every verb.
    seat.lab(&["up"]).passes().says("nothing to change");
    seat.lab(&["kubectl", "get", "nodes"]).passes().prints("w1-k8s");
    let status = seat.lab(&["status"]).passes();
    status
        .prints("containerd://")
        .prints("v1.34")
        .prints("ok 364d")
        .without("→");
    let status = seat.lab(&["status", "--format", "json"]).passes();
    let rows: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(rows[1]["kubernetes"]["state"], "ready", "{status}");
    hindered(&seat);
    ended(&seat);
    seat.lab(&["up", "--no-kubernetes"]).passes().says("lab down");
    seat.lab(&["kubectl", "get", "nodes"]).code(2);
    seat.down().passes();
}

/// A worker that cannot join: its port is taken; its token ends before it joins.
fn hindered(seat: &Seat) {
    let away = "systemctl stop kubelet && rm /etc/kubernetes/pki/ca.crt";
    seat.on("w1-k8s", away).passes();
    let listen = "systemd-run --unit=lab-listener openssl s_server -accept 10250 -cert /etc/lab-test.pem -key /etc/lab-test.pem";
    let made = "openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -keyout /etc/lab-test.pem -out /run/c.pem 2>/dev/null && cat /run/c.pem >> /etc/lab-test.pem";
    seat.on("w1-k8s", made).passes();
    seat.on("w1-k8s", listen).passes();
    until("it listens", seat, "w1-k8s", "ss -ltn | grep -q :10250");
    seat.lab(&["up"])
        .code(3)
        .says("port 10250, which Kubernetes needs, is taken by openssl (pid ")
        .says("lab exec w1-k8s -- ps -fp ");
    seat.on("w1-k8s", "systemctl stop lab-listener && rm /etc/lab-test.pem")
        .passes();
    // What looks for its token finds none.
    let wrapper =
        format!("cat > /usr/local/sbin/kubeadm <<'END'\n{SLOW_JOIN}END\nchmod 755 /usr/local/sbin/kubeadm");
    seat.on("w1-k8s", &wrapper).passes();
    let up = seat.spawn(&["up"]).unwrap();
    until("the join begins", seat, "w1-k8s", "test -e /run/joining");
    let tokens = "delete secret -n kube-system --field-selector type=bootstrap.kubernetes.io/token";
    seat.lab(&[&["kubectl"][..], &tokens.split(' ').collect::<Vec<_>>()].concat())
        .passes()
        .prints("deleted");
    seat.on("w1-k8s", "touch /run/go").passes();
    let output = up.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("its token ended before it had joined"), "{said}");
    seat.on("w1-k8s", "rm /usr/local/sbin/kubeadm").passes();
    seat.lab(&["up"]).passes();
    seat.lab(&["kubectl", "get", "nodes"])
        .passes()
        .without("NotReady");
}

/// A lab that slept for longer than a year.
fn ended(seat: &Seat) {
    let key = seat.on("m-k8s", "cat /etc/kubernetes/pki/ca.key").passes().stdout;
    let put = format!("umask 077; cat > /etc/kubernetes/pki/ca.key <<'END'\n{key}END");
    seat.on("w1-k8s", &put).passes();
    seat.on("m-k8s", EXPIRE).passes();
    for node in ["m-k8s", "w1-k8s"] {
        seat.on(node, EXPIRE_KUBELET).passes();
    }
    seat.on("w1-k8s", "rm /etc/kubernetes/pki/ca.key").passes();
    seat.lab(&["stop"]).passes();
    seat.lab(&["status"]).passes().says("m-k8s cannot be asked");
    seat.lab(&["up"]).passes();
    seat.lab(&["up"]).passes().says("nothing to change");
    seat.lab(&["status"])
        .passes()
        .prints("ok 364d")
        .without("expired");
    seat.lab(&["kubectl", "get", "nodes"])
        .passes()
        .without("NotReady");
}

fn logs() {
    let seat = super::shared();
    seat.lab(&["logs", "w1-k8s", "docker", "--lines", "3"])
        .passes()
        .prints("dockerd");
    seat.lab(&["logs", "master", "--lines", "20"])
        .passes()
        .prints(" m-k8s ");
    seat.lab(&["logs", "m-k8s", "dokcer"])
        .code(2)
        .says("did you mean `docker`?");
    seat.lab(&["logs", "m-k8s", "no-such-thing"])
        .code(2)
        .says("list-units");
    seat.lab(&["logs", "w9-k8s"]).code(2).says("w1-k8s");
    seat.lab(&["logs", "m-k8s", "--since", "not a time"]).code(3);
    let mut child = seat
        .spawn(&["logs", "m-k8s", "--follow", "--lines", "1"])
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    seat.on("m-k8s", "logger lab-follows").passes();
    assert!(lines.by_ref().any(|line| line.unwrap().contains("lab-follows")));
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("`lab logs --follow` goes on after SIGINT");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    until("journalctl is gone", &seat, "m-k8s", "! pgrep -x journalctl");
}

/// Every secret below, as it is planted; none may be in the archive.
const SECRETS: [&str; 9] = [
    "planted-in-yaml",
    "planted-in-url",
    "planted-in-environment",
    "planted-in-journal",
    "planted0.0123456789abcdef",
    "planted-in-report",
    "planted-in-keeper-log",
    "eyJwbGFudGVk.eyJpbiI6Imp3dCJ9.c2lnbmF0dXJl",
    "cGxhbnRlZC1raW5kLW9mLWtleS1kYXRhLWhlcmU",
];

fn planted() {
    let [yaml, url, environment, journal, token, report, keeper, jwt, key] = SECRETS;
    let cluster = format!("{CLUSTER}# proxy: https://ann:{url}@proxy:3128\n# password: {yaml}\n");
    let seat = Seat::new(program(), &cluster).unwrap();
    seat.lab(&["up", "--yes"]).passes();
    let said = format!("logger 'password={journal} --token {token} jwt {jwt} said {yaml} and {url}'");
    seat.on("w1-k8s", &said).passes();
    let broken = format!(
        "printf '[Service]\\nExecStart=/bin/sh -c \"echo secret: {journal}; echo client-key-data: {key}; exit 1\"\\n' > /etc/systemd/system/lab-broken.service; systemctl start lab-broken || systemctl is-failed lab-broken"
    );
    seat.on("w1-k8s", &broken).passes();
    let pem = "openssl genpkey -algorithm ed25519 | tee /root/planted.pem | logger; cat /root/planted.pem";
    let pem = seat.on("w1-k8s", pem).passes().stdout;
    let body = pem.lines().nth(1).unwrap().to_owned();
    let latest = seat.project().join("lab-reports/latest");
    fs::create_dir_all(&latest).unwrap();
    fs::write(
        latest.join("events.jsonl"),
        format!(
            "{{\"output\":\"DB_PASSWORD={report}\\n{}\"}}\n",
            pem.replace('\n', "\\n")
        ),
    )
    .unwrap();
    fs::write(latest.join("summary.txt"), format!("bearer {report}\n")).unwrap();
    let state = fs::read_dir(seat.state().join("lab"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::write(state.join("keeper.log"), format!("api_key: {keeper}\n")).unwrap();
    seat.lab(&["stop", "m-k8s"]).passes();
    let mut bundle = seat.command(&["support-bundle", "b.tar.gz"]);
    bundle
        .env("REGISTRY_PASSWORD", environment)
        .env("LAB_TOKEN", environment);
    let said = seat.run(bundle).passes().says("removed.txt");
    seat.on("w1-k8s", "true").passes();
    let all = unpacked(&seat, "b.tar.gz");
    for secret in SECRETS.into_iter().chain([body.as_str()]) {
        assert!(
            !all.contains(secret) && !said.stderr.contains(secret),
            "{secret} is in the archive"
        );
    }
    for part in [
        "b/nodes/m-k8s/not-asked.txt",
        "b/nodes/w1-k8s/facts.json",
        "b/nodes/w1-k8s/journal/lab-broken.service.txt",
        "b/status.json",
        "b/plan.json",
        "b/doctor.json",
        "cluster.yaml: 2 × a key of the lab, or a password",
        "it does not run",
    ] {
        assert!(all.contains(part), "no {part}");
    }
    seat.lab(&["support-bundle", "b.tar.gz"])
        .code(2)
        .says("is there already");
    seat.down().passes();
}

fn unpacked(seat: &Seat, file: &str) -> String {
    let mode = fs::metadata(seat.project().join(file)).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
    let tar = |option: &str| -> Ran {
        let mut tar = seat.in_here(Command::new("tar"));
        tar.args([option, file]);
        seat.run(tar).passes()
    };
    tar("-tzf").stdout + &tar("-xOzf").stdout
}

fn alone() {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    seat.lab(&["support-bundle", "b.zip"]).code(2).says(".tar.zst");
    seat.lab(&["support-bundle", "none.tar.gz"]).passes();
    assert!(unpacked(&seat, "none.tar.gz").contains("it does not run"));
    // Whatever is wrong with cluster.yaml, the host can be told about.
    seat.write("cluster.yaml", "cluster: [\npassword: planted-word\n")
        .unwrap();
    let ran = seat.lab(&["support-bundle", "broken.tar.gz"]).passes();
    let all = unpacked(&seat, "broken.tar.gz");
    assert!(
        all.contains("doctor.json") && !all.contains("planted-word"),
        "{ran}"
    );
}
