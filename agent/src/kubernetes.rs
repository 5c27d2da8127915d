//! Asks the Kubernetes API of a control plane node, as its administrator, through the node's own kubectl.
//!
//! Nothing here is an error: an API that is absent or slow has no answer.

use std::time::Duration;

use serde_json::Value;

use crate::engine_table::output;
use crate::wire::KubernetesNode;

/// Who asks.
const CONFIGURATION: &str = "/etc/kubernetes/admin.conf";
const DEADLINE: Duration = Duration::from_secs(4);

/// Every node the API knows.
pub(crate) async fn nodes() -> Option<Vec<KubernetesNode>> {
    if !std::path::Path::new(CONFIGURATION).exists() {
        return None;
    }
    let argv = [
        "kubectl",
        "--kubeconfig",
        CONFIGURATION,
        "--request-timeout=3s",
        "get",
        "nodes",
        "-o",
        "json",
    ];
    let said = output(&argv, DEADLINE).await.ok()?;
    let list: Value = serde_json::from_str(&said).ok()?;
    list.get("items")?.as_array()?.iter().map(node).collect()
}

fn node(value: &Value) -> Option<KubernetesNode> {
    let text = |path: &str| value.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    Some(KubernetesNode {
        name: text("/metadata/name")?,
        ready: conditions.is_some_and(|all| all.iter().any(ready)),
        version: text("/status/nodeInfo/kubeletVersion").unwrap_or_default(),
        runtime: text("/status/nodeInfo/containerRuntimeVersion").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::node;

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
