//! The smallest program with thrift: a server, a client, one call.
//!
//! `generated.rs` is what `thrift --gen rs bench.thrift` made, the compiler being 0.17.

#[allow(warnings, clippy::all, reason = "generated")]
#[rustfmt::skip]
mod generated;

use std::error::Error;
use std::net::{TcpListener, TcpStream};

use generated::{BenchSyncClient, BenchSyncHandler, BenchSyncProcessor, TBenchSyncClient};
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryInputProtocolFactory, TBinaryOutputProtocol,
    TBinaryOutputProtocolFactory,
};
use thrift::server::TServer;
use thrift::transport::{
    TBufferedReadTransport, TBufferedReadTransportFactory, TBufferedWriteTransport,
    TBufferedWriteTransportFactory, TIoChannel, TTcpChannel,
};

struct Service;

impl BenchSyncHandler for Service {
    fn handle_somme(&self, a: i64, b: i64) -> thrift::Result<i64> {
        Ok(a + b)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut server = TServer::new(
        TBufferedReadTransportFactory::new(),
        TBinaryInputProtocolFactory::new(),
        TBufferedWriteTransportFactory::new(),
        TBinaryOutputProtocolFactory::new(),
        BenchSyncProcessor::new(Service),
        2,
    );
    std::thread::spawn(move || server.listen(address));
    while TcpStream::connect(address).is_err() {
        std::thread::yield_now();
    }
    let mut channel = TTcpChannel::new();
    channel.open(address)?;
    let (read, write) = channel.split()?;
    let input = TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true);
    let output = TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true);
    println!("{}", BenchSyncClient::new(input, output).somme(12, 34)?);
    Ok(())
}
