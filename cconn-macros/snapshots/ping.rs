#[cfg(unix)]
#[deprecated]
fn ping<'x>(
    client: &Client,
    mot: &'x str,
    n: Option<Cow<'_, [u8]>>,
) -> Resultat<(), Faute> {
    client.envoyer(pong { mot })
}
#[cfg(unix)]
#[deprecated]
/**

Answer: `Resultat<(), Faute>`.*/
struct ping<'a> {
    /// The argument `mot`.
    mot: &'a str,
    /// The argument `n`.
    n: Option<Cow<'a, [u8]>>,
}
#[cfg(unix)]
#[allow(deprecated)]
const _: () = {
    use ::cconn::__prive as __cconn;
    use __cconn::{
        PlainByDefault as _, ProbeNothing as _, ReadNever as _, ReadSerde as _,
        ShowDebug as _, ShowNothing as _, ValueByDefault as _, WriteNever as _,
        WriteSerde as _,
    };
    const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<Resultat<(), Faute>>::KIND,
        __cconn::Answer::<Resultat<(), Faute>>::KIND,
    );
    static __CCONN_FINGERPRINT: __cconn::Empreinte = __cconn::Empreinte::new(
        || __cconn::fingerprint(
            &[
                __cconn::print::<&'static str>(),
                __cconn::print::<Option<Cow<'static, [u8]>>>(),
            ],
            __cconn::print::<
                <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
            >(),
            __cconn::print::<
                <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::Refus,
            >(),
        ),
        &[
            __cconn::Probe::<str>::FAULT,
            __cconn::Probe::<Option<Cow<'static, [u8]>>>::FAULT,
            __cconn::Probe::<
                <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
            >::FAULT,
            __cconn::Probe::<
                <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::Refus,
            >::FAULT,
        ],
    );
    const __CCONN_HEAD: __cconn::Tete<'static> = __cconn::Tete::fixed(
        "PING",
        0,
        "PING(mot: &str, n: Option<Cow<[u8]>>) -> Resultat<(), Faute>",
    );
    const _: fn() = || {
        __cconn::check_received::<&'_ str>();
        __cconn::check_received::<Option<Cow<'_, [u8]>>>();
        __cconn::check_answer::<{ __CCONN_KIND }, Resultat<(), Faute>>();
    };
    #[doc(hidden)]
    impl __cconn::Message for ping<'_> {
        fn tete(&self) -> __cconn::Tete<'_> {
            __CCONN_HEAD.with(__CCONN_FINGERPRINT.get())
        }
        fn ecrire<'__cconn>(
            &'__cconn self,
            _out: &mut __cconn::Ecrivain<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ErreurCodec> {
            __CCONN_FINGERPRINT.check()?;
            __cconn::Arg(&self.mot).write(_out)?;
            __cconn::Arg(&self.n).write(_out)?;
            __cconn::Ok(())
        }
    }
    #[doc(hidden)]
    impl __cconn::fmt::Debug for ping<'_> {
        fn fmt(&self, f: &mut __cconn::fmt::Formatter<'_>) -> __cconn::fmt::Result {
            __cconn::debug(
                f,
                "ping",
                &[
                    ("mot", __cconn::Shown(&self.mot).show()),
                    ("n", __cconn::Shown(&self.n).show()),
                ],
            )
        }
    }
    #[doc(hidden)]
    impl __cconn::Appel<
        <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
    > for ping<'_> {
        type Refus = <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::Refus;
        fn lire(
            bytes: &[__cconn::u8],
        ) -> __cconn::Result<
            <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur,
            __cconn::ErreurCodec,
        > {
            <Resultat<(), Faute> as __cconn::Reponse<{ __CCONN_KIND }>>::lire(bytes)
        }
    }
    #[doc(hidden)]
    impl __cconn::Commande for ping<'_> {
        type Portee = __cconn::Partout;
        const ENTREE: __cconn::Entree = __cconn::Entree {
            nom: "PING",
            signature: "PING(mot: &str, n: Option<Cow<[u8]>>) -> Resultat<(), Faute>",
            doc: __cconn::concat!(),
            parallele: true,
            empreinte: || __CCONN_FINGERPRINT.get(),
            faute: || __CCONN_FINGERPRINT.fault(),
            executer: |context, mut input, out| {
                let a0: &'_ str = __cconn::Slot::<&'_ str>::NEW.read(&mut input, "mot")?;
                let a1: Option<Cow<'_, [u8]>> = __cconn::Slot::<
                    Option<Cow<'_, [u8]>>,
                >::NEW
                    .read(&mut input, "n")?;
                input.end()?;
                __cconn::Ok(
                    __cconn::answer::<
                        { __CCONN_KIND },
                        _,
                    >(ping(__cconn::client(context), a0, a1), out),
                )
            },
        };
    }
};
