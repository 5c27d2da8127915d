//! Decides what the facts of a host mean for the lab. Pure: a host comes in, findings go out.

mod room;

use super::{Finding, Needs, Standing};
use crate::provider::local::host::Host;
use crate::text;
use crate::text::Text;
use room::{addresses, clock, disks, memory, programs};

/// Instances of inotify that four systemd nodes with Docker use, with room.
const INOTIFY: u64 = 512;

/// The finding about the directory of the project.
pub(super) const PROJECT: &str = "project";

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
