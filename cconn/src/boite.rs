//! A black box: the last frames of a connection, kept in a ring, and written to a file when the
//! connection ends otherwise than in order.
//!
//! It is a stream around the stream of the connection, so a connection without one pays nothing.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, IoSlice, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::identite::Identite;
use crate::sync::{Deadline, Mutex, now, process_id};
use crate::transport::{End, Input, Ready, Transport};
use crate::wire::{EndReason, Features, Frame, LENGTH_PREFIX, frame_length, parse};

/// The first line of a file.
pub(crate) const FIRST_LINE: &str = "cconn black box 1";

/// The most files that one process writes: a connection that fails again and again must not fill
/// the disk.
const MOST_FILES: u32 = 100;

/// What a frame takes in the ring besides its bytes.
const FRAME_OVERHEAD: usize = 64;

/// Where files are written, and how many bytes of frames a connection keeps.
#[derive(Clone, Debug)]
pub(crate) struct BlackBox {
    folder: Arc<Path>,
    bytes: usize,
}

impl BlackBox {
    pub(crate) fn new(folder: PathBuf, bytes: usize) -> Self {
        BlackBox { folder: folder.into(), bytes }
    }

    /// A stream that keeps what goes through it. `rest`: what has been received already.
    pub(crate) fn around(
        &self,
        stream: Arc<dyn Transport>,
        label: &str,
        rest: &[u8],
    ) -> Arc<dyn Transport> {
        let ring = Ring { most: self.bytes, begun: Some(now()), ..Ring::default() };
        let recorded = Recorded {
            stream,
            label: label.into(),
            folder: self.folder.clone(),
            ring: Mutex::new(ring),
        };
        recorded.ring.lock().take_in(false, rest);
        Arc::new(recorded)
    }
}

/// A frame that has passed.
struct Kept {
    after: Duration,
    is_sent: bool,
    /// Its first bytes: all of them, unless it is larger than the whole ring.
    bytes: Vec<u8>,
    length: usize,
}

/// One direction of the stream: the frame that is under way.
#[derive(Default)]
struct Lane {
    begun: Vec<u8>,
    /// Bytes of the frame that have passed.
    passed: usize,
    /// The frame was the last word of an orderly end.
    is_over: bool,
}

#[derive(Default)]
struct Ring {
    most: usize,
    begun: Option<Instant>,
    received: Lane,
    sent: Lane,
    frames: VecDeque<Kept>,
    held: usize,
    is_written: bool,
}

impl Ring {
    /// Takes in bytes that have passed.
    fn take_in(&mut self, is_sent: bool, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let most = self.most;
            let lane = if is_sent { &mut self.sent } else { &mut self.received };
            let wanted = match frame_length(&lane.begun) {
                None => LENGTH_PREFIX.saturating_sub(lane.begun.len()),
                Some(length) => {
                    let whole = LENGTH_PREFIX.saturating_add(length as usize);
                    whole.saturating_sub(lane.passed)
                }
            };
            let (part, others) = bytes.split_at(wanted.min(bytes.len()));
            let room = most.max(LENGTH_PREFIX).saturating_sub(lane.begun.len());
            lane.begun.extend_from_slice(part.get(..room.min(part.len())).unwrap_or(part));
            lane.passed = lane.passed.saturating_add(part.len());
            bytes = others;
            let length = frame_length(&lane.begun).map(|length| length as usize);
            let whole = length.map(|length| LENGTH_PREFIX.saturating_add(length));
            if whole.is_some_and(|whole| lane.passed >= whole) {
                let bytes = std::mem::take(&mut lane.begun);
                let length = std::mem::take(&mut lane.passed);
                lane.is_over |= ends_in_order(&bytes);
                self.keep(is_sent, bytes, length);
            }
        }
    }

    /// Keeps a whole frame; the oldest ones make room for it.
    fn keep(&mut self, is_sent: bool, bytes: Vec<u8>, length: usize) {
        let after = self.begun.map(|begun| begun.elapsed()).unwrap_or_default();
        self.held = self.held.saturating_add(bytes.len()).saturating_add(FRAME_OVERHEAD);
        self.frames.push_back(Kept { after, is_sent, bytes, length });
        while self.held > self.most && self.frames.len() > 1 {
            let oldest = self.frames.pop_front().map_or(0, |kept| kept.bytes.len());
            self.held = self.held.saturating_sub(oldest).saturating_sub(FRAME_OVERHEAD);
        }
    }

    fn ended_in_order(&self) -> bool {
        self.sent.is_over && self.received.is_over
    }

    /// The file: a line about the connection, and one for each frame.
    fn text(&self, label: &str) -> String {
        let lived = self.begun.map(|begun| begun.elapsed()).unwrap_or_default();
        let mut text = format!("{FIRST_LINE}\n{label}, ended after {lived:?}\n");
        for Kept { after, is_sent, bytes, length } in &self.frames {
            let way = if *is_sent { '>' } else { '<' };
            let _never_fails = write!(text, "{:.6} {way} {length} ", after.as_secs_f64());
            for byte in bytes {
                let _never_fails = write!(text, "{byte:02x}");
            }
            text.push('\n');
        }
        for (way, lane) in [('<', &self.received), ('>', &self.sent)] {
            if lane.passed > 0 {
                let _never_fails =
                    writeln!(text, "# {way} {} bytes of a further frame", lane.passed);
            }
        }
        text
    }
}

