//! jsonrpsee 0.26, as its docs have it: an `rpc` trait with its macro, over WebSocket, on a
//! multi-threaded tokio runtime. Everything has its default setting but the number of connections,
//! as for cconn. Bytes travel as text in base64: JSON has none, and numbers would be slower.
//! Broadcasts are subscriptions, fed by a tokio channel as in its example.
//!
//! It calls in one direction only, and its server ignores notifications. A subscription
//! loses what its client is too slow for, so it does not do the work of a stream.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jsonrpsee::core::{RpcResult, SubscriptionResult, async_trait, to_json_raw_value};
use jsonrpsee::proc_macros::rpc;
use jsonrpsee::server::{ServerConfig, ServerHandle};
use jsonrpsee::types::ErrorObjectOwned;
use jsonrpsee::ws_client::{WsClient, WsClientBuilder};
use jsonrpsee::{PendingSubscriptionSink, SubscriptionMessage};
use tokio::runtime::Runtime;
use tokio::sync::broadcast;

use crate::drive::asynchronous::{self, Connection, run};
use crate::drive::{SUM, Tally, check_echo};
use crate::outcome::Outcome;
use crate::peer::{Budget, Figure, Peer, Server};
use crate::session::Session;
use crate::work::Work;

/// More than any work connects.
const MAX_CONNECTIONS: u32 = 4096;

/// Messages that a subscriber may be behind.
const BACKLOG: usize = 16;

#[rpc(server, client)]
trait Bench {
    #[method(name = "somme")]
    async fn somme(&self, a: i64, b: i64) -> RpcResult<i64>;

    #[method(name = "echo")]
    async fn echo(&self, base64: String) -> RpcResult<String>;

    #[subscription(name = "subscribeNews" => "news", unsubscribe = "unsubscribeNews", item = i64)]
    async fn news(&self) -> SubscriptionResult;
}

struct Service {
    news: broadcast::Sender<i64>,
}

#[async_trait]
impl BenchServer for Service {
    async fn somme(&self, a: i64, b: i64) -> RpcResult<i64> {
        Ok(a + b)
    }

    async fn echo(&self, base64: String) -> RpcResult<String> {
        let invalid =
            |error: base64::DecodeError| ErrorObjectOwned::owned(1, error.to_string(), None::<()>);
        Ok(BASE64.encode(BASE64.decode(base64).map_err(invalid)?))
    }

    async fn news(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        let mut news = self.news.subscribe();
        let sink = pending.accept().await?;
        while let Ok(number) = news.recv().await {
            let json = to_json_raw_value(&number)?;
            sink.send(SubscriptionMessage::from(json)).await?;
        }
        Ok(())
    }
}

pub(crate) struct Jsonrpsee;

impl Peer for Jsonrpsee {
    fn name(&self) -> &'static str {
        "jsonrpsee"
    }

    fn has(&self, work: Work) -> bool {
        !matches!(
            work,
            Work::OneWay
                | Work::Reverse
                | Work::Nested
                | Work::Listening
                | Work::First
                | Work::Stream
                | Work::Octets(_)
        )
    }

    fn serve(&self, _work: Work) -> Outcome<Box<dyn Server>> {
        let runtime = Runtime::new()?;
        let news = broadcast::Sender::new(BACKLOG);
        let service = Service { news: news.clone() };
        let (port, handle) = run(&runtime, async move {
            let config = ServerConfig::builder().max_connections(MAX_CONNECTIONS).build();
            let server = jsonrpsee::server::Server::builder().set_config(config);
            let server = server.build("127.0.0.1:0").await?;
            Ok((server.local_addr()?.port(), server.start(service.into_rpc())))
        })?;
        Ok(Box::new(JsonServer { port, news, _handle: handle, _runtime: runtime }))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        asynchronous::measure::<JsonConnection>(work, session, budget)
    }
}

struct JsonServer {
    port: u16,
    news: broadcast::Sender<i64>,
    _handle: ServerHandle,
    _runtime: Runtime,
}

impl Server for JsonServer {
    fn port(&self) -> u16 {
        self.port
    }

    fn broadcast(&mut self) -> Outcome<usize> {
        Ok(self.news.send(SUM)?)
    }
}

#[derive(Clone)]
struct JsonConnection(Arc<WsClient>);

impl Connection for JsonConnection {
    async fn connect(address: SocketAddr) -> Outcome<Self> {
        let client = WsClientBuilder::default().build(format!("ws://{address}")).await?;
        Ok(JsonConnection(Arc::new(client)))
    }

    async fn somme(&self, a: i64, b: i64) -> Outcome<i64> {
        Ok(self.0.somme(a, b).await?)
    }

    async fn echo(&self, bytes: &[u8]) -> Outcome<()> {
        let text = self.0.echo(BASE64.encode(bytes)).await?;
        check_echo(bytes, &BASE64.decode(text)?)
    }

    async fn listen(&self, messages: Arc<Tally>) -> Outcome<()> {
        let mut news = self.0.news().await?;
        tokio::spawn(async move {
            while let Some(Ok(_)) = news.next().await {
                messages.count();
            }
        });
        Ok(())
    }
}
