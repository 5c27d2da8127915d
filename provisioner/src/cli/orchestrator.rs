//! Where `lab` itself runs, as the verbs see it: on Vagrant's host or on a node Vagrant made, what a person in front of that host
//! types; and nodes on `lab`'s own kernel, which it must not reboot.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use agent::client::Client;
use agent::wire::FactsQuery;
use serde::Deserialize;

use crate::cli::{App, Seat};
use crate::config::{Cluster, ProviderKind};
use crate::error::{Error, Result};
use crate::node::NodeName;
use crate::paths::Paths;
use crate::provider::Provider;
use crate::provider::local::orchestrator::boot_id;
use crate::session::open_all;
use crate::text;
use crate::text::Text;
use crate::transport::{Login, patient};

/// The file beside cluster.yaml in which the Vagrantfile says, on a node, how Vagrant's host reaches that node.
const FILE: &str = "vagrant.json";

/// How Vagrant's host reaches the master.
#[derive(Clone, Debug, Deserialize)]
struct Way {
    /// Address or name, as that host sees it.
    host: String,
    port: u16,
    user: String,
    /// A private key's path on that host.
    key: String,
    /// Vagrant's directory on that host; absent where `lab` runs there.
    #[serde(default)]
    directory: Option<String>,
    /// Whether Vagrant saves snapshots of these machines.
    snapshots: bool,
}

/// What a person in front of Vagrant's host types to get at the master; empty where no host of Vagrant's is known.
pub fn from_the_host(paths: &Paths, provider: &dyn Provider, cluster: &Cluster) -> Result<Vec<Text>> {
    let way = match cluster.provider {
        ProviderKind::Vagrant => found(provider, cluster)?,
        ProviderKind::Inventory => written(&paths.project)?,
        _ => None,
    };
    let master = cluster.master().name.as_str();
    Ok(way.map_or_else(Vec::new, |way| lines(&way, master, &paths.reports)))
}

/// As Vagrant itself says.
fn found(provider: &dyn Provider, cluster: &Cluster) -> Result<Option<Way>> {
    let Some((_, place)) = provider.place(&cluster.master().name)? else {
        return Ok(None);
    };
    let key = place.logins.iter().find_map(|login| match login {
        Login::Key(path) => Some(path.display().to_string()),
        _ => None,
    });
    Ok(Some(Way {
        host: place.address,
        port: place.port,
        user: place.user,
        key: key.unwrap_or_default(),
        directory: None,
        snapshots: provider.saves(),
    }))
}

