//! The nodes' way out, proved on an internet of the test's own: what it lets through, what it does not, and what is left of it.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Command;
use std::time::{Duration, Instant};

use lab_tests::host::Host;
use lab_tests::internet::{HOST, Internet, LATER, LOOPBACK_PORT, NAME, PAGE, WEB};
use lab_tests::seat::{Ran, Seat};
use libtest_mimic::Trial;

use super::host::{ONE, processes_of, settled, settles};
use super::{booting_alone, needing, program};

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    let pasta = |name: &str, test: fn()| needing(booting_alone(name, test), "pasta");
    vec![
        pasta(
            "egress::nodes_reach_what_the_host_reaches_and_not_its_loopback",
            || {
                let worker = "  - {name: w1-k8s, role: worker, address: 192.168.1.101, cpus: 1, memory: 1GiB}\nregistry: {";
                on_an_internet(&ONE.replace("registry: {", worker), reach);
            },
        ),
        pasta(
            "egress::the_setting_is_followed_without_restarting_a_node",
            || on_an_internet(ONE, setting),
        ),
        pasta("egress::what_was_closed_by_hand_is_opened_again", || {
            on_an_internet(ONE, repair)
        }),
        pasta("egress::offline_nothing_waits_for_a_time_out", || {
            on_an_internet(ONE, offline)
        }),
    ]
}

/// A seat on the host of an internet.
struct World {
    cluster: String,
    seat: Seat,
    internet: Internet,
}

/// Runs a test there and takes its cluster down, come what may; then that host and this machine are as before.
fn on_an_internet(cluster: &str, test: fn(&World)) {
    let machine = Host::now();
    let seat = Seat::new(program(), cluster).unwrap();
    let internet = Internet::new(seat.project().parent().unwrap()).unwrap();
    let look = |internet: &Internet| internet.seen_on_host(|| Ok(Host::now())).unwrap();
    let host = look(&internet);
    let world = World {
        cluster: cluster.into(),
        seat,
        internet,
    };
    world.setting("auto");
    let ended = catch_unwind(AssertUnwindSafe(|| test(&world)));
    let down = world.lab(&["down", "--yes"]);
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
    down.passes();
    settles(&host, || look(&world.internet));
    drop(world);
    settled(&machine);
}

impl World {
    fn setting(&self, egress: &str) {
        let network = format!("network: {{address: 192.168.1.0/24, egress: {egress}}}");
        let cluster = self.cluster.replace("network: 192.168.1.0/24", &network);
        assert_ne!(cluster, self.cluster);
        self.seat.write("cluster.yaml", cluster).unwrap();
    }

    fn lab(&self, arguments: &[&str]) -> Ran {
        let project = self.seat.project();
        let all = [&["--project", project.to_str().unwrap()], arguments].concat();
        self.seat.run(self.internet.on_host(&self.seat.command(&all)))
    }

    fn on_node(&self, script: &str) -> Ran {
        self.lab(&["exec", "m-k8s", "--", "bash", "-c", script])
    }

    fn fetches(&self) {
        self.on_node(&format!("curl -sS --max-time 20 http://{NAME}/"))
            .passes()
            .prints(PAGE);
    }

    /// Process ids of this seat's pasta.
    fn pasta(&self) -> Vec<String> {
        let here = |pid: &String| {
            let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            command
                .split(|byte| *byte == 0)
                .any(|word| word == b"--dns-forward")
        };
        processes_of(&self.seat).into_iter().filter(here).collect()
    }
}

fn reach(world: &World) {
    world.lab(&["up", "--yes"]).passes().says("way out");
    world.lab(&["up"]).passes().says("nothing to change");
    world
        .on_node(&format!("getent hosts {NAME}"))
        .passes()
        .prints(&WEB.to_string());
    world.fetches();
    neither_gets_what_the_other_is_sent(world);
    // A container has the node's way out.
    world
        .on_node(&format!("docker run --rm nginx:stable getent hosts {NAME}"))
        .passes()
        .prints(&WEB.to_string());
    let callers = world.internet.callers();
    assert!(callers.len() >= 3, "{callers:?}");
    assert!(
        callers.iter().all(|caller| *caller == IpAddr::from(HOST)),
        "{callers:?}"
    );
    its_loopback_is_its_own(world);
}

/// pasta knows one address inside: what is sent to one node late must not go to the other, which it heard last.
fn neither_gets_what_the_other_is_sent(world: &World) {
    let later = format!("http://{WEB}{LATER}");
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| world.on_node(&format!("curl -sS --max-time 30 {later}")));
        let deadline = Instant::now() + Duration::from_secs(20);
        while !world.internet.somebody_waits() {
            assert!(Instant::now() < deadline, "nobody asked for {later}");
            std::thread::sleep(Duration::from_millis(20));
        }
        world
            .lab(&["exec", "w1-k8s", "--", "curl", "-sS", &format!("http://{NAME}/")])
            .passes()
            .prints(PAGE);
        waits.join().unwrap().passes().prints(PAGE);
    });
}

