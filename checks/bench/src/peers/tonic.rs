//! tonic 0.14, as its guide has it: a service over HTTP/2 with messages of prost, on a multi-threaded
//! tokio runtime, all settings the defaults but the longest message. `generated` is what tonic-build
//! makes of the service of `Service` below. Messages without an answer are a stream of the client's,
//! broadcasts and numbers streams of the server's. The numbers come from an iterator, which is always
//! ready, so that many travel together; the guide's channel of four items would be slower.
//!
//! A server can't call its client.

#[rustfmt::skip]
#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated")]
mod generated;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{broadcast, mpsc};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};

use self::generated::bench_client::BenchClient;
use self::generated::bench_server::{Bench, BenchServer};
use crate::drive::asynchronous::{self, Connection, run};
use crate::drive::{A, B, BATCH, FIRST, SUM, Tally, check_echo};
use crate::laps::Laps;
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Peer, Server};
use crate::session::Session;
use crate::work::Work;

/// Messages that a listener may be behind.
const BACKLOG: usize = 16;

/// The longest message, bytes: the default is 4 MiB with what stands around them.
const LONGEST: usize = 64 << 20;

/// How long a client may wait for its connection: there is no default.
const CONNECTING: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Nothing {}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Count {
    #[prost(uint64, tag = "1")]
    count: u64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Pair {
    #[prost(int64, tag = "1")]
    a: i64,
    #[prost(int64, tag = "2")]
    b: i64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Sum {
    #[prost(int64, tag = "1")]
    sum: i64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub(crate) struct Number {
    #[prost(uint64, tag = "1")]
    number: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Data {
    #[prost(bytes = "bytes", tag = "1")]
    bytes: bytes::Bytes,
}

struct Service {
    news: broadcast::Sender<i64>,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Bench for Service {
    async fn somme(&self, request: Request<Pair>) -> Answer<Sum> {
        let Pair { a, b } = request.into_inner();
        Ok(Response::new(Sum { sum: a + b }))
    }

    async fn echo(&self, request: Request<Data>) -> Answer<Data> {
        Ok(Response::new(request.into_inner()))
    }

    async fn notes(&self, request: Request<Streaming<Pair>>) -> Answer<Number> {
        let mut notes = request.into_inner();
        let mut number = 0;
        while let Some(Pair { a, b }) = notes.message().await? {
            number += u64::from(a + b == SUM);
        }
        Ok(Response::new(Number { number }))
    }

    type NumbersStream = BoxStream<'static, Result<Number, Status>>;

    async fn numbers(&self, request: Request<Count>) -> Answer<Self::NumbersStream> {
        let numbers = FIRST..FIRST.saturating_add(request.into_inner().count);
        let numbers = stream::iter(numbers.map(|number| Ok(Number { number })));
        Ok(Response::new(numbers.boxed()))
    }

    type NewsStream = BoxStream<'static, Result<Sum, Status>>;

    async fn news(&self, _: Request<Nothing>) -> Answer<Self::NewsStream> {
        Ok(Response::new(heard(self.news.subscribe()).boxed()))
    }
}

/// What a listener hears, until nobody can say anything any more or it is too far behind.
fn heard(news: broadcast::Receiver<i64>) -> impl Stream<Item = Result<Sum, Status>> {
    stream::unfold(news, |mut news| async {
        let sum = news.recv().await.ok()?;
        Some((Ok(Sum { sum }), news))
    })
}

pub(crate) struct Tonic;

impl Peer for Tonic {
    fn name(&self) -> &'static str {
        "tonic"
    }

    fn has(&self, work: Work) -> bool {
        !matches!(work, Work::Reverse | Work::Nested | Work::Listening | Work::Octets(_))
    }

    fn serve(&self, _work: Work) -> Outcome<Box<dyn Server>> {
        let runtime = Runtime::new()?;
        let news = broadcast::Sender::new(BACKLOG);
        let bench = BenchServer::new(Service { news: news.clone() });
        let bench = bench.max_decoding_message_size(LONGEST);
        let listener = run(&runtime, async { Ok(TcpListener::bind("127.0.0.1:0").await?) })?;
        let port = listener.local_addr()?.port();
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = tonic::transport::Server::builder().add_service(bench);
        runtime.spawn(server.serve_with_incoming(incoming));
        Ok(Box::new(TonicServer { port, news, _runtime: runtime }))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        asynchronous::measure::<TonicConnection>(work, session, budget)
    }
}

struct TonicServer {
    port: u16,
    news: broadcast::Sender<i64>,
    _runtime: Runtime,
}

impl Server for TonicServer {
    fn port(&self) -> u16 {
        self.port
    }

    fn broadcast(&mut self) -> Outcome<usize> {
        Ok(self.news.send(SUM)?)
    }
}

#[derive(Clone)]
struct TonicConnection(BenchClient<Channel>);

impl Connection for TonicConnection {
    async fn connect(address: SocketAddr) -> Outcome<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let channel = endpoint.connect_timeout(CONNECTING).connect().await?;
        Ok(TonicConnection(BenchClient::new(channel).max_decoding_message_size(LONGEST)))
    }

    async fn somme(&self, a: i64, b: i64) -> Outcome<i64> {
        Ok(self.0.clone().somme(Pair { a, b }).await?.into_inner().sum)
    }

    async fn echo(&self, bytes: &[u8]) -> Outcome<()> {
        let data = Data { bytes: bytes::Bytes::copy_from_slice(bytes) };
        check_echo(bytes, &self.0.clone().echo(data).await?.into_inner().bytes)
    }

    async fn one_way(&self, until: Instant) -> Outcome<u64> {
        let (sender, notes) = mpsc::channel(BATCH);
        let notes = stream::unfold(notes, |mut notes: mpsc::Receiver<Pair>| async {
            Some((notes.recv().await?, notes))
        });
        let mut client = self.0.clone();
        let counted = tokio::spawn(async move { client.notes(notes).await });
        let mut count = 0;
        while Instant::now() < until {
            for _ in 0..BATCH {
                sender.send(Pair { a: A, b: B }).await?;
            }
            count += BATCH as u64;
        }
        drop(sender);
        expect(&counted.await??.into_inner().number, &count)?;
        Ok(count)
    }

    async fn first(&self, laps: &mut Laps) -> Outcome<()> {
        let mut numbers = self.0.clone().numbers(Count { count: 1 }).await?.into_inner();
        let Number { number } = numbers.message().await?.ok_or("the stream is empty")?;
        laps.lap();
        expect(&(number, numbers.message().await?.is_none()), &(FIRST, true))
    }

    async fn stream(&self, until: Instant) -> Outcome<u64> {
        let mut numbers = self.0.clone().numbers(Count { count: u64::MAX }).await?.into_inner();
        let mut next = FIRST;
        while Instant::now() < until {
            for _ in 0..BATCH {
                let Number { number } = numbers.message().await?.ok_or("the stream has ended")?;
                expect(&number, &next)?;
                next += 1;
            }
        }
        Ok(next - FIRST)
    }

    async fn listen(&self, messages: Arc<Tally>) -> Outcome<()> {
        let mut news = self.0.clone().news(Nothing {}).await?.into_inner();
        tokio::spawn(async move {
            while let Ok(Some(_)) = news.message().await {
                messages.count();
            }
        });
        Ok(())
    }
}
