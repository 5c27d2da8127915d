//! Nodes that cannot be worked on: each is named with what to do, within a deadline, and the others are repaired all the same.

use std::time::Duration;

use lab_tests::seat::{Ran, Seat};
use libtest_mimic::Trial;

use super::{booting, shared};

/// What the tests break on another node.
const AUTHORITY: &str = "/etc/docker/certs.d/192.168.1.10:8443/ca.crt";

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("broken::a_node_that_does_not_answer_is_named_in_time", silent),
        booting("broken::another_host_key_is_refused", other_key),
        booting("broken::a_full_disk_is_named_and_nothing_is_lost", full_disk),
    ]
}

/// `lab up` fails, and repairs w2-k8s nevertheless.
fn up_repairs_the_others(seat: &Seat) -> Ran {
    seat.on("w2-k8s", &format!("rm {AUTHORITY}")).passes();
    let mut command = seat.command(&["up"]);
    command.env("LAB_PATIENCE", "0.2");
    let ran = seat.run(command).code(3);
    seat.on("w2-k8s", &format!("test -s {AUTHORITY}")).passes();
    ran
}

fn silent() {
    let seat = shared();
    seat.on("w3-k8s", "systemctl stop ssh.socket ssh.service").code(0);
    let ran = up_repairs_the_others(&seat)
        .says("w3-k8s: no SSH at 192.168.1.103")
        .says("hint:");
    assert!(ran.took < Duration::from_secs(60), "{ran}");
    seat.lab(&["status"])
        .prints("no answer")
        .prints("lab restart w3-k8s");
    seat.lab(&["restart", "w3-k8s"]).passes();
    seat.lab(&["up"]).passes();
}

fn other_key() {
    let seat = shared();
    seat.on(
        "w3-k8s",
        "cd /etc/ssh && rm ssh_host_* && ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key && systemctl restart ssh",
    )
    .passes();
    up_repairs_the_others(&seat)
        .says("w3-k8s: wrong host key")
        .says("hint:");
    seat.lab(&["exec", "w3-k8s", "--", "true"])
        .code(3)
        .says("wrong host key");
    seat.lab(&["reset", "w3-k8s", "--yes"]).passes();
    seat.lab(&["up"]).passes();
}

fn full_disk() {
    let seat = shared();
    let mount = |place: &str| format!("mount -t tmpfs -o size=64k tmpfs {place}");
    seat.on("w3-k8s", &mount("/usr/local/lib/lab")).passes();
    up_repairs_the_others(&seat)
        .says("w3-k8s: cannot upload")
        .says("disk is full");
    seat.lab(&["restart", "w3-k8s"]).passes();
    seat.on(
        "w3-k8s",
        &format!("rm {AUTHORITY}; mount -t tmpfs -o nr_inodes=1 tmpfs /etc/docker/certs.d"),
    )
    .passes();
    up_repairs_the_others(&seat)
        .says("w3-k8s: cannot install the authority")
        .says("No space left");
    seat.on("w3-k8s", "umount /etc/docker/certs.d").passes();
    seat.lab(&["up"]).passes();
    seat.on("w3-k8s", &format!("test -s {AUTHORITY}")).passes();
}
