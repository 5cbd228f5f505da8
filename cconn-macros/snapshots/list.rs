const LISTE: Commandes = {
    const __CCONN_COMMANDS: &[cconn::__prive::Description] = cconn::__prive::distinct::<
        4usize,
    >(
        &[
            <somme as cconn::__prive::Commande>::DESCRIPTION,
            #[cfg(unix)]
            <module::ping as cconn::__prive::Commande>::DESCRIPTION,
        ],
    );
    cconn::__prive::list::<
        { cconn::__prive::server_only(__CCONN_COMMANDS) },
    >(__CCONN_COMMANDS)
};
