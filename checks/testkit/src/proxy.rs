//! A proxy between a client and a server.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

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
    far_away(server, header, Duration::ZERO)
}

/// A proxy like `proxy`, through which all bytes are that long under way.
///
/// # Panics
/// As `proxy`.
pub fn far_away(
    server: SocketAddr,
    header: impl Fn(SocketAddr) -> Vec<u8> + Send + 'static,
    delay: Duration,
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
            thread::spawn(move || pass_on(client_too, there_too, delay));
            thread::spawn(move || pass_on(there, client, delay));
        }
    });
    address
}

/// Passes bytes on, each read `delay` after it came.
fn pass_on(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        thread::sleep(delay);
        if to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _gone = to.shutdown(Shutdown::Write);
}
