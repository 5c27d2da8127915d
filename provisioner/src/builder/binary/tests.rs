//! Downloads from a server on loopback with the official layout, as it should be and in every way it goes wrong.
#![expect(clippy::unwrap_used, reason = "tests")]

mod server;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::*;
use crate::bundle::layout::sha256;
use crate::bundle::recipe::Recipes;
use crate::event::{Event, Reporter, What};
use server::{Answer, Server};

#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Reporter for Said {
    fn report(&mut self, event: &Event) {
        if let What::Warning { text } = &event.what {
            self.0.lock().unwrap().push(text.en.clone());
        }
    }
}

/// What a recipe gave: its record or the error, and what was warned of. The program itself is in `root` at /program.
struct Given {
    result: Result<Record>,
    warned: Vec<String>,
    program: Option<Vec<u8>>,
}

const RELEASE: &str = "/release/v1.2.3/bin/linux/amd64/kubeadm";

fn give(resolver: &Resolver<'_>, sources: &[String]) -> Given {
    give_what(resolver, "", sources)
}

/// The same of a recipe with more in it.
fn give_what(resolver: &Resolver<'_>, more: &str, sources: &[String]) -> Given {
    let text = format!(
        "artifacts: [{{name: kubeadm, kind: binary, {more} sources: [{}]}}]",
        sources.join(", ")
    );
    let recipes = Recipes::parse("test.yaml", &text).unwrap();
    let home = tempfile::tempdir().unwrap();
    let (temporary, out, root) = (
        home.path().join("tmp"),
        home.path().join("out"),
        home.path().join("root"),
    );
    for directory in [&temporary, &out, &root] {
        fs::create_dir(directory).unwrap();
    }
    let (sink, said) = (Sink::default(), Said::default());
    sink.add(Box::new(said.clone()));
    let work = sink.work(None, "test", "test".into());
    let result = binary(&recipes.artifacts[0], resolver, &temporary, &out, (&sink, &work));
    let program = result.as_ref().ok().map(|record| {
        let held = Held {
            directory: out.clone(),
            key: String::new(),
            record: record.clone(),
        };
        place(&held, &root, "/program").unwrap();
        fs::read(root.join("program")).unwrap()
    });
    let left = fs::read_dir(&out).unwrap().count();
    assert_eq!(left, usize::from(result.is_ok()), "something half made is left");
    let warned = said.0.lock().unwrap().clone();
    Given {
        result,
        warned,
        program,
    }
}

fn resolver(home: &Path) -> Resolver<'_> {
    let mut resolver = Resolver::new(home);
    resolver.silence = 1;
    resolver
}

fn download(server: &Server, path: &str) -> String {
    let url = format!("http://{}{path}", server.address);
    format!("{{download: {{url: '{url}', digest: '{url}.sha256', version: v1.2.3, unproved: true}}}}")
}

fn release(digest: Answer, file: Answer) -> Server {
    Server::start(BTreeMap::from([
        (format!("{RELEASE}.sha256"), digest),
        (RELEASE.into(), file),
    ]))
}

fn right() -> (Answer, Answer) {
    let file = b"a program".to_vec();
    (Answer::File(sha256(&file).into_bytes()), Answer::File(file))
}

#[test]
fn a_download_whose_digest_is_right_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let (digest, file) = right();
    let server = release(digest, file);
    let given = give(&resolver(home.path()), &[download(&server, RELEASE)]);
    let record = given.result.unwrap();
    assert_eq!(given.program.unwrap(), b"a program");
    assert_eq!(record.entry.source, format!("http://{}{RELEASE}", server.address));
    let version = &record.entry.packages["kubeadm"];
    assert_eq!(*version, format!("v1.2.3 sha256:{}", sha256(b"a program")));
    assert!(given.warned.is_empty(), "{:?}", given.warned);
    assert_eq!(server.asked(), [format!("{RELEASE}.sha256"), RELEASE.to_owned()]);
}

#[test]
fn what_goes_wrong_is_named_and_the_next_source_is_taken() {
    let (digest, file) = right();
    let file_of = |text: &str| Answer::File(text.as_bytes().to_vec());
    for (wrong_digest, wrong_file, warned) in [
        (file_of(&"0".repeat(64)), file.clone(), Some("digest differs")),
        (digest.clone(), file_of("another program"), Some("digest differs")),
        (
            digest.clone(),
            Answer::Truncated(b"a pro".to_vec()),
            Some("cannot download"),
        ),
        (digest.clone(), Answer::Status(404), Some("404")),
        (digest.clone(), Answer::Status(500), Some("500")),
        (digest.clone(), Answer::Silence, Some("cannot download")),
        (Answer::Status(404), file.clone(), None),
        (Answer::Status(500), file.clone(), None),
        (file_of("<html>sorry</html>"), file.clone(), None),
        (Answer::Silence, file.clone(), None),
    ] {
        let home = tempfile::tempdir().unwrap();
        let (wrong, good) = (
            release(wrong_digest, wrong_file),
            release(digest.clone(), file.clone()),
        );
        let sources = [download(&wrong, RELEASE), download(&good, RELEASE)];
        let given = give(&resolver(home.path()), &sources);
        assert_eq!(
            given.program.as_deref(),
            Some(b"a program".as_slice()),
            "{warned:?}"
        );
        assert!(
            given
                .result
                .unwrap()
                .entry
                .source
                .contains(&good.address.to_string())
        );
        assert_eq!(
            given.warned.len(),
            usize::from(warned.is_some()),
            "{:?}",
            given.warned
        );
        assert!(
            given.warned.iter().all(|said| said.contains(warned.unwrap())),
            "{:?}",
            given.warned
        );
    }
}

