//! Programs of one machine: Unix sockets.
#![cfg(unix)]

mod unix {
    mod autrui;
    mod dossier;
    mod enfants;
    mod etrangers;
    mod fichiers;
    mod lancements;
    mod programmes;
    mod relais;
    mod relatifs;
    mod systemd;
    mod verbes;
}
