//! kubeadm on nodes: a control plane, and workers that join it. What to do and where is in the change; tokens are made for one join, never in an argument, and deleted after it.

use std::time::{Duration, Instant};

use agent::wire::FactsQuery;

use super::command::{command, run};
use super::perform::Hands;
use crate::config::Cluster;
use crate::error::{Error, Result};
use crate::gather;
use crate::plan::Mark;
use crate::plan::engine::cri_socket;
use crate::plan::kubernetes::AUTHORITY;
use crate::render::kubernetes as render;
use crate::session::Session;
use crate::text;
use crate::transport::patient;

/// What kubeadm is given. In memory: it may hold a token.
const CONFIGURATION: &str = "/run/lab/kubeadm.yaml";
/// What kubeadm changes of its own manifests.
const PATCHES: &str = "/run/lab/kubeadm-patches";
/// Who administers the cluster from the master.
pub const ADMINISTRATOR: &str = "/etc/kubernetes/admin.conf";
/// Number of CAP_SYS_RESOURCE.
const SYS_RESOURCE: u64 = 24;
const INIT: Duration = Duration::from_secs(300);
const JOIN: Duration = Duration::from_secs(180);
const SIGNED: Duration = Duration::from_secs(60);

/// `kubeadm init` on the master.
pub(super) async fn init(hands: &Hands, session: &Session) -> Result<()> {
    let Some(kubernetes) = &hands.cluster.kubernetes else {
        return Ok(());
    };
    let capabilities = hands.capabilities(&session.node);
    let may_lower_score = capabilities >> SYS_RESOURCE & 1 == 1;
    let socket = cri_socket(hands.cluster.master().engine);
    let configuration = render::init(&hands.cluster, kubernetes, may_lower_score, PATCHES, socket)?;
    reset(session, socket).await?;
    for (name, patch) in render::patches()? {
        put(session, &format!("{PATCHES}/{name}"), &patch).await?;
    }
    kubeadm(session, "init", &configuration, INIT).await?;
    // Whoever logs in to the master types `kubectl` and nothing more.
    let argv = ["install", "-D", "-m", "600", ADMINISTRATOR, "/root/.kube/config"];
    command(session, &argv).await.map(drop)
}

/// `kubeadm join` on a worker, with a token of its own.
pub(super) async fn join(hands: &Hands, session: &Session, mark: &Mark) -> Result<()> {
    let Cluster { nodes, .. } = &hands.cluster;
    let Some(node) = nodes.iter().find(|node| node.name == session.node) else {
        return Ok(());
    };
    let master = hands.session(&hands.cluster.master().name).await?;
    if belongs(&master, session, mark).await {
        return Ok(());
    }
    let kubectl = ["kubectl", "--kubeconfig", ADMINISTRATOR];
    let forget = ["delete", "node", "--ignore-not-found", node.name.as_str()];
    reset(session, cri_socket(node.engine)).await?;
    command(&master, &[&kubectl[..], &forget].concat()).await?;
    let made = [
        "kubeadm",
        "token",
        "create",
        "--ttl",
        "15m",
        "--print-join-command",
    ];
    let printed = command(&master, &made).await?;
    let after = |option: &str| {
        let mut words = printed.split_whitespace().skip_while(|word| *word != option);
        words.nth(1).map(str::to_owned)
    };
    let (Some(token), Some(authority)) = (after("--token"), after("--discovery-token-ca-cert-hash")) else {
        return Err(Error::new("kubeadm printed no token").on(&master.node));
    };
    let configuration = render::join(&hands.cluster, node, &token, &authority, cri_socket(node.engine))?;
    // Its id alone: what makes it a secret comes after the dot.
    let id = token.split('.').next().unwrap_or_default();
    signed(&master, id).await?;
    let joined = kubeadm(session, "join", &configuration, JOIN).await;
    command(&master, &["kubeadm", "token", "delete", id]).await?;
    joined
}

/// Waits until the control plane vouches for itself by this token: a join that asks earlier asks again after five seconds.
async fn signed(master: &Session, id: &str) -> Result<()> {
    let field = format!("jsonpath={{.data.jws-kubeconfig-{id}}}");
    let kubectl = [
        "kubectl",
        "--kubeconfig",
        ADMINISTRATOR,
        "--namespace",
        "kube-public",
    ];
    let ask = [&kubectl[..], &["get", "configmap", "cluster-info", "-o", &field]].concat();
    let deadline = Instant::now() + patient(SIGNED);
    while command(master, &ask).await?.is_empty() {
        if Instant::now() > deadline {
            let words = text!(
                "컨트롤 플레인이 합류 토큰에 서명하지 않음",
                "the control plane does not sign for the token of a join"
            );
            return Err(Error::new(words).on(&master.node).hint(text!(
                "`lab kubectl get pods -n kube-system`: kube-controller-manager가 도는지 보세요",
                "see whether kube-controller-manager runs: `lab kubectl get pods -n kube-system`"
            )));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Whether a node that was not asked before it booted is a worker already.
async fn belongs(master: &Session, session: &Session, mark: &Mark) -> bool {
    let name = session.node.as_str();
    let known = ["kubectl", "--kubeconfig", ADMINISTRATOR, "get", "node", name];
    let (ours, theirs, remembered, known) = tokio::join!(
        gather::read(master, AUTHORITY),
        gather::read(session, AUTHORITY),
        gather::read(session, &mark.path),
        command(master, &known)
    );
    !ours.is_empty() && ours == theirs && remembered == mark.content("") && known.is_ok()
}

/// What kubeadm writes first, on any node it was begun on.
const LEFT: [&str; 6] = [
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/manifests/etcd.yaml",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/etcd/member",
];

/// Takes away what an attempt that was cut short, or another cluster, left.
async fn reset(session: &Session, socket: &str) -> Result<()> {
    let query = FactsQuery {
        files: LEFT.map(Into::into).into(),
        ..FactsQuery::default()
    };
    let silent = |error| {
        Error::new("the agent does not answer")
            .on(&session.node)
            .because(error)
    };
    let facts = session.agent.facts(query).await.map_err(silent)?;
    if facts.files.values().all(Option::is_none) {
        return Ok(());
    }
    let argv = ["kubeadm", "reset", "--force", "--cri-socket", socket];
    run(session, &argv, JOIN).await.map(drop)
}

async fn kubeadm(session: &Session, verb: &str, configuration: &str, limit: Duration) -> Result<()> {
    put(session, CONFIGURATION, configuration).await?;
    let done = run(session, &["kubeadm", verb, "--config", CONFIGURATION], limit).await;
    command(session, &["rm", "-f", CONFIGURATION]).await?;
    done.map(drop).map_err(|error| {
        error.hint(text!(
            "`lab exec {0} -- journalctl -u kubelet -n 50`이 까닭을 보여 줍니다; 고친 다음 `lab up`이 이어서 합니다",
            "`lab exec {0} -- journalctl -u kubelet -n 50` shows why; once mended, `lab up` goes on from here",
            session.node
        ))
    })
}

async fn put(session: &Session, path: &str, text: &str) -> Result<()> {
    let written = session.agent.put_bytes(path, 0o600, text.as_bytes()).await;
    written.map_err(|error| {
        Error::new(format!("cannot write {path}"))
            .on(&session.node)
            .because(error)
    })
}
