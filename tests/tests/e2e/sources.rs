//! Where packages come from: the mirror and the proxy the user names are the ones that are asked, and sources are tried in order.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use lab_tests::seat::{Ran, Seat};
use libtest_mimic::Trial;

use super::{CHAPTER, booting, needing, program};

/// Two sources: the first has a suite that nobody has.
const RECIPES: &str = "artifacts:
  - name: debian-13
    kind: rootfs
    sources:
      - debian: {suite: elsewhere, packages: []}
      - debian: {suite: trixie, packages: []}
";

/// A source whose distribution Debian vouches for.
const DERIVED: &str = "artifacts:
  - name: ubuntu-24.04
    kind: rootfs
    sources:
      - debian: {suite: noble, packages: [], derived: {name: ubuntu, mirrors: {},
          keyring: {suite: trixie, packages: [ubuntu-keyring], file: /usr/share/keyrings/ubuntu-archive-keyring.gpg}}}
";

/// Where the first of them would have its index on a mirror.
const INDEX: &str = "debian/dists/elsewhere/InRelease";

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    let building = |name: &str, test: fn()| needing(booting(name, test), "mmdebstrap");
    vec![
        building("sources::the_mirror_named_is_asked_source_by_source", mirror),
        building(
            "sources::what_derives_from_debian_is_asked_of_its_own_mirror",
            derived,
        ),
        building("sources::the_proxy_named_is_asked", proxy),
        needing(
            building(
                "sources::a_mirror_of_another_authority_is_asked_only_if_that_is_named",
                https,
            ),
            "openssl",
        ),
    ]
}

/// A server that has nothing, and the requests it saw.
fn server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, requests) = (listener.local_addr().unwrap(), Arc::default());
    let seen: Arc<Mutex<Vec<String>>> = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            seen.lock().unwrap().push(lines.next().unwrap().unwrap());
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let _ =
                stream.write_all(b"HTTP/1.1 404 Not here\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (address, requests)
}

fn build(variable: &str, value: &str) -> Ran {
    let (seat, command) = preparing(RECIPES, variable, value);
    seat.run(command)
}

/// A build of `recipes`, to be run in its seat.
fn preparing(recipes: &str, variable: &str, value: &str) -> (Seat, Command) {
    let seat = Seat::new(program(), &CHAPTER).unwrap();
    let bundle = seat.project().join("labs/bundle");
    std::fs::create_dir_all(&bundle).unwrap();
    std::fs::write(bundle.join("bundle.yaml"), recipes).unwrap();
    let mut build = seat.command(&["bundle", "build", "--yes"]);
    build.env("XDG_CACHE_HOME", seat.state().join("cache"));
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "LAB_DEBIAN_MIRROR",
        "LAB_UBUNTU_MIRROR",
        "LAB_CA_FILE",
        "SSL_CERT_FILE",
    ] {
        build.env_remove(name);
    }
    build.env(variable, value);
    (seat, build)
}

fn mirror() {
    let (address, requests) = server();
    build("LAB_DEBIAN_MIRROR", &format!("http://{address}/debian"))
        .code(3)
        .says("debian elsewhere cannot be reached; trying debian trixie")
        .says("LAB_DEBIAN_MIRROR");
    let requests = requests.lock().unwrap();
    let asked = ["elsewhere", "trixie"].map(|suite| format!("GET /debian/dists/{suite}/InRelease HTTP/1.1"));
    assert_eq!(*requests, asked);
}

fn derived() {
    let (address, requests) = server();
    let mirror = format!("http://{address}/ubuntu");
    let (seat, mut command) = preparing(DERIVED, "LAB_UBUNTU_MIRROR", &mirror);
    command.args(["--image", "ubuntu-24.04"]);
    seat.run(command).code(3).says("LAB_UBUNTU_MIRROR");
    let asked = ["GET /ubuntu/dists/noble/InRelease HTTP/1.1"];
    assert_eq!(*requests.lock().unwrap(), asked);
}

/// A server that speaks TLS by a certificate of an authority of its own, and has one file, which is no index of packages.
struct Https {
    process: Child,
    address: String,
    authority: PathBuf,
    /// The files it gave once TLS was agreed on, as it says so itself.
    asked: Arc<Mutex<Vec<String>>>,
    _directory: tempfile::TempDir,
}

impl Https {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let openssl = |words: &str| {
            let mut command = Command::new("openssl");
            command.args(words.split(' ')).current_dir(directory.path());
            command
        };
        let request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        for words in [
            "-keyout ca.key -out ca.pem -subj /CN=authority-of-the-test",
            "-CA ca.pem -CAkey ca.key -keyout leaf.key -out leaf.pem -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1",
        ] {
            let made = openssl(&format!("{request} {words}")).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        let file = directory.path().join(INDEX);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        // The whole answer is in the file: with `-WWW` it has no length, and apt waits for more until it gives up.
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nno index";
        std::fs::write(file, answer).unwrap();
        let mut process = openssl("s_server -HTTP -accept 127.0.0.1:0 -cert leaf.pem -key leaf.key")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let accepts = lines.find_map(|line| Some(line.unwrap().strip_prefix("ACCEPT ")?.to_owned()));
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&asked);
        let said = BufReader::new(process.stderr.take().unwrap()).lines();
        std::thread::spawn(move || lines.for_each(drop));
        std::thread::spawn(move || {
            for line in said.map_while(Result::ok) {
                if let Some(file) = line.strip_prefix("FILE:") {
                    heard.lock().unwrap().push(file.to_owned());
                }
            }
        });
        Self {
            asked,
            process,
            address: accepts.unwrap(),
            authority: directory.path().join("ca.pem"),
            _directory: directory,
        }
    }
}

impl Https {
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Https {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn https() {
    let server = Https::start();
    let mirror = format!("https://{}/debian", server.address);
    build("LAB_DEBIAN_MIRROR", &mirror)
        .code(3)
        .says("ertificate")
        .says("LAB_CA_FILE");
    assert_eq!(server.asked(), [""; 0], "asked without being verified");
    let mut known = preparing(RECIPES, "LAB_DEBIAN_MIRROR", &mirror);
    known.1.env("LAB_CA_FILE", &server.authority);
    let ran = known.0.run(known.1).code(3).without("ertificate");
    // More than once: by `lab` to see whether it is there, then by apt.
    let asked = server.asked();
    assert!(
        asked.len() > 1 && asked.iter().all(|file| file == INDEX),
        "{asked:?}\n{ran}"
    );
}

fn proxy() {
    let (address, requests) = server();
    build("http_proxy", &format!("http://{address}")).code(3);
    let requests = requests.lock().unwrap();
    let through =
        |request: &String| request.starts_with("GET http://") && request.contains("/dists/trixie/InRelease");
    assert!(requests.iter().any(through), "{requests:?}");
}
