//! A registry beside the lab's own: Debian's docker-registry on a node as a company's, behind basic and behind token authentication.

#[path = "external/secrecy.rs"]
mod secrecy;

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab_tests::company::tokens::Tokens;
use lab_tests::company::{Auth, Company, PASSWORD, USER};
use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::host::processes_of;
use super::{booting, program};
use secrecy::{bug_report_shows_nothing, shows_nothing, unseen, watch};

const CLUSTER: &str = "cluster: company
network: {address: 192.168.1.0/24, egress: off}
provider: local
nodes:
  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 2, memory: 1GiB}
  - {name: w1-k8s, role: worker, address: 192.168.1.101, cpus: 1, memory: 1GiB}
registry:
  host: m-k8s
  port: 8443
  image: registry:2
";

/// The address of the lab's network that its keeper has.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("external::behind_basic_authentication", basic),
        booting("external::behind_token_authentication", token),
        booting("external::what_is_wrong_is_said_before_anything_is_made", files),
        booting("external::a_way_out_that_is_closed_is_named", closed),
    ]
}

/// Names the company's registry in cluster.yaml.
fn name(seat: &Seat, more: &str) {
    let section = format!("  external: {{url: 'https://w1-k8s:5443/team', ca_file: company.pem{more}}}\n");
    seat.write("cluster.yaml", format!("{CLUSTER}{section}")).unwrap();
}

const LOGIN: &str = ", user: student, password_file: secret";

fn password(seat: &Seat, text: &str, mode: u32) -> PathBuf {
    let file = seat.project().join("secret");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    file
}

fn pair() -> String {
    STANDARD.encode(format!("{USER}:{PASSWORD}"))
}

fn basic() {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    let company = Company::new().unwrap();
    company.introduce(&seat).unwrap();
    seat.lab(&["up", "--yes"]).passes().without("w1-k8s:5443");
    // Without one the exercise is skipped, and a run is whole all the same.
    let skipped = seat.lab(&["run", "chapter4/external-registry"]).passes();
    skipped.says("no external registry");
    company.serve(&seat, "w1-k8s", Auth::Basic).unwrap().passes();
    // An editor of another system wrote it.
    password(&seat, &format!("{PASSWORD}\r\n"), 0o600);
    name(&seat, LOGIN);
    let both = ["m-k8s", "w1-k8s"];
    seat.lab(&["plan"])
        .passes()
        .prints("trust w1-k8s:5443/team and log in");
    both.iter().for_each(|node| watch(&seat, node));
    let up = seat
        .lab(&["up"])
        .passes()
        .says("w1-k8s:5443/team: distribution, logged in as `student`");
    up.without(PASSWORD);
    exercise(&seat);
    both.iter().for_each(|node| unseen(&seat, node));
    seat.lab(&["up"]).passes().says("nothing to change");
    repaired(&seat);
    of_no_use(&seat, &company);
    known_to_docker(&seat);
    forgotten(&seat);
    seat.down().passes();
}

/// Runs the exercise; the report tells of the registry, and nothing shows the login.
fn exercise(seat: &Seat) {
    seat.lab(&["run", "chapter4/external-registry", "--record"])
        .passes();
    let report = seat.project().join("lab-reports/latest/report.html");
    let page = std::fs::read_to_string(report).unwrap();
    assert!(
        page.contains("distribution w1-k8s:5443/team (student)"),
        "the report does not tell of it"
    );
    shows_nothing(&seat.project().join("lab-reports"));
    bug_report_shows_nothing(seat);
    shows_nothing(&seat.state());
}