#[test]
fn without_a_source_each_reason_is_named() {
    let home = tempfile::tempdir().unwrap();
    let (digest, _) = right();
    let wrong = release(digest, Answer::File(b"another program".to_vec()));
    let gone = release(Answer::Status(404), Answer::Status(404));
    let given = give(
        &resolver(home.path()),
        &[download(&gone, RELEASE), download(&wrong, RELEASE)],
    );
    let error = given.result.unwrap_err().to_string();
    assert!(
        error.contains("404") && error.contains("digest differs"),
        "{error}"
    );
}

#[test]
fn a_silent_server_is_not_asked_for_the_next_program() {
    let home = tempfile::tempdir().unwrap();
    let silent = release(Answer::Silence, Answer::Silence);
    let resolver = resolver(home.path());
    let ask = || give(&resolver, &[download(&silent, RELEASE)]).result.unwrap_err();
    ask();
    let once = silent.asked(); // apt may try again on a connection of its own.
    assert!(!once.is_empty());
    let error = ask().to_string();
    assert!(error.contains("does not answer"), "{error}");
    assert_eq!(silent.asked(), once);
}

#[test]
fn a_program_is_taken_out_of_an_archive_and_a_missing_one_is_named() {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(vec![], flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    tar.append_data(&mut header, "etcd-v3/etcd", b"etcd".as_slice())
        .unwrap();
    let archive = tar.into_inner().unwrap().finish().unwrap();
    let sums = format!(
        "{}  other.tar.gz\n{}  etcd-v3.tar.gz\n",
        sha256(b""),
        sha256(&archive)
    );
    let server = Server::start(BTreeMap::from([
        ("/v3/etcd-v3.tar.gz".to_owned(), Answer::File(archive)),
        ("/v3/SHA256SUMS".to_owned(), Answer::File(sums.into_bytes())),
    ]));
    let source = |member: &str| {
        let base = format!("http://{}/v3", server.address);
        format!(
            "{{download: {{url: '{base}/etcd-v3.tar.gz', digest: '{base}/SHA256SUMS', member: {member}, version: v3}}}}"
        )
    };
    let home = tempfile::tempdir().unwrap();
    let given = give(&resolver(home.path()), &[source("etcd-v3/etcd")]);
    assert_eq!(given.program.unwrap(), b"etcd");
    let error = give(&resolver(home.path()), &[source("etcd-v3/etcdctl")])
        .result
        .unwrap_err();
    assert!(error.to_string().contains("etcd-v3/etcdctl"), "{error}");
}

#[test]
fn a_program_that_is_not_what_its_name_says_is_not_taken() {
    let script = |text: &str| {
        let file = format!("#!/bin/sh\necho \"$1 {text}\"\n").into_bytes();
        release(Answer::File(sha256(&file).into_bytes()), Answer::File(file))
    };
    let (other, right) = (script("v1.2.2"), script("v1.2.3"));
    let home = tempfile::tempdir().unwrap();
    let says = "says: {arguments: [--version], text: '--version v1.2.3'},";
    let sources = [download(&other, RELEASE), download(&right, RELEASE)];
    let given = give_what(&resolver(home.path()), says, &sources);
    let source = given.result.unwrap().entry.source;
    assert!(source.contains(&right.address.to_string()), "{source}");
    assert!(
        given.warned[0].contains("does not call itself"),
        "{:?}",
        given.warned
    );
    let error = give_what(&resolver(home.path()), says, &sources[..1])
        .result
        .unwrap_err();
    assert!(error.printed().unwrap().contains("v1.2.2"), "{error}");
}

#[test]
fn one_file_of_an_archive_of_code_is_compiled() {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(vec![], flate2::Compression::fast()));
    let code = b"#include <stdio.h>\nint main(void) { puts(VERSION); return 0; }\n".as_slice();
    let mut header = tar::Header::new_gnu();
    header.set_size(code.len() as u64);
    tar.append_data(&mut header, "kubernetes/build/pause.c", code)
        .unwrap();
    let archive = tar.into_inner().unwrap().finish().unwrap();
    let server = Server::start(BTreeMap::from([
        (
            "/src.tar.gz.sha256".to_owned(),
            Answer::File(sha256(&archive).into_bytes()),
        ),
        ("/src.tar.gz".to_owned(), Answer::File(archive)),
    ]));
    let url = format!("http://{}/src.tar.gz", server.address);
    let from =
        format!("{{download: {{url: '{url}', digest: '{url}.sha256', member: build/pause.c, version: v1}}}}");
    let source = format!("{{c: {{from: {from}, flags: ['-DVERSION=\"of its own\"']}}}}");
    let home = tempfile::tempdir().unwrap();
    let says = "says: {arguments: [], text: of its own},";
    let record = give_what(&resolver(home.path()), says, &[source]).result.unwrap();
    assert_eq!(record.entry.source, format!("c {url}"));
    assert!(record.entry.packages["archive"].starts_with("v1 sha256:"));
}
