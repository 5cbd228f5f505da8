/// Adds.
#[inline]
pub fn somme(a: i64, b: i64) -> i64 {
    a + b
}
/// Adds.
/**

Answer: `i64`.*/
pub struct somme {
    /// The first.
    pub a: i64,
    /// The argument `b`.
    pub b: i64,
}
const _: () = {
    use ::cconn::__prive as __cconn;
    use __cconn::{
        PlainByDefault as _, ProbeNothing as _, ReadNever as _, ReadSerde as _,
        ShowDebug as _, ShowNothing as _, ValueByDefault as _, WriteNever as _,
        WriteSerde as _,
    };
    const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<i64>::KIND,
        __cconn::Answer::<i64>::KIND,
    );
    static __CCONN_FINGERPRINT: __cconn::Empreinte = __cconn::Empreinte::new(
        || __cconn::fingerprint(
            &[__cconn::print::<i64>(), __cconn::print::<i64>()],
            __cconn::print::<<i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur>(),
            __cconn::print::<<i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Refus>(),
        ),
        &[
            __cconn::Probe::<i64>::FAULT,
            __cconn::Probe::<i64>::FAULT,
            __cconn::Probe::<<i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur>::FAULT,
            __cconn::Probe::<<i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Refus>::FAULT,
        ],
    );
    const __CCONN_HEAD: __cconn::Tete<'static> = __cconn::Tete::fixed(
        "somme",
        0,
        "somme(a: i64, b: i64) -> i64",
    );
    const _: fn() = || {
        __cconn::check_received::<i64>();
        __cconn::check_received::<i64>();
        __cconn::check_answer::<{ __CCONN_KIND }, i64>();
    };
    #[doc(hidden)]
    impl __cconn::Message for somme {
        fn tete(&self) -> __cconn::Tete<'_> {
            __CCONN_HEAD.with(__CCONN_FINGERPRINT.get())
        }
        fn ecrire<'__cconn>(
            &'__cconn self,
            _out: &mut __cconn::Ecrivain<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ErreurCodec> {
            __CCONN_FINGERPRINT.check()?;
            __cconn::Arg(&self.a).write(_out)?;
            __cconn::Arg(&self.b).write(_out)?;
            __cconn::Ok(())
        }
    }
    #[doc(hidden)]
    impl __cconn::fmt::Debug for somme {
        fn fmt(&self, f: &mut __cconn::fmt::Formatter<'_>) -> __cconn::fmt::Result {
            __cconn::debug(
                f,
                "somme",
                &[
                    ("a", __cconn::Shown(&self.a).show()),
                    ("b", __cconn::Shown(&self.b).show()),
                ],
            )
        }
    }
    #[doc(hidden)]
    impl __cconn::Appel<<i64 as __cconn::Reponse<{ __CCONN_KIND }>>::Valeur> for somme {
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
    #[doc(hidden)]
    impl __cconn::Commande for somme {
        type Portee = __cconn::Partout;
        const ENTREE: __cconn::Entree = __cconn::Entree {
            nom: "somme",
            signature: "somme(a: i64, b: i64) -> i64",
            doc: __cconn::concat!("Adds.", "\n"),
            parallele: false,
            empreinte: || __CCONN_FINGERPRINT.get(),
            faute: || __CCONN_FINGERPRINT.fault(),
            executer: |context, mut input, out| {
                let a0: i64 = __cconn::Slot::<i64>::NEW.read(&mut input, "a")?;
                let a1: i64 = __cconn::Slot::<i64>::NEW.read(&mut input, "b")?;
                input.end()?;
                __cconn::Ok(__cconn::answer::<{ __CCONN_KIND }, _>(somme(a0, a1), out))
            },
        };
    }
};
