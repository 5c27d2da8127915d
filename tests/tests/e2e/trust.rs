//! The authority replaced while workers pull, also by a `lab` that is killed; the leaf renewed before it ends.

use std::time::Duration;

use lab_tests::seat::Seat;
use libtest_mimic::Trial;

use super::{booting, shared};

const WORKERS: [&str; 3] = ["w1-k8s", "w2-k8s", "w3-k8s"];
const IMAGE: &str = "192.168.1.10:8443/rotation:1";

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    vec![
        booting("trust::rotation_under_pulls", rotation_under_pulls),
        booting("trust::a_killed_rotation_is_ended_by_up", killed_rotation),
        booting("trust::renew_replaces_the_leaf_and_nothing_else", renew),
    ]
}

/// The authority that signs, the others that are trusted, and the registry's leaf: their files, whole.
fn issued(seat: &Seat) -> Vec<Option<String>> {
    let pki = state(seat).join("pki");
    ["authority.pem", "next.pem", "previous.pem", "leaf/m-k8s.pem"]
        .map(|name| std::fs::read_to_string(pki.join(name)).ok())
        .to_vec()
}

/// The one seat below a test's state directory.
fn state(seat: &Seat) -> std::path::PathBuf {
    let mut found = vec![seat.state()];
    while let Some(directory) = found.pop() {
        if directory.join("pki").is_dir() {
            return directory;
        }
        let entries = std::fs::read_dir(&directory).into_iter().flatten().flatten();
        found.extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    panic!("no pki below {}", seat.state().display());
}

fn begin_pulls(seat: &Seat) {
    seat.on(
        "m-k8s",
        &format!("docker pull -q nginx:stable && docker tag nginx:stable {IMAGE} && docker push -q {IMAGE}"),
    )
    .passes();
    let pulling = format!(
        "rm -f /root/pulls /root/enough; systemd-run --quiet --collect bash -c 'exec > /root/pulls 2>&1; until test -e /root/enough; do if docker pull -q {IMAGE}; then echo \
         pulled; docker rmi {IMAGE}; else echo refused; sleep 0.1; fi; done; echo ended'"
    );
    for worker in WORKERS {
        seat.on(worker, &pulling).passes();
    }
}

/// Ends the loops; requires that each pulled and none was refused for its certificate.
fn end_pulls(seat: &Seat) {
    for worker in WORKERS {
        let ending = "touch /root/enough; timeout 60 bash -c 'until grep -q ended /root/pulls; do sleep 0.1; done'; cat /root/pulls";
        let said = seat.on(worker, ending).passes();
        let count = |word: &str| said.stdout.lines().filter(|line| *line == word).count();
        assert!(count("pulled") > 0, "{worker} never pulled\n{said}");
        assert!(
            !said.stdout.contains("x509"),
            "{worker}: the registry was not trusted\n{said}"
        );
        eprintln!(
            "{worker}: {} pulls, {} while the registry restarted",
            count("pulled"),
            count("refused")
        );
        seat.on(worker, "rm -f /root/pulls /root/enough").passes();
    }
    seat.on("m-k8s", &format!("docker rmi {IMAGE}")).passes();
}

fn rotation_under_pulls() {
    let seat = shared();
    let before = issued(&seat);
    begin_pulls(&seat);
    let rotated = seat.lab(&["trust", "rotate"]).passes();
    end_pulls(&seat);
    let gap = rotated
        .stderr
        .lines()
        .find(|line| line.contains("the registry was away for"));
    eprintln!("{}", gap.unwrap_or_default());
    assert!(gap.is_some(), "{rotated}");
    let after = issued(&seat);
    assert!(
        before[0] != after[0] && before[3] != after[3],
        "nothing was replaced"
    );
    assert_eq!(after[1..3], [None, None], "the rotation is not over");
    seat.lab(&["trust", "status"])
        .passes()
        .prints("ok")
        .without("other");
    seat.lab(&["up"]).passes().says("nothing to change");
}

fn killed_rotation() {
    let seat = shared();
    let before = issued(&seat);
    begin_pulls(&seat);
    for millis in [150, 900, 2000] {
        let mut lab = seat.spawn(&["trust", "rotate"]).unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        lab.kill().unwrap();
        lab.wait().unwrap();
    }
    seat.lab(&["up"]).passes();
    end_pulls(&seat);
    let after = issued(&seat);
    assert!(
        before[0] != after[0] && before[3] != after[3],
        "nothing was replaced"
    );
    assert_eq!(after[1..3], [None, None], "the rotation is not over");
    seat.lab(&["up"]).passes().says("nothing to change");
}

fn renew() {
    let seat = shared();
    let before = issued(&seat);
    begin_pulls(&seat);
    seat.lab(&["trust", "renew"]).passes();
    end_pulls(&seat);
    let after = issued(&seat);
    assert_ne!(before[3], after[3], "the leaf is still the former");
    assert_eq!(before[..3], after[..3], "the authority was touched");
    seat.lab(&["up"]).passes().says("nothing to change");
}
