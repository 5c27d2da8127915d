//! Decides what the facts of a host mean for the lab. Pure: a host comes in, findings go out.

use std::net::Ipv4Addr;

use super::tools::{self, TOOLS, Tool, When};
use super::{FIRST_TIME, Finding, Fix, Needs, Standing};
use crate::config::{Cluster, Egress, Network};
use crate::provider::local::host::{self, Disk, Host};
use crate::report::out::bytes;
use crate::text;
use crate::text::Text;

/// 1 January 2025: nothing here is older, so an earlier clock is wrong and every certificate would be "not yet valid".
const NOT_BEFORE: u64 = 1_735_689_600;
/// Instances of inotify that four systemd nodes with Docker use, with room.
const INOTIFY: u64 = 512;
/// Bytes the nodes may grow by once everything is built.
const ROOM: u64 = 1 << 30;

/// Everything about the host, in the order a person reads it.
pub(super) fn judge(host: &Host, needs: Needs<'_>) -> Vec<Finding> {
    if host.system != "linux" {
        let detail = text!(
            "{}: 이 컴퓨터 위의 노드는 Linux에서만 됩니다",
            "{}: nodes on this machine need Linux",
            host.system
        );
        let advice = text!(
            "cluster.yaml에 `provider: vagrant`를 쓰세요",
            "use `provider: vagrant` in cluster.yaml"
        );
        return vec![missing("system", detail, advice)];
    }
    let mut findings = vec![system(host), kernel(host), privilege(host)];
    findings.push(namespaces(host));
    findings.push(file_system(host, "btrfs"));
    findings.push(file_system(host, "overlay"));
    findings.extend([loop_devices(host), cgroup(host), capability(host), inotify(host)]);
    findings.extend(needs.cluster.map(|cluster| memory(host, cluster)));
    findings.extend(disks(host, needs));
    findings.extend(needs.cluster.map(|cluster| addresses(host, &cluster.network)));
    findings.push(clock(host));
    findings.extend(programs(host, needs));
    findings
}

fn ok(name: &'static str, detail: impl Into<Text>) -> Finding {
    Finding {
        name,
        outcome: Standing::Ok,
        detail: detail.into(),
        advice: None,
        fix: None,
    }
}

fn warn(name: &'static str, detail: impl Into<Text>, advice: Text) -> Finding {
    Finding {
        outcome: Standing::Warn,
        advice: Some(advice),
        ..ok(name, detail)
    }
}

fn missing(name: &'static str, detail: impl Into<Text>, advice: Text) -> Finding {
    Finding {
        outcome: Standing::Missing,
        advice: Some(advice),
        ..ok(name, detail)
    }
}

fn system(host: &Host) -> Finding {
    let Host {
        system, architecture, ..
    } = host;
    match architecture.as_str() {
        "x86_64" | "aarch64" => ok("system", format!("{system} {architecture}")),
        _ => warn(
            "system",
            format!("{system} {architecture}"),
            text!(
                "x86_64와 aarch64에서만 확인했습니다",
                "only x86_64 and aarch64 were tried"
            ),
        ),
    }
}

fn kernel(host: &Host) -> Finding {
    let mut numbers = host
        .kernel
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version >= (5, 4) {
        return ok("kernel", host.kernel.clone());
    }
    warn(
        "kernel",
        host.kernel.clone(),
        text!("5.4 이상을 권합니다", "5.4 or later is advised"),
    )
}

fn privilege(host: &Host) -> Finding {
    if host.root {
        return ok("root", text!("root로 실행 중", "running as root"));
    }
    if host.program("sudo").is_some() {
        return ok(
            "root",
            text!(
                "sudo가 있음: 필요할 때 한 번 묻습니다",
                "sudo is there: asked once, when needed"
            ),
        );
    }
    let advice = text!(
        "sudo를 설치하거나 root로 실행하세요",
        "install sudo, or run lab as root"
    );
    missing(
        "root",
        text!("root도 아니고 sudo도 없음", "neither root nor sudo"),
        advice,
    )
}

fn namespaces(host: &Host) -> Finding {
    match &host.namespaces {
        None => ok(
            "namespaces",
            text!(
                "마운트와 네트워크 (사용자 네임스페이스는 필요 없음)",
                "mount and network (user namespaces are not needed)"
            ),
        ),
        Some(why) => missing(
            "namespaces",
            text!("새로 만들 수 없음: {why}", "cannot make new ones: {why}"),
            text!(
                "컨테이너 안이라면 호스트나 VM에서 실행하세요",
                "if this is a container, run lab on its host or in a VM"
            ),
        ),
    }
}