/// What a person undid is seen, and done again.
fn repaired(seat: &Seat) {
    seat.lab(&["status"]).says("distribution, logged in as `student`");
    let trust = seat.lab(&["trust", "status"]).passes();
    for row in ["m-k8s   login", "w1-k8s  docker"] {
        let line = trust
            .stdout
            .lines()
            .find(|line| line.starts_with(row) && line.contains("w1-k8s:5443"));
        assert!(line.is_some_and(|line| line.contains("ok")), "no {row}\n{trust}");
    }
    seat.on("m-k8s", "docker logout w1-k8s:5443").passes();
    seat.on("w1-k8s", "rm /etc/docker/certs.d/w1-k8s:5443/ca.crt")
        .passes();
    seat.lab(&["status"]).says("m-k8s: not logged in at w1-k8s:5443");
    let plan = seat.lab(&["plan"]).passes();
    for line in [
        "m-k8s   trust w1-k8s:5443/team and log in  not logged in",
        "its authority is not trusted",
    ] {
        assert!(plan.stdout.contains(line), "no {line:?}\n{plan}");
    }
    seat.lab(&["up"]).passes().says("2 changes");
    seat.lab(&["up"]).passes().says("nothing to change");
    // Going back to what `lab up` left includes the login: as it was before, without.
    seat.on("m-k8s", "docker pull -q w1-k8s:5443/team/none")
        .says("not found");
}

/// Each way in which it can be of no use ends `lab up` with a word about it, and the rest of the cluster as it was.
fn of_no_use(seat: &Seat, company: &Company) {
    password(seat, "another\n", 0o600);
    let refused = seat.lab(&["up"]).code(3);
    assert!(
        refused
            .stderr
            .contains("w1-k8s:5443 refuses the login of `student` (401)"),
        "{refused}"
    );
    refused.says("password file").without("another\n");
    password(seat, PASSWORD, 0o600);
    let strange = Company::new().unwrap();
    strange.introduce(seat).unwrap();
    let unbelieved = seat.lab(&["up"]).code(3);
    assert!(
        unbelieved
            .stderr
            .contains("the certificate of w1-k8s:5443 is not believed"),
        "{unbelieved}"
    );
    unbelieved.says("`ca_file`");
    company.introduce(seat).unwrap();
    seat.on("w1-k8s", "systemctl stop company").passes();
    seat.lab(&["up"])
        .code(3)
        .says("w1-k8s:5443 cannot be reached")
        .says("refused");
    seat.lab(&["status"])
        .passes()
        .says("w1-k8s:5443 cannot be reached");
    company.serve(seat, "w1-k8s", Auth::Basic).unwrap().passes();
    seat.lab(&["up"]).passes().says("nothing to change");
}

