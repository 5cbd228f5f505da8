//! The smallest program with tonic: a server, a client, one call. `generated` is what tonic-build
//! makes of a service with the one method `Somme`, which takes a `Pair` and answers a `Sum`.

#[rustfmt::skip]
#[allow(warnings, clippy::all, clippy::pedantic, reason = "generated")]
mod generated;

use std::error::Error;

use generated::bench_client::BenchClient;
use generated::bench_server::{Bench, BenchServer};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Pair {
    #[prost(int64, tag = "1")]
    a: i64,
    #[prost(int64, tag = "2")]
    b: i64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Sum {
    #[prost(int64, tag = "1")]
    sum: i64,
}

struct Service;

#[tonic::async_trait]
impl Bench for Service {
    async fn somme(&self, request: Request<Pair>) -> Result<Response<Sum>, Status> {
        let Pair { a, b } = request.into_inner();
        Ok(Response::new(Sum { sum: a + b }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = Server::builder().add_service(BenchServer::new(Service));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let mut client = BenchClient::connect(format!("http://{address}")).await?;
    println!("{}", client.somme(Pair { a: 12, b: 34 }).await?.into_inner().sum);
    Ok(())
}
