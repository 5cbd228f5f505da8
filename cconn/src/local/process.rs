//! A child process that is waited for by a thread of its own, and the socket pair to it.

use std::fmt;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions};

use super::enfant::not_started;
use crate::client::Client;
use crate::commande::Given;
use crate::connexion::{Settings, join_child};
use crate::erreur::Resultat;
use crate::sync::Mutex;
use crate::transport::{ChildStream, Closing, Exit, Socket};

/// A child process. No zombie is left of it, and its number is not used after it has ended.
pub(super) struct Process {
    child: Arc<Mutex<Child>>,
    exit: Arc<Exit>,
    program: Box<str>,
}

impl Process {
    /// Starts a program with one end of a socket pair as its standard input.
    #[inline]
    pub(super) fn start(command: &mut Command) -> Resultat<(Process, ChildStream)> {
        let program = command.get_program().to_string_lossy().into_owned();
        let (ours, theirs) = UnixStream::pair().map_err(|cause| not_started(&program, &cause))?;
        command.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
        let child = command.spawn();
        // The command keeps its end open, and the stream would not end with the child.
        command.stdin(Stdio::null());
        let process =
            Process::watched(child.map_err(|cause| not_started(&program, &cause))?, program)?;
        let stream = Closing::new(Socket::new(ours));
        let stream = ChildStream::new(stream, process.exit.clone());
        Ok((process, stream))
    }

    /// Has a thread wait for a child that has just been started.
    #[inline]
    pub(super) fn watched(child: Child, program: String) -> Resultat<Process> {
        let exit = Arc::new(Exit::of(child.id()));
        let child = Arc::new(Mutex::new(child));
        let process = Process { child, exit, program: program.into() };
        let (child, exit) = (process.child.clone(), process.exit.clone());
        let name = format!("cconn-enfant-{}", exit.pid);
        let waits = crate::sync::spawn(name, None, move || wait_for(&child, &exit));
        if let Err(cause) = waits {
            let mut child = process.child.lock();
            let _ended = child.kill();
            let _reaped = child.wait();
            return Err(not_started(&process.program, &cause));
        }
        Ok(process)
    }

    #[inline]
    pub(super) fn pid(&self) -> u32 {
        self.exit.pid
    }

    /// What errors call the connection.
    #[inline]
    pub(super) fn label(&self) -> String {
        let program = std::path::Path::new(&*self.program).file_name();
        let program = program.map_or(self.program.as_ref().into(), |name| name.to_string_lossy());
        format!("child {} (`{program}`)", self.pid())
    }

    #[inline]
    pub(super) fn stdout(&self) -> Option<ChildStdout> {
        self.child.lock().stdout.take()
    }

    #[inline]
    pub(super) fn stderr(&self) -> Option<ChildStderr> {
        self.child.lock().stderr.take()
    }

    /// How the process ended; `None` if it has not within `most`.
    #[inline]
    pub(super) fn wait(&self, most: Duration) -> Option<ExitStatus> {
        self.exit.wait(Instant::now().checked_add(most))
    }

    #[inline]
    pub(super) fn kill(&self) {
        // Under the lock the number of the process still belongs to it, or it was reaped, which
        // `kill` knows.
        let _has_ended = self.child.lock().kill();
    }
}

impl fmt::Debug for Process {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.pid()).finish()
    }
}

/// Waits until the child has ended, without taking its number from it; then reaps it under the
/// lock.
#[inline]
fn wait_for(child: &Mutex<Child>, exit: &Exit) {
    let pid = i32::try_from(exit.pid).ok().and_then(Pid::from_raw);
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while let Some(pid) = pid {
        match rustix::process::waitid(WaitId::Pid(pid), options) {
            Err(rustix::io::Errno::INTR) => {}
            _ => break,
        }
    }
    let status = child.lock().wait();
    // If another part of the program has reaped it, nobody can tell how it ended.
    if let Ok(status) = status {
        exit.tell(status);
    }
}

/// Greets the child over its stream, and makes the connection.
#[inline]
pub(super) fn join(
    settings: &Settings,
    given: &mut Given,
    stream: ChildStream,
    text: &str,
) -> Resultat<Client> {
    join_child(settings, given, Arc::new(stream), text)
}
