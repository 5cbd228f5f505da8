fn remplir(octets: &mut Vec<u8>, a: i64) -> i64 {
    octets.clear();
    a
}
/**

Answer: `i64`.*/
struct remplir {
    /// The argument `octets`.
    octets: ::cconn::__prive::Invalid,
    /// The argument `a`.
    a: i64,
}
const _: () = {
    use ::cconn::__prive as __cconn;
    use __cconn::{
        ByDefault as _, PlainByDefault as _, ProbeNothing as _, ReadNever as _,
        ReadSerde as _, ShowDebug as _, ShowNothing as _, ValueByDefault as _,
        WriteNever as _, WriteSerde as _,
    };
    const __CCONN_HEAD: __cconn::Tete<'static> = __cconn::Tete::fixed("remplir", 0, "");
    #[doc(hidden)]
    impl __cconn::Message for remplir {
        fn tete(&self) -> __cconn::Tete<'_> {
            __CCONN_HEAD
        }
        fn ecrire<'__cconn>(
            &'__cconn self,
            __cconn_out: &mut __cconn::Ecrivain<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ErreurCodec> {
            __cconn::Arg(&self.octets).__cconn_write(__cconn_out)?;
            __cconn::Arg(&self.a).__cconn_write(__cconn_out)?;
            __cconn::Ok(())
        }
    }
    #[doc(hidden)]
    impl __cconn::fmt::Debug for remplir {
        fn fmt(
            &self,
            __cconn_f: &mut __cconn::fmt::Formatter<'_>,
        ) -> __cconn::fmt::Result {
            __cconn::debug(
                __cconn_f,
                "remplir",
                &[
                    ("octets", __cconn::Shown(&self.octets).__cconn_show()),
                    ("a", __cconn::Shown(&self.a).__cconn_show()),
                ],
            )
        }
    }
    const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<i64>::__CCONN_KIND,
        __cconn::Answer::<i64>::__CCONN_KIND,
    );
    #[doc(hidden)]
    impl __cconn::Appel<<i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur>
    for remplir {
        type Refus = <i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Refus;
        fn lire(
            __cconn_lecteur: __cconn::Lecteur<'_>,
        ) -> __cconn::Result<
            <i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
            __cconn::ErreurCodec,
        > {
            <i64 as __cconn::Reponse<{ __CCONN_KIND }>>::lire(__cconn_lecteur)
        }
    }
    impl __cconn::Commande for remplir {
        type Portee = __cconn::Partout;
        const ENTREE: __cconn::Entree = __cconn::Entree {
            nom: "remplir",
            hash: 16962660913785411468u64,
            ..__cconn::INVALID
        };
    }
};
::core::compile_error! {
    "an argument can't be `&mut`, a peer has its own copy: write `&` or the type itself"
}
