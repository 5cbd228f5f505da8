//! Streams of bytes: read like a file, made from a reader, written to a sink.
//!
//! What a stream yields as `Octets` and what it yields as bytes are the same bytes in the same
//! order; a program may change from one to the other at any byte.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};

use super::{Begun, Flux, Source};
use crate::erreur::Erreur;
use crate::octets::Octets;

/// The most bytes of a chunk that [`Flux::lire`] makes: one system call of a file, and a quarter of
/// the credit that a stream has at first.
const CHUNK: usize = 64 << 10;

/// From this length on a chunk leaves in the buffer that it was read into. A shorter one is copied,
/// so that no chunk that waits holds much more memory than its bytes.
const MOVED: usize = CHUNK / 2;

/// A sink that [`Flux::vers`] could not write to, or a file of [`Flux::vers_fichier`].
///
/// It is what an [`Erreur::Echec`] of these two holds. The stream was stopped.
///
/// # Examples
///
/// ```
/// use cconn::flux::{EchecEcriture, Flux};
/// use cconn::{Erreur, Octets};
///
/// let flux: Flux<Octets> = Flux::de([Octets(vec![1; 100]), Octets(vec![2; 100])]);
/// let mut place = [0; 150];
/// let error = flux.vers(&mut &mut place[..]).unwrap_err();
/// let Erreur::Echec(cause) = error else { panic!("{error}") };
/// let echec = cause.downcast_ref::<EchecEcriture>().unwrap();
/// assert_eq!((echec.octets, echec.cause.kind()), (100, std::io::ErrorKind::WriteZero));
/// ```
#[doc(alias = "WriteError")]
#[derive(Debug)]
#[non_exhaustive]
pub struct EchecEcriture {
    /// Bytes of the chunks that were written whole before.
    #[doc(alias = "bytes")]
    pub octets: u64,
    /// The file that was to be written, if it was one of [`Flux::vers_fichier`].
    #[doc(alias = "file")]
    pub fichier: Option<PathBuf>,
    /// What the sink said.
    pub cause: io::Error,
}

impl fmt::Display for EchecEcriture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fichier {
            Some(path) => write!(f, "{} can't be written: {}", file_name(path), self.cause)?,
            None => write!(f, "the sink of a stream can't be written to: {}", self.cause)?,
        }
        write!(f, " (behind {} bytes; the stream was stopped)", self.octets)
    }
}

