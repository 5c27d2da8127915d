//! Who listens on a TCP port of this node: the kernel's tables of sockets, and the processes that hold them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::wire::Listener;

/// As the kernel's tables write it.
const LISTENS: &str = "0A";

/// Who listens on each of `ports`; one nobody listens on is not in the answer. One process is named, where it can be seen.
pub(crate) fn find(ports: &[u16]) -> BTreeMap<u16, Listener> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let text: String = tables
        .iter()
        .map(|table| fs::read_to_string(table).unwrap_or_default())
        .collect();
    let mut sockets = sockets(&text);
    sockets.retain(|port, _| ports.contains(port));
    let mut found: BTreeMap<u16, Listener> =
        sockets.keys().map(|port| (*port, Listener::default())).collect();
    if found.is_empty() {
        return found;
    }
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let held = held(&entry.path());
        for (port, inodes) in &sockets {
            if held.iter().any(|inode| inodes.contains(inode)) {
                let program = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                let program = program.trim().to_owned();
                found.insert(*port, Listener { program, pid });
            }
        }
    }
    found
}

/// Inodes of listening sockets, by port.
fn sockets(table: &str) -> BTreeMap<u16, Vec<u64>> {
    let mut sockets: BTreeMap<u16, Vec<u64>> = BTreeMap::new();
    for line in table.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, local, _, LISTENS, _, _, _, _, _, inode, ..] = fields.as_slice() else {
            continue;
        };
        let port = local
            .rsplit(':')
            .next()
            .and_then(|port| u16::from_str_radix(port, 16).ok());
        if let (Some(port), Ok(inode)) = (port, inode.parse()) {
            sockets.entry(port).or_default().push(inode);
        }
    }
    sockets
}

/// Inodes of the sockets a process holds.
fn held(process: &Path) -> Vec<u64> {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    targets
        .filter_map(|target| {
            let inner = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            inner.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_listener_of_this_process_is_found_and_a_closed_one_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = find(&[port]);
        assert_eq!(found[&port].pid, std::process::id());
        assert!(!found[&port].program.is_empty());
        drop(listener);
        assert!(find(&[port]).is_empty());
    }

    #[test]
    fn connections_are_no_listeners() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n\
             1: 0100007F:280A 0100007F:192B 01 00000000:00000000 00:00000000 00000000     0        0 78 1 0\n";
        assert_eq!(sockets(table), BTreeMap::from([(6443, vec![77])]));
    }
}
