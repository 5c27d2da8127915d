//! What a script prints, as it comes: pieces with their times, kept within a bound. Writes nothing.

use std::time::Duration;

use agent::client::Output;
use time::OffsetDateTime;

use crate::report::redaction::{Redaction, WORD};
use crate::text;
use crate::text::Lang;

/// Bytes of a cast's events, about.
const MOST: usize = 1 << 20;

/// Bytes of an event beside its data.
const AROUND: usize = 24;

/// A recording under way, or done.
#[derive(Clone, Debug)]
pub struct Tape {
    began: OffsetDateTime,
    /// What has come of a character whose rest is still to come: of stdout, of stderr.
    cut: [Vec<u8>; 2],
    pieces: Vec<Piece>,
    size: usize,
    full: Option<Duration>,
    end: Option<(Duration, String)>,
}

#[derive(Clone, Debug)]
struct Piece {
    at: Duration,
    stream: usize,
    text: String,
}

/// An event of a cast.
#[derive(Debug)]
pub struct Event {
    /// Since the beginning.
    pub at: Duration,
    /// `o` for output, `m` for a mark.
    pub kind: char,
    /// What a terminal is sent, or the mark's name.
    pub data: String,
}

impl Tape {
    /// Begins now.
    pub fn start() -> Self {
        Self {
            began: OffsetDateTime::now_utc(),
            cut: [vec![], vec![]],
            pieces: vec![],
            size: 0,
            full: None,
            end: None,
        }
    }

    /// When it began.
    pub fn began(&self) -> OffsetDateTime {
        self.began
    }

    /// Takes a piece of output that came `at` after the beginning.
    pub fn take(&mut self, at: Duration, output: &Output) {
        let (stream, bytes) = match output {
            Output::Stdout(bytes) => (0, bytes),
            Output::Stderr(bytes) => (1, bytes),
        };
        if self.full.is_some() {
            return;
        }
        let mut whole = std::mem::take(&mut self.cut[stream]);
        whole.extend_from_slice(bytes);
        let (text, cut) = decode(&whole);
        self.cut[stream] = cut.to_vec();
        self.push(at, stream, text);
    }

    /// The script ended, in a word or two: `exit 0`.
    pub fn end(&mut self, at: Duration, how: String) {
        for stream in [0, 1] {
            if !std::mem::take(&mut self.cut[stream]).is_empty() {
                self.push(at, stream, char::REPLACEMENT_CHARACTER.into());
            }
        }
        self.end = Some((at, how));
    }

    fn push(&mut self, at: Duration, stream: usize, text: String) {
        let escaped = |byte: u8| if byte < b' ' { 6 } else { 1 };
        let size = self.size + AROUND + text.bytes().map(escaped).sum::<usize>();
        if size > MOST {
            self.full = Some(at);
        } else if !text.is_empty() {
            self.size = size;
            self.pieces.push(Piece { at, stream, text });
        }
    }

    /// What a terminal was sent, without what `redaction` hides, and how it ended.
    pub(super) fn events(&self, redaction: &Redaction, lang: Lang) -> Vec<Event> {
        let mut texts: Vec<String> = self.pieces.iter().map(|_| String::new()).collect();
        for stream in [0, 1] {
            self.show(stream, redaction, &mut texts);
        }
        let output = |(piece, text): (&Piece, String)| Event {
            at: piece.at,
            kind: 'o',
            // What a terminal's driver does on the way to the screen.
            data: text.replace('\n', "\r\n"),
        };
        let mut events: Vec<Event> = self.pieces.iter().zip(texts).map(output).collect();
        events.retain(|event| !event.data.is_empty());
        if let Some(at) = self.full {
            let words = text!("(이후는 녹화하지 않음)", "(the rest is not recorded)");
            let data = format!("\r\n{}\r\n", words.get(lang));
            events.push(Event { at, kind: 'o', data });
        }
        let ended = self.end.clone();
        events.extend(ended.map(|(at, data)| Event { at, kind: 'm', data }));
        events
    }

    /// The pieces of one stream as they may be shown. A secret may lie across several of them.
    fn show(&self, stream: usize, redaction: &Redaction, texts: &mut [String]) {
        let own = || {
            self.pieces
                .iter()
                .enumerate()
                .filter(|(_, piece)| piece.stream == stream)
        };
        let whole: String = own().map(|(_, piece)| piece.text.as_str()).collect();
        let secrets = redaction.find(&whole);
        let mut begin = 0;
        for (at, piece) in own() {
            let end = begin + piece.text.len();
            let mut done = begin;
            for secret in secrets
                .iter()
                .filter(|secret| secret.start < end && secret.end > begin)
            {
                texts[at] += &whole[done..secret.start.max(done)];
                if secret.start >= begin {
                    texts[at] += WORD;
                }
                done = secret.end.min(end);
            }
            texts[at] += &whole[done..end];
            begin = end;
        }
    }
}

/// The characters of `bytes`, and what is left of one that is cut at the end. What is none is shown as �.
fn decode(bytes: &[u8]) -> (String, &[u8]) {
    let mut text = String::with_capacity(bytes.len());
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        text += chunk.valid();
        let invalid = chunk.invalid();
        let unfinished = |error: std::str::Utf8Error| error.error_len().is_none();
        if chunks.peek().is_none() && std::str::from_utf8(invalid).is_err_and(unfinished) {
            return (text, invalid);
        }
        if !invalid.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    (text, &[])
}
