//! `lab up`, and what can be asked with it.

use std::time::Instant;

use crate::asked::Asked;
use crate::cli::raise::raise_seat;
use crate::cli::{App, EngineArgument, machines};
use crate::config::Cluster;
use crate::error::{Error, Result, exit};
use crate::text;

/// Arguments of `lab up`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The engine of nodes that name none in cluster.yaml; remembered until another is given
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineArgument>,
    /// With Kubernetes (of this version), where cluster.yaml says nothing of it; remembered until `lab down`
    #[arg(long, value_name = "VERSION", num_args = 0..=1, default_missing_value = "")]
    kubernetes: Option<String>,
    /// Forget that Kubernetes was asked for; what is on the nodes stays there
    #[arg(long, conflicts_with = "kubernetes")]
    no_kubernetes: bool,
}

/// Runs the verb.
pub fn run(args: &Args, app: &App) -> Result<u8> {
    let since = Instant::now();
    let mut seat = app.change("up")?;
    let before = Asked::read(&seat.paths.state)?;
    let engine = args.engine.map(Into::into).or(before.engine);
    let described = app.described(&seat.paths, engine)?;
    let asked = Asked {
        engine,
        ..args.asked(&described, &before)?
    };
    let mut wanted = described;
    asked.add_to(&mut wanted)?;
    seat.cluster = machines::settle(&seat.paths, wanted)?.cluster;
    if before.kubernetes.is_some() && asked.kubernetes.is_none() {
        app.sink.warn(text!(
            "쿠버네티스를 이제 돌보지 않습니다. 이미 구성된 것은 노드에 남습니다: 없는 노드로 되돌리려면 `lab down` 다음에 `lab up`",
            "Kubernetes is not looked after any more. What is set up stays on the nodes: for nodes without it, `lab down` and then `lab up`"
        ));
    }
    let raised = raise_seat(app, seat, Some(&asked))?;
    let changes = raised.up.changes;
    let external = &raised.seat.cluster.registry.external;
    if let Some((external, standing)) = external.as_ref().zip(raised.up.external) {
        app.sink.note(standing.told(external));
    }
    let seconds = since.elapsed().as_secs_f32();
    app.sink.note(match changes {
        0 => text!(
            "바꿀 것 없음 ({seconds:.1}초)",
            "nothing to change ({seconds:.1} s)"
        ),
        _ => text!(
            "변경 {changes}개, {seconds:.1}초",
            "{changes} changes in {seconds:.1} s"
        ),
    });
    Ok(exit::OK)
}

impl Args {
    /// What is asked from now on. Errors: cluster.yaml says something else.
    fn asked(&self, described: &Cluster, before: &Asked) -> Result<Asked> {
        let mut asked = before.clone();
        if let Some(version) = &self.kubernetes {
            asked.kubernetes = Some(version.clone());
        }
        if self.no_kubernetes {
            asked.kubernetes = None;
        }
        let Some(told) = &described.kubernetes else {
            return Ok(asked);
        };
        let mut bare = described.clone();
        bare.kubernetes = None;
        asked.add_to(&mut bare)?;
        let other = bare
            .kubernetes
            .is_some_and(|wanted| wanted.version != told.version);
        let another = self
            .kubernetes
            .as_ref()
            .is_some_and(|version| other && !version.is_empty());
        if self.no_kubernetes || another {
            let version = &told.version;
            return Err(Error::usage(text!(
                "cluster.yaml은 Kubernetes {version}을(를) 정해 놓음",
                "cluster.yaml asks for Kubernetes {version}"
            ))
            .hint(text!(
                "cluster.yaml의 `kubernetes:`를 고치거나 지우세요: 명령줄은 거기 없는 것만 더합니다",
                "change or remove `kubernetes:` in cluster.yaml: the command line only adds what is not there"
            )));
        }
        // The file says it from now on: remembered twice, it could come back when the line goes.
        asked.kubernetes = None;
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn asked(
        kubernetes: Option<&str>,
        no_kubernetes: bool,
        file: &str,
        before: Option<&str>,
    ) -> Result<Option<String>> {
        let text = include_str!("../../../cluster.yaml");
        let lines = text.lines().filter(|line| !line.starts_with("kubernetes:"));
        let text = lines.collect::<Vec<_>>().join("\n") + "\n" + file;
        let described = Cluster::parse("cluster.yaml", &text).unwrap();
        let before = Asked {
            kubernetes: before.map(str::to_owned),
            engine: None,
        };
        let args = Args {
            engine: None,
            kubernetes: kubernetes.map(str::to_owned),
            no_kubernetes,
        };
        Ok(args.asked(&described, &before)?.kubernetes)
    }

    #[test]
    fn the_last_word_holds_and_cluster_yaml_is_not_contradicted() {
        let told = "kubernetes: {version: \"1.34\"}\n";
        let is = |asked: Result<Option<String>>, expected: Option<&str>| {
            assert_eq!(asked.unwrap().as_deref(), expected);
        };
        is(asked(None, false, "", None), None);
        is(asked(None, false, "", Some("1.34")), Some("1.34"));
        is(asked(Some(""), false, "", None), Some(""));
        is(asked(Some("1.36"), false, "", Some("1.34")), Some("1.36"));
        is(asked(None, true, "", Some("1.34")), None);
        is(asked(None, false, told, Some("1.36")), None);
        is(asked(Some("1.34"), false, told, None), None);
        for told in [told, "kubernetes: {version: \"1.36\"}\n"] {
            is(asked(Some(""), false, told, None), None);
        }
        for refused in [
            asked(Some("1.36"), false, told, None),
            asked(None, true, told, None),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.exit_code(), exit::USAGE);
            assert!(error.what().en.contains("1.34.4"), "{error}");
        }
    }
}
