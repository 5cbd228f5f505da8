//! The smallest program with remoc: a server, a client, one call.

use std::error::Error;
use std::sync::Arc;

use remoc::prelude::*;
use remoc::rtc::CallError;
use tokio::net::{TcpListener, TcpStream};

#[rtc::remote]
trait Bench {
    async fn somme(&self, a: i64, b: i64) -> Result<i64, CallError>;
}

struct Service;

impl Bench for Service {
    async fn somme(&self, a: i64, b: i64) -> Result<i64, CallError> {
        Ok(a + b)
    }
}

async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error + Send>> {
    let boxed = |error| Box::new(error) as Box<dyn Error + Send>;
    let (socket, _) = listener.accept().await.map_err(boxed)?;
    let (rx, tx) = socket.into_split();
    let (server, client) = BenchServerShared::<_, remoc::codec::Default>::new(Arc::new(Service));
    let connect = remoc::Connect::io(remoc::Cfg::default(), rx, tx);
    connect.provide(client).await.map_err(|error| Box::new(error) as _)?;
    server.serve().await.map_err(|error| Box::new(error) as _)?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener));
    let (rx, tx) = TcpStream::connect(address).await?.into_split();
    let client: BenchClient = remoc::Connect::io(remoc::Cfg::default(), rx, tx).consume().await?;
    println!("{}", client.somme(12, 34).await?);
    Ok(())
}
