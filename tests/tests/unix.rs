//! Programs of one machine: Unix sockets.
#![cfg(unix)]

mod unix {
    mod autrui;
    mod dossier;
    mod enfants;
    mod fichiers;
    mod lancements;
    mod programmes;
    mod relais;
    mod systemd;
    mod verbes;
}
