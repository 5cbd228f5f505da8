//! Streams of bytes: made from readers, read, and written to sinks.

use std::io::{self, BufRead, Cursor, ErrorKind, Read, Write};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cconn::erreur::NatureDistante;
use cconn::essais::{Reseau, Sens};
use cconn::flux::{EchecEcriture, Flux};
use cconn::{Client, Erreur, Etat, Octets, Resultat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(20);

/// Bytes of a chunk that a reader is cut into.
const CHUNK: usize = 64 << 10;

fn bytes(size: usize) -> impl Iterator<Item = u8> {
    (0..=250).cycle().take(size)
}

/// As many bytes as wanted, and whatever else is behind them.
#[commande]
fn telecharger(taille: usize) -> Flux<Octets> {
    Flux::lire(Cursor::new(bytes(taille).collect::<Vec<u8>>()))
}

/// The first bytes can be read, what is behind them can't.
#[commande]
fn abime(taille: usize) -> Resultat<Flux<Octets>> {
    struct Torn;
    impl Read for Torn {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(ErrorKind::InvalidData, "sector 7 is torn"))
        }
    }
    if taille == 0 {
        return Err(Erreur::echec("there is no such file"));
    }
    Ok(Flux::lire(Cursor::new(bytes(taille).collect::<Vec<u8>>()).chain(Torn)))
}

/// How many bytes the stream has.
#[commande]
fn compter(flux: Flux<Octets>) -> Resultat<u64> {
    flux.vers(&mut io::sink())
}

/// Zeros without end, until the caller wants no more.
#[commande]
fn sans_fin(fini: &Etat<Mutex<Sender<()>>>) -> Flux<Octets> {
    struct Told(Sender<()>);
    impl Read for Told {
        fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
            io::repeat(0).read(place)
        }
    }
    impl Drop for Told {
        fn drop(&mut self) {
            // A test that is over does not listen any more.
            let _ = self.0.send(());
        }
    }
    Flux::lire(Told(fini.lock().unwrap().clone()))
}

#[commande]
fn double(n: u64) -> u64 {
    n * 2
}

fn pair() -> (Serveur, Client, mpsc::Receiver<()>) {
    let (told, dropped) = mpsc::channel();
    let serveur = Serveur::options(0).max_clients(4).fournir(Mutex::new(told)).ouvrir().unwrap();
    serveur.enregistrer(commandes![telecharger, abime, sans_fin, double]).unwrap();
    let client = serveur.client_local().unwrap();
    (serveur, client, dropped)
}