/// As the Vagrantfile wrote it.
fn written(project: &Path) -> Result<Option<Way>> {
    let file = project.join(FILE);
    let failed = |error: &dyn std::fmt::Display| {
        Error::usage(text!("{}을(를) 읽을 수 없음", "cannot read {}", file.display()))
            .cause(error.to_string())
            .hint(text!(
                "Vagrant가 있는 컴퓨터에서 `vagrant up`을 하면 다시 써집니다",
                "`vagrant up` on the computer with Vagrant writes it again"
            ))
    };
    match std::fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| failed(&error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

fn lines(way: &Way, master: &str, reports: &Path) -> Vec<Text> {
    let Way {
        host,
        port,
        user,
        key,
        directory,
        snapshots,
    } = way;
    let mut lines: Vec<Text> = directory
        .iter()
        .map(|directory| {
            text!(
                "`lab`이 {master}에서 실행되고 CA 키도 거기에 있습니다. 다음은 Vagrant가 있는 컴퓨터의 {directory}에서 합니다",
                "`lab` runs on {master}, which holds the CA key. What follows is for the computer with Vagrant, in {directory}"
            )
        })
        .collect();
    lines.push(text!(
        "브라우저로 {master}의 8080 보기: `vagrant ssh {master} -- -L 8080:localhost:8080`, 그리고 http://localhost:8080",
        "{master}'s port 8080 in a browser: `vagrant ssh {master} -- -L 8080:localhost:8080`, then http://localhost:8080"
    ));
    lines.push(text!(
        "PuTTY: 호스트 {host}, 포트 {port}, 사용자 {user}, 키 {key} (PuTTYgen으로 변환)",
        "PuTTY: host {host}, port {port}, user {user}, key {key} (convert it with PuTTYgen)"
    ));
    if directory.is_some() {
        let report = reports.join("latest/report.html");
        // A machine that was made anew shows another key at the same port: as Vagrant itself does, none is asked for or kept.
        let known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null";
        let fetch = format!(
            "scp -P {port} -i \"{key}\" {known} {user}@{host}:{} .",
            report.display()
        );
        lines.push(text!("보고서 가져오기: `{fetch}`", "fetch the report: `{fetch}`"));
    }
    if *snapshots {
        lines.push(text!(
            "나중에 되돌아오려면: `vagrant snapshot save 이름`, 그리고 `vagrant snapshot restore 이름`",
            "to come back here later: `vagrant snapshot save NAME`, then `vagrant snapshot restore NAME`"
        ));
    }
    lines
}

/// Nodes that run on the kernel `lab` runs on: the one it is on, and containers beside it.
pub async fn on_our_kernel(clients: &BTreeMap<NodeName, Client>) -> Vec<NodeName> {
    let own = boot_id();
    let mut nodes = vec![];
    for (node, client) in clients {
        let facts = client.facts(FactsQuery::default()).await;
        if facts.is_ok_and(|facts| facts.boot_id == own) {
            nodes.push(node.clone());
        }
    }
    nodes
}

/// Refuses where a node would be told to reboot itself and `lab` with it.
pub fn may_reboot(app: &App, seat: &Seat, nodes: &[NodeName]) -> Result<()> {
    if seat.provider.stops() {
        return Ok(());
    }
    let endpoints = nodes.iter().map(|node| seat.provider.endpoint(node));
    let endpoints = endpoints.collect::<Result<Vec<_>>>()?;
    let ours = app.block_on(async {
        let opened = open_all(&endpoints, patient(Duration::from_secs(20))).await;
        let mut clients = BTreeMap::new();
        for session in opened.iter().flatten() {
            clients.insert(session.node.clone(), session.agent.clone());
        }
        let ours = on_our_kernel(&clients).await;
        for session in opened.iter().flatten() {
            session.close().await;
        }
        ours
    })?;
    if ours.is_empty() {
        return Ok(());
    }
    Err(refused(&ours, nodes))
}

fn refused(ours: &[NodeName], nodes: &[NodeName]) -> Error {
    let words = |nodes: &[&NodeName]| {
        let names: Vec<&str> = nodes.iter().map(|node| node.as_str()).collect();
        names.join(" ")
    };
    let names = words(&ours.iter().collect::<Vec<_>>());
    let what = text!(
        "`lab` 자신이 {names}의 커널에서 돌아, 재시작하면 `lab`도 끝남",
        "`lab` itself runs on the kernel of {names}, and would end with a restart"
    );
    let others: Vec<&NodeName> = nodes.iter().filter(|node| !ours.contains(node)).collect();
    let others = words(&others);
    Error::new(what).hint(match others.is_empty() {
        true => text!(
            "밖에서 재시작하세요: Vagrant가 있는 컴퓨터에서 `vagrant reload {names}`",
            "restart it from outside: `vagrant reload {names}` on the computer with Vagrant"
        ),
        false => text!(
            "나머지는 `lab restart {others}`, {names}은(는) Vagrant가 있는 컴퓨터에서 `vagrant reload {names}`",
            "`lab restart {others}` restarts the others; for {names} `vagrant reload {names}` on the computer with Vagrant"
        ),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const WRITTEN: &str = r#"{"host": "127.0.0.1", "port": 2222, "user": "vagrant",
        "key": "C:/Users/홍 길동/lab/.vagrant/machines/m-k8s/virtualbox/private_key",
        "directory": "C:/Users/홍 길동/lab", "provider": "virtualbox", "snapshots": true}"#;

    fn said(way: &Way) -> String {
        let lines = lines(way, "m-k8s", Path::new("/home/vagrant/lab-reports"));
        lines.iter().map(|line| format!("{}\n", line.en)).collect()
    }

    #[test]
    fn what_the_vagrantfile_wrote_is_told_to_whom_sits_at_the_host() {
        let project = tempfile::tempdir().unwrap();
        assert!(written(project.path()).unwrap().is_none());
        std::fs::write(project.path().join(FILE), WRITTEN).unwrap();
        let mut way = written(project.path()).unwrap().unwrap();
        let all = said(&way);
        for words in [
            "m-k8s, which holds the CA key",
            "in C:/Users/홍 길동/lab\n",
            "`vagrant ssh m-k8s -- -L 8080:localhost:8080`, then http://localhost:8080",
            "host 127.0.0.1, port 2222, user vagrant, key C:/Users/",
            "`scp -P 2222 -i \"C:/Users/홍 길동/lab/.vagrant/machines/m-k8s/virtualbox/private_key\" \
             -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null vagrant@127.0.0.1:/home/vagrant/lab-reports/latest/report.html .`",
            "`vagrant snapshot save NAME`",
        ] {
            assert!(all.contains(words), "{words}\n{all}");
        }
        (way.snapshots, way.directory) = (false, None);
        let all = said(&way);
        assert!(!all.contains("snapshot") && !all.contains("scp"), "{all}");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let project = tempfile::tempdir().unwrap();
        std::fs::write(project.path().join(FILE), "{").unwrap();
        let error = written(project.path()).unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
        assert!(error.advice().unwrap().en.contains("vagrant up"));
    }

    #[test]
    fn a_restart_that_would_end_lab_names_what_can_be_restarted() {
        let names =
            |text: &str| -> Vec<NodeName> { text.split(' ').map(|one| one.parse().unwrap()).collect() };
        let hint = |ours: &str, nodes: &str| {
            let error = refused(&names(ours), &names(nodes));
            error.advice().unwrap().en.clone()
        };
        assert!(hint("m-k8s", "m-k8s w1-k8s w2-k8s").starts_with("`lab restart w1-k8s w2-k8s`"));
        assert!(hint("m-k8s w1-k8s", "m-k8s w1-k8s").contains("`vagrant reload m-k8s w1-k8s`"));
    }
}
