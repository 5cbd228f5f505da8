//! The steps of the goodbye, in the orders in which both sides may say them.

use super::*;

#[test]
fn adieu_waits_for_the_peers_retrait_and_for_idleness() {
    // [retrait.answer] [adieu.when]
    let mut end = Goodbye::default();
    end.begin_stop();
    assert_eq!(end.next_step(true, true), Step::Retrait);
    end.say_retrait(0);
    assert_eq!(end.next_step(true, true), Step::Nothing, "the peer has not retired");
    end.hear_retrait();
    assert_eq!(end.next_step(false, true), Step::Nothing, "a handler runs");
    end.senders = 1;
    assert_eq!(end.next_step(true, true), Step::Nothing, "a thread is sending");
    end.senders = 0;
    assert_eq!(end.next_step(true, true), Step::Adieu);
    end.say_adieu();
    assert_eq!(end.next_step(true, true), Step::Nothing, "the peer may still send");
    end.hear_adieu();
    assert_eq!(end.next_step(true, false), Step::Nothing, "our adieu is not written");
    assert_eq!(end.next_step(true, true), Step::Finish);
}

#[test]
fn handlers_may_send_while_stopping_but_not_after_adieu() {
    // [retrait.after] [adieu.after]
    let mut end = Goodbye::default();
    end.begin_stop();
    assert!(end.admits(true) && !end.admits(false));
    end.say_adieu();
    assert!(!end.admits(true));
}
