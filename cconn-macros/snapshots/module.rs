/// Calculations.
pub mod calcul {
    //! More of it.
    #[commande]
    #[cfg(unix)]
    fn somme(a: i64, b: i64) -> i64 {
        a + b
    }
    fn aide() {}
    #[cconn::commande(serveur = s)]
    pub fn presents(s: &Hote) -> usize {
        s.clients().len()
    }
    /// The commands of this module, to register.
    pub const fn commandes() -> ::cconn::__prive::Commandes<
        ::cconn::__prive::ServeurSeul,
    > {
        ::cconn::__prive::list(const {
            &{
                let list = ::cconn::__prive::Constructeur::<
                    2usize,
                    ::cconn::__prive::ServeurSeul,
                >::new();
                #[cfg(unix)]
                let list = list.et::<somme>();
                let list = list.et::<presents>();
                list
            }
        })
    }
}
