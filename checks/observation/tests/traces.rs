//! Spans of connections and commands, as a tracing subscriber is told of them.

use std::time::{Duration, Instant};

use cconn::contexte::{Contexte, Trace};
use cconn::flux::Flux;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{Running, raw, with_watchdog};
use observation::{FATAL, FATAL_LATER, Seen, calls, commands, observe, observed};

const LIMIT: Duration = Duration::from_secs(20);

/// Waits until something was told.
fn soon(what: &str, look: impl Fn() -> Vec<Seen>) -> Seen {
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(seen) = look().pop() {
            return seen;
        }
        assert!(Instant::now() < until, "{what} was not told");
        std::thread::yield_now();
    }
}

/// The one span of a command, once it is over.
fn span(name: &str) -> Seen {
    let closed = || commands(name).into_iter().filter(|span| span.closed).collect();
    let span = soon(name, closed);
    assert_eq!(commands(name).len(), 1, "{name} ran once");
    span
}

/// The one span of a call, once it is over.
fn call(name: &str) -> Seen {
    let closed = || calls(name).into_iter().filter(|span| span.closed).collect();
    let span = soon(name, closed);
    assert_eq!(calls(name).len(), 1, "{name} was called once");
    span
}

#[commande]
fn tr_somme(a: i64, b: i64) -> i64 {
    tracing::info!(inside = "tr_somme", "adds");
    a + b
}

#[commande]
fn tr_refus(n: u8) -> Result<u8, String> {
    Err(format!("{n} is too small"))
}

#[commande]
fn tr_panique() {
    panic!("on purpose");
}

#[test]
fn a_command_has_a_span_with_its_name_size_outcome_and_time() {
    with_watchdog("spans of commands", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![tr_somme, tr_refus, tr_panique]).unwrap();
        let client = serveur.client_local().unwrap();
        assert_eq!(client.appeler(tr_somme { a: 12, b: 34 }).unwrap(), 46);
        client.appeler(tr_refus { n: 3 }).unwrap_err();
        client.appeler(tr_panique {}).unwrap_err();
        client.appeler::<(), _>(nommee("tr_absente", ())).unwrap_err();

        let somme = span("tr_somme");
        assert_eq!((somme.field("bytes"), somme.field("answer_bytes")), ("2", "1"), "{somme:?}");
        assert_eq!((somme.field("outcome"), somme.field("otel.status_code")), ("Reponse", ""));
        assert_eq!((somme.field("connection"), somme.field("depth")), ("1", "0"), "{somme:?}");
        assert_eq!(somme.field("otel.name"), "tr_somme");
        assert!(somme.field("duration_us").parse::<u64>().is_ok(), "{somme:?}");
        let sent = call("tr_somme");
        assert_eq!(somme.field("trace_id"), sent.field("trace_id"));
        assert_eq!(somme.field("parent_id"), sent.field("span_id"), "its caller is the call");
        let event = soon("the event", || observed(|one| one.field("inside") == "tr_somme"));
        assert_eq!(event.parent, somme.id, "what a command logs stands in its span");

        assert_eq!(span("tr_refus").field("outcome"), "Refus");
        let panique = span("tr_panique");
        assert_eq!(panique.field("outcome"), "Panique");
        assert_eq!(panique.field("otel.status_code"), "ERROR");
        let absent = |one: &Seen| one.field("outcome") == "Inconnue";
        let absent = |one: &Seen| one.name == "cconn.command" && absent(one);
        let absente = soon("the unknown command", || observed(absent));
        assert!(absente.field("command").starts_with('#'), "{absente:?}");
    });
}

#[test]
fn a_subscriber_that_panics_harms_no_command() {
    with_watchdog("a subscriber that panics", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer_commande(FATAL, |_, (n,): (u64,)| 2 * n).unwrap();
        let client = serveur.client_local().unwrap();
        for n in 0..3 {
            assert_eq!(client.appeler::<u64, _>(nommee(FATAL, (n,))).unwrap(), 2 * n);
        }
        client.eteindre().unwrap();
        assert!(commands(FATAL).is_empty(), "it never got as far as its name");
    });
}

