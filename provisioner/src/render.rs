//! Text with holes, filled: the one place that uses askama. Decides nothing and writes nothing.

pub mod engine;
pub mod kubernetes;
pub mod machine;
pub mod page;

use std::net::Ipv4Addr;

use askama::Template;

use crate::bundle::MIRROR_STORAGE;
use crate::config::{Cluster, Node};
use crate::error::{Error, Result};

/// Port of the mirror on the registry's host.
pub const MIRROR_PORT: u16 = 5000;

#[derive(Template)]
#[template(path = "hosts", escape = "none", ext = "txt")]
struct Hosts<'a> {
    nodes: &'a [Node],
    mirror: Ipv4Addr,
}

#[derive(Template)]
#[template(path = "resolv.conf", escape = "none", ext = "txt")]
struct ResolvConf {
    way_out: Option<Ipv4Addr>,
    own: Ipv4Addr,
}

#[derive(Template)]
#[template(path = "daemon.json", escape = "none")]
struct Daemon {
    mirror: String,
}

#[derive(Template)]
#[template(path = "mirror-config.yml", escape = "none")]
struct Mirror {
    storage: &'static str,
    port: u16,
    certificates: &'static str,
    read_only: bool,
}

/// What the lab writes into /etc/hosts of every node, between its two marks.
pub fn hosts(cluster: &Cluster) -> Result<String> {
    fill(&Hosts {
        nodes: &cluster.nodes,
        mirror: cluster.registry_host().address,
    })
}

/// A file with the lab's block in it: in place of the one that is there, else at the end. All other lines stay.
pub fn with_block(file: &str, block: &str) -> String {
    let lines: Vec<&str> = file.lines().collect();
    let (first, last) = (block.lines().next(), block.lines().last());
    let end = lines.iter().rposition(|line| Some(*line) == last);
    let begin = end.and_then(|end| lines[..end].iter().rposition(|line| Some(*line) == first));
    let (before, after) = match (begin, end) {
        (Some(begin), Some(end)) => (&lines[..begin], &lines[end + 1..]),
        _ => (&lines[..], &lines[..0]),
    };
    let text = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    text(before) + block + &text(after)
}

/// /etc/resolv.conf of a node: its way out's resolver, else its own address, which refuses. With no server named at all a node behaves
/// the same, but CoreDNS does not start.
pub fn resolv_conf(node: &Node, way_out: Option<Ipv4Addr>) -> Result<String> {
    fill(&ResolvConf {
        way_out,
        own: node.address,
    })
}

/// /etc/docker/daemon.json of every node.
pub fn docker_daemon(mirror: String) -> Result<String> {
    fill(&Daemon { mirror })
}

/// The mirror's own configuration.
pub fn mirror_config() -> Result<String> {
    fill(&Mirror {
        storage: MIRROR_STORAGE,
        port: MIRROR_PORT,
        certificates: "/etc/lab/mirror",
        read_only: true,
    })
}

/// The private registry's, where it is a service; `certificates`: the directory with tls.crt and tls.key.
pub fn registry_config(storage: &'static str, port: u16, certificates: &'static str) -> Result<String> {
    fill(&Mirror {
        storage,
        port,
        certificates,
        read_only: false,
    })
}

fn fill(template: &impl Template) -> Result<String> {
    template
        .render()
        .map_err(|error| Error::new("cannot fill in a template").because(error))
}

#[cfg(test)]
mod tests {
    use super::with_block;

    const BLOCK: &str = "# begin\nnew\n# end\n";

    #[test]
    fn a_block_is_put_in_place_of_the_old_one_and_every_other_line_stays() {
        for (file, expected) in [
            ("", "# begin\nnew\n# end\n"),
            ("mine\n", "mine\n# begin\nnew\n# end\n"),
            ("mine", "mine\n# begin\nnew\n# end\n"),
            ("a\n# begin\nold\n# end\nb\n", "a\n# begin\nnew\n# end\nb\n"),
            (
                "a\n# begin\nthe end is gone\n",
                "a\n# begin\nthe end is gone\n# begin\nnew\n# end\n",
            ),
        ] {
            assert_eq!(with_block(file, BLOCK), expected);
            assert_eq!(with_block(expected, BLOCK), expected, "not stable");
        }
    }
}
