//! One stream as one end sees it: what arrived and waits to be taken, and how much may still be sent.
//!
//! Flow control is here and nowhere else: the peer may have [`WINDOW`] unacknowledged bytes on the way to us, and we as
//! many to it. Knows nothing of requests.

use std::collections::VecDeque;

use tokio::sync::{Semaphore, watch};

use crate::outbox::{Closed, Outbox};
use crate::wire::frame::{CHUNK, Frame, Kind};
use crate::wire::{Control, Reply, WINDOW};

/// Signals and resizes that may wait; a peer that sends more loses the oldest.
const CONTROLS: usize = 32;
/// Bytes taken before they are acknowledged in one credit.
const ACKNOWLEDGE: usize = WINDOW as usize / 4;

/// Raw bytes of one kind.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug, Default)]
struct Inbox {
    pieces: VecDeque<Piece>,
    /// Bytes that arrived and were not acknowledged yet.
    unacknowledged: usize,
    /// Bytes taken since the last acknowledgement.
    taken: usize,
    ended: bool,
    controls: VecDeque<Control>,
    cancelled: bool,
    outcome: Option<Result<Reply, String>>,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Stream {
    number: u32,
    outbox: Outbox,
    credit: Semaphore,
    inbox: watch::Sender<Inbox>,
}

impl Stream {
    pub(crate) fn new(number: u32, outbox: Outbox) -> Self {
        Self {
            number,
            outbox,
            credit: Semaphore::new(WINDOW as usize),
            inbox: watch::Sender::default(),
        }
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Sends raw bytes, waiting for credit. Errors: the stream or the channel ended.
    pub(crate) async fn send(&self, kind: Kind, bytes: &[u8]) -> Result<(), Closed> {
        for chunk in bytes.chunks(CHUNK) {
            let length = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            self.credit
                .acquire_many(length)
                .await
                .map_err(|_| Closed)?
                .forget();
            self.outbox
                .send(Frame {
                    stream: self.number,
                    kind,
                    body: chunk.to_vec(),
                })
                .await?;
        }
        Ok(())
    }

    /// Says that no more raw bytes follow.
    pub(crate) async fn send_end(&self) -> Result<(), Closed> {
        self.outbox
            .send(Frame {
                stream: self.number,
                kind: Kind::End,
                body: Vec::new(),
            })
            .await
    }

    /// The next raw bytes; `None` once there are no more (the peer's end, its reply, or a cancel).
    pub(crate) async fn take(&self) -> Option<Piece> {
        let ready = |inbox: &Inbox| {
            !inbox.pieces.is_empty() || inbox.ended || inbox.cancelled || inbox.outcome.is_some()
        };
        drop(self.inbox.subscribe().wait_for(ready).await);
        let (mut piece, mut acknowledge) = (None, 0);
        self.inbox.send_if_modified(|inbox| {
            if inbox.cancelled {
                return false;
            }
            piece = inbox.pieces.pop_front();
            inbox.taken += piece.as_ref().map_or(0, |piece| piece.bytes.len());
            if inbox.taken >= ACKNOWLEDGE && !inbox.ended && inbox.outcome.is_none() {
                acknowledge = std::mem::take(&mut inbox.taken);
                inbox.unacknowledged -= acknowledge;
            }
            false
        });
        if acknowledge > 0 {
            let body = u32::try_from(acknowledge)
                .unwrap_or(u32::MAX)
                .to_be_bytes()
                .to_vec();
            // A channel that is gone shows itself to the next request.
            let _ = self
                .outbox
                .send(Frame {
                    stream: self.number,
                    kind: Kind::Credit,
                    body,
                })
                .await;
        }
        piece
    }

    /// The next signal or resize. Never resolves if none comes.
    pub(crate) async fn control(&self) -> Control {
        drop(
            self.inbox
                .subscribe()
                .wait_for(|inbox| !inbox.controls.is_empty())
                .await,
        );
        let mut control = None;
        self.inbox.send_if_modified(|inbox| {
            control = inbox.controls.pop_front();
            false
        });
        control.unwrap_or(Control::Cancel)
    }

    /// Resolves once the request is given up or the channel closed.
    pub(crate) async fn cancelled(&self) {
        drop(self.inbox.subscribe().wait_for(|inbox| inbox.cancelled).await);
    }

    /// The reply, or why there will be none.
    pub(crate) async fn outcome(&self) -> Result<Reply, String> {
        match self
            .inbox
            .subscribe()
            .wait_for(|inbox| inbox.outcome.is_some())
            .await
        {
            Ok(inbox) => inbox.outcome.clone().unwrap_or_else(|| Err("no outcome".into())),
            Err(_) => Err("the stream is gone".into()),
        }
    }

    /// Whether the reply arrived or the channel broke.
    pub(crate) fn is_finished(&self) -> bool {
        self.inbox.borrow().outcome.is_some()
    }

    /// Gives the stream up: whoever sends or takes on it stops.
    pub(crate) fn cancel(&self) {
        self.credit.close();
        self.inbox.send_modify(|inbox| inbox.cancelled = true);
    }

    /// Ends the stream with the reply, or with the reason the channel broke.
    pub(crate) fn finish(&self, outcome: Result<Reply, String>) {
        self.credit.close();
        self.inbox.send_modify(|inbox| {
            inbox.outcome.get_or_insert(outcome);
        });
    }

    /// Takes in what the peer sent on this stream. Errors: the peer broke the rules of the protocol.
    pub(crate) fn arrived(&self, frame: Frame) -> Result<(), String> {
        match frame.kind {
            Kind::Data | Kind::Stdout | Kind::Stderr => self.arrived_bytes(frame.kind, frame.body),
            Kind::End => {
                self.inbox.send_modify(|inbox| inbox.ended = true);
                Ok(())
            }
            Kind::Credit => self.arrived_credit(&frame.body),
            Kind::Control => self.arrived_control(&frame.body),
            Kind::Hello | Kind::Request | Kind::Reply => {
                Err(format!("a second {:?} on stream {}", frame.kind, self.number))
            }
        }
    }

    fn arrived_bytes(&self, kind: Kind, bytes: Vec<u8>) -> Result<(), String> {
        let mut problem = None;
        self.inbox.send_modify(|inbox| {
            inbox.unacknowledged += bytes.len();
            if inbox.ended {
                problem = Some("bytes after the end");
            } else if inbox.unacknowledged > WINDOW as usize {
                problem = Some("more bytes than credit");
            } else {
                // Small pieces are joined, so that a window of single bytes costs no more than a window.
                match inbox.pieces.back_mut() {
                    Some(last) if last.kind == kind && last.bytes.len() + bytes.len() <= CHUNK => {
                        last.bytes.extend_from_slice(&bytes);
                    }
                    _ => inbox.pieces.push_back(Piece { kind, bytes }),
                }
            }
        });
        problem.map_or(Ok(()), |problem| {
            Err(format!("{problem} on stream {}", self.number))
        })
    }

    fn arrived_credit(&self, body: &[u8]) -> Result<(), String> {
        let bytes: [u8; 4] = body
            .try_into()
            .map_err(|_| format!("a credit of {} bytes on stream {}", body.len(), self.number))?;
        let credit = u32::from_be_bytes(bytes) as usize;
        if self.credit.available_permits().saturating_add(credit) > WINDOW as usize {
            return Err(format!("more credit than was used on stream {}", self.number));
        }
        self.credit.add_permits(credit);
        Ok(())
    }

    fn arrived_control(&self, body: &[u8]) -> Result<(), String> {
        match serde_json::from_slice(body).map_err(|error| format!("unreadable control: {error}"))? {
            Control::Cancel => self.cancel(),
            control => self.inbox.send_modify(|inbox| {
                if inbox.controls.len() == CONTROLS {
                    inbox.controls.pop_front();
                }
                inbox.controls.push_back(control);
            }),
        }
        Ok(())
    }
}