#[test]
fn a_subscriber_that_panics_later_harms_no_call() {
    with_watchdog("a subscriber that panics later", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer_commande(FATAL_LATER, |_, (n,): (u64,)| 2 * n).unwrap();
        let client = serveur.client_local().unwrap();
        for n in 0..3 {
            assert_eq!(client.appeler::<u64, _>(nommee(FATAL_LATER, (n,))).unwrap(), 2 * n);
            let later = client.differer::<u64, _>(nommee(FATAL_LATER, (n,))).unwrap();
            assert_eq!(later.attendre().unwrap(), 2 * n);
        }
        client.eteindre().unwrap();
        assert_eq!(calls(FATAL_LATER).len(), 6);
    });
}

#[test]
fn a_call_has_a_span_inside_its_callers() {
    with_watchdog("spans of calls", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer_commande("ap_somme", |_, (a, b): (i64, i64)| a + b).unwrap();
        let client = serveur.client_local().unwrap();
        let request = tracing::info_span!("the request of a user");
        let sum = request.in_scope(|| {
            tracing::info!(inside = "ap_request", "calls");
            client.appeler::<i64, _>(nommee("ap_somme", (12_i64, 34_i64)))
        });
        assert_eq!(sum.unwrap(), 46);
        let (sent, run) = (call("ap_somme"), span("ap_somme"));
        let event = soon("the event", || observed(|one| one.field("inside") == "ap_request"));
        assert_eq!(sent.parent, event.parent, "both stand in the request: {sent:?}");
        for field in ["bytes", "answer_bytes", "outcome", "trace_id", "command"] {
            assert_eq!(sent.field(field), run.field(field), "{field}: {sent:?}, {run:?}");
        }
        assert_eq!((sent.field("outcome"), sent.field("otel.kind")), ("Reponse", "client"));
        assert_eq!(sent.field("otel.name"), "ap_somme");
        assert_eq!(sent.field("connection"), client.id().to_string());
        assert_eq!(sent.field("parent_id"), "", "the trace begins with the call");
        let time = |span: &Seen| span.field("duration_us").parse::<u64>().unwrap();
        assert!(time(&sent) >= time(&run), "{sent:?}, {run:?}");
    });
}

#[test]
fn the_span_of_a_call_says_how_it_ended() {
    with_watchdog("ends of calls", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        serveur
            .enregistrer_commande("ap_refus", |_, (): ()| Err::<(), _>("too small".to_owned()))
            .unwrap();
        serveur
            .enregistrer_commande("ap_panique", |_, (): ()| -> () { panic!("on purpose") })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let plain = |name: &'static str| client.appeler::<(), _>(nommee(name, ()));
        plain("ap_refus").unwrap_err();
        plain("ap_panique").unwrap_err();
        plain("ap_absente").unwrap_err();
        client.eteindre().unwrap();
        plain("ap_trop_tard").unwrap_err();
        client.differer::<(), _>(nommee("ap_differee_trop_tard", ())).unwrap_err();
        let ended = |name: &str| {
            let span = call(name);
            (span.field("outcome").to_owned(), span.field("otel.status_code").to_owned())
        };
        let is = |outcome: &str, status: &str| (outcome.to_owned(), status.to_owned());
        assert_eq!(ended("ap_panique"), is("Panique", "ERROR"));
        assert_eq!(ended("ap_absente"), is("Inconnue", "ERROR"));
        assert_eq!(ended("ap_trop_tard"), is("Fermee", "ERROR"));
        assert_eq!(ended("ap_differee_trop_tard"), is("Fermee", "ERROR"));
        assert_eq!(ended("ap_refus").0, span("ap_refus").field("outcome"));
    });
}

#[test]
fn a_deferred_call_has_a_span_until_it_is_claimed_or_given_up() {
    with_watchdog("spans of deferred calls", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        let double = |_: &Client, (n,): (u64,)| 2 * n;
        for name in ["ap_differee", "ap_essayee", "ap_laissee"] {
            serveur.enregistrer_commande(name, double).unwrap();
        }
        let client = serveur.client_local().unwrap();
        let deferred = client.differer::<u64, _>(nommee("ap_differee", (1_u64,))).unwrap();
        let tried = client.essayer_appel::<u64, _>(nommee("ap_essayee", (2_u64,))).unwrap();
        let dropped = client.differer::<u64, _>(nommee("ap_laissee", (3_u64,))).unwrap();
        let open = calls("ap_differee").pop().unwrap();
        assert!(!open.closed && open.field("outcome").is_empty(), "{open:?}");
        assert_eq!((deferred.attendre().unwrap(), tried.attendre().unwrap()), (2, 4));
        drop(dropped);
        for name in ["ap_differee", "ap_essayee"] {
            let (sent, run) = (call(name), span(name));
            assert_eq!((sent.field("outcome"), sent.field("answer_bytes")), ("Reponse", "1"));
            assert_eq!(sent.field("bytes"), run.field("bytes"));
            assert_eq!(sent.field("span_id"), run.field("parent_id"), "{name}");
        }
        assert_eq!(call("ap_laissee").field("outcome"), "Abandonnee");
    });
}

