//! Kubernetes' configuration, filled in: what lies on nodes, and what kubeadm is given.

use std::net::Ipv4Addr;

use askama::Template;

use super::fill;
use crate::cluster::{Kubernetes, Network};
use crate::config::{Cluster, Node};
use crate::error::Result;

#[derive(Template)]
#[template(path = "kubernetes/pod-network.conflist", escape = "none")]
struct PodNetwork {
    pods: Network,
    mtu: Option<u16>,
}

#[derive(Template)]
#[template(path = "kubernetes/pod-routes.service", escape = "none")]
struct PodRoutes {
    tunnel: Option<Tunnel>,
    routes: Vec<(Network, Ipv4Addr)>,
    rules: [(&'static str, String); 4],
}

#[derive(Template)]
#[template(path = "kubernetes/init.yaml", escape = "none")]
struct Init<'a> {
    name: &'a str,
    address: Ipv4Addr,
    port: u16,
    cluster: &'a str,
    version: &'a str,
    pods: Network,
    services: Network,
    may_lower_score: bool,
    patches: &'a str,
    socket: &'a str,
    resolver: Option<&'static str>,
    minute: u64,
}

#[derive(Template)]
#[template(path = "kubernetes/kubelet-resolver.conf", escape = "none")]
struct Resolver {
    address: Ipv4Addr,
}

#[derive(Template)]
#[template(path = "kubernetes/patches/static-pod.yaml", escape = "none")]
struct StaticPod {
    name: &'static str,
}

#[derive(Template)]
#[template(path = "kubernetes/patches/coredns.yaml", escape = "none")]
struct CoreDns;

#[derive(Template)]
#[template(path = "kubernetes/join.yaml", escape = "none")]
struct Join<'a> {
    name: &'a str,
    address: Ipv4Addr,
    endpoint: String,
    token: &'a str,
    authority: &'a str,
    socket: &'a str,
    minute: u64,
}

/// This end of what packets of pods go through between machines: their network need not carry addresses that are not its own.
struct Tunnel {
    /// The machine.
    address: Ipv4Addr,
    /// Its pods.
    pods: Network,
    mtu: u16,
}

impl Tunnel {
    /// What a packet of Ethernet's usual size has room for inside.
    const MTU: u16 = 1450;

