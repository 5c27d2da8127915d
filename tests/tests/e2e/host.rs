//! The host is as before: after `down`, after a failed `up`, after a killed one; and two seats live side by side.

use std::process::Child;
use std::time::{Duration, Instant};

use lab_tests::host::Host;
use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{CHAPTER, booting_alone, program};

/// A cluster of one node, quick to boot.
pub const ONE: &str = "cluster: one
network: 192.168.1.0/24
provider: local
nodes:
  - {name: m-k8s, role: master, address: 192.168.1.10, cpus: 1, memory: 1GiB}
registry: {host: m-k8s, port: 8443, image: registry:2}
";

/// How many times `up` is killed: each time a little later.
const KILLS: u64 = 20;

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting_alone("host::down_leaves_the_host_as_before", down_leaves_nothing),
        booting_alone("host::killed_anywhere_up_ends_in_the_same_state", killed_anywhere),
        booting_alone(
            "host::two_clusters_of_the_same_addresses_run_side_by_side",
            side_by_side,
        ),
        booting_alone("host::after_a_host_reboot_up_brings_the_same_nodes_back", reboot),
    ]
}

fn down_leaves_nothing() {
    let before = Host::now();
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    seat.lab(&["up", "--yes"]).passes();
    seat.down().passes();
    settled(&before);
    seat.down().passes();
    settled(&before);
}

fn killed_anywhere() {
    let before = Host::now();
    let seat = Seat::new(program(), ONE).unwrap();
    for kill in 0..KILLS {
        let mut lab = seat.spawn(&["up", "--yes"]).unwrap();
        std::thread::sleep(Duration::from_millis(40 + kill * 330));
        lab.kill().unwrap();
        lab.wait().unwrap();
        if kill % 7 == 6 {
            seat.down().passes();
            settled(&before);
        }
    }
    seat.lab(&["up", "--yes"]).passes();
    seat.lab(&["up"]).passes().says("nothing to change");
    seat.down().passes();
    settled(&before);
}

fn side_by_side() {
    let before = Host::now();
    let seats = [
        Seat::new(program(), ONE).unwrap(),
        Seat::new(program(), ONE).unwrap(),
    ];
    let ups: Vec<Child> = seats
        .iter()
        .map(|seat| seat.spawn(&["up", "--yes"]).unwrap())
        .collect();
    for up in ups {
        let output = up.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let ids = seats
        .each_ref()
        .map(|seat| seat.on("m-k8s", "cat /etc/machine-id").passes().stdout);
    assert_ne!(ids[0], ids[1]);
    seats[0].on("m-k8s", "touch /root/first").passes();
    seats[1].on("m-k8s", "test -e /root/first").code(1);
    seats[0].down().passes();
    seats[1].on("m-k8s", "docker ps").passes().prints("registry");
    seats[1].down().passes();
    settled(&before);
}

/// What a reboot does to a lab: every process of it is gone, and with them mounts, links and namespaces.
fn reboot() {
    let before = Host::now();
    let seat = Seat::new(program(), ONE).unwrap();
    seat.lab(&["up", "--yes"]).passes();
    let machine = seat
        .on("m-k8s", "touch /root/kept; cat /etc/machine-id")
        .passes()
        .stdout;
    for process in processes_of(&seat) {
        let _ = std::process::Command::new("kill").args(["-9", &process]).status();
    }
    seat.lab(&["up", "--yes"]).passes();
    assert_eq!(
        seat.on("m-k8s", "test -e /root/kept && cat /etc/machine-id")
            .passes()
            .stdout,
        machine
    );
    seat.on(
        "m-k8s",
        "timeout 30 bash -c 'until docker ps | grep -q registry; do sleep 0.2; done'",
    )
    .passes();
    seat.down().passes();
    settled(&before);
}

/// The keeper of a seat, and pasta: the processes whose command lines name its state directory.
pub fn processes_of(seat: &Seat) -> Vec<String> {
    let state = seat.state().display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(&state) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    assert!(!found.is_empty(), "no process names {state}");
    found
}

/// The kernel frees some things a moment after the last process: waits, with a deadline.
#[track_caller]
pub fn settled(before: &Host) {
    settles(before, Host::now);
}

/// The same of the host that `look` looks at.
#[track_caller]
pub fn settles(before: &Host, look: impl Fn() -> Host) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let changes = look().changes_since(before);
        if changes.is_empty() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the host is not as before:\n{}",
            changes.join("\n")
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}