#[commande]
fn ap_suit(client: &Client, jusqu_a: u64) -> u64 {
    client.avancement(jusqu_a, jusqu_a, "done");
    jusqu_a
}

#[commande]
fn ap_flux(jusqu_a: u64) -> Flux<u64> {
    Flux::de(0..jusqu_a)
}

#[commande]
fn ap_nourrie(items: Flux<u64>) -> Resultat<u64> {
    let items: Resultat<Vec<u64>> = items.collect();
    Ok(items?.into_iter().sum())
}

#[test]
fn calls_with_streams_and_reports_have_spans_too() {
    with_watchdog("spans of calls with streams", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![ap_suit, ap_flux, ap_nourrie]).unwrap();
        let client = serveur.client_local().unwrap();
        assert_eq!(client.appeler_suivi(ap_suit { jusqu_a: 7 }, |_| ()).unwrap(), 7);
        assert_eq!(client.appeler(ap_flux { jusqu_a: 5 }).unwrap().count(), 5);
        let logs = (1..=3).inspect(|n| {
            if *n == 2 {
                tracing::info!(inside = "ap_nourrie", "is pulled");
            }
        });
        assert_eq!(client.appeler(ap_nourrie { items: Flux::de(logs) }).unwrap(), 6);
        for name in ["ap_suit", "ap_flux", "ap_nourrie"] {
            let (sent, run) = (call(name), span(name));
            assert_eq!(sent.field("outcome"), "Reponse", "{sent:?}");
            assert_eq!(sent.field("span_id"), run.field("parent_id"), "{name}");
        }
        let event = soon("the event", || observed(|one| one.field("inside") == "ap_nourrie"));
        assert_eq!(event.parent, call("ap_nourrie").id, "the caller's iterator runs in the call");
    });
}

#[test]
fn hooks_run_inside_the_span_of_their_command() {
    with_watchdog("spans of hooks", LIMIT, || {
        observe();
        let serveur = Serveur::options(0)
            .avant_commande(|execution| {
                tracing::info!(before = execution.nom());
                Err(Erreur::echec("not today"))
            })
            .ouvrir()
            .unwrap();
        serveur.enregistrer_commande("tr_gardee", |_, (): ()| ()).unwrap();
        let client = serveur.client_local().unwrap();
        client.appeler::<(), _>(nommee("tr_gardee", ())).unwrap_err();
        let span = span("tr_gardee");
        assert_eq!(span.field("outcome"), "Interdite");
        let event = soon("the hook's event", || observed(|one| one.field("before") == "tr_gardee"));
        assert_eq!(event.parent, span.id);
    });
}

/// The span of the connection to that server on one of its sides, which a command named `within`
/// came by.
fn connection(side: &str, to: &Client, within: &str) -> Option<Seen> {
    let server = format!("{} ", to.adresse().unwrap());
    let command = commands(within).pop();
    let is_meant = |one: &Seen| match side {
        "client" => one.field("peer").starts_with(&server),
        _ => command.as_ref().is_some_and(|command| command.parent == one.id),
    };
    let is_meant = |one: &Seen| one.field("side") == side && is_meant(one);
    observed(|one| one.name == "cconn.connection" && is_meant(one)).pop()
}

#[test]
fn a_connection_has_a_span_on_both_sides_and_its_commands_stand_in_it() {
    with_watchdog("spans of connections", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer_commande("tr_dedans", |_, (): ()| ()).unwrap();
        let running = Running::of(serveur);
        let outer = tracing::info_span!("a request");
        let client = outer.in_scope(|| Client::new(running.serveur.adresse()).unwrap());
        client.appeler::<(), _>(nommee("tr_dedans", ())).unwrap();
        let of = |side| connection(side, &client, "tr_dedans").into_iter().collect::<Vec<_>>();
        for side in ["server", "client"] {
            let open = soon(side, || of(side));
            assert!(open.parent.is_none() && !open.closed && open.field("outcome").is_empty());
        }
        client.eteindre().unwrap();
        for side in ["server", "client"] {
            let closed = || of(side).into_iter().filter(|one| one.closed).collect();
            let over = soon("the end", closed);
            assert_eq!(over.field("outcome"), "ended", "{over:?}");
            assert!(over.field("duration_us").parse::<u64>().is_ok(), "{over:?}");
        }
        drop(outer);
        running.stop().unwrap();
    });
}

