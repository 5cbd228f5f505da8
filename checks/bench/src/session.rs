//! The server process as its client sees it: started, asked over its standard streams, ended with
//! the client.
//!
//! A request is one line, and so is the answer; what the words mean stands in `roles::server`.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::outcome::Outcome;
use crate::roles;
use crate::work::Case;

pub(crate) struct Session {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Session {
    pub(crate) fn start(peer: &str, case: Case, cpu: Option<usize>) -> Outcome<Session> {
        let cpu = cpu.map_or("-".to_owned(), |cpu| cpu.to_string());
        let mut child = Command::new(std::env::current_exe()?)
            .args([roles::SERVER, peer, &case.number().to_string(), &cpu])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut session = Session { child, requests, answers, address };
        let port = session.read()?.parse()?;
        session.address.set_port(port);
        Ok(session)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// CPU time that the server has used.
    pub(crate) fn cpu_time(&mut self) -> Outcome<Duration> {
        Ok(Duration::from_nanos(self.ask("cpu")?.parse()?))
    }

    /// Memory of the server, KiB.
    pub(crate) fn resident_kib(&mut self) -> Outcome<u64> {
        Ok(self.ask("rss")?.parse()?)
    }

    /// Memory that the server took ahead for each connection, KiB.
    pub(crate) fn ahead_kib(&mut self) -> Outcome<f64> {
        Ok(self.ask("ahead")?.parse()?)
    }

    /// Descriptors that the server has open.
    pub(crate) fn descriptors(&mut self) -> Outcome<usize> {
        Ok(self.ask("descriptors")?.parse()?)
    }

    /// Lets the server call its client for that long: the median of one call, in microseconds.
    pub(crate) fn reverse(&mut self, budget: Duration) -> Outcome<f64> {
        Ok(self.ask(&format!("reverse {}", budget.as_millis()))?.parse()?)
    }

    /// Lets the server send a message to every client: how many it was sent to.
    pub(crate) fn broadcast(&mut self) -> Outcome<usize> {
        Ok(self.ask("broadcast")?.parse()?)
    }

    fn ask(&mut self, request: &str) -> Outcome<String> {
        writeln!(self.requests, "{request}")?;
        self.read()
    }

    fn read(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err("the server process has ended".into());
        }
        match line.trim_end().split_once(' ') {
            Some(("ok", answer)) => Ok(answer.to_owned()),
            Some(("error", text)) => Err(format!("the server: {text}").into()),
            _ => Err(format!("the server said {line:?}").into()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It ends at the end of its input too; this is for one that hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
