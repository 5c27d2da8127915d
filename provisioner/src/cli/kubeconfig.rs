//! `lab kubeconfig`: the administrator's configuration, for a kubectl of this host that comes in by `lab forward`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::apply::kubernetes::ADMINISTRATOR;
use crate::cli::{App, kubectl};
use crate::cluster::Kubernetes;
use crate::error::{Error, Result, exit};
use crate::gather;
use crate::session::Session;
use crate::transport::patient;
use crate::{privilege, text};

/// Arguments of `lab kubeconfig`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write it, mode 0600 (default: standard output)
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// How long the master may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let seat = app.look()?;
    let master = seat.cluster.master();
    if seat.cluster.kubernetes.is_none() {
        return Err(kubectl::absent());
    }
    let endpoint = seat.provider.endpoint(&master.name)?;
    let there = app.block_on(async {
        let session = Session::open(&endpoint, patient(PATIENCE)).await?;
        let text = gather::read(&session, ADMINISTRATOR).await;
        session.close().await;
        Ok::<_, Error>(text)
    })??;
    if there.is_empty() {
        let why = text!("{} 이(가) 없음", "there is no {}", ADMINISTRATOR);
        return Err(Error::new(why)
            .on(&master.name)
            .hint(text!("`lab up`", "`lab up`")));
    }
    let port = Kubernetes::PORT;
    let here = there.replace(
        &format!("https://{}:{port}", master.address),
        &format!("https://127.0.0.1:{port}"),
    );
    let Some(file) = &args.file else {
        app.out.bytes(here.as_bytes());
        return Ok(exit::OK);
    };
    write(file, &here)?;
    privilege::give_file_back(file);
    app.sink.note(text!(
        "{0} 씀. 다른 터미널에서 `lab forward {1}:{port}`를 켜 두고: kubectl --kubeconfig {0} get nodes",
        "wrote {0}. Keep `lab forward {1}:{port}` open in another terminal, then: kubectl --kubeconfig {0} get nodes",
        file.display(),
        master.name
    ));
    Ok(exit::OK)
}

/// Whole or not at all, and readable by its owner only.
fn write(file: &Path, text: &str) -> Result<()> {
    let directory = file.parent().filter(|parent| *parent != Path::new(""));
    let written =
        tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).and_then(|mut fresh| {
            fresh.write_all(text.as_bytes())?;
            fresh.persist(file).map_err(|error| error.error)
        });
    let failed = |error| Error::usage(format!("cannot write {}", file.display())).because(error);
    written.map(drop).map_err(failed)
}
