//! The bytes of a connection, as something between its two sides sees them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use cconn::Client;

/// The bytes of both directions of a connection on which `talk` talks: to the server, and back.
pub fn captured(server: &str, talk: impl FnOnce(&Client)) -> [Vec<u8>; 2] {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let to = server.to_owned();
    let between = thread::spawn(move || {
        let (near, _) = listener.accept().unwrap();
        let far = TcpStream::connect(to).unwrap();
        let there = copying(near.try_clone().unwrap(), far.try_clone().unwrap());
        let back = copying(far, near);
        [there.join().unwrap(), back.join().unwrap()]
    });
    let client = Client::new(address.as_str()).unwrap();
    talk(&client);
    client.eteindre().unwrap();
    drop(client);
    between.join().unwrap()
}

/// Copies until the end, and keeps what it has copied.
fn copying(mut from: TcpStream, mut to: TcpStream) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            all.extend(&buffer[..count]);
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        // The other side may be gone already.
        let _gone = to.shutdown(std::net::Shutdown::Write);
        all
    })
}
