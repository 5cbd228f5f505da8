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
    #[doc(hidden)]
    use ::cconn::__prive as __cconn_module;
    #[doc(hidden)]
    pub(super) const __CCONN_COMMANDS: &[__cconn_module::Description] = &[
        #[cfg(unix)]
        <somme as __cconn_module::Commande>::DESCRIPTION,
        <presents as __cconn_module::Commande>::DESCRIPTION,
    ];
    #[doc(hidden)]
    struct __CconnHere;
    #[doc(hidden)]
    trait __CconnCollects {
        fn __cconn_module(&self) -> __CconnHere;
    }
    const _: () = {
        impl __cconn_module::Module for __CconnHere {
            const PATH: &'static __cconn_module::str = __cconn_module::module_path!();
            const NAMES: &'static [__cconn_module::u64] = &[
                3303212615958906093u64, 3980832842762666324u64,
            ];
        }
        impl __CconnCollects for __cconn_module::ModuleProbe {
            fn __cconn_module(&self) -> __CconnHere {
                __CconnHere
            }
        }
    };
    /// The commands of this module, to register.
    pub const fn commandes() -> __cconn_module::Commandes<__cconn_module::ServeurSeul> {
        const __CCONN_DISTINCT: &[__cconn_module::Description] = __cconn_module::distinct::<
            4usize,
        >(__CCONN_COMMANDS);
        __cconn_module::list::<
            { __cconn_module::server_only(__CCONN_COMMANDS) },
        >(__CCONN_DISTINCT)
    }
}
