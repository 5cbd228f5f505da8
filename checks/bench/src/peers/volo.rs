//! volo-thrift 0.12, as its guide has it: a service generated from
//! `service Bench { i64 somme(1: i64 a, 2: i64 b), binary echo(1: binary bytes) }`, framed messages
//! of the binary protocol on a multi-threaded tokio runtime, all settings the defaults. `generated`
//! is what volo-build made of it.
//!
//! A client is a pool: it has one call under way on a connection, and opens more connections for
//! more calls. So there is no work of many calls on one connection, and a client that has not called
//! yet has no connection, so there is none of idle ones either.

#[rustfmt::skip]
#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated")]
mod generated;

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use volo::net::Address;
use volo::net::incoming::DefaultIncoming;
use volo_thrift::{Bytes, ServerError};

use self::generated::bench::{Bench, BenchClient, BenchClientBuilder, BenchServer};
use crate::drive::asynchronous::{self, Connection, run};
use crate::drive::check_echo;
use crate::outcome::Outcome;
use crate::peer::{Budget, Figure, Peer, Server};
use crate::session::Session;
use crate::work::Work;

struct Service;

impl Bench for Service {
    async fn somme(&self, a: i64, b: i64) -> Result<i64, ServerError> {
        Ok(a + b)
    }

    async fn echo(&self, bytes: Bytes) -> Result<Bytes, ServerError> {
        Ok(bytes)
    }
}

pub(crate) struct Volo;

impl Peer for Volo {
    fn name(&self) -> &'static str {
        "volo-thrift"
    }

    fn has(&self, work: Work) -> bool {
        matches!(work, Work::Rtt | Work::Clients(_) | Work::Echo(_) | Work::Connect)
    }

    fn serve(&self, _work: Work) -> Outcome<Box<dyn Server>> {
        let runtime = Runtime::new()?;
        let listener = run(&runtime, async { Ok(TcpListener::bind("127.0.0.1:0").await?) })?;
        let port = listener.local_addr()?.port();
        runtime.spawn(BenchServer::new(Service).run(DefaultIncoming::from(listener)));
        Ok(Box::new(VoloServer { port, _runtime: runtime }))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        asynchronous::measure::<BenchClient>(work, session, budget)
    }
}

struct VoloServer {
    port: u16,
    _runtime: Runtime,
}

impl Server for VoloServer {
    fn port(&self) -> u16 {
        self.port
    }
}

impl Connection for BenchClient {
    async fn connect(address: SocketAddr) -> Outcome<Self> {
        Ok(BenchClientBuilder::new("bench").address(Address::Ip(address)).build())
    }

    async fn somme(&self, a: i64, b: i64) -> Outcome<i64> {
        Ok(BenchClient::somme(self, a, b).await?)
    }

    async fn echo(&self, bytes: &[u8]) -> Outcome<()> {
        let back = BenchClient::echo(self, Bytes::copy_from_slice(bytes)).await?;
        check_echo(bytes, &back)
    }
}
