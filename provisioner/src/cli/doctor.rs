//! `lab doctor`.

use crate::cli::App;
use crate::doctor::{self, Fix, Needs, Request, Standing};
use crate::error::{Result, exit};
use crate::paths::Paths;
use crate::{privilege, text};

/// Arguments of `lab doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Install what is missing (asks first, unless --yes)
    #[arg(long)]
    fix: bool,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let paths = app.paths()?;
    // The host can be judged whatever cluster.yaml says: its problems are printed and that is all.
    let cluster = app.cluster(&paths).ok();
    let needs = Needs {
        cluster: cluster.as_ref(),
        building: true,
        disks: false,
        room: 0,
    };
    if args.fix {
        fix(app, &paths, needs)?;
    }
    let findings = doctor::examine(&paths, needs);
    if app.json() {
        app.out.json(&findings);
    } else {
        for line in doctor::lines(&findings, app.out.lang) {
            app.out.line(line);
        }
    }
    let missing = findings
        .iter()
        .any(|finding| finding.outcome == Standing::Missing);
    Ok(if missing { exit::HOST } else { exit::OK })
}

fn fix(app: &App, paths: &Paths, needs: Needs<'_>) -> Result<()> {
    let found = doctor::examine(paths, needs);
    let fixable = found
        .iter()
        .any(|finding| matches!(finding.fix, Some(Fix::Install(_))));
    if !fixable {
        return Ok(());
    }
    privilege::ensure_root(
        &text!("호스트 도구를 설치하려고", "to install host tools"),
        app.out,
        paths,
    )?;
    let request = Request {
        paths,
        needs,
        yes: app.global.yes,
        out: app.out,
        sink: &app.sink,
    };
    doctor::fix_all(&found, &request)
}
