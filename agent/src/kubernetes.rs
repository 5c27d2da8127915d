//! Asks the Kubernetes API of a control plane node, as its administrator, through the node's own kubectl.
//!
//! Nothing here is an error: an API that is absent or slow has no answer.

use std::time::Duration;

use serde_json::Value;

use crate::engine_table::output;
use crate::wire::{KubernetesNode, KubernetesPod};

/// Who asks.
const CONFIGURATION: &str = "/etc/kubernetes/admin.conf";
const REQUEST: Duration = Duration::from_secs(3);
const DEADLINE: Duration = Duration::from_secs(4);

/// Every node the API knows.
pub(crate) async fn nodes() -> Option<Vec<KubernetesNode>> {
    items(&["nodes"]).await?.iter().map(node).collect()
}

/// Every pod of Kubernetes' own.
pub(crate) async fn pods() -> Option<Vec<KubernetesPod>> {
    let all = items(&["pods", "--namespace", "kube-system"]).await?;
    all.iter().map(pod).collect()
}

async fn items(what: &[&str]) -> Option<Vec<Value>> {
    if !std::path::Path::new(CONFIGURATION).exists() {
        return None;
    }
    let limit = REQUEST.mul_f64(crate::process::patience()).as_secs().max(1);
    let limit = format!("--request-timeout={limit}s");
    let kubectl = ["kubectl", "--kubeconfig", CONFIGURATION, &limit, "get"];
    let argv = [&kubectl[..], what, &["-o", "json"]].concat();
    let said = output(&argv, DEADLINE).await.ok()?;
    let mut list: Value = serde_json::from_str(&said).ok()?;
    match list.get_mut("items")?.take() {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

fn text(value: &Value, path: &str) -> Option<String> {
    value.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

fn is_ready(value: &Value) -> bool {
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    conditions.is_some_and(|all| all.iter().any(ready))
}

fn node(value: &Value) -> Option<KubernetesNode> {
    Some(KubernetesNode {
        name: text(value, "/metadata/name")?,
        ready: is_ready(value),
        version: text(value, "/status/nodeInfo/kubeletVersion").unwrap_or_default(),
        runtime: text(value, "/status/nodeInfo/containerRuntimeVersion").unwrap_or_default(),
    })
}

fn pod(value: &Value) -> Option<KubernetesPod> {
    let containers = value
        .pointer("/status/containerStatuses")
        .and_then(Value::as_array);
    let waits = |container: &Value| {
        text(container, "/state/waiting/reason").or_else(|| text(container, "/state/terminated/reason"))
    };
    let reason = containers.and_then(|all| all.iter().find_map(waits));
    Some(KubernetesPod {
        name: text(value, "/metadata/name")?,
        node: text(value, "/spec/nodeName").unwrap_or_default(),
        ready: is_ready(value),
        reason: reason
            .or_else(|| text(value, "/status/phase"))
            .unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{node, pod};

    #[test]
    fn a_pod_that_is_not_ready_says_why_in_a_word() {
        let with = |containers: serde_json::Value| {
            let status = json!({"phase": "Running", "containerStatuses": containers});
            pod(&json!({"metadata": {"name": "p"}, "spec": {"nodeName": "m"}, "status": status}))
                .map(|pod| (pod.ready, pod.node, pod.reason))
        };
        let waiting =
            json!([{"state": {"running": {}}}, {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]);
        assert_eq!(
            with(waiting),
            Some((false, "m".into(), "CrashLoopBackOff".into()))
        );
        let ended = json!([{"state": {"terminated": {"reason": "Error"}}}]);
        assert_eq!(with(ended), Some((false, "m".into(), "Error".into())));
        assert_eq!(with(json!(null)), Some((false, "m".into(), "Running".into())));
    }

    #[test]
    fn a_node_is_ready_only_if_it_says_so() {
        let with = |status: &str| {
            node(&json!({"metadata": {"name": "w1"}, "status": {
                "conditions": [{"type": "DiskPressure", "status": "True"}, {"type": "Ready", "status": status}],
                "nodeInfo": {"kubeletVersion": "v1.34.4", "containerRuntimeVersion": "containerd://1.7.24"},
            }}))
        };
        assert!(with("True").is_some_and(|node| node.ready && node.runtime == "containerd://1.7.24"));
        assert!(with("Unknown").is_some_and(|node| !node.ready));
        assert_eq!(node(&json!({"status": {}})), None);
    }
}
