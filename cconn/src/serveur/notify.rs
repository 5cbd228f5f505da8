//! What systemd is told of a server: that it is ready, that it stops, and that it lives.
//!
//! A message is a datagram to the socket that `NOTIFY_SOCKET` names. Where there is none, nobody
//! wants to know.

use std::io;
use std::time::Duration;

use super::Serveur;

impl Serveur {
    /// Tells systemd that the server serves, and from then on that it lives, if systemd wants that.
    pub(super) fn tell_ready(&self) {
        if !self.shared.options.is_unique {
            return;
        }
        match tell("READY=1") {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                // systemd ends a service that it takes for one that never became ready.
                eprintln!(
                    "cconn: systemd can't be told that server {self} is ready: {error}; look at \
                     NOTIFY_SOCKET"
                );
                return;
            }
        }
        let Some(interval) = watchdog_interval() else { return };
        let serveur = self.clone();
        // Without a thread systemd ends the service, which then lacks what it needs.
        let _no_thread = crate::sync::spawn("cconn-watchdog".to_owned(), None, move || {
            // A roster that can't be locked any more is a server that hangs: then this waits too.
            while !serveur.shared.clients.wait_for_stop(interval) {
                // The next one is due before systemd loses patience.
                let _lost = tell("WATCHDOG=1");
            }
        });
    }

    /// Tells systemd that another process is the service from now on.
    #[cfg(unix)]
    pub(super) fn tell_successor(&self, pid: u32) {
        if self.shared.options.is_unique {
            // Told nothing, systemd takes the end of this process for the end of the service.
            if let Err(error) = tell(&format!("MAINPID={pid}")) {
                eprintln!(
                    "cconn: systemd can't be told that process {pid} takes over from server \
                     {self}: {error}; look at NOTIFY_SOCKET"
                );
            }
        }
    }

    pub(super) fn tell_stopping(&self) {
        if self.shared.options.is_unique && !self.shared.listener.is_relayed() {
            // systemd sees the end itself.
            let _lost = tell("STOPPING=1");
        }
    }
}

/// How often systemd wants to hear that the process lives: half of the time that it waits.
fn watchdog_interval() -> Option<Duration> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    let most = number("WATCHDOG_USEC").filter(|micros| ours && *micros > 0)?;
    Some(Duration::from_micros(most) / 2)
}

/// How long systemd may take to receive a message.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends a message; false if nobody wants one. Waits a second at most.
#[cfg(unix)]
fn tell(text: &str) -> io::Result<bool> {
    use std::os::unix::net::UnixDatagram;
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return Ok(false) };
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    #[cfg(target_os = "linux")]
    if let Some(name) = name.to_str().and_then(|name| name.strip_prefix('@')) {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        return socket.send_to_addr(text.as_bytes(), &address).map(|_| true);
    }
    socket.send_to(text.as_bytes(), name).map(|_| true)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix a message may be lost")]
fn tell(_: &str) -> io::Result<bool> {
    Ok(false)
}
