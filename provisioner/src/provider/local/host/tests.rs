//! Tables of the kernel as it writes them, and processes that are really there.

use super::disks::kind_of;
use super::*;

#[test]
fn the_deepest_and_latest_mount_decides() {
    let mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\n/dev/sdb /home/a\\040b xfs rw 0 0\nx /home/a\\040b btrfs rw 0 0\n";
    for (path, kind) in [
        ("/var", "ext4"),
        ("/home/me/.local", "nfs4"),
        ("/home/a b/c", "btrfs"),
        ("/homes", "ext4"),
    ] {
        assert_eq!(kind_of(Path::new(path), mounts).as_deref(), Some(kind), "{path}");
    }
    assert!(is_network("nfs4") && !is_network("ext4"));
}

#[test]
fn kernel_tables_are_read() {
    assert_eq!(
        memory_available("MemTotal: 9 kB\nMemAvailable:    2048 kB\n"),
        2 << 20
    );
    assert!(has_sys_resource("CapBnd:\t000001ffffffffff\n"));
    assert!(!has_sys_resource("CapBnd:\t000001fffeffffff\n"));
    let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
                 eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                 eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
    if cfg!(target_endian = "little") {
        assert_eq!(
            networks(table),
            [("eth0".to_owned(), Ipv4Addr::new(192, 168, 1, 0), 24)]
        );
    }
}

#[test]
fn a_process_that_names_a_directory_is_found_until_it_ends() -> std::io::Result<()> {
    let directory = tempfile::tempdir()?;
    assert_eq!(naming(directory.path()), None);
    let below = directory.path().join("log");
    std::fs::write(&below, "")?;
    let mut child = Command::new("tail")
        .arg("-f")
        .arg(&below)
        .stdout(Stdio::null())
        .spawn()?;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while naming(directory.path()) != Some(child.id()) {
        assert!(std::time::Instant::now() < deadline, "the process was never seen");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill()?;
    child.wait()?;
    assert_eq!(naming(directory.path()), None);
    Ok(())
}
