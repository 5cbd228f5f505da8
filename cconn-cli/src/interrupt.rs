//! Ctrl-C: it ends what the user waits for, or else the program, and programs that it has started.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, Weak};

use cconn::local::Enfant;

use crate::failure::{Failure, Kind, Outcome};

/// How many look for interrupts: if any does, the first one is only noted.
static LOOKERS: AtomicUsize = AtomicUsize::new(0);

/// Whether an interrupt was noted.
static HAS_COME: AtomicBool = AtomicBool::new(false);

/// The programs that were started here.
static STARTED: Mutex<Vec<Weak<Enfant>>> = Mutex::new(Vec::new());

/// For as long as a value of this type lives, the first interrupt is only noted, and the second one
/// ends the program. Values may overlap.
pub struct Looking {
    _begun: (),
}

impl Looking {
    pub fn begin() -> Outcome<Self> {
        watch()?;
        if LOOKERS.fetch_add(1, Ordering::Relaxed) == 0 {
            HAS_COME.store(false, Ordering::Relaxed);
        }
        Ok(Looking { _begun: () })
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        LOOKERS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether an interrupt was noted since somebody looks for one.
pub fn has_come() -> bool {
    HAS_COME.load(Ordering::Relaxed)
}

/// Has a program ended when the user interrupts this one.
pub fn ends_with_us(started: Weak<Enfant>) -> Outcome<()> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner).push(started);
    watch()
}

/// Ends the programs that were started here and have not ended.
pub fn end_started() {
    let started = std::mem::take(&mut *STARTED.lock().unwrap_or_else(PoisonError::into_inner));
    started.iter().filter_map(Weak::upgrade).for_each(|started| started.tuer());
}

/// Ends the program, and what it has started.
pub fn leave(code: u8) -> ! {
    end_started();
    process::exit(i32::from(code));
}

fn watch() -> Outcome<()> {
    static WATCHED: OnceLock<Result<(), String>> = OnceLock::new();
    let watched = WATCHED.get_or_init(|| {
        let on_interrupt = || {
            let is_first = !HAS_COME.swap(true, Ordering::Relaxed);
            if !(is_first && LOOKERS.load(Ordering::Relaxed) > 0) {
                leave(Kind::Interrupted as u8);
            }
        };
        ctrlc::set_handler(on_interrupt).map_err(|error| error.to_string())
    });
    watched.clone().map_err(Failure::usage)
}
