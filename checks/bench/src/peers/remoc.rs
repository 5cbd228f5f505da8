//! remoc 0.20, as its docs have it: a remote trait over a TCP connection of its own, on a
//! multi-threaded tokio runtime, with its default codec and settings; `TCP_NODELAY` as in its
//! example. Bytes travel as `serde_bytes`. Messages without an answer and streams are remote
//! channels, broadcasts its broadcast channel, and calls in the other direction a remote trait whose client
//! was handed to the server.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use remoc::prelude::*;
use remoc::rtc::CallError;
use serde_bytes::ByteBuf;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::drive::asynchronous::{self, Connection, run};
use crate::drive::{A, B, BATCH, FIRST, SUM, Tally, check_echo};
use crate::laps::Laps;
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Peer, Server};
use crate::session::Session;
use crate::work::Work;

/// Messages that a receiver may be behind.
const BACKLOG: usize = 16;

#[rtc::remote]
trait Bench {
    async fn somme(&self, a: i64, b: i64) -> Result<i64, CallError>;
    async fn echo(&self, bytes: ByteBuf) -> Result<ByteBuf, CallError>;
    /// Counts messages until their channel ends.
    async fn notes(&self, notes: rch::mpsc::Receiver<(i64, i64)>) -> Result<u64, CallError>;
    /// Hands the caller's own commands over.
    async fn introduce(&self, back: BackClient) -> Result<(), CallError>;
    /// A sum that the one who was introduced has to do.
    async fn nested(&self, a: i64, b: i64) -> Result<i64, CallError>;
    async fn news(&self) -> Result<rch::broadcast::Receiver<i64>, CallError>;
    /// So many numbers, from `FIRST` on.
    async fn numbers(&self, count: u64) -> Result<rch::mpsc::Receiver<u64>, CallError>;
}

/// What a client offers to the server.
#[rtc::remote]
trait Back {
    async fn somme(&self, a: i64, b: i64) -> Result<i64, CallError>;
}

struct Adder;

impl Back for Adder {
    async fn somme(&self, a: i64, b: i64) -> Result<i64, CallError> {
        Ok(a + b)
    }
}

struct Service {
    news: rch::broadcast::Sender<i64>,
    listeners: Mutex<usize>,
    back: Mutex<Option<BackClient>>,
}

impl Service {
    fn introduced(&self) -> Option<BackClient> {
        self.back.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Bench for Service {
    async fn somme(&self, a: i64, b: i64) -> Result<i64, CallError> {
        Ok(a + b)
    }

    async fn echo(&self, bytes: ByteBuf) -> Result<ByteBuf, CallError> {
        Ok(bytes)
    }

    async fn notes(&self, mut notes: rch::mpsc::Receiver<(i64, i64)>) -> Result<u64, CallError> {
        let mut count = 0;
        while let Ok(Some((a, b))) = notes.recv().await {
            count += u64::from(a + b == SUM);
        }
        Ok(count)
    }

    async fn introduce(&self, back: BackClient) -> Result<(), CallError> {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = Some(back);
        Ok(())
    }

    async fn nested(&self, a: i64, b: i64) -> Result<i64, CallError> {
        let back = self.introduced().ok_or(CallError::Dropped)?;
        back.somme(a, b).await
    }

    async fn news(&self) -> Result<rch::broadcast::Receiver<i64>, CallError> {
        *self.listeners.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Ok(self.news.subscribe(BACKLOG))
    }

    async fn numbers(&self, count: u64) -> Result<rch::mpsc::Receiver<u64>, CallError> {
        let (sender, numbers) = rch::mpsc::channel();
        tokio::spawn(async move {
            for number in FIRST..FIRST.saturating_add(count) {
                if sender.send(number).await.is_err() {
                    break;
                }
            }
        });
        Ok(numbers)
    }
}

pub(crate) struct Remoc;

impl Peer for Remoc {
    fn name(&self) -> &'static str {
        "remoc"
    }

    fn has(&self, work: Work) -> bool {
        !matches!(work, Work::Octets(_))
    }

    fn serve(&self, _work: Work) -> Outcome<Box<dyn Server>> {
        let runtime = Runtime::new()?;
        let listener = run(&runtime, async { Ok(TcpListener::bind("127.0.0.1:0").await?) })?;
        let port = listener.local_addr()?.port();
        let service = Arc::new(Service {
            news: rch::broadcast::Sender::new(),
            listeners: Mutex::new(0),
            back: Mutex::new(None),
        });
        runtime.spawn(accept(listener, Arc::clone(&service)));
        Ok(Box::new(RemocServer { port, service, runtime }))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        asynchronous::measure::<RemocConnection>(work, session, budget)
    }
}

async fn accept(listener: TcpListener, service: Arc<Service>) -> Outcome<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let (server, client) = BenchServerShared::<_, remoc::codec::Default>::new(service);
            let (rx, tx) = socket.into_split();
            remoc::Connect::io(remoc::Cfg::default(), rx, tx).provide(client).await?;
            server.serve().await.map_err(|error| error.to_string())?;
            Outcome::Ok(())
        });
    }
}

