//! What is seen of an external registry: itself, asked from a node, and each node's dealings with it.

use std::net::Ipv4Addr;

use agent::client::ClientError;
use agent::wire::{Trust, Whose};
use serde_json::Value as Json;

use super::{Sessions, digest, read};
use crate::cluster::{External, Standing, WayOut};
use crate::config::Cluster;
use crate::error::Result;
use crate::external::{self, Credentials};
use crate::facts::external::{Dealings, Sight};
use crate::session::Session;
use crate::text;

/// Where Docker of a node keeps its logins.
pub const DOCKER: &str = "/root/.docker/config.json";

/// Where a node keeps for which external registries it was made ready: a line each.
pub const MARK: &str = "/var/lib/lab/external";

/// Who logs in at the external registry, where there is one.
pub async fn login(cluster: &Cluster) -> Result<Option<Credentials>> {
    match &cluster.registry.external {
        Some(external) => external::login::read(external).await.map(Some),
        None => Ok(None),
    }
}

/// The external registry as the first node that is reached sees it.
pub async fn sight(
    cluster: &Cluster,
    sessions: &Sessions,
    login: Option<&Credentials>,
    way_out: Option<WayOut>,
) -> Result<Sight> {
    let Some((external, login)) = cluster.registry.external.as_ref().zip(login) else {
        return Ok(Sight::default());
    };
    let authority = external.ca_file.as_deref().map(external::authority).transpose()?;
    let first = cluster.nodes.iter().find_map(|node| sessions.get(&node.name));
    let mut asked = match first {
        Some(session) => Some(external::look(external, login, &session.agent).await?),
        None => None,
    };
    let closed = way_out.is_some_and(|way| way.standing == Standing::Closed);
    if let Some(Err(trouble)) = &mut asked
        && trouble.unreached
        && closed
        && !inside(cluster, external)
    {
        trouble.hint = text!(
            "노드에서 밖으로 나가는 길이 닫혀 있습니다: cluster.yaml의 `network: {{address: …, egress: on}}`, `--offline` 없이",
            "the nodes' way out is closed: `network: {{address: …, egress: on}}` in cluster.yaml, and no `--offline`"
        );
    }
    Ok(Sight {
        asked,
        authority: authority.map(|authority| digest(&authority)),
    })
}

/// Whether the registry is in the lab's own network.
fn inside(cluster: &Cluster, external: &External) -> bool {
    let address = external.host.parse::<Ipv4Addr>();
    let in_network = address.is_ok_and(|address| cluster.network.contains(address));
    in_network
        || cluster
            .nodes
            .iter()
            .any(|node| node.name.as_str() == external.host)
}

/// What one node has to do with external registries, the one of cluster.yaml among them.
pub async fn dealings(
    cluster: &Cluster,
    login: Option<&Credentials>,
    session: &Session,
) -> std::result::Result<Dealings, ClientError> {
    let ready_for = ready_for(session).await;
    let Some((external, login)) = cluster.registry.external.as_ref().zip(login) else {
        return Ok(Dealings {
            ready_for,
            ..Dealings::default()
        });
    };
    let server = external.server();
    let status = Trust::Status {
        whose: Whose::External,
        registries: vec![server.clone()],
    };
    let trust = session.agent.trust(status).await?;
    let config = serde_json::from_str(&read(session, DOCKER).await).unwrap_or_default();
    Ok(Dealings {
        ready_for,
        logged_in: logged_in(&config, &server, &login.pair()),
        trust,
    })
}

/// The registries a node was made ready for.
pub async fn ready_for(session: &Session) -> Vec<String> {
    let text = read(session, MARK).await;
    text.lines().map(str::to_owned).collect()
}

/// Whether Docker's configuration holds this login, or gave one away to a helper, which keeps it to itself.
fn logged_in(config: &Json, server: &str, pair: &str) -> bool {
    let Some(entry) = config.get("auths").and_then(|auths| auths.get(server)) else {
        return false;
    };
    let helpers = config.get("credHelpers").and_then(|helpers| helpers.get(server));
    let kept_elsewhere = helpers.or(config.get("credsStore")).is_some();
    kept_elsewhere || entry.get("auth").and_then(Json::as_str) == Some(pair)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::logged_in;

    #[test]
    fn a_node_is_logged_in_only_with_the_login_that_is_wanted() {
        let check =
            |config, expected| assert_eq!(logged_in(&config, "r.example", "cGFpcg=="), expected, "{config}");
        check(json!({"auths": {"r.example": {"auth": "cGFpcg=="}}}), true);
        check(json!({"auths": {"r.example": {"auth": "b3RoZXI="}}}), false);
        check(json!({"auths": {"other.example": {"auth": "cGFpcg=="}}}), false);
        check(json!({"auths": {"r.example": {}}, "credsStore": "pass"}), true);
        check(json!({"credsStore": "pass"}), false);
        check(json!(null), false);
    }
}