/// Without a user in cluster.yaml, Docker of this machine is asked: its file, or a helper that it names.
fn known_to_docker(seat: &Seat) {
    let docker = seat.state().join("docker");
    std::fs::create_dir_all(&docker).unwrap();
    let config = |text: &str| std::fs::write(docker.join("config.json"), text).unwrap();
    let helper = docker.join("docker-credential-company");
    let script = format!(
        "#!/bin/sh\nread -r server\ntest \"$1 $server\" = 'get w1-k8s:5443' && echo '{{\"ServerURL\": \"w1-k8s:5443\", \"Username\": \"{USER}\", \"Secret\": \"{PASSWORD}\"}}'\n"
    );
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let up = || {
        let mut command = seat.command(&["up"]);
        let path = std::env::var("PATH").unwrap();
        command
            .env("DOCKER_CONFIG", &docker)
            .env("PATH", format!("{}:{path}", docker.display()));
        seat.run(command)
    };
    name(seat, "");
    config("{}");
    up().code(2)
        .says("no login is known for w1-k8s:5443")
        .says("docker login");
    config(&format!(
        r#"{{"auths": {{"w1-k8s:5443": {{"auth": "{}"}}}}}}"#,
        pair()
    ));
    up().passes()
        .says("nothing to change")
        .says("logged in as `student`");
    config(r#"{"credHelpers": {"w1-k8s:5443": "company"}}"#);
    up().passes()
        .says("nothing to change")
        .says("logged in as `student`");
    std::fs::remove_dir_all(docker).unwrap();
}

/// One that cluster.yaml no longer names is left behind without a trace.
fn forgotten(seat: &Seat) {
    seat.write("cluster.yaml", CLUSTER).unwrap();
    seat.lab(&["plan"]).passes().prints("log out of w1-k8s:5443");
    seat.lab(&["up"]).passes().says("2 changes");
    for node in ["m-k8s", "w1-k8s"] {
        let left = seat.on(
            node,
            "grep -c w1-k8s:5443 /root/.docker/config.json; ls -d /etc/docker/certs.d/w1-k8s:5443 /usr/local/share/ca-certificates/lab-external.crt /var/lib/lab/external 2>/dev/null; true",
        );
        assert_eq!(left.stdout.trim(), "0", "{left}");
    }
    seat.lab(&["up"]).passes().says("nothing to change");
    seat.lab(&["trust", "status"]).passes().without("w1-k8s:5443");
}

fn token() {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    let company = Company::new().unwrap();
    company.introduce(&seat).unwrap();
    seat.lab(&["up", "--yes"]).passes();
    let keeper = processes_of(&seat).into_iter().next().unwrap();
    let network = format!("/proc/{keeper}/ns/net");
    let server = company.vouch(&GATEWAY.to_string()).unwrap();
    let tokens = Tokens::start(Path::new(&network), GATEWAY, &server).unwrap();
    let auth = Auth::Token {
        realm: &tokens.realm,
        signer: &tokens.signer,
    };
    company.serve(&seat, "w1-k8s", auth).unwrap().passes();
    password(&seat, PASSWORD, 0o600);
    name(&seat, LOGIN);
    seat.lab(&["up"])
        .passes()
        .says("distribution, logged in as `student`");
    let (given, _) = tokens.counts();
    assert!(given > 0, "nobody asked for a token");
    seat.lab(&["up"]).passes().says("nothing to change");
    seat.lab(&["run", "chapter4/external-registry"]).passes();
    assert!(
        tokens.counts().0 > given + 4,
        "the exercise went by without tokens"
    );
    password(&seat, "another", 0o600);
    seat.lab(&["up"])
        .code(3)
        .says("w1-k8s:5443 refuses the login of `student` (401)");
    assert!(tokens.counts().1 > 0, "the token server refused nobody");
    seat.down().passes();
}

/// Nothing is booted for files that cannot be used.
fn files() {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    name(&seat, LOGIN);
    let refused = |word: &str, hint: &str| {
        let ran = seat.lab(&["up", "--yes"]).code(2).says(word).says(hint);
        ran.without("sesame");
    };
    refused("secret cannot be read", "chmod 600");
    password(&seat, "sesame", 0o644);
    refused("can be read by others (0644)", "chmod 600");
    password(&seat, "\r\n", 0o600);
    refused("is empty", "on one line");
    password(&seat, "sesame\nsesame\n", 0o600);
    refused("has more than one line", "the password alone");
    password(&seat, "sesame", 0o600);
    refused("company.pem", "cannot use the `ca_file`");
    name(&seat, ", user: 'a:b', password_file: secret");
    refused("the user has a colon in it", "cluster.yaml:11:");
    seat.lab(&["status"]).without("up ");
}

fn closed() {
    let seat = Seat::new(program(), CLUSTER).unwrap();
    password(&seat, PASSWORD, 0o600);
    let section = format!("  external: {{url: 'https://203.0.113.9/team'{LOGIN}}}\n");
    seat.write("cluster.yaml", format!("{CLUSTER}{section}")).unwrap();
    let ran = seat
        .lab(&["up", "--yes"])
        .code(3)
        .says("203.0.113.9 cannot be reached");
    assert!(ran.stderr.contains("egress: on"), "{ran}");
    // The rest of the cluster is there all the same.
    seat.on("w1-k8s", "docker pull -q nginx:stable").passes();
    seat.down().passes();
}
