//! What a node must be asked, so that a plan can be made: exactly what the other parts of a plan look at.

use agent::wire::FactsQuery;

use super::{
    Mark, certificates, egress, engine, kubernetes, machine, member, mirror, node, obstacle, registry,
};
use crate::bundle::MIRROR_STORAGE;
use crate::config::{Cluster, Node};
use crate::error::Result;

/// What to ask the node `at` for, so that a plan can be made.
pub fn query(cluster: &Cluster, at: &Node) -> Result<FactsQuery> {
    let mut query = FactsQuery {
        files: vec![
            node::HOSTS.into(),
            egress::RESOLV_CONF.into(),
            registry::PROOF.into(),
        ],
        units: engine::units(cluster, at),
        ..FactsQuery::default()
    };
    query.files.extend(engine::files(cluster, at)?);
    if !cluster.provider.makes_nodes() {
        query
            .files
            .extend(machine::files(at.name == cluster.registry.host));
    }
    if let Some(wanted) = &cluster.kubernetes {
        if !cluster.provider.makes_nodes() {
            query.files.extend(machine::kubernetes::files(wanted));
            query.units.extend(machine::kernel::UNITS.map(Into::into));
        }
        query.files.extend(kubernetes::FILES.map(Into::into));
        query.files.push(member::mark(cluster, wanted).path);
        query.units.extend(kubernetes::UNITS.map(Into::into));
        query.kubernetes = at.name == cluster.master().name;
        query.certificates = certificates::files(at);
        query.files.push(certificates::RENEWING.into());
        query.ports = obstacle::ports(at).to_vec();
        query.programs = member::PROGRAMS.map(Into::into).into();
    }
    query
        .files
        .extend(query.units.iter().map(|unit| Mark::path(unit)));
    if at.name == cluster.registry.host {
        query.files.push(Mark::path(mirror::UNIT));
        let files = [
            mirror::CONFIG,
            mirror::CERTIFICATE,
            mirror::KEY,
            registry::CERTIFICATE,
            registry::KEY,
        ];
        query.files.extend(files.map(Into::into));
        query.files.push(MIRROR_STORAGE.into());
        query.units.push(mirror::UNIT.into());
        query.files.push(registry::service::CONFIG.into());
        query.files.push(Mark::path(registry::service::UNIT));
        query.units.push(registry::service::UNIT.into());
        query.containers.push(registry::CONTAINER.into());
    }
    Ok(query)
}
