//! Decides whether the host has room, the right addresses and time, and the programs. Pure.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::super::tools::{self, TOOLS, Tool, When};
use super::super::{FIRST_TIME, Finding, Fix, Needs, Standing};
use super::{missing, ok, warn};
use crate::config::{Cluster, Egress, Network};
use crate::provider::local::host::{self, Disk, Host, KEYRING};
use crate::report::out::bytes;
use crate::text;

/// 1 January 2025: nothing here is older, so an earlier clock is wrong and every certificate would be "not yet valid".
const NOT_BEFORE: u64 = 1_735_689_600;
/// Bytes the nodes may grow by once everything is built.
const ROOM: u64 = 1 << 30;

pub(super) fn memory(host: &Host, cluster: &Cluster) -> Finding {
    let wanted: u64 = cluster.nodes.iter().map(|node| node.memory).sum();
    let (have, want) = (bytes(host.memory_available), bytes(wanted));
    if host.memory_available >= wanted {
        return ok(
            "memory",
            text!(
                "{have} 사용 가능, 노드들의 한도 {want}",
                "{have} available, the nodes' limits are {want}"
            ),
        );
    }
    warn(
        "memory",
        text!(
            "{have} 사용 가능, 노드들의 한도 {want}",
            "{have} available, the nodes' limits are {want}"
        ),
        text!(
            "cluster.yaml에서 memory를 줄이거나 worker를 빼세요",
            "lower memory or drop a worker in cluster.yaml"
        ),
    )
}

pub(super) fn disks(host: &Host, needs: Needs<'_>) -> Vec<Finding> {
    let wanted = if needs.building { FIRST_TIME } else { ROOM };
    let each = [("state disk", wanted), ("cache disk", wanted.max(needs.room))];
    let mut findings: Vec<Finding> = vec![];
    for ((name, wanted), disk) in each.into_iter().zip(&host.disks) {
        findings.push(space(name, disk, wanted));
    }
    if let Some(state) = host.disks.first().filter(|disk| host::is_network(&disk.kind)) {
        findings.push(missing(
            "state file system",
            text!(
                "{}는 {}: 잠금과 루프 장치가 안 됩니다",
                "{} is on {}: locks and loop devices do not work there",
                state.path.display(),
                state.kind
            ),
            text!(
                "로컬 디스크에 두세요: LAB_HOME=/var/tmp/lab",
                "keep it on a local disk: LAB_HOME=/var/tmp/lab"
            ),
        ));
    }
    findings.extend(host.disks.get(2).and_then(windows));
    findings
}

/// WSL shows the drives of Windows by these, below /mnt.
fn windows(project: &Disk) -> Option<Finding> {
    let shown = ["9p", "drvfs"].contains(&project.kind.as_str()) && project.path.starts_with("/mnt");
    shown.then(|| {
        warn(
            super::PROJECT,
            text!(
                "{}는 Windows의 드라이브: 느리고, 키를 본인만 읽게 할 수 없음",
                "{} is on a drive of Windows': slow, and no key there can be kept to yourself",
                project.path.display()
            ),
            text!(
                "Linux 파일 시스템에 다시 clone하세요: `~/lab`",
                "clone again in the Linux file system: `~/lab`"
            ),
        )
    })
}

fn space(name: &'static str, disk: &Disk, wanted: u64) -> Finding {
    let (path, have, want) = (disk.path.display(), bytes(disk.available), bytes(wanted));
    if disk.available >= wanted {
        return ok(
            name,
            text!(
                "{path}: {have} 비어 있음 ({})",
                "{path}: {have} free ({})",
                disk.kind
            ),
        );
    }
    missing(
        name,
        text!(
            "{path}: {have} 비어 있음, {want} 필요",
            "{path}: {have} free, {want} needed"
        ),
        text!(
            "`lab clean`으로 비우거나 LAB_HOME으로 옮기세요",
            "free some with `lab clean`, or move it with LAB_HOME"
        ),
    )
}

pub(super) fn addresses(host: &Host, network: &Network) -> Finding {
    let (base, prefix) = (network.base, network.prefix);
    let clash = host
        .networks
        .iter()
        .find(|(_, other, bits)| overlap((base, prefix), (*other, *bits)));
    match clash {
        None => ok(
            "addresses",
            text!(
                "{base}/{prefix}와 겹치는 네트워크 없음",
                "nothing here is in {base}/{prefix}"
            ),
        ),
        Some((interface, other, bits)) => ok(
            "addresses",
            text!(
                "{interface}({other}/{bits})도 같은 주소지만 괜찮음: 실습 네트워크는 자기 네임스페이스 안에 있음",
                "{interface} ({other}/{bits}) has the same addresses, which is fine: the lab network lives in a namespace of its own"
            ),
        ),
    }
}

