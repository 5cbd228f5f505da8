//! The smallest program with tarpc: a server, a client, one call.

use std::error::Error;

use futures::StreamExt;
use tarpc::context::{self, Context};
use tarpc::serde_transport::tcp;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;

#[tarpc::service]
trait Bench {
    async fn somme(a: i64, b: i64) -> i64;
}

#[derive(Clone)]
struct Service;

impl Bench for Service {
    async fn somme(self, _: Context, a: i64, b: i64) -> i64 {
        a + b
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut listener = tcp::listen("127.0.0.1:0", Bincode::default).await?;
    let address = listener.local_addr();
    tokio::spawn(async move {
        if let Some(Ok(transport)) = listener.next().await {
            let requests = BaseChannel::with_defaults(transport).execute(Service.serve());
            requests.for_each(|request| async { drop(tokio::spawn(request)) }).await;
        }
    });
    let transport = tcp::connect(address, Bincode::default).await?;
    let client = BenchClient::new(tarpc::client::Config::default(), transport).spawn();
    println!("{}", client.somme(context::current(), 12, 34).await?);
    Ok(())
}
