//! Streams of bytes, from chunks in memory.

use std::io::ErrorKind;

use super::*;
use crate::erreur::Jamais;

type Bytes = Flux<Octets, Jamais>;

fn stream(chunks: &[&[u8]]) -> Bytes {
    let chunks: Vec<Octets> = chunks.iter().map(|chunk| Octets(chunk.to_vec())).collect();
    Flux::de(chunks)
}

/// A reader that yields each step once.
struct Steps(Vec<io::Result<Vec<u8>>>);

impl Read for Steps {
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let step = self.0.remove(0)?;
        place[..step.len()].copy_from_slice(&step);
        Ok(step.len())
    }
}

#[test]
fn chunks_of_any_size_are_read_one_behind_the_other() {
    let mut flux = stream(&[b"", b"a", b"", b"bcd", b"", b""]);
    let mut place = [0; 2];
    assert_eq!(flux.read(&mut []).unwrap(), 0, "an empty place takes nothing");
    let sizes: Vec<usize> = (0..5).map(|_| flux.read(&mut place).unwrap()).collect();
    assert_eq!(sizes, [1, 2, 1, 0, 0]);
    let mut text = String::new();
    stream(&[b"un\nd", b"eux"]).read_to_string(&mut text).unwrap();
    assert_eq!(text, "un\ndeux");
}

#[test]
fn what_was_not_read_of_an_item_comes_as_the_next_one() {
    let mut flux = stream(&[b"abcd", b"ef"]);
    assert_eq!(flux.fill_buf().unwrap(), b"abcd");
    flux.consume(1);
    assert_eq!(flux.next().unwrap().unwrap().0, b"bcd");
    assert_eq!(flux.fill_buf().unwrap(), b"ef");
    assert_eq!(flux.next().unwrap().unwrap().0, b"ef", "nothing was consumed");
    flux.consume(7);
    assert!(flux.next().is_none() && flux.fill_buf().unwrap().is_empty());
    let mut sink = Vec::new();
    let mut flux = stream(&[b"abcd", b"ef"]);
    flux.read_exact(&mut [0; 3]).unwrap();
    assert_eq!((flux.vers(&mut sink).unwrap(), &sink[..]), (3, &b"def"[..]));
}

#[test]
fn a_stream_that_has_failed_never_looks_read_to_its_end() {
    let items = [Ok(Octets(b"ab".to_vec())), Err(Erreur::<Jamais>::echec("torn"))];
    let mut flux: Bytes = Flux::essais(items);
    let mut all = Vec::new();
    let error = flux.read_to_end(&mut all).unwrap_err();
    assert_eq!((&all[..], error.to_string()), (&b"ab"[..], "torn".to_owned()));
    assert!(error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<Erreur<Jamais>>));
    for _ in 0..2 {
        let error = flux.read(&mut [0; 9]).unwrap_err();
        assert!(error.to_string().contains("ended with an error"), "{error}");
        assert!(flux.next().is_none(), "it is fused all the same");
    }
}

#[test]
fn a_source_is_read_in_chunks_of_what_there_is() {
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
        let source: Vec<u8> = (0..=250).cycle().take(size).collect();
        let chunks: Vec<Octets> = Bytes::lire(io::Cursor::new(source.clone()))
            .map(Result::unwrap)
            .inspect(|chunk| assert!(chunk.0.len() <= CHUNK && chunk.0.capacity() <= CHUNK))
            .collect();
        assert_eq!(chunks.len(), size.div_ceil(CHUNK));
        assert_eq!(chunks.iter().flat_map(|chunk| chunk.0.clone()).collect::<Vec<u8>>(), source);
    }
    let steps = vec![
        Ok(vec![1]),
        Err(ErrorKind::Interrupted.into()),
        Ok(vec![2; MOVED - 1]),
        Ok(vec![3; MOVED]),
    ];
    let chunks: Vec<Octets> = Bytes::lire(Steps(steps)).map(Result::unwrap).collect();
    let sizes: Vec<usize> = chunks.iter().map(|chunk| chunk.0.len()).collect();
    assert_eq!(sizes, [1, MOVED - 1, MOVED]);
    assert!(chunks[1].0.capacity() < MOVED, "a short chunk holds no more than its bytes");
}

#[test]
fn an_error_of_the_source_ends_the_stream_and_says_so() {
    let steps = vec![Ok(vec![1]), Err(ErrorKind::PermissionDenied.into()), Ok(vec![2])];
    let mut flux = Bytes::lire(Steps(steps));
    assert_eq!(flux.next().unwrap().unwrap().0, [1]);
    let error = flux.next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the source of a stream can't be read: permission denied");
    let Erreur::Echec(cause) = error else { panic!("{error}") };
    let cause = cause.downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), ErrorKind::PermissionDenied);
    assert!(flux.next().is_none());
}

#[test]
fn a_sink_that_fails_is_told_from_the_stream() {
    struct Full(usize, bool);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }
        fn flush(&mut self) -> io::Result<()> {
            if self.1 { Ok(()) } else { Err(ErrorKind::BrokenPipe.into()) }
        }
    }
    for (mut sink, kind, octets) in [
        (Full(0, true), ErrorKind::StorageFull, 0),
        (Full(3, true), ErrorKind::StorageFull, 2),
        (Full(9, false), ErrorKind::BrokenPipe, 4),
    ] {
        let error = stream(&[b"ab", b"cd"]).vers(&mut sink).unwrap_err();
        let text = error.to_string();
        let Erreur::Echec(cause) = error else { panic!("{error}") };
        let echec = cause.downcast_ref::<EchecEcriture>().unwrap();
        assert_eq!((echec.cause.kind(), echec.octets), (kind, octets));
        assert!(text.starts_with("the sink of a stream can't be written to: "), "{text}");
    }
    let failing: Bytes = Flux::essais([Err(Erreur::<Jamais>::echec("torn"))]);
    assert_eq!(failing.vers(&mut Full(9, true)).unwrap_err().to_string(), "torn");
}
