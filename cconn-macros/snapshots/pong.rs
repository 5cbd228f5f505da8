/// Lives elsewhere.
pub(crate) struct pong<'a> {
    /// The argument `type`.
    pub(crate) r#type: &'a str,
}
const _: () = {
    use crate::reseau::__prive as __cconn;
    use __cconn::{
        ByDefault as _, PlainByDefault as _, ProbeNothing as _, ReadNever as _,
        ReadSerde as _, ShowDebug as _, ShowNothing as _, ValueByDefault as _,
        WriteNever as _, WriteSerde as _,
    };
    const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<()>::__CCONN_KIND,
        __cconn::Answer::<()>::__CCONN_KIND,
    );
    static __CCONN_FINGERPRINT: __cconn::Empreinte = __cconn::Empreinte::new(
        || __cconn::fingerprint(
            &[__cconn::print::<&'static str>()],
            __cconn::print::<<() as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur>(),
            __cconn::print::<<() as __cconn::Reponse<{ __CCONN_KIND }>>::Refus>(),
        ),
        &[
            __cconn::Probe::<str>::__CCONN_FAULT,
            __cconn::Probe::<
                <() as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
            >::__CCONN_FAULT,
            __cconn::Probe::<
                <() as __cconn::Reponse<{ __CCONN_KIND }>>::Refus,
            >::__CCONN_FAULT,
        ],
    );
    const __CCONN_HEAD: __cconn::Tete<'static> = __cconn::Tete::fixed(
        "pong",
        0,
        "pong(type: &str)",
    );
    const _: fn() = || {
        __cconn::check_sent::<&'_ str>();
        __cconn::check_answer::<{ __CCONN_KIND }, ()>();
    };
    #[doc(hidden)]
    impl __cconn::Message for pong<'_> {
        fn tete(&self) -> __cconn::Tete<'_> {
            __cconn::Tete::with(
                __CCONN_HEAD,
                __cconn::Empreinte::get(&__CCONN_FINGERPRINT),
            )
        }
        fn ecrire<'__cconn>(
            &'__cconn self,
            __cconn_out: &mut __cconn::Ecrivain<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ErreurCodec> {
            __cconn::Empreinte::check(&__CCONN_FINGERPRINT)?;
            __cconn::Arg(&self.r#type).__cconn_write(__cconn_out)?;
            __cconn::Ok(())
        }
    }
    #[doc(hidden)]
    impl __cconn::fmt::Debug for pong<'_> {
        fn fmt(
            &self,
            __cconn_f: &mut __cconn::fmt::Formatter<'_>,
        ) -> __cconn::fmt::Result {
            __cconn::debug(
                __cconn_f,
                "pong",
                &[("type", __cconn::Shown(&self.r#type).__cconn_show())],
            )
        }
    }
    #[doc(hidden)]
    impl __cconn::Appel<<() as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur>
    for pong<'_> {
        type Refus = <() as __cconn::Reponse<{ __CCONN_KIND }>>::Refus;
        fn lire(
            __cconn_lecteur: __cconn::Lecteur<'_>,
        ) -> __cconn::Result<
            <() as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
            __cconn::ErreurCodec,
        > {
            <() as __cconn::Reponse<{ __CCONN_KIND }>>::lire(__cconn_lecteur)
        }
    }
};
