//! thrift 0.25, as the docs of its `TServer` have it: a fixed pool of blocking threads, one busy
//! with each connection, so it has as many as the work connects; binary protocol and buffered
//! transports, but framed ones for echoes, whose buffers hold a whole message. `TCP_NODELAY` is
//! on, which its server sets by itself. Everything else has its default setting.
//!
//! `generated.rs` is what `thrift --gen rs bench.thrift` made, the compiler being 0.17: nobody
//! needs it to build this.
//!
//! It calls in one direction only, one call at a time on a connection.

#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated")]
#[rustfmt::skip]
mod generated;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use thrift::protocol::{
    TBinaryInputProtocol, TBinaryInputProtocolFactory, TBinaryOutputProtocol,
    TBinaryOutputProtocolFactory,
};
use thrift::server::TServer;
use thrift::transport::{
    ReadHalf, TBufferedReadTransport, TBufferedReadTransportFactory, TBufferedWriteTransport,
    TBufferedWriteTransportFactory, TFramedReadTransport, TFramedReadTransportFactory,
    TFramedWriteTransport, TFramedWriteTransportFactory, TIoChannel, TReadTransport,
    TReadTransportFactory, TTcpChannel, TWriteTransport, TWriteTransportFactory, WriteHalf,
};

use self::generated::{BenchSyncClient, BenchSyncHandler, BenchSyncProcessor, TBenchSyncClient};
use crate::drive::blocking::{self, Connection};
use crate::drive::{A, B, SUM, check_echo, repeat_until};
use crate::machine;
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Peer, Server};
use crate::session::Session;
use crate::work::Work;

/// Workers beyond the connections of a work: for those that are ending.
const SPARE: usize = 16;

/// More connections than the work `idle` makes.
const IDLE: usize = 2048;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Default)]
struct Handler {
    notes: AtomicI64,
}

impl BenchSyncHandler for Handler {
    fn handle_somme(&self, a: i64, b: i64) -> thrift::Result<i64> {
        Ok(a + b)
    }

    fn handle_echo(&self, octets: Vec<u8>) -> thrift::Result<Vec<u8>> {
        Ok(octets)
    }

    fn handle_note(&self, a: i64, b: i64) -> thrift::Result<()> {
        self.notes.fetch_add(i64::from(a + b == SUM), Ordering::Relaxed);
        Ok(())
    }

    fn handle_notes(&self) -> thrift::Result<i64> {
        Ok(self.notes.swap(0, Ordering::Relaxed))
    }
}

pub(crate) struct Thrift;

impl Peer for Thrift {
    fn name(&self) -> &'static str {
        "thrift"
    }

    fn has(&self, work: Work) -> bool {
        matches!(
            work,
            Work::Rtt
                | Work::Clients(_)
                | Work::OneWay
                | Work::Echo(_)
                | Work::Connect
                | Work::Idle
        )
    }

    fn serve(&self, work: Work) -> Outcome<Box<dyn Server>> {
        if is_framed(work) {
            let (read, write) =
                (TFramedReadTransportFactory::new(), TFramedWriteTransportFactory::new());
            return serve(work, read, write);
        }
        serve(work, TBufferedReadTransportFactory::new(), TBufferedWriteTransportFactory::new())
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        if is_framed(work) {
            return blocking::measure::<Framed>(work, session, budget);
        }
        blocking::measure::<Buffered>(work, session, budget)
    }
}

fn is_framed(work: Work) -> bool {
    matches!(work, Work::Echo(_))
}

fn serve(
    work: Work,
    read: impl TReadTransportFactory + Send + 'static,
    write: impl TWriteTransportFactory + Send + 'static,
) -> Outcome<Box<dyn Server>> {
    let workers = match work {
        Work::Clients(count) => count,
        Work::Idle => IDLE,
        _ => 1,
    } + SPARE;
    let before = machine::resident_kib()?;
    let processor = BenchSyncProcessor::new(Handler::default());
    let (input, output) = (TBinaryInputProtocolFactory::new(), TBinaryOutputProtocolFactory::new());
    let mut server = TServer::new(read, input, write, output, processor, workers);
    let port = free_port()?;
    thread::spawn(move || server.listen(("127.0.0.1", port)));
    wait_until_open(port)?;
    let worker_kib = machine::resident_kib()?.saturating_sub(before) as f64 / workers as f64;
    Ok(Box::new(ThriftServer { port, worker_kib }))
}

/// A port that was free a moment ago: its server can't be asked which one it took.
fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn wait_until_open(port: u16) -> Outcome<()> {
    let end = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if Instant::now() > end {
            return Err("the server does not listen".into());
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

struct ThriftServer {
    port: u16,
    /// Memory of a worker that waits for its connection.
    worker_kib: f64,
}

impl Server for ThriftServer {
    fn port(&self) -> u16 {
        self.port
    }

    fn ahead_kib(&self) -> f64 {
        self.worker_kib
    }
}

/// Both transports of a connection.
trait Transports: Send + 'static {
    type Read: TReadTransport + Send;
    type Write: TWriteTransport + Send;

    fn wrap(
        read: ReadHalf<TTcpChannel>,
        write: WriteHalf<TTcpChannel>,
    ) -> (Self::Read, Self::Write);
}

struct BufferedTransports;

impl Transports for BufferedTransports {
    type Read = TBufferedReadTransport<ReadHalf<TTcpChannel>>;
    type Write = TBufferedWriteTransport<WriteHalf<TTcpChannel>>;

    fn wrap(
        read: ReadHalf<TTcpChannel>,
        write: WriteHalf<TTcpChannel>,
    ) -> (Self::Read, Self::Write) {
        (TBufferedReadTransport::new(read), TBufferedWriteTransport::new(write))
    }
}

struct FramedTransports;

impl Transports for FramedTransports {
    type Read = TFramedReadTransport<ReadHalf<TTcpChannel>>;
    type Write = TFramedWriteTransport<WriteHalf<TTcpChannel>>;

    fn wrap(
        read: ReadHalf<TTcpChannel>,
        write: WriteHalf<TTcpChannel>,
    ) -> (Self::Read, Self::Write) {
        (TFramedReadTransport::new(read), TFramedWriteTransport::new(write))
    }
}

type Buffered = ThriftConnection<BufferedTransports>;
type Framed = ThriftConnection<FramedTransports>;

struct ThriftConnection<T: Transports>(
    BenchSyncClient<TBinaryInputProtocol<T::Read>, TBinaryOutputProtocol<T::Write>>,
);

impl<T: Transports> Connection for ThriftConnection<T> {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let (read, write) = TTcpChannel::with_stream(stream).split()?;
        let (read, write) = T::wrap(read, write);
        let input = TBinaryInputProtocol::new(read, true);
        let output = TBinaryOutputProtocol::new(write, true);
        Ok(ThriftConnection(BenchSyncClient::new(input, output)))
    }

    fn somme(&mut self, a: i64, b: i64) -> Outcome<i64> {
        Ok(self.0.somme(a, b)?)
    }

    fn echo(&mut self, bytes: &[u8]) -> Outcome<()> {
        check_echo(bytes, &self.0.echo(bytes.to_vec())?)
    }

    fn one_way(&mut self, until: Instant) -> Outcome<u64> {
        let count = repeat_until(until, || Ok(self.0.note(A, B)?))?;
        expect(&self.0.notes()?, &i64::try_from(count)?)?;
        Ok(count)
    }
}