struct RemocServer {
    port: u16,
    service: Arc<Service>,
    runtime: Runtime,
}

impl Server for RemocServer {
    fn port(&self) -> u16 {
        self.port
    }

    fn reverse(&mut self, budget: Duration) -> Outcome<f64> {
        let back = self.service.introduced().ok_or("no client has introduced itself")?;
        run(&self.runtime, async move {
            let mut laps = Laps::start(budget);
            while laps.goes_on() {
                expect(&back.somme(A, B).await?, &SUM)?;
                laps.lap();
            }
            Ok(laps.finish().percentile(0.50))
        })
    }

    fn broadcast(&mut self) -> Outcome<usize> {
        self.service.news.send(SUM)?;
        Ok(*self.service.listeners.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Clone)]
struct RemocConnection {
    bench: BenchClient,
    /// This side's own commands, to be called by the server.
    back: BackClient,
    /// Whether it was handed over: once is enough for any number of calls.
    introduced: Arc<OnceCell<()>>,
}

impl RemocConnection {
    async fn introduce(&self) -> Outcome<()> {
        let introduce = || self.bench.introduce(self.back.clone());
        self.introduced.get_or_try_init(introduce).await?;
        Ok(())
    }
}

impl Connection for RemocConnection {
    async fn connect(address: SocketAddr) -> Outcome<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (rx, tx) = socket.into_split();
        let bench = remoc::Connect::io(remoc::Cfg::default(), rx, tx).consume().await?;
        let (server, back) = BackServerShared::<_, remoc::codec::Default>::new(Arc::new(Adder));
        tokio::spawn(server.serve());
        Ok(RemocConnection { bench, back, introduced: Arc::default() })
    }

    async fn somme(&self, a: i64, b: i64) -> Outcome<i64> {
        Ok(self.bench.somme(a, b).await?)
    }

    async fn echo(&self, bytes: &[u8]) -> Outcome<()> {
        check_echo(bytes, &self.bench.echo(ByteBuf::from(bytes)).await?)
    }

    async fn nested(&self, a: i64, b: i64) -> Outcome<i64> {
        self.introduce().await?;
        Ok(self.bench.nested(a, b).await?)
    }

    async fn one_way(&self, until: Instant) -> Outcome<u64> {
        let (notes, receiver) = rch::mpsc::channel();
        let bench = self.bench.clone();
        let counted = tokio::spawn(async move { bench.notes(receiver).await });
        let mut count = 0;
        while Instant::now() < until {
            for _ in 0..BATCH {
                notes.send((A, B)).await?;
            }
            count += BATCH as u64;
        }
        drop(notes);
        expect(&counted.await??, &count)?;
        Ok(count)
    }

    async fn first(&self, laps: &mut Laps) -> Outcome<()> {
        let mut numbers = self.bench.numbers(1).await?;
        let number = numbers.recv().await?.ok_or("the stream is empty")?;
        laps.lap();
        expect(&(number, numbers.recv().await?.is_none()), &(FIRST, true))
    }

    async fn stream(&self, until: Instant) -> Outcome<u64> {
        let mut numbers = self.bench.numbers(u64::MAX).await?;
        let mut next = FIRST;
        while Instant::now() < until {
            for _ in 0..BATCH {
                let number = numbers.recv().await?.ok_or("the stream has ended")?;
                expect(&number, &next)?;
                next += 1;
            }
        }
        Ok(next - FIRST)
    }

    async fn listen(&self, messages: Arc<Tally>) -> Outcome<()> {
        self.introduce().await?;
        let mut news = self.bench.news().await?;
        tokio::spawn(async move {
            while news.recv().await.is_ok() {
                messages.count();
            }
        });
        Ok(())
    }
}
