//! What systemd is told of a server: that it is ready, that it stops, and that it lives.
//!
//! A message is a datagram to the socket that `NOTIFY_SOCKET` names. Where there is none, nobody
//! wants to know.

use std::time::Duration;

use super::Serveur;

impl Serveur {
    /// Tells systemd that the server serves, and from then on that it lives, if systemd wants that.
    pub(super) fn tell_ready(&self) {
        if !self.shared.options.notifies || !tell("READY=1") {
            return;
        }
        let Some(interval) = watchdog_interval() else { return };
        let serveur = self.clone();
        // Without a thread systemd ends the service, which then lacks what it needs.
        let _no_thread = crate::sync::spawn("cconn-watchdog".to_owned(), None, move || {
            // A roster that can't be locked any more is a server that hangs: then this waits too.
            while !serveur.shared.clients.wait_for_stop(interval) {
                tell("WATCHDOG=1");
            }
        });
    }

    pub(super) fn tell_stopping(&self) {
        if self.shared.options.notifies {
            tell("STOPPING=1");
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

/// Sends a message; false if nobody wants one. It is lost if systemd does not take it at once.
#[cfg(unix)]
fn tell(text: &str) -> bool {
    use std::os::unix::net::UnixDatagram;
    let Some(name) = std::env::var_os("NOTIFY_SOCKET") else { return false };
    let Ok(socket) = UnixDatagram::unbound() else { return false };
    let _blocks = socket.set_nonblocking(true);
    #[cfg(target_os = "linux")]
    if let Some(name) = name.to_str().and_then(|name| name.strip_prefix('@')) {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name);
        return address.and_then(|address| socket.send_to_addr(text.as_bytes(), &address)).is_ok();
    }
    socket.send_to(text.as_bytes(), name).is_ok()
}

#[cfg(not(unix))]
fn tell(_: &str) -> bool {
    false
}
