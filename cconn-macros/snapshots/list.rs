const LISTE: Commandes = cconn::__prive::list(const {
    &{
        let list = cconn::__prive::Constructeur::<
            2usize,
            cconn::__prive::Partout,
        >::new();
        let list = list.et::<somme>();
        #[cfg(unix)]
        let list = list.et::<module::ping>();
        list
    }
});
