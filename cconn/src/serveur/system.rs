//! How many clients the system lets a server have.

use super::Serveur;
use crate::sync::Threads;
use crate::transport::SOCKETS;

/// Descriptors left to the rest of the program.
#[cfg(unix)]
const RESERVED_DESCRIPTORS: u64 = 32;

/// Of the threads that the process may have, one in so many is not for clients' own threads: a
/// command that waits for a peer needs a second thread.
const SPARE_THREADS: usize = 4;

/// How many clients this process can serve. Each client takes the descriptors of its connection and
/// a thread. Some descriptors are reserved for the program, and some threads for commands that wait;
/// a command for which there is no thread is refused, and not run.
pub(super) fn affordable_clients() -> usize {
    clients_with(descriptors(), Threads::of_process().most())
}

/// How many clients can be served with so many descriptors and threads: at least one, for a server
/// that refuses everybody is of no use.
fn clients_with(descriptors: usize, threads: usize) -> usize {
    (descriptors / SOCKETS).min(threads - threads.div_ceil(SPARE_THREADS)).max(1)
}

/// Descriptors that clients may take.
#[cfg(unix)]
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let descriptors = limit.current.map_or(u64::MAX, |n| n.saturating_sub(RESERVED_DESCRIPTORS));
    usize::try_from(descriptors).unwrap_or(usize::MAX)
}

/// Windows limits the number of sockets only by its memory.
#[cfg(windows)]
fn descriptors() -> usize {
    usize::MAX
}

impl Serveur {
    /// Sets how many bytes of memory the values that are being decoded in this process may take
    /// together: 512 MiB unless set. It holds for all servers and clients of the process.
    ///
    /// Few bytes of a message may become many of memory: an `Option` of a large array takes one
    /// byte if it is `None`. Counted are the elements of sequences and maps, with what they take
    /// in place: arguments until their command has run, answers and items until they are decoded.
    /// The first 64 KiB of a message count nothing, nor does a message of less than 256 bytes; one
    /// that takes more counts in steps of 256 KiB. A command whose arguments would go beyond is not run, and its caller is told
    /// [`Surchargee`](crate::erreur::NatureDistante::Surchargee); an answer that would is
    /// [`Erreur::Codage`](crate::Erreur::Codage).
    ///
    /// A smaller limit refuses nothing that is held already. 0 lets no message take more than the
    /// 64 KiB.
    ///
    /// # Examples
    ///
    /// ```
    /// cconn::Serveur::memoire_decodee(64 << 20);
    /// ```
    #[doc(alias("decode_budget", "memory_limit", "max_memory"))]
    #[doc(alias = "decoded_memory")]
    pub fn memoire_decodee(octets: usize) {
        crate::codec::set_most(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_descriptors_and_threads() {
        // A quarter of the threads is no client's own.
        for (clients, threads) in [(3, 4), (6, 8), (75, 100)] {
            let descriptors = clients * SOCKETS;
            assert_eq!(clients_with(descriptors, threads), clients);
            assert_eq!(clients_with(descriptors - 1, threads), clients - 1);
            assert_eq!(clients_with(descriptors, threads - 1), clients - 1);
            assert_eq!(clients_with(usize::MAX, threads), clients);
            assert_eq!(clients_with(descriptors, usize::MAX), clients);
        }
    }

    #[test]
    fn some_client_can_always_be_served() {
        assert_eq!(clients_with(0, 0), 1);
        assert_eq!(clients_with(SOCKETS - 1, usize::MAX), 1);
        assert_eq!(clients_with(usize::MAX, 1), 1);
        // Of 16,384 threads, which is what Linux allows unless told otherwise, nine tenths are ours.
        assert_eq!(clients_with(usize::MAX, 14_746), 11_059);
    }

    #[cfg(unix)]
    #[test]
    fn the_limit_of_the_process_bounds_the_descriptors() {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let limit = limit.map_or(u64::MAX, |limit| limit - RESERVED_DESCRIPTORS);
        assert_eq!(u64::try_from(descriptors()), Ok(limit));
        assert!(affordable_clients() as u64 * SOCKETS as u64 <= limit);
    }
}
