//! A proxy between a client and a server.

use std::io::{self, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Starts a proxy in front of a server and returns its address. Each connection begins with what
/// `header` says of its client, a byte at a time; then bytes are passed on both ways, and the end of
/// either direction too. It lives as long as the process.
///
/// # Panics
/// If no port can be had. A connection whose server is gone ends the proxy's thread.
pub fn proxy(
    server: SocketAddr,
    header: impl Fn(SocketAddr) -> Vec<u8> + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a listener has an address");
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let told = header(client.peer_addr().expect("a client has an address"));
            let mut there = TcpStream::connect(server).expect("the server listens");
            for byte in told {
                there.write_all(&[byte]).expect("the server reads");
            }
            let copies = [&client, &there].map(|stream| stream.try_clone().expect("a descriptor"));
            let [client_too, there_too] = copies;
            thread::spawn(move || pass_on(client_too, there_too));
            thread::spawn(move || pass_on(there, client));
        }
    });
    address
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let _cut = io::copy(&mut from, &mut to);
    let _gone = to.shutdown(Shutdown::Write);
}