impl Error for EchecEcriture {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

impl<E> Flux<Octets, E> {
    /// Makes a stream of what can be read: a socket, the output of a program, a file that is open
    /// (one that is not: [`Flux::fichier`]).
    ///
    /// Each item is what one `read` has brought, at most 64 KiB: of a file 64 KiB, of a pipe what is
    /// there. The source is read on the thread that pulls the stream, when there is room for the
    /// next item; it may block. An error of the source is the last item: the peer gets its text.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::fs::File;
    ///
    /// use cconn::flux::Flux;
    /// use cconn::{Octets, Resultat, Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn telecharger(chemin: String) -> Resultat<Flux<Octets>> {
    ///     Ok(Flux::lire(File::open(chemin)?))
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![telecharger])?;
    /// let client = serveur.client_local()?;
    /// # let chemin = std::env::temp_dir().join(format!("cconn-lire-{}", std::process::id()));
    /// # std::fs::write(&chemin, vec![7; 100_000])?;
    /// # let chemin = chemin.display().to_string();
    /// let mut copie = Vec::new();
    /// let taille = client.appeler(telecharger { chemin: chemin.clone() })?.vers(&mut copie)?;
    /// assert_eq!((taille, copie.len()), (100_000, 100_000));
    /// # std::fs::remove_file(chemin)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("read_from", "from_reader"))]
    pub fn lire<R: Read + Send + 'static>(source: R) -> Self {
        Flux::read_from(source, "the source of a stream can't be read".to_owned())
    }

    /// As `lire`; an error of the source follows the words in `subject`.
    pub(super) fn read_from(source: impl Read + Send + 'static, subject: String) -> Self {
        let mut chunks = Chunks { source, buffer: Vec::new() };
        let unread = move |cause: io::Error| {
            let text = format!("{subject}: {cause}");
            Erreur::Echec(Box::new(io::Error::new(cause.kind(), text)))
        };
        let next = move || chunks.next().map(|chunk| chunk.map_err(&unread));
        Flux::from_source(Source::Iterator(Box::new(std::iter::from_fn(next))))
    }

    /// The same stream, which tells a closure how many bytes have passed so far, from the beginning
    /// of the stream on: for a progress bar, on either side.
    ///
    /// The closure runs for each item, on the thread that takes it: where the stream is an argument
    /// or an answer, on the one that feeds it to the peer. It should not take long. A channel's stream
    /// becomes an iterator's: feeding it to a peer takes a thread, and it may be silent no longer than
    /// [`delai_silence`](crate::OptionsClient::delai_silence).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::Octets;
    /// use cconn::flux::Flux;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let (told, totals) = std::sync::mpsc::channel();
    /// let flux: Flux<Octets> = Flux::de([Octets(vec![1; 300]), Octets(vec![2; 200])]);
    /// let mut copie = Vec::new();
    /// flux.suivre(move |octets| told.send(octets).unwrap()).vers(&mut copie)?;
    /// assert_eq!(totals.iter().collect::<Vec<_>>(), [300, 500]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("progress", "inspect", "on_progress"))]
    #[doc(alias = "follow")]
    pub fn suivre(self, mut quoi: impl FnMut(u64) + Send + 'static) -> Self
    where
        E: Send + 'static,
    {
        let (mut flux, mut bytes) = (self, 0_u64);
        let next = move || {
            let item = flux.next()?;
            if let Ok(Octets(chunk)) = &item {
                bytes = bytes.saturating_add(chunk.len() as u64);
                quoi(bytes);
            }
            Some(item)
        };
        Flux::from_source(Source::Iterator(Box::new(std::iter::from_fn(next))))
    }

    /// Writes the stream to its end into a sink, and returns how many bytes that were.
    ///
    /// Only one item is held at a time, so a stream of any length passes in constant memory. The
    /// sink is flushed at the end.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Echec`] with an [`EchecEcriture`]: the sink failed. The stream is stopped, the
    ///   connection lives.
    /// - Whatever the stream yields: then its sender or the connection has failed. What had come
    ///   before was written.
    ///
    /// # Blocking
    ///
    /// Until the stream has ended; on each item as long as `next` does. The sink's own waits have
    /// no deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::Octets;
    /// use cconn::flux::Flux;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let flux: Flux<Octets> = Flux::lire(&b"bonjour"[..]);
    /// let mut copie = Vec::new();
    /// assert_eq!(flux.vers(&mut copie)?, 7);
    /// assert_eq!(copie, b"bonjour");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("copy", "write_to", "into_writer"))]
    pub fn vers<W: Write + ?Sized>(self, sink: &mut W) -> Result<u64, Erreur<E>> {
        self.write_to(sink, None)
    }

    /// As `vers`; the file is that of the error.
    pub(super) fn write_to<W: Write + ?Sized>(
        mut self,
        sink: &mut W,
        file: Option<&Path>,
    ) -> Result<u64, Erreur<E>> {
        let mut bytes = 0_u64;
        for chunk in &mut self {
            let Octets(chunk) = chunk?;
            sink.write_all(&chunk).map_err(|cause| unwritten(bytes, file, cause))?;
            bytes = bytes.saturating_add(chunk.len() as u64);
        }
        sink.flush().map_err(|cause| unwritten(bytes, file, cause))?;
        Ok(bytes)
    }
}

/// The error of a sink, or of that file.
pub(super) fn unwritten<E>(octets: u64, file: Option<&Path>, cause: io::Error) -> Erreur<E> {
    Erreur::Echec(Box::new(EchecEcriture { octets, fichier: file.map(Path::to_owned), cause }))
}

/// A file in an error's text: its last part, in which nothing may break the line.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    format!("the file `{}`", name.to_string_lossy().escape_debug())
}

