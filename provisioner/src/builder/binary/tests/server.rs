//! A server of files, as it should be and in every way one goes wrong.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// How the server answers for a path.
#[derive(Clone)]
pub enum Answer {
    /// As it should.
    File(Vec<u8>),
    /// With nothing but this status.
    Status(u16),
    /// Says that it is longer than what it sends.
    Truncated(Vec<u8>),
    /// Takes the request and is silent.
    Silence,
}

/// A server on loopback.
pub struct Server {
    /// Where it is.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves these paths, and has nothing else.
    pub fn start(files: BTreeMap<String, Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, asked) = (
            listener.local_addr().unwrap(),
            Arc::<Mutex<Vec<String>>>::default(),
        );
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut silent = vec![];
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().unwrap().unwrap();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let path = first.split(' ').nth(1).unwrap().to_owned();
                seen.lock().unwrap().push(path.clone());
                let (status, length, body) = match files.get(&path).cloned() {
                    Some(Answer::File(body)) => (200, body.len(), body),
                    Some(Answer::Truncated(body)) => (200, body.len() + 9, body),
                    Some(Answer::Status(status)) => (status, 0, vec![]),
                    Some(Answer::Silence) => {
                        silent.push(stream);
                        continue;
                    }
                    None => (404, 0, vec![]),
                };
                let head = format!(
                    "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = stream
                    .write_all(head.as_bytes())
                    .and_then(|()| stream.write_all(&body));
            }
        });
        Self { address, asked }
    }

    /// The paths asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}
