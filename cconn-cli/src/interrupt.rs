//! Ctrl-C: it ends what the user waits for, or else the program, and programs that it has started.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, Weak};

use crate::dial::Started;
use crate::failure::{Failure, Kind, Outcome};

/// Whether somebody looks for interrupts, so that one ends what is waited for and not the program.
static IS_LOOKED_FOR: AtomicBool = AtomicBool::new(false);

/// Whether the user has interrupted what is waited for.
static HAS_COME: AtomicBool = AtomicBool::new(false);

/// The programs that were started here.
static STARTED: Mutex<Vec<Weak<Started>>> = Mutex::new(Vec::new());

/// For as long as it lives, the first interrupt is only noted.
pub struct Looking {
    has_come: &'static AtomicBool,
}

impl Looking {
    pub fn begin() -> Outcome<Self> {
        watch()?;
        HAS_COME.store(false, Ordering::Relaxed);
        IS_LOOKED_FOR.store(true, Ordering::Relaxed);
        Ok(Looking { has_come: &HAS_COME })
    }

    pub fn is_interrupted(&self) -> bool {
        self.has_come.load(Ordering::Relaxed)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        IS_LOOKED_FOR.store(false, Ordering::Relaxed);
    }
}

/// Has a program ended when the user interrupts this one.
pub fn ends_with_us(started: Weak<Started>) -> Outcome<()> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner).push(started);
    watch()
}

/// Ends the programs that were started here and have not ended.
pub fn end_started() {
    let started = std::mem::take(&mut *STARTED.lock().unwrap_or_else(PoisonError::into_inner));
    started.iter().filter_map(Weak::upgrade).for_each(|started| started.kill());
}

fn watch() -> Outcome<()> {
    static WATCHED: OnceLock<Result<(), String>> = OnceLock::new();
    let watched = WATCHED.get_or_init(|| {
        let on_interrupt = || {
            let is_first = !HAS_COME.swap(true, Ordering::Relaxed);
            if !(is_first && IS_LOOKED_FOR.load(Ordering::Relaxed)) {
                end_started();
                process::exit(Kind::Interrupted as i32);
            }
        };
        ctrlc::set_handler(on_interrupt).map_err(|error| error.to_string())
    });
    watched.clone().map_err(Failure::usage)
}