#[test]
fn a_reader_of_any_size_arrives_whole() {
    with_watchdog("sizes", LIMIT, || {
        let (_serveur, client, _) = pair();
        for taille in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 3] {
            let mut sink = Vec::new();
            let written = client.appeler(telecharger { taille }).unwrap().vers(&mut sink).unwrap();
            assert_eq!(written, taille as u64);
            assert!(sink.iter().copied().eq(bytes(taille)), "written, {taille}");

            let mut read = Vec::new();
            client.appeler(telecharger { taille }).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, sink, "read, {taille}");

            let items: Resultat<Vec<Octets>> =
                client.appeler(telecharger { taille }).unwrap().collect();
            let sizes: Vec<usize> = items.unwrap().iter().map(|item| item.0.len()).collect();
            assert_eq!(sizes.len(), taille.div_ceil(CHUNK));
            assert_eq!(sizes.iter().sum::<usize>(), taille);
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn bytes_are_read_in_pieces_of_any_size_and_by_line() {
    with_watchdog("pieces", LIMIT, || {
        let (_serveur, client, _) = pair();
        let mut flux = client.appeler(telecharger { taille: 2 * CHUNK }).unwrap();
        let (mut all, mut size) = (Vec::<u8>::new(), 1);
        loop {
            let mut place = vec![0; size];
            let read = flux.read(&mut place).unwrap();
            if read == 0 {
                break;
            }
            all.extend(&place[..read]);
            size = size * 3 % 10_007;
        }
        assert!(all.iter().copied().eq(bytes(2 * CHUNK)));
        let flux = client.appeler(telecharger { taille: 2 * CHUNK }).unwrap();
        let lines = flux.split(b'\n').map(|line| line.unwrap().len() + 1).sum::<usize>();
        assert_eq!(lines, 2 * CHUNK + 1, "the last line has no end");
    });
}

#[test]
fn a_source_that_fails_in_the_middle_is_an_error_with_its_text() {
    with_watchdog("torn", LIMIT, || {
        let (_serveur, client, _) = pair();
        let error = client.appeler(abime { taille: 0 }).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("no such file"), "{error}");
        for taille in [1, CHUNK, CHUNK + 1] {
            let mut sink = Vec::new();
            let flux = client.appeler(abime { taille }).unwrap();
            let error = flux.vers(&mut sink).unwrap_err();
            assert_eq!(sink.len(), taille, "what came before is written");
            let text = error.to_string();
            assert!(text.contains("source of a stream can't be read"), "{text}");
            assert!(text.contains("sector 7 is torn") && text.contains("`abime`"), "{text}");
            let Erreur::Distante(distante) = error else { panic!("{error}") };
            assert_eq!(distante.nature, NatureDistante::Echec);

            let mut flux = client.appeler(abime { taille }).unwrap();
            let mut read = Vec::new();
            let error = flux.read_to_end(&mut read).unwrap_err();
            assert_eq!((read.len(), error.kind()), (taille, ErrorKind::Other));
            assert!(error.to_string().contains("sector 7 is torn"), "{error}");
            assert!(flux.read(&mut [0]).is_err(), "it never looks like one that was read whole");
        }
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
    });
}

#[test]
fn a_sink_that_fails_stops_the_source_and_leaves_the_connection_whole() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 -= bytes.len().min(self.0);
            if self.0 == 0 { Err(ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    with_watchdog("full", LIMIT, || {
        let (_serveur, client, dropped) = pair();
        for room in [1, 3 * CHUNK + 1, 40 * CHUNK] {
            let error = client.appeler(sans_fin {}).unwrap().vers(&mut Full(room)).unwrap_err();
            assert!(!error.est_fatale(), "{error}");
            let Erreur::Echec(cause) = error else { panic!("{error}") };
            let echec = cause.downcast_ref::<EchecEcriture>().unwrap();
            assert_eq!(echec.cause.kind(), ErrorKind::StorageFull);
            assert!(echec.octets < room as u64 && echec.octets + CHUNK as u64 >= room as u64);
            dropped.recv().unwrap();
        }
        let mut flux = client.appeler(sans_fin {}).unwrap();
        flux.read_exact(&mut vec![1; 3 * CHUNK + 7]).unwrap();
        drop(flux);
        dropped.recv().unwrap();
        assert_eq!(client.appeler(double { n: 3 }).unwrap(), 6);
        client.eteindre().unwrap();
    });
}

#[test]
fn a_connection_that_is_cut_is_an_error_of_the_stream_and_not_of_the_sink() {
    with_watchdog("cut", LIMIT, || {
        let (serveur, client, dropped) = pair();
        for reads in [false, true] {
            let reseau = Reseau::new(7).coupe(Sens::VersClient, 20 * CHUNK as u64);
            let remote = reseau.client(&serveur).unwrap();
            let mut flux = remote.appeler(sans_fin {}).unwrap();
            if reads {
                let error = io::copy(&mut flux, &mut io::sink()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionAborted, "{error}");
                let cause = error.get_ref().unwrap().downcast_ref::<Erreur>().unwrap();
                assert!(cause.est_fatale() && cause.commande() == Some("sans_fin"), "{cause}");
            } else {
                let mut sink = Vec::new();
                let error = flux.vers(&mut sink).unwrap_err();
                assert!(matches!(error, Erreur::Fermee(_)), "{error}");
                assert!(sink.len() > CHUNK && sink.len() < 20 * CHUNK, "{}", sink.len());
            }
            dropped.recv().unwrap();
        }
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        client.eteindre().unwrap();
    });
}

#[test]
fn bytes_of_a_pipe_arrive_when_they_are_there() {
    struct Pipe(mpsc::Receiver<Vec<u8>>);
    impl Read for Pipe {
        fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
            let Ok(bytes) = self.0.recv() else { return Ok(0) };
            place[..bytes.len()].copy_from_slice(&bytes);
            Ok(bytes.len())
        }
    }
    #[commande]
    fn suivre(source: &Etat<Arc<Mutex<Option<Pipe>>>>) -> Resultat<Flux<Octets>> {
        let pipe = source.lock().unwrap().take().ok_or("it is followed already");
        Ok(Flux::lire(pipe.map_err(Erreur::echec)?))
    }
    with_watchdog("pipe", LIMIT, || {
        let (send, pipe) = mpsc::channel();
        let pipe = Arc::new(Mutex::new(Some(Pipe(pipe))));
        let serveur = Serveur::options(0).fournir(pipe).ouvrir().unwrap();
        serveur.enregistrer(commandes![suivre]).unwrap();
        let client = serveur.client_local().unwrap();
        let mut flux = client.appeler(suivre {}).unwrap();
        for size in [1, 100, CHUNK / 2, 7] {
            send.send(vec![9; size]).unwrap();
            assert_eq!(flux.next().unwrap().unwrap().0.len(), size);
        }
        drop(send);
        assert!(flux.next().is_none());
        client.eteindre().unwrap();
    });
}

#[test]
fn who_follows_a_stream_is_told_of_each_item_and_sees_its_end_as_others_do() {
    with_watchdog("followed streams", LIMIT, || {
        let (told, totals) = mpsc::channel();
        let follow = move || {
            let told = told.clone();
            move |octets| told.send(octets).unwrap()
        };
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![telecharger, abime, compter]).unwrap();
        let client = serveur.client_local().unwrap();
        // One that comes: of it a part may have been read before.
        let size = 3 * CHUNK + 7;
        let mut flux = client.appeler(telecharger { taille: size }).unwrap();
        let mut begin = [0; 5];
        flux.read_exact(&mut begin).unwrap();
        let mut copie = Vec::new();
        assert_eq!(flux.suivre(follow()).vers(&mut copie).unwrap(), size as u64 - 5);
        assert_eq!(
            begin.into_iter().chain(copie).collect::<Vec<_>>(),
            bytes(size).collect::<Vec<_>>()
        );
        let seen: Vec<u64> = totals.try_iter().collect();
        assert!(
            seen.is_sorted() && seen.len() >= 4 && seen.last() == Some(&(size as u64 - 5)),
            "{seen:?}"
        );
        // One that goes.
        let source = Flux::lire(Cursor::new(vec![1; size]));
        assert_eq!(client.appeler(compter { flux: source.suivre(follow()) }).unwrap(), size as u64);
        assert_eq!(totals.try_iter().last(), Some(size as u64));
        // One that breaks off.
        let broken = client.appeler(abime { taille: CHUNK }).unwrap().suivre(follow());
        let error = broken.vers(&mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("sector 7 is torn"), "{error}");
        assert_eq!(totals.try_iter().last(), Some(CHUNK as u64));
        // One whose follower panics: as an iterator's panic, it goes on where the call was made.
        let source: Flux<Octets> =
            Flux::lire(Cursor::new(vec![1; size])).suivre(|_| panic!("on purpose"));
        let call = || client.appeler(compter { flux: source });
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(client.appeler(compter { flux: Flux::lire(&b"abc"[..]) }).unwrap(), 3);
    });
}
