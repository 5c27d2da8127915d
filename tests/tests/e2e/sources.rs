//! Where packages come from: the mirror and the proxy the user names are the ones that are asked, and sources are tried in order.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
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

/// All tests of this file.
pub fn tests() -> Vec<Trial> {
    let building = |name: &str, test: fn()| needing(booting(name, test), "mmdebstrap");
    vec![
        building("sources::the_mirror_named_is_asked_source_by_source", mirror),
        building("sources::the_proxy_named_is_asked", proxy),
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
    let seat = Seat::new(program(), CHAPTER).unwrap();
    let bundle = seat.project().join("labs/bundle");
    std::fs::create_dir_all(&bundle).unwrap();
    std::fs::write(bundle.join("bundle.yaml"), RECIPES).unwrap();
    let mut build = seat.command(&["bundle", "build", "--yes"]);
    build.env("XDG_CACHE_HOME", seat.state().join("cache"));
    for name in ["http_proxy", "HTTP_PROXY", "LAB_DEBIAN_MIRROR"] {
        build.env_remove(name);
    }
    build.env(variable, value);
    seat.run(build)
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

fn proxy() {
    let (address, requests) = server();
    build("http_proxy", &format!("http://{address}")).code(3);
    let requests = requests.lock().unwrap();
    let through =
        |request: &String| request.starts_with("GET http://") && request.contains("/dists/trixie/InRelease");
    assert!(requests.iter().any(through), "{requests:?}");
}
