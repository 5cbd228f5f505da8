//! tarpc 0.38, as the example of its docs has it: a service over `serde_transport` with bincode
//! on TCP, requests of a connection as tasks of a multi-threaded tokio runtime. Everything has its
//! default setting but `TCP_NODELAY`, which is on as for all peers, and the largest frame, which
//! its example lifts too. Bytes travel as `serde_bytes`, else each would be an element.
//!
//! It calls in one direction only, and every call has an answer.

use std::net::SocketAddr;

use futures::StreamExt;
use serde_bytes::ByteBuf;
use tarpc::client;
use tarpc::context::{self, Context};
use tarpc::serde_transport::{self, Transport};
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::drive::asynchronous::{self, Connection, run};
use crate::drive::check_echo;
use crate::outcome::Outcome;
use crate::peer::{Budget, Figure, Peer, Server};
use crate::session::Session;
use crate::work::Work;

#[tarpc::service]
trait Bench {
    async fn somme(a: i64, b: i64) -> i64;
    async fn echo(bytes: ByteBuf) -> ByteBuf;
}

#[derive(Clone)]
struct Service;

impl Bench for Service {
    async fn somme(self, _: Context, a: i64, b: i64) -> i64 {
        a + b
    }

    async fn echo(self, _: Context, bytes: ByteBuf) -> ByteBuf {
        bytes
    }
}

pub(crate) struct Tarpc;

impl Peer for Tarpc {
    fn name(&self) -> &'static str {
        "tarpc"
    }

    fn has(&self, work: Work) -> bool {
        !matches!(
            work,
            Work::OneWay
                | Work::Reverse
                | Work::Nested
                | Work::Listening
                | Work::Broadcast
                | Work::First
                | Work::Stream
                | Work::Octets(_)
        )
    }

    fn serve(&self, _work: Work) -> Outcome<Box<dyn Server>> {
        let runtime = Runtime::new()?;
        let listener = run(&runtime, async { Ok(TcpListener::bind("127.0.0.1:0").await?) })?;
        let port = listener.local_addr()?.port();
        runtime.spawn(accept(listener));
        Ok(Box::new(TarpcServer { port, _runtime: runtime }))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        asynchronous::measure::<BenchClient>(work, session, budget)
    }
}

struct TarpcServer {
    port: u16,
    _runtime: Runtime,
}

impl Server for TarpcServer {
    fn port(&self) -> u16 {
        self.port
    }
}

async fn accept(listener: TcpListener) -> Outcome<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let channel = BaseChannel::with_defaults(transport(stream)?);
        let requests = channel.execute(Service.serve());
        tokio::spawn(requests.for_each(|request| async {
            tokio::spawn(request);
        }));
    }
}

/// What `serde_transport::tcp` makes of a stream, with `TCP_NODELAY`.
fn transport<Item, SinkItem>(
    stream: TcpStream,
) -> Outcome<Transport<TcpStream, Item, SinkItem, Bincode<Item, SinkItem>>>
where
    Item: for<'de> serde::Deserialize<'de>,
    SinkItem: serde::Serialize,
{
    stream.set_nodelay(true)?;
    let frames = LengthDelimitedCodec::builder().max_frame_length(usize::MAX).new_framed(stream);
    Ok(serde_transport::new(frames, Bincode::default()))
}

impl Connection for BenchClient {
    async fn connect(address: SocketAddr) -> Outcome<Self> {
        let transport = transport(TcpStream::connect(address).await?)?;
        Ok(BenchClient::new(client::Config::default(), transport).spawn())
    }

    async fn somme(&self, a: i64, b: i64) -> Outcome<i64> {
        Ok(BenchClient::somme(self, context::current(), a, b).await?)
    }

    async fn echo(&self, bytes: &[u8]) -> Outcome<()> {
        let back = BenchClient::echo(self, context::current(), ByteBuf::from(bytes)).await?;
        check_echo(bytes, &back)
    }
}
