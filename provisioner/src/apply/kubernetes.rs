//! kubeadm on nodes: a control plane, and workers that join it. What to do and where is in the change; tokens are made for one join, never in an argument, and deleted after it.

use std::time::{Duration, Instant};

use agent::wire::FactsQuery;

use super::command::{command, run, unit_step};
use super::hands::Hands;
use crate::config::{Cluster, Kubernetes};
use crate::error::{Error, Result};
use crate::plan::member::{KUBELET, cri_socket};
use crate::plan::{UnitStep, certificates};
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
/// Who a kubelet is.
const KUBELET_CONFIGURATION: &str = "/etc/kubernetes/kubelet.conf";
/// Number of CAP_SYS_RESOURCE.
const SYS_RESOURCE: u64 = 24;
const INIT: Duration = Duration::from_secs(300);
const JOIN: Duration = Duration::from_secs(180);
const SIGNED: Duration = Duration::from_secs(60);
const USUAL: Duration = Duration::from_secs(60);
/// One question to an API that may not be there yet.
const REQUEST: Duration = Duration::from_secs(3);
const ANSWER: Duration = Duration::from_secs(120);

/// `kubeadm init` on the master.
pub(super) async fn init(hands: &Hands, session: &Session) -> Result<()> {
    let Some(kubernetes) = &hands.cluster.kubernetes else {
        return Ok(());
    };
    let socket = cri_socket(hands.cluster.master().engine);
    let configuration = first(hands, kubernetes, session, socket)?;
    reset(session, socket).await?;
    for (name, patch) in render::patches()? {
        put(session, &format!("{PATCHES}/{name}"), &patch).await?;
    }
    kubeadm(session, &["init"], &configuration, INIT).await?;
    command(session, &administrate()).await.map(drop)
}

/// What the control plane is made with.
fn first(hands: &Hands, kubernetes: &Kubernetes, session: &Session, socket: &str) -> Result<String> {
    let may_lower_score = hands.capabilities(&session.node) >> SYS_RESOURCE & 1 == 1;
    render::init(
        &hands.cluster,
        kubernetes,
        may_lower_score,
        PATCHES,
        socket,
        minute(),
    )
}

/// A minute's worth of patience, in seconds: kubeadm has limits of its own.
fn minute() -> u64 {
    patient(Duration::from_secs(60)).as_secs().max(1)
}

/// `kubeadm join` on a worker, with a token of its own.
pub(super) async fn join(hands: &Hands, session: &Session) -> Result<()> {
    let Cluster { nodes, .. } = &hands.cluster;
    let Some(node) = nodes.iter().find(|node| node.name == session.node) else {
        return Ok(());
    };
    let master = hands.session(&hands.cluster.master().name).await?;
    let kubectl = ["kubectl", "--kubeconfig", ADMINISTRATOR];
    let forget = ["delete", "node", "--ignore-not-found", node.name.as_str()];
    reset(session, cri_socket(node.engine)).await?;
    answers(&master).await?;
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
    let configuration = render::join(
        &hands.cluster,
        node,
        &token,
        &authority,
        cri_socket(node.engine),
        minute(),
    )?;
    // Its id alone: what makes it a secret comes after the dot.
    let id = token.split('.').next().unwrap_or_default();
    signed(&master, id).await?;
    let joined = kubeadm(session, &["join"], &configuration, JOIN).await;
    let secret = format!("bootstrap-token-{id}");
    let delete = [
        "delete",
        "secret",
        "-n",
        "kube-system",
        "-o",
        "name",
        "--ignore-not-found",
        &secret,
    ];
    let deleted = command(&master, &[&kubectl[..], &delete].concat()).await;
    match (joined, deleted) {
        (Err(error), Ok(deleted)) if deleted.trim().is_empty() => Err(error.hint(text!(
            "토큰이 합류하기 전에 끝났습니다; `lab up`이 새 토큰으로 다시 합니다",
            "its token ended before it had joined; `lab up` tries again with a new one"
        ))),
        (Ok(()), Err(error)) => Err(error),
        (joined, _) => joined,
    }
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

/// Renews the certificates of a control plane whose authority is still good, restarts its parts, which read them only once, and
/// makes its kubelet somebody again where that is nobody to the API any more (`kubelet`).
pub(super) async fn renew(hands: &Hands, session: &Session, kubelet: bool) -> Result<()> {
    let Some(kubernetes) = &hands.cluster.kubernetes else {
        return Ok(());
    };
    put(session, certificates::RENEWING, "").await?;
    let socket = cri_socket(hands.cluster.master().engine);
    command(session, &["kubeadm", "certs", "renew", "all"]).await?;
    if kubelet {
        let configuration = first(hands, kubernetes, session, socket)?;
        command(
            session,
            &["rm", "-f", KUBELET_CONFIGURATION, certificates::KUBELET],
        )
        .await?;
        kubeadm(
            session,
            &["init", "phase", "kubeconfig", "kubelet"],
            &configuration,
            USUAL,
        )
        .await?;
    }
    command(session, &administrate()).await?;
    // Static pods are not restarted by what they mount: kubelet makes a pod that is gone anew.
    let limit = format!("{}s", patient(USUAL).as_secs());
    let crictl = ["crictl", "--timeout", &limit, "--runtime-endpoint", socket];
    let listed = ["pods", "--quiet", "--label", "tier=control-plane"];
    let pods = command(session, &[&crictl[..], &listed].concat()).await?;
    let pods: Vec<&str> = pods.split_whitespace().collect();
    if !pods.is_empty() {
        command(session, &[&crictl[..], &["rmp", "--force"], &pods].concat()).await?;
    }
    unit_step(session, KUBELET, true, UnitStep::Restart).await?;
    answers(session).await?;
    command(session, &["rm", "-f", certificates::RENEWING])
        .await
        .map(drop)
}

/// Polls until the API answers: after a boot, or with new certificates, that takes it a while.
async fn answers(master: &Session) -> Result<()> {
    let deadline = Instant::now() + patient(ANSWER);
    let limit = format!("--request-timeout={}s", patient(REQUEST).as_secs().max(1));
    let asked = [
        "kubectl",
        "--kubeconfig",
        ADMINISTRATOR,
        &limit,
        "get",
        "--raw",
        "/readyz",
    ];
    loop {
        match command(master, &asked).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => {
                return Err(error.hint(text!(
                    "쿠버네티스 API가 대답하지 않음: `lab logs {0} kubelet`이 까닭을 보여 줍니다",
                    "the Kubernetes API does not answer: `lab logs {0} kubelet` shows why",
                    master.node
                )));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(250)).await,
        }
    }
}

/// Whoever logs in to the master types `kubectl` and nothing more.
fn administrate() -> [&'static str; 6] {
    ["install", "-D", "-m", "600", ADMINISTRATOR, "/root/.kube/config"]
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

async fn kubeadm(session: &Session, verb: &[&str], configuration: &str, limit: Duration) -> Result<()> {
    put(session, CONFIGURATION, configuration).await?;
    let argv = [&["kubeadm"], verb, &["--config", CONFIGURATION]].concat();
    let done = run(session, &argv, limit).await;
    command(session, &["rm", "-f", CONFIGURATION]).await?;
    done.map(drop).map_err(|error| {
        error.hint(text!(
            "`lab logs {0} kubelet`이 까닭을 보여 줍니다; 고친 다음 `lab up`이 이어서 합니다",
            "`lab logs {0} kubelet` shows why; once mended, `lab up` goes on from here",
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