/// Whether two networks share an address.
fn overlap(one: (Ipv4Addr, u8), other: (Ipv4Addr, u8)) -> bool {
    let bits = u32::from(one.1.min(other.1));
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
    u32::from(one.0) & mask == u32::from(other.0) & mask
}

pub(super) fn clock(host: &Host) -> Finding {
    if host.clock >= NOT_BEFORE {
        return ok("clock", text!("그럴듯함", "plausible"));
    }
    missing(
        "clock",
        text!("시계가 2025년 이전", "the clock is before 2025"),
        text!(
            "맞추세요: 인증서가 모두 무효가 됩니다 (`sudo timedatectl set-ntp true`)",
            "set it, or no certificate is valid (`sudo timedatectl set-ntp true`)"
        ),
    )
}

pub(super) fn programs(host: &Host, needs: Needs<'_>) -> Vec<Finding> {
    let egress = needs.cluster.map_or(Egress::Auto, |cluster| cluster.egress);
    let wanted = |tool: &&Tool| match tool.when {
        When::Always => true,
        When::Building => needs.building,
        When::Disks => needs.disks,
        When::Egress => egress != Egress::Off,
    };
    let runtime = match tools::runtime(host) {
        Some(name) => ok("runtime", name),
        None => program(
            "runtime",
            tools::runtime_package(host),
            tools::runtime_package(host),
            Standing::Missing,
        ),
    };
    let judged = TOOLS
        .iter()
        .filter(wanted)
        .map(|tool| match (tool.when, host.program(tool.program)) {
            (When::Egress, path) => way_out(host, tool, path, egress),
            (_, Some(path)) => ok(tool.program, path.display().to_string()),
            (_, None) => program(tool.program, tool.program, tool.package, Standing::Missing),
        });
    let keyring = match host.keyring {
        true => ok("keyring", KEYRING),
        false => program("keyring", KEYRING, "debian-archive-keyring", Standing::Missing),
    };
    let keyring = needs.building.then_some(keyring);
    [runtime].into_iter().chain(judged).chain(keyring).collect()
}

/// What `egress` of cluster.yaml needs: required where it is `on`, else good to have.
fn way_out(host: &Host, tool: &Tool, path: Option<PathBuf>, egress: Egress) -> Finding {
    let outcome = match egress {
        Egress::On => Standing::Missing,
        _ => Standing::Warn,
    };
    match (path, &host.default_route) {
        (None, _) => program(tool.program, tool.program, tool.package, outcome),
        (Some(path), Some(interface)) => ok(
            tool.program,
            text!(
                "{}: 노드가 {interface}을(를) 거쳐 인터넷에 나감",
                "{}: the nodes' way out to the internet, over {interface}",
                path.display()
            ),
        ),
        (Some(_), None) => Finding {
            outcome,
            ..warn(
                tool.program,
                text!(
                    "이 컴퓨터에 기본 경로가 없음: 노드는 실습 네트워크 밖에 못 나감",
                    "this host has no default route: nodes reach nothing outside the lab network"
                ),
                text!(
                    "노드가 인터넷을 써야 하면 네트워크를 연결하세요 (`ip route`로 확인)",
                    "connect it to a network if nodes are to reach the internet (`ip route` shows it)"
                ),
            )
        },
    }
}

fn program(name: &'static str, program: &str, package: &'static str, outcome: Standing) -> Finding {
    let detail = match outcome {
        Standing::Warn => text!(
            "`{program}`이 없음: 노드는 실습 네트워크 밖에 못 나감 ",
            "no `{program}`: nodes reach nothing outside the lab network"
        ),
        _ => text!("`{program}`이 없음", "no `{program}`"),
    };
    let advice = text!(
        "`lab doctor --fix`가 설치 (Debian 패키지 {package})",
        "`lab doctor --fix` installs it (Debian package {package})"
    );
    Finding {
        name,
        outcome,
        detail,
        advice: Some(advice),
        fix: Some(Fix::Install(vec![package])),
    }
}