#[test]
fn a_connection_that_is_lost_says_why() {
    with_watchdog("a lost connection", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        let running = Running::of(serveur);
        let peer = raw::Raw::client(running.serveur.adresse().socket().unwrap());
        let peer_address = peer.stream().local_addr().unwrap().to_string();
        drop(peer);
        let lost = soon("the loss", || {
            observed(|one| {
                one.field("peer").starts_with(&format!("{peer_address} "))
                    && one.field("outcome") == "lost"
                    && one.closed
            })
        });
        assert!(!lost.field("reason").is_empty(), "{lost:?}");
    });
}

#[test]
fn a_newcomer_that_is_refused_is_an_event() {
    with_watchdog("a refusal", LIMIT, || {
        observe();
        let serveur = Serveur::options(0).max_clients(1).ouvrir().unwrap();
        let running = Running::of(serveur);
        let _only = running.client();
        let refused = || observed(|one| one.field("message").contains("did not become a client"));
        let before = refused().len();
        Client::new(running.serveur.adresse()).unwrap_err();
        let until = Instant::now() + LIMIT;
        while refused().len() == before && Instant::now() < until {
            std::thread::yield_now();
        }
        let full = refused().into_iter().find(|one| one.field("reason").contains("full"));
        assert!(full.is_some(), "{:?}", refused());
    });
}

#[test]
fn the_trace_of_a_caller_is_that_of_the_command_and_of_what_it_calls() {
    with_watchdog("a trace", LIMIT, || {
        observe();
        let serveur = Serveur::new(0).unwrap();
        let nested = |client: &Client, (): ()| client.appeler::<(), _>(nommee("tr_fond", ()));
        serveur.enregistrer_commande("tr_relais", nested).unwrap();
        let client = serveur.client_local().unwrap();
        client.enregistrer_commande("tr_fond", |_, (): ()| ()).unwrap();
        let trace = Trace::nouvelle();
        let calls = || client.appeler::<(), _>(nommee("tr_relais", ()));
        Contexte::vide().avec_trace(trace).dans(calls).unwrap();
        let (relais, fond) = (span("tr_relais"), span("tr_fond"));
        let id = trace.id_hexa();
        assert_eq!((relais.field("trace_id"), fond.field("trace_id")), (&*id, &*id));
        let mine = format!("{:016x}", u64::from_be_bytes(trace.span()));
        let (outer, inner) = (call("tr_relais"), call("tr_fond"));
        assert_eq!(outer.field("parent_id"), mine);
        assert_eq!(relais.field("parent_id"), outer.field("span_id"));
        assert_eq!(inner.field("parent_id"), relais.field("span_id"));
        assert_eq!(fond.field("parent_id"), inner.field("span_id"));
        assert_eq!((outer.field("trace_id"), inner.field("trace_id")), (&*id, &*id));
        assert_eq!(inner.parent, relais.id, "the call stands in the command that makes it");
        assert_eq!((relais.field("depth"), fond.field("depth")), ("0", "1"));
    });
}

#[cfg(unix)]
#[test]
fn a_trace_that_begins_in_a_command_goes_on_in_another_process() {
    with_watchdog("a trace through processes", LIMIT, || {
        observe();
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_trace"));
        let child = Client::enfant(child).unwrap();
        let serveur = Serveur::new(0).unwrap();
        let asks = {
            let child = child.clone();
            move |_: &Client, (): ()| -> Resultat<[String; 4]> {
                child.appeler(nommee("la_bas", ()))
            }
        };
        serveur.enregistrer_commande("tr_ici", asks).unwrap();
        let client = serveur.client_local().unwrap();
        let there: [String; 4] = client.appeler(nommee("tr_ici", ())).unwrap();
        let (here, sent) = (span("tr_ici"), call("la_bas"));
        let [trace, own, parent, depth] = there;
        assert_eq!(trace, here.field("trace_id"));
        assert_eq!(parent, sent.field("span_id"));
        assert_eq!(sent.field("parent_id"), here.field("span_id"));
        assert!(own.len() == 16 && own != parent, "{own}");
        assert_eq!(depth, "1");
        child.eteindre().unwrap();
    });
}