/// What can be read, a chunk at a time.
struct Chunks<R> {
    source: R,
    /// Empty, or of the size of a chunk: made ready once, and used until it is given away.
    buffer: Vec<u8>,
}

impl<R: Read> Chunks<R> {
    fn next(&mut self) -> Option<io::Result<Octets>> {
        self.buffer.resize(CHUNK, 0);
        let read = loop {
            match self.source.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Some(Err(error)),
                Ok(read) => break read.min(CHUNK),
            }
        };
        if read == 0 {
            return None;
        }
        if read < MOVED {
            return Some(Ok(Octets(self.buffer.get(..read).unwrap_or(&[]).to_vec())));
        }
        let mut chunk = std::mem::take(&mut self.buffer);
        chunk.truncate(read);
        Some(Ok(Octets(chunk)))
    }
}

impl<E> Flux<Octets, E>
where
    E: fmt::Debug + fmt::Display + Send + Sync + 'static,
{
    /// Takes items until one has bytes that were not read; false behind the last item.
    fn begin(&mut self) -> io::Result<bool> {
        while self.begun.get_mut().is_none() {
            match self.next() {
                Some(Ok(Octets(chunk))) if chunk.is_empty() => {}
                Some(Ok(item)) => self.begun.set(Some(Begun { item, at: 0, rest })),
                Some(Err(error)) => return Err(unreadable(error)),
                None if self.has_failed() => return Err(io::Error::other(Failed)),
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// What is left of a chunk.
fn rest(Octets(mut chunk): Octets, at: usize) -> Octets {
    chunk.drain(..at.min(chunk.len()));
    Octets(chunk)
}

/// A stream's error for those that read it.
fn unreadable<E>(error: Erreur<E>) -> io::Error
where
    E: fmt::Debug + fmt::Display + Send + Sync + 'static,
{
    let kind = match &error {
        Erreur::Delai(_) => io::ErrorKind::TimedOut,
        Erreur::Fermee(_) => io::ErrorKind::ConnectionAborted,
        Erreur::Codage(_) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

/// What a read says after it has returned the stream's error: never that all was read.
#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream has ended with an error, which was returned before")
    }
}

impl Error for Failed {}

/// The bytes of the items, one behind the other.
///
/// # Errors
///
/// The stream's own error, of which `get_ref` yields the [`Erreur`]: of kind `TimedOut` if the
/// stream was silent for too long, `ConnectionAborted` if its connection has ended. Every read
/// after that is an error too: a stream that has failed never looks like one that was read to its
/// end.
///
/// # Blocking
///
/// As long as `next` does, if no byte is at hand; not for an empty place to read to.
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, Read};
///
/// use cconn::Octets;
/// use cconn::flux::Flux;
///
/// let mut flux: Flux<Octets> = Flux::de([Octets(b"un\nde".to_vec()), Octets(b"ux\n".to_vec())]);
/// let mut first = [0; 3];
/// flux.read_exact(&mut first)?;
/// assert_eq!(&first, b"un\n");
/// assert_eq!(flux.lines().next().transpose()?.as_deref(), Some("deux"));
/// # std::io::Result::Ok(())
/// ```
impl<E> Read for Flux<Octets, E>
where
    E: fmt::Debug + fmt::Display + Send + Sync + 'static,
{
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        if place.is_empty() {
            return Ok(0);
        }
        let read = self.fill_buf()?.read(place)?;
        self.consume(read);
        Ok(read)
    }
}

/// The bytes of the items; `fill_buf` yields what is left of one item.
impl<E> BufRead for Flux<Octets, E>
where
    E: fmt::Debug + fmt::Display + Send + Sync + 'static,
{
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.begin()? {
            return Ok(&[]);
        }
        let begun = self.begun.get_mut().as_ref();
        Ok(begun.and_then(|begun| begun.item.0.get(begun.at..)).unwrap_or(&[]))
    }

    fn consume(&mut self, amount: usize) {
        let begun = self.begun.get_mut();
        if let Some(Begun { item, at, .. }) = begun {
            *at = at.saturating_add(amount);
            if *at >= item.0.len() {
                *begun = None;
            }
        }
    }
}

#[cfg(test)]
mod tests;