    /// The hardware address of a machine's end.
    fn hardware(&self, address: &Ipv4Addr) -> String {
        let [a, b, c, d] = address.octets();
        format!("0a:58:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
    }
}

/// The network of the pods on a node.
pub fn pod_network(cluster: &Cluster, kubernetes: &Kubernetes, node: &Node) -> Result<String> {
    fill(&PodNetwork {
        pods: kubernetes.pods_of(place(cluster, node)),
        mtu: (!cluster.provider.makes_nodes()).then_some(Tunnel::MTU),
    })
}

/// A unit that makes pods of all nodes reach each other, and the world as their node.
pub fn pod_routes(cluster: &Cluster, kubernetes: &Kubernetes, node: &Node) -> Result<String> {
    let others = cluster.nodes.iter().enumerate();
    let routes = others
        .filter(|(_, other)| other.name != node.name)
        .map(|(place, other)| (kubernetes.pods_of(place), other.address))
        .collect();
    let pods = kubernetes.pods;
    let tunnel = Tunnel {
        address: node.address,
        pods: kubernetes.pods_of(place(cluster, node)),
        mtu: Tunnel::MTU,
    };
    fill(&PodRoutes {
        tunnel: (!cluster.provider.makes_nodes()).then_some(tunnel),
        routes,
        rules: [
            // A pod that asks for a service before kube-proxy knows it is told so at once, and asks again.
            (
                "-t filter",
                format!("FORWARD -d {} -j REJECT", kubernetes.services),
            ),
            ("-t filter", format!("FORWARD -s {pods} -j ACCEPT")),
            ("-t filter", format!("FORWARD -d {pods} -j ACCEPT")),
            (
                "-t nat",
                format!("POSTROUTING -s {pods} ! -d {pods} -j MASQUERADE"),
            ),
        ],
    })
}

/// What `kubeadm init` is given. `may_lower_score`: whether processes of the node may lower their own oom score; `patches`: where
/// the files of [`patches`] are; `minute`: how many seconds one takes on this machine, which kubeadm's limits are made of.
pub fn init(
    cluster: &Cluster,
    kubernetes: &Kubernetes,
    may_lower_score: bool,
    patches: &str,
    socket: &str,
    minute: u64,
) -> Result<String> {
    let master = cluster.master();
    fill(&Init {
        name: master.name.as_str(),
        address: master.address,
        port: Kubernetes::PORT,
        cluster: &cluster.name,
        version: &kubernetes.version,
        pods: kubernetes.pods,
        services: kubernetes.services,
        may_lower_score,
        patches,
        socket,
        resolver: (!cluster.provider.makes_nodes()).then_some("/run/lab-kubelet/resolv.conf"),
        minute,
    })
}

/// A part of kubelet's unit on a machine whose resolver is not the lab's.
pub fn resolver(node: &Node) -> Result<String> {
    fill(&Resolver {
        address: node.address,
    })
}

/// What kubeadm changes of its own manifests, by file name: nothing but how often probes ask.
pub fn patches() -> Result<Vec<(String, String)>> {
    let mut files = vec![("corednsdeployment+strategic.yaml".to_owned(), fill(&CoreDns)?)];
    for name in [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ] {
        files.push((format!("{name}+strategic.yaml"), fill(&StaticPod { name })?));
    }
    Ok(files)
}

/// What `kubeadm join` is given: holds a secret. `authority`: `sha256:…` of the cluster's; `socket`: the runtime's; `minute` as above.
pub fn join(
    cluster: &Cluster,
    node: &Node,
    token: &str,
    authority: &str,
    socket: &str,
    minute: u64,
) -> Result<String> {
    fill(&Join {
        name: node.name.as_str(),
        address: node.address,
        endpoint: format!("{}:{}", cluster.master().address, Kubernetes::PORT),
        token,
        authority,
        socket,
        minute,
    })
}

fn place(cluster: &Cluster, node: &Node) -> usize {
    let all = &mut cluster.nodes.iter();
    all.position(|other| other.name == node.name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::cluster::ProviderKind;

    #[test]
    fn pods_of_machines_reach_each_other_through_a_tunnel_and_those_of_local_nodes_by_routes_alone() {
        let mut cluster = Cluster::parse("cluster.yaml", include_str!("../../../cluster.yaml")).unwrap();
        let mut routes = |provider| {
            cluster.provider = provider;
            let kubernetes = cluster.kubernetes.clone().unwrap();
            let routes = pod_routes(&cluster, &kubernetes, cluster.master()).unwrap();
            (
                routes,
                pod_network(&cluster, &kubernetes, cluster.master()).unwrap(),
            )
        };
        let (local, network) = routes(ProviderKind::Local);
        assert!(local.contains("\nExecStart=ip route replace 10.244.1.0/24 via 192.168.1.101\n"));
        assert!(!local.contains("lab-pods") && !network.contains("mtu"));
        let (machines, network) = routes(ProviderKind::Inventory);
        for line in [
            "ip link set lab-pods address 0a:58:c0:a8:01:0a mtu 1450 up",
            "ip address replace 10.244.0.0/32 dev lab-pods",
            "bridge fdb replace 0a:58:c0:a8:01:65 dev lab-pods dst 192.168.1.101",
            "ip route replace 10.244.1.0/24 via 10.244.1.0 dev lab-pods onlink",
        ] {
            assert!(machines.contains(&format!("\nExecStart={line}\n")), "{machines}");
        }
        assert!(network.contains(r#""mtu": 1450"#));
        serde_json::from_str::<serde_json::Value>(&network).unwrap();
    }

    #[test]
    fn oom_scores_are_left_alone_only_where_the_node_may_not_lower_them() {
        let cluster = Cluster::parse("cluster.yaml", include_str!("../../../cluster.yaml")).unwrap();
        let kubernetes = cluster.kubernetes.clone().unwrap();
        let scores = |may| {
            let init = init(&cluster, &kubernetes, may, "/patches", "unix:///run/x.sock", 60).unwrap();
            init.matches("oomScoreAdj: 0").count()
        };
        // kubelet's and kube-proxy's.
        assert_eq!((scores(false), scores(true)), (2, 0));
    }
}
