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
        PlainByDefault as _, ProbeNothing as _, ReadNever as _, ReadSerde as _,
        ShowDebug as _, ShowNothing as _, ValueByDefault as _, WriteNever as _,
        WriteSerde as _,
    };
    const __CCONN_HEAD: __cconn::Tete<'static> = __cconn::Tete::fixed("remplir", 0, "");
    #[doc(hidden)]
    impl __cconn::Message for remplir {
        fn tete(&self) -> __cconn::Tete<'_> {
            __CCONN_HEAD
        }
        fn ecrire<'__cconn>(
            &'__cconn self,
            _out: &mut __cconn::Ecrivain<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ErreurCodec> {
            __cconn::Arg(&self.octets).write(_out)?;
            __cconn::Arg(&self.a).write(_out)?;
            __cconn::Ok(())
        }
    }
    #[doc(hidden)]
    impl __cconn::fmt::Debug for remplir {
        fn fmt(&self, f: &mut __cconn::fmt::Formatter<'_>) -> __cconn::fmt::Result {
            __cconn::debug(
                f,
                "remplir",
                &[
                    ("octets", __cconn::Shown(&self.octets).show()),
                    ("a", __cconn::Shown(&self.a).show()),
                ],
            )
        }
    }
    const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<i64>::KIND,
        __cconn::Answer::<i64>::KIND,
    );
    #[doc(hidden)]
    impl __cconn::Appel<<i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur>
    for remplir {
        type Refus = <i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Refus;
        fn lire(
            bytes: &[__cconn::u8],
        ) -> __cconn::Result<
            <i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
            __cconn::ErreurCodec,
        > {
            <i64 as __cconn::Reponse<{ __CCONN_KIND }>>::lire(bytes)
        }
    }
    impl __cconn::Commande for remplir {
        type Portee = __cconn::Partout;
        const ENTREE: __cconn::Entree = __cconn::Entree {
            nom: "remplir",
            ..__cconn::INVALID
        };
    }
};
::core::compile_error! {
    "an argument can't be `&mut`, a peer has its own copy: write `&` or the type itself"
}
