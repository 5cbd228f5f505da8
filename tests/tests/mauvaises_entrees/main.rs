//! What bad input leads to: an error on the side that caused it, a reason on the other, and
//! nothing for anybody else.

mod accueil_client;
mod accueil_serveur;
mod appels;
mod banc;
mod client;
mod corps;
mod croissance;
mod croissance_client;
mod delais;
mod fenetre;
mod page;
mod trames;

use std::time::Duration;

use cconn_tests::{mutation, with_watchdog};

/// Far beyond what any of these tests takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Every fifth mutant takes half a second, and as 5 and 8 share no factor, meets every bit of a
/// byte somewhere.
const STEP: usize = 5;

#[test]
fn a_session_with_a_bit_flipped_or_its_end_cut_off() {
    let tally = with_watchdog("mutants", LIMIT, || mutation::attack(0, STEP));
    println!("{tally}");
    assert!(tally.closed > 0 && tally.ended > 0 && tally.lived > 0, "{tally}");
}
