//! The smallest program with bare sockets: a server, a client, one call.

use std::io::{Read, Result, Write};
use std::net::{TcpListener, TcpStream};

fn serve(listener: &TcpListener) -> Result<()> {
    let (mut stream, _) = listener.accept()?;
    let mut numbers = [[0; 8]; 2];
    stream.read_exact(numbers.as_flattened_mut())?;
    let sum: i64 = numbers.into_iter().map(i64::from_le_bytes).sum();
    stream.write_all(&sum.to_le_bytes())
}

fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || serve(&listener));
    let mut stream = TcpStream::connect(address)?;
    stream.write_all([12_i64, 34].map(i64::to_le_bytes).as_flattened())?;
    let mut sum = [0; 8];
    stream.read_exact(&mut sum)?;
    println!("{}", i64::from_le_bytes(sum));
    Ok(())
}
