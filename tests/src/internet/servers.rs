//! The servers of the outside, each a loop on a thread of its own until it is told to stop.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{LATER, NAME, NOBODY, PAGE, WEB};

const PAUSE: Duration = Duration::from_millis(10);

/// Who came to a server.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Since they were last asked for.
    callers: Mutex<Vec<IpAddr>>,
    /// Whether somebody waits for [`LATER`].
    waits: AtomicBool,
}

impl Book {
    fn write(&self, caller: IpAddr) {
        self.callers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(caller);
    }

    pub(super) fn take(&self) -> Vec<IpAddr> {
        std::mem::take(&mut self.callers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }
}

/// A web server: one page, and [`LATER`] the same once somebody else has been given it.
pub(super) fn pages(listener: &TcpListener, book: &Book, stop: &AtomicBool) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut later = None;
    while !stop.load(Ordering::Relaxed) {
        let Ok((mut stream, peer)) = listener.accept() else {
            std::thread::sleep(PAUSE);
            continue;
        };
        book.write(peer.ip());
        match request(&mut stream) {
            Ok(request) if request.starts_with(&format!("GET {LATER} ")) => {
                later = Some(stream);
                book.waits.store(true, Ordering::Relaxed);
            }
            Ok(_) => {
                let _ = page(stream);
                let _ = later.take().map(page);
            }
            Err(_) => {}
        }
    }
    Ok(())
}

fn request(stream: &mut TcpStream) -> io::Result<String> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut request = [0; 1024];
    let length = stream.read(&mut request)?;
    Ok(String::from_utf8_lossy(&request[..length]).into_owned())
}

fn page(mut stream: TcpStream) -> io::Result<()> {
    let length = PAGE.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{PAGE}"
    )
}

/// A name server.
pub(super) fn answers(socket: &UdpSocket, book: &Book, stop: &AtomicBool) -> io::Result<()> {
    socket.set_read_timeout(Some(PAUSE))?;
    let mut packet = [0; 512];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, peer)) = socket.recv_from(&mut packet) else {
            continue;
        };
        book.write(peer.ip());
        answer(socket, peer, &packet[..length])?;
    }
    Ok(())
}

/// An address for the name; for a question of another type, that there is none.
fn answer(socket: &UdpSocket, peer: SocketAddr, query: &[u8]) -> io::Result<()> {
    const HEADER: usize = 12;
    let (mut at, mut labels) = (HEADER, vec![]);
    while let Some(length) = query
        .get(at)
        .map(|length| usize::from(*length))
        .filter(|length| *length > 0)
    {
        labels.push(
            String::from_utf8_lossy(query.get(at + 1..at + 1 + length).unwrap_or_default()).into_owned(),
        );
        at += 1 + length;
    }
    let Some(question) = query.get(HEADER..at + 5) else {
        return Ok(());
    };
    let is_address = question.ends_with(&[0, 1, 0, 1]);
    let address = if labels.join(".") == NAME { WEB } else { NOBODY };
    let mut reply = query[..2].to_vec();
    reply.extend([0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    reply.extend(question);
    if is_address {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 4, 0, 4]);
        reply.extend(address.octets());
    }
    socket.send_to(&reply, peer).map(drop)
}