/// The host itself is answered at its loopback; a node is not, whatever address it tries.
fn its_loopback_is_its_own(world: &World) {
    let page = world.internet.seen_on_host(|| {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, LOOPBACK_PORT))?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
        let mut page = String::new();
        stream.read_to_string(&mut page).map(|_| page)
    });
    assert!(page.unwrap().contains(PAGE));
    assert_eq!(world.internet.at_loopback().len(), 1);
    let gateways = "for address in 127.0.0.1 192.168.1.1 198.19.255.249 198.19.255.250 198.19.255.251 ";
    let tries =
        format!("{gateways}{HOST}; do curl -s --max-time 3 http://$address:{LOOPBACK_PORT}/; done; true");
    world.on_node(&tries).passes().without(PAGE);
    assert_eq!(world.internet.at_loopback(), Vec::<IpAddr>::new());
}

fn setting(world: &World) {
    world.setting("off");
    world.lab(&["up", "--yes"]).passes();
    let started = world
        .on_node("stat -c %Z /proc/1; cat /etc/machine-id")
        .passes()
        .stdout;
    let closed = |world: &World| {
        let ran = world
            .on_node(&format!("curl -sS --max-time 30 http://{WEB}/"))
            .code(7);
        assert!(ran.took < Duration::from_secs(20), "{ran}");
        let asked = world.on_node(&format!("getent hosts {NAME}")).code(2);
        assert!(asked.took < Duration::from_secs(10), "{asked}");
        assert_eq!(world.pasta(), Vec::<String>::new());
        assert_eq!(world.internet.callers(), Vec::<IpAddr>::new());
    };
    closed(world);
    world.setting("on");
    world.lab(&["plan"]).passes().prints("open the nodes' way out");
    world.lab(&["up"]).passes();
    world.fetches();
    world.internet.callers();
    world.lab(&["up", "--offline"]).passes();
    closed(world);
    world.lab(&["up"]).passes();
    // A host without a default route: required, it is said; else the way out is closed.
    let route = |arguments: &[&str]| {
        let mut command = Command::new("ip");
        command.args(["route"]).args(arguments);
        world.seat.run(world.internet.on_host(&command)).passes();
    };
    route(&["del", "default"]);
    world.lab(&["up"]).code(4).says("no default route").says("hint:");
    world.setting("auto");
    world.lab(&["up"]).passes();
    closed(world);
    route(&["add", "default", "via", "203.0.113.1"]);
    world.lab(&["up"]).passes();
    world.fetches();
    world.setting("off");
    world.lab(&["plan"]).passes().prints("close the nodes' way out");
    world.lab(&["up"]).passes();
    world.internet.callers();
    closed(world);
    world.lab(&["up"]).passes().says("nothing to change");
    let now = world
        .on_node("stat -c %Z /proc/1; cat /etc/machine-id")
        .passes()
        .stdout;
    assert_eq!(now, started, "the node was restarted");
}

fn repair(world: &World) {
    world.lab(&["up", "--yes"]).passes();
    world.on_node("rm /etc/resolv.conf").passes();
    world.lab(&["plan"]).passes().prints("/etc/resolv.conf");
    world.lab(&["up"]).passes();
    world.fetches();
    kill(&world.pasta());
    world.lab(&["plan"]).passes().prints("open the nodes' way out");
    world.lab(&["up"]).passes();
    world.fetches();
    let pasta = world.pasta();
    assert_eq!(pasta.len(), 1);
    // The keeper killed: pasta is its child and ends with it.
    let keeper: Vec<String> = processes_of(&world.seat)
        .into_iter()
        .filter(|pid| !pasta.contains(pid))
        .collect();
    kill(&keeper);
    let deadline = Instant::now() + Duration::from_secs(30);
    while std::path::Path::new("/proc").join(&pasta[0]).exists() {
        assert!(Instant::now() < deadline, "pasta outlives the keeper");
        std::thread::sleep(Duration::from_millis(50));
    }
    // As after a reboot of the host: what holds the way out went with the keeper.
    world.lab(&["start"]).passes().says("way out");
    world.fetches();
}

fn kill(processes: &[String]) {
    assert!(!processes.is_empty());
    assert!(
        Command::new("kill")
            .arg("-9")
            .args(processes)
            .status()
            .unwrap()
            .success()
    );
}

const ASKS: &str = "id: asks
section: online
title: {ko: 온라인, en: online}
steps:
- {id: ask, title: {ko: 묻기, en: ask}, hosts: all, needs: [], when: {online: true}, solve: 'true'}
- id: always
  title: {ko: 언제나, en: always}
  needs: []
  solve: 'true'
  checks: [{id: there, title: {ko: 있음, en: there}, run: test -d /, expect: {exit-code: 0}}]
";

/// Docker Hub has an address here that nobody answers at: a connection to it would hang for minutes.
fn offline(world: &World) {
    let directory = world.seat.project().join("labs/online");
    std::fs::create_dir_all(&directory).unwrap();
    let lab = "title: {ko: \"온라인\", en: \"online\"}\nexercises: [asks.yaml]\nallowed-skips: [asks/ask]\n";
    std::fs::write(directory.join("lab.yaml"), lab).unwrap();
    std::fs::write(directory.join("asks.yaml"), ASKS).unwrap();
    world.lab(&["up", "--yes"]).passes();
    let run = |arguments: &[&str]| {
        let ran = world
            .lab(&[&["run", "online"], arguments].concat())
            .passes()
            .says("no internet");
        assert!(ran.took < Duration::from_secs(30), "{ran}");
        ran.took
    };
    run(&[]);
    assert!(
        !world.internet.callers().is_empty(),
        "nobody asked for Docker Hub"
    );
    run(&["--offline"]);
    assert_eq!(world.internet.callers(), Vec::<IpAddr>::new());
}