fn file_system(host: &Host, name: &'static str) -> Finding {
    if host.file_systems.contains(name) {
        return ok(name, text!("커널에 있음", "in the kernel"));
    }
    if host.loadable.contains(name) {
        return ok(
            name,
            text!("모듈로 있음: 필요할 때 올라감", "a module: loaded when needed"),
        );
    }
    missing(
        name,
        text!("이 커널에 없음", "not in this kernel"),
        text!(
            "{name} 모듈이 든 커널을 쓰세요 (RHEL 계열에는 btrfs가 없음)",
            "use a kernel with the {name} module (RHEL and its kin have no btrfs)"
        ),
    )
}

fn loop_devices(host: &Host) -> Finding {
    if host.loop_control {
        return ok("loop", "/dev/loop-control");
    }
    missing(
        "loop",
        text!("/dev/loop-control이 없음", "no /dev/loop-control"),
        text!("`sudo modprobe loop`", "`sudo modprobe loop`"),
    )
}

fn cgroup(host: &Host) -> Finding {
    let lacking: Vec<&str> = ["cpu", "memory", "pids"]
        .into_iter()
        .filter(|name| !host.controllers.contains(*name))
        .collect();
    match (host.cgroup, lacking.is_empty()) {
        (0, _) => missing(
            "cgroup",
            text!("cgroup이 마운트되어 있지 않음", "no cgroups are mounted"),
            text!(
                "systemd로 부팅한 컴퓨터에서 실행하세요",
                "use a machine that systemd booted"
            ),
        ),
        (version, true) => ok("cgroup", format!("v{version}: cpu, memory, pids")),
        (version, false) => warn(
            "cgroup",
            text!(
                "v{version}, 없는 컨트롤러: {}",
                "v{version} without {}",
                lacking.join(", ")
            ),
            text!("노드의 한도가 걸리지 않습니다", "limits of nodes will not hold"),
        ),
    }
}

fn capability(host: &Host) -> Finding {
    let name = "CAP_SYS_RESOURCE";
    if host.sys_resource {
        return ok(name, text!("있음", "there"));
    }
    ok(
        name,
        text!(
            "없음: 없이도 되도록 설정됩니다",
            "not there: nodes are set up to do without"
        ),
    )
}

fn inotify(host: &Host) -> Finding {
    let have = host.inotify_instances;
    if have >= INOTIFY {
        return ok("inotify", text!("인스턴스 {have}개", "{have} instances"));
    }
    warn(
        "inotify",
        text!(
            "인스턴스 {have}개, {INOTIFY}개 필요",
            "{have} instances, {INOTIFY} wanted"
        ),
        text!(
            "`lab up`이 올리고 `lab down`이 되돌립니다; 직접: `sudo sysctl fs.inotify.max_user_instances={INOTIFY}`",
            "`lab up` raises it and `lab down` puts it back; by hand: `sudo sysctl fs.inotify.max_user_instances={INOTIFY}`"
        ),
    )
}

fn memory(host: &Host, cluster: &Cluster) -> Finding {
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

fn disks(host: &Host, needs: Needs<'_>) -> Vec<Finding> {
    let wanted = if needs.building { FIRST_TIME } else { ROOM };
    let mut findings: Vec<Finding> = vec![];
    for (name, disk) in ["state disk", "cache disk"].into_iter().zip(&host.disks) {
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
    findings
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

fn addresses(host: &Host, network: &Network) -> Finding {
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

fn clock(host: &Host) -> Finding {
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

fn programs(host: &Host, needs: Needs<'_>) -> Vec<Finding> {
    let egress = needs.cluster.map_or(Egress::Auto, |cluster| cluster.egress);
    let wanted = |tool: &&Tool| match tool.when {
        When::Always => true,
        When::Building => needs.building,
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
    let judged = TOOLS.iter().filter(wanted).map(|tool| {
        let optional = tool.when == When::Egress && egress == Egress::Auto;
        match host.program(tool.program) {
            Some(path) => ok(tool.program, path.display().to_string()),
            None => program(
                tool.program,
                tool.program,
                tool.package,
                if optional {
                    Standing::Warn
                } else {
                    Standing::Missing
                },
            ),
        }
    });
    [runtime].into_iter().chain(judged).collect()
}

fn program(name: &'static str, program: &str, package: &'static str, outcome: Standing) -> Finding {
    let detail = match outcome {
        Standing::Warn => text!(
            "`{program}`이 없음: 노드가 인터넷에 못 나감",
            "no `{program}`: nodes will have no way out to the internet"
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
