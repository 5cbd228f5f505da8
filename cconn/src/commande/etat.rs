//! State and session: the values that a command is handed besides its arguments.

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use super::shelf::Kept;
use super::{Context, Fault};

/// A value of the program's that its commands share.
///
/// A command takes it as a parameter `&Etat<T>`, which is no part of the message. The program gives
/// the value with `fournir`, before the commands run. It derefs to the value. Commands of several
/// clients use it at the same time, so what changes needs a lock or an atomic.
///
/// # Examples
///
/// ```
/// use std::sync::Mutex;
/// use cconn::{Etat, Serveur, commande, commandes};
///
/// #[derive(Default)]
/// struct Caisse(Mutex<u64>);
///
/// #[commande]
/// fn verser(caisse: &Etat<Caisse>, montant: u64) -> u64 {
///     let mut solde = caisse.0.lock().unwrap();
///     *solde += montant;
///     *solde
/// }
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::options(0).fournir(Caisse::default()).ouvrir()?;
/// serveur.enregistrer(commandes![verser])?;
/// let client = serveur.client_local()?;
/// assert_eq!(client.appeler(verser { montant: 30 })?, 30);
/// assert_eq!(client.appeler(verser { montant: 12 })?, 42);
/// # Ok(())
/// # }
/// ```
#[doc(alias("Extension", "Data", "AppState"))]
#[doc(alias = "State")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Etat<T>(T);

/// A value that is kept with one connection and dropped with it.
///
/// A command takes it as a parameter `&Session<T>`, which is no part of the message. It is made from
/// `T: Default` when the first command of the connection asks for it, or by the closure that
/// [`OptionsServeur::session`](crate::OptionsServeur::session) was given, or by
/// [`Client::ouvrir_session`](crate::Client::ouvrir_session). It derefs to the value.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use cconn::{Serveur, Session, commande, commandes};
///
/// #[derive(Default)]
/// struct Visites(AtomicU32);
///
/// #[commande]
/// fn encore(visites: &Session<Visites>) -> u32 {
///     visites.0.fetch_add(1, Ordering::Relaxed) + 1
/// }
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::options(0).max_clients(2).ouvrir()?;
/// serveur.enregistrer(commandes![encore])?;
/// let (un, deux) = (serveur.client_local()?, serveur.client_local()?);
/// assert_eq!((un.appeler(encore {})?, un.appeler(encore {})?), (1, 2));
/// assert_eq!(deux.appeler(encore {})?, 1);
/// # Ok(())
/// # }
/// ```
#[doc(alias("Connection", "Local"))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Session<T>(T);

/// Gives both types what a plain wrapper has.
macro_rules! wrapper {
    ($($name:ident)*) => {
        $(
            impl<T> $name<T> {
                /// Wraps a value, to call a command's function directly, in a test for example.
                #[doc(alias = "wrap")]
                pub const fn new(value: T) -> Self {
                    $name(value)
                }
            }

            impl<T> Deref for $name<T> {
                type Target = T;

                #[inline]
                fn deref(&self) -> &T {
                    &self.0
                }
            }

            impl<T> From<T> for $name<T> {
                fn from(value: T) -> Self {
                    $name(value)
                }
            }

            impl<T: fmt::Display> fmt::Display for $name<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }
        )*
    };
}

wrapper!(Etat Session);

/// How a session is made from its type's default.
pub(super) type Make = fn() -> Kept;

/// A type that a command can be handed by reference.
#[diagnostic::on_unimplemented(
    message = "`&{Self}` can't be handed to a command",
    label = "neither state nor session",
    note = "state is `&cconn::Etat<T>` and a session is `&cconn::Session<T>`, where `T` is \
            `Send + Sync + 'static`: threads of several connections use it at the same time",
    note = "a type of the program's own that is called `Etat` or `Session`, and is meant as an \
            argument, is taken by value or under another name"
)]
pub trait HandedIn: Any + Sized {
    /// The type of the value.
    type Value;

    /// Whether it belongs to one connection.
    const SESSION: bool;

    /// Finds the value.
    fn find<'a>(context: &Context<'a>, make: Option<Make>) -> Option<&'a Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> HandedIn for Etat<T> {
    type Value = T;
    const SESSION: bool = false;

    #[inline]
    fn find<'a>(context: &Context<'a>, _: Option<Make>) -> Option<&'a Self> {
        context.hands.states.get()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> HandedIn for Session<T> {
    type Value = T;
    const SESSION: bool = true;

    #[inline]
    fn find<'a>(context: &Context<'a>, make: Option<Make>) -> Option<&'a Self> {
        let sessions = context.hands.sessions(context.client);
        if let Some(session) = sessions.get() {
            return Some(session);
        }
        // Two commands that run beside each other may both make one; the first is kept.
        sessions.put(std::any::TypeId::of::<Self>(), type_name::<T>(), make?());
        sessions.get()
    }
}

/// What a command takes and the program must provide.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Besoin {
    pub(super) session: bool,
    pub(super) ty: fn() -> std::any::TypeId,
    /// The name of the value's type.
    pub(super) name: fn() -> &'static str,
    pub(super) is_made: bool,
}

impl Besoin {
    /// The need for a value of this type.
    pub const fn of<T: HandedIn>(make: Option<Make>) -> Self {
        Besoin {
            session: T::SESSION,
            ty: std::any::TypeId::of::<T>,
            name: type_name::<T::Value>,
            is_made: make.is_some(),
        }
    }
}

/// The probe that finds how a value is made where the program gives none.
#[derive(Debug)]
pub struct Made<T>(PhantomData<T>);

impl<T: Default + Send + Sync + 'static> Made<Session<T>> {
    /// The way.
    pub const __CCONN_MAKE: Option<Make> = Some(|| Box::new(Session(T::default())));
}

/// No way: the program gives the value.
pub trait NotMade {
    /// The way.
    const __CCONN_MAKE: Option<Make> = None;
}

#[diagnostic::do_not_recommend]
impl<T> NotMade for Made<T> {}

/// The value of one parameter; a fault if the program gave none.
#[inline]
pub fn handed_in<'a, T: HandedIn>(
    context: &Context<'a>,
    make: Option<Make>,
) -> Result<&'a T, Fault> {
    T::find(context, make).ok_or_else(|| Fault::not_given(T::SESSION, type_name::<T::Value>()))
}
