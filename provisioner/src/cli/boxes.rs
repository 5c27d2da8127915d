//! `lab box`.

use std::path::PathBuf;

use crate::builder::machine::{self, Made};
use crate::builder::{self, Extent, Options};
use crate::bundle::machine::{Hypervisor, reference};
use crate::cli::{App, raise};
use crate::config::{Cluster, IMAGE, ProviderKind};
use crate::error::{Error, Result, exit};
use crate::report::out::bytes;
use crate::{doctor, privilege, text};

/// Arguments of `lab box`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make boxes of the node image for Vagrant, with `lab` and the bundle in them
    Build {
        /// For this provider of Vagrant's (default: all)
        #[arg(long, value_name = "PROVIDER", value_enum)]
        provider: Vec<Choice>,
        /// Where to put them
        #[arg(long, value_name = "DIR", default_value = "boxes")]
        output: PathBuf,
        /// Without `lab` and the bundle
        #[arg(long)]
        bare: bool,
    },
}

/// A provider on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Choice {
    /// An image for `docker load`
    Docker,
    /// QEMU and KVM
    Libvirt,
    /// VirtualBox
    Virtualbox,
}

impl From<Choice> for Hypervisor {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Docker => Self::Docker,
            Choice::Libvirt => Self::Libvirt,
            Choice::Virtualbox => Self::Virtualbox,
        }
    }
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let Action::Build {
        provider,
        output,
        bare,
    } = &args.action;
    let chosen = provider.iter().map(|&choice| Hypervisor::from(choice));
    let mut hypervisors: Vec<Hypervisor> = chosen.collect();
    if hypervisors.is_empty() {
        hypervisors.extend(Hypervisor::ALL);
    }
    hypervisors.sort_unstable();
    hypervisors.dedup();
    let paths = app.paths()?;
    let why = text!("box를 만들려고", "to make boxes");
    privilege::ensure_root(&why, app.out, &paths)?;
    let described = !*bare || paths.project.join("cluster.yaml").exists();
    let cluster = described.then(|| app.described(&paths, None)).transpose()?;
    cluster.as_ref().map_or(Ok(()), of_its_image)?;
    let options = Options {
        offline: app.global.offline,
        extent: match cluster {
            Some(cluster) if !*bare => inside(cluster),
            _ => Extent::default(),
        },
        ..Options::default()
    };
    let room = app.consent(&paths, &options)?;
    doctor::ensure_host(&doctor::Request {
        paths: &paths,
        needs: doctor::Needs {
            cluster: None,
            building: true,
            disks: hypervisors.iter().any(|hypervisor| hypervisor.boots()),
            room,
        },
        yes: app.global.yes,
        out: app.out,
        sink: &app.sink,
    })?;
    let (node, parts);
    let (node, content) = if *bare {
        node = builder::node(&paths, &options, &app.sink)?;
        (&node, None)
    } else {
        parts = builder::parts(&paths, &options, &app.sink)?;
        (&parts.node, Some((&parts, &options.extent)))
    };
    let order = machine::Order {
        node,
        content,
        hypervisors: &hypervisors,
        output,
    };
    let made = machine::boxes(&paths, order, &app.sink)?;
    show(app, &node.record.name, &made);
    Ok(exit::OK)
}

/// What `lab` on a machine of this project will ask of the bundle: there the machines are any with SSH.
fn inside(mut cluster: Cluster) -> Extent {
    cluster.provider = ProviderKind::Inventory;
    raise::extent(&cluster)
}

/// Whether Vagrant will look for the boxes that are made.
fn of_its_image(cluster: &Cluster) -> Result<()> {
    let image = &cluster.master().image;
    if image == IMAGE {
        return Ok(());
    }
    let what = text!(
        "box는 {IMAGE}로만 만들고, cluster.yaml의 이미지는 {image}",
        "boxes are made of {IMAGE}, and cluster.yaml says `image: {image}`"
    );
    Err(Error::usage(what).hint(text!(
        "cluster.yaml의 `image:`를 {IMAGE}로 바꾸거나, Vagrant의 공개 box를 쓰세요(docs/vagrant.md)",
        "put `image: {IMAGE}` in cluster.yaml, or take a public box of Vagrant's (docs/vagrant.md)"
    )))
}

fn show(app: &App, image: &str, made: &[Made]) {
    if app.json() {
        let one = |made: &Made| {
            serde_json::json!({
                "provider": made.hypervisor.name(), "file": made.path, "size": made.size, "sha256": made.sha256,
            })
        };
        app.out.json(&made.iter().map(one).collect::<Vec<_>>());
        return;
    }
    for Made {
        hypervisor,
        path,
        size,
        sha256,
    } in made
    {
        app.out
            .line(format!("{}  {}  sha256:{sha256}", path.display(), bytes(*size)));
        let then = match hypervisor {
            Hypervisor::Docker => format!("docker load --input {}   # {}", path.display(), reference(image)),
            _ => format!("vagrant box add --name lab/{image} {}", path.display()),
        };
        app.out.line(format!("  {then}"));
    }
}
