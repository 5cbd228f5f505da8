//! The smallest program with jsonrpsee: a server, a client, one call.

use std::error::Error;

use jsonrpsee::core::{RpcResult, async_trait};
use jsonrpsee::proc_macros::rpc;
use jsonrpsee::server::Server;
use jsonrpsee::ws_client::WsClientBuilder;

#[rpc(server, client)]
trait Bench {
    #[method(name = "somme")]
    async fn somme(&self, a: i64, b: i64) -> RpcResult<i64>;
}

struct Service;

#[async_trait]
impl BenchServer for Service {
    async fn somme(&self, a: i64, b: i64) -> RpcResult<i64> {
        Ok(a + b)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder().build("127.0.0.1:0").await?;
    let url = format!("ws://{}", server.local_addr()?);
    let _handle = server.start(Service.into_rpc());
    let client = WsClientBuilder::default().build(&url).await?;
    println!("{}", client.somme(12, 34).await?);
    Ok(())
}