/// Whether a frame is the last word of a side that ends in order.
fn ends_in_order(frame: &[u8]) -> bool {
    let behind = frame.get(LENGTH_PREFIX..).unwrap_or(&[]);
    matches!(parse(behind, Features::OURS), Ok(Frame::Adieu { reason: EndReason::Finished, .. }))
}

/// A stream that keeps what goes through it.
struct Recorded {
    stream: Arc<dyn Transport>,
    label: Box<str>,
    folder: Arc<Path>,
    ring: Mutex<Ring>,
}

impl Recorded {
    fn received(&self, buf: &[u8], before: usize) {
        self.ring.lock().take_in(false, buf.get(before..).unwrap_or(&[]));
    }

    fn sent(&self, parts: &[IoSlice<'_>], mut taken: usize) {
        let mut ring = self.ring.lock();
        for part in parts {
            let some = part.get(..taken.min(part.len())).unwrap_or(part);
            taken = taken.saturating_sub(some.len());
            ring.take_in(true, some);
        }
    }

    /// Writes the file, once, unless the connection has ended in order.
    fn write(&self) {
        let mut ring = self.ring.lock();
        if std::mem::replace(&mut ring.is_written, true) || ring.ended_in_order() {
            return;
        }
        let text = ring.text(&self.label);
        drop(ring);
        if let Err(error) = self.write_file(&text) {
            // A file that can't be written is no reason to end otherwise.
            let _no_stderr = writeln!(
                io::stderr(),
                "cconn: the black box of {} can't be written to {}: {error}",
                self.label,
                self.folder.display()
            );
        }
    }

    fn write_file(&self, text: &str) -> io::Result<()> {
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        if number >= MOST_FILES {
            WRITTEN.store(MOST_FILES, Ordering::Relaxed);
            return Ok(());
        }
        // Whoever looks for files finds whole ones only.
        let begun = self.folder.join(format!("cconn-{}-{number}.partie", process_id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        OpenOptions::open(&options, &begun)?.write_all(text.as_bytes())?;
        fs::rename(&begun, begun.with_extension("boite"))
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.write();
    }
}

impl Transport for Recorded {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        let before = buf.len();
        let received = self.stream.recv(buf, deadline)?;
        self.received(buf, before);
        Ok(received)
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let before = buf.len();
        let received = self.stream.try_recv(buf)?;
        self.received(buf, before);
        Ok(received)
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let taken = self.stream.try_send(parts)?;
        self.sent(parts, taken);
        Ok(taken)
    }

    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let taken = self.stream.try_send_last(parts)?;
        self.sent(parts, taken);
        Ok(taken)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        self.stream.poll(wanted, deadline)
    }

    fn configure(&self, write_deadline: Duration) {
        self.stream.configure(write_deadline);
    }

    fn input(&self, waker: &Waker) -> Input<'_> {
        self.stream.input(waker)
    }

    fn is_peer_gone(&self) -> Option<bool> {
        self.stream.is_peer_gone()
    }

    fn ends(&self) -> Option<[End; 2]> {
        self.stream.ends()
    }

    fn peer(&self) -> Identite {
        self.stream.peer()
    }

    fn binding(&self) -> Option<[u8; 32]> {
        self.stream.binding()
    }

    fn shutdown_write(&self) {
        self.stream.shutdown_write();
    }

    fn shutdown(&self) {
        self.stream.shutdown();
    }

    fn close(&self) {
        self.stream.close();
        self.write();
    }
}
