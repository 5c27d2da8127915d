//! Where a login must not be: files of this machine, arguments and variables of a node's processes.

use std::path::Path;
use std::process::Command;

use lab_tests::company::PASSWORD;
use lab_tests::seat::Seat;

use super::pair;

/// Requires that no file below a directory shows the login, and that there is one at all.
#[track_caller]
pub fn shows_nothing(directory: &Path) {
    let (mut left, mut seen) = (vec![directory.to_owned()], 0);
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                left.push(path);
            } else if kind.is_file() && entry.metadata().unwrap().len() < 64 << 20 {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                let shows = text.contains(PASSWORD) || text.contains(&pair());
                assert!(!shows, "{} shows the login", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "nothing below {}", directory.display());
}

/// Looks for the password among arguments and variables of a node's processes until told to stop. What looks does not find itself.
pub fn watch(seat: &Seat, node: &str) {
    let seek = "cd /proc; touch /root/watching; until test -e /root/enough; do grep -alE 'ses[a]me|c3R1ZGVud[D]' [0-9]*/cmdline [0-9]*/environ 2>/dev/null; done > /root/seen";
    let script = format!(
        "rm -f /root/watching /root/enough; systemd-run --quiet --collect bash -c \"{seek}\"; timeout 30 bash -c 'until test -e /root/watching; do sleep 0.1; done'"
    );
    seat.on(node, &script).passes();
}

/// Ends that; requires that it saw nothing, and that it would have.
pub fn unseen(seat: &Seat, node: &str) {
    let seen = seat.on(node, "cat /root/seen").passes();
    assert_eq!(seen.stdout, "", "the password was there for all to see\n{seen}");
    // It is now, among the arguments of this very command.
    let decoy =
        ": sesame; timeout 30 bash -c 'until test -s /root/seen; do sleep 0.1; done'; touch /root/enough";
    seat.on(node, decoy).passes();
}

/// What a bug report holds, read through as well.
pub fn bug_report_shows_nothing(seat: &Seat) {
    let bundle = seat.project().join("support.tar.gz");
    seat.lab(&["support-bundle", &bundle.display().to_string()])
        .passes();
    let unpacked = seat.project().join("support");
    std::fs::create_dir_all(&unpacked).unwrap();
    let mut tar = Command::new("tar");
    let packed = tar.arg("-xzf").arg(&bundle).arg("-C").arg(&unpacked).status();
    assert!(packed.unwrap().success());
    shows_nothing(&unpacked);
}
