//! The Rust of the guide, compiled and run as documentation tests, a page each.

macro_rules! pages {
    ($($page:ident $file:literal;)*) => {
        $(
            #[doc = include_str!(concat!("../../docs/guide/src/", $file))]
            struct $page;
        )*
    };
}

pages! {
    Introduction "introduction.md";
    FirstSteps "first-steps.md";
    Commands "commands.md";
    State "state.md";
    Types "types.md";
    Calls "calls.md";
    Order "order.md";
    Deadlines "deadlines.md";
    Broadcast "broadcast.md";
    Callbacks "callbacks.md";
    Threads "threads.md";
    Streams "streams.md";
    Context "context.md";
    LongCommands "long-commands.md";
    Async "async.md";
    ComingBack "coming-back.md";
    Errors "errors.md";
    Hooks "hooks.md";
    Figures "figures.md";
    Observing "observing.md";
    Stopping "stopping.md";
    Limits "limits.md";
    Testing "testing.md";
    Deployment "deployment.md";
    Local "local.md";
    Tool "tool.md";
    Systems "systems.md";
    Security "security.md";
    Evolution "evolution.md";
    FromPython "from-python.md";
    FromOthers "from-others.md";
    DistributedObjects "distributed-objects.md";
    Questions "faq.md";
    Francais "francais.md";
}

#[cfg(feature = "securite")]
#[doc = include_str!("../../docs/guide/src/encryption.md")]
struct Encryption;

/// One argument more than a closure may have, which the page of limits speaks of.
///
/// ```compile_fail
/// type Treize = (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);
/// let serveur = cconn::Serveur::new(0).unwrap();
/// serveur.enregistrer_commande("treize", |_, tous: Treize| tous.12).unwrap();
/// ```
///
/// The same with one less:
///
/// ```
/// type Douze = (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8);
/// let serveur = cconn::Serveur::new(0).unwrap();
/// serveur.enregistrer_commande("douze", |_, tous: Douze| tous.11).unwrap();
/// ```
struct Arguments;
