/// Adds.
#[inline]
pub fn somme(a: i64, b: i64) -> i64 {
    a + b
}
#[cfg_attr(not(doctest), doc = " Adds.")]
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
        ByDefault as _, PlainByDefault as _, ProbeNothing as _, ReadNever as _,
        ReadSerde as _, ShowDebug as _, ShowNothing as _, ValueByDefault as _,
        WriteNever as _, WriteSerde as _,
    };
    const _: () = __cconn::check_listed(
        &|| __cconn::ModuleProbe.__cconn_module(),
        __cconn::module_path!(),
        3980832842762666324u64,
        "the command `somme` would be missing from `commandes()` of its module: what a macro, an `include!` or an attribute under another name than `commande` makes, `#[commande]` on the module can't see; write `#[commande] fn somme` out in the module, or put it into a module without the attribute and list it with `commandes![]`",
    );
    const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<i64>::__CCONN_KIND,
        __cconn::AnswerProbe::<i64>::__CCONN_KIND,
    );
    static __CCONN_FINGERPRINT: __cconn::Fingerprint = __cconn::Fingerprint::new(
        || __cconn::fingerprint(
            &[__cconn::print::<i64>(), __cconn::print::<i64>()],
            __cconn::print::<<i64 as __cconn::Returned<{ __CCONN_KIND }>>::Value>(),
            __cconn::print::<<i64 as __cconn::Returned<{ __CCONN_KIND }>>::Error>(),
        ),
        &[
            __cconn::Probe::<i64>::__CCONN_FAULT,
            __cconn::Probe::<i64>::__CCONN_FAULT,
            __cconn::Probe::<
                <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Value,
            >::__CCONN_FAULT,
            __cconn::Probe::<
                <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Error,
            >::__CCONN_FAULT,
        ],
    );
    const __CCONN_HEAD: __cconn::Entete<'static> = __cconn::Entete::fixed(
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
    impl __cconn::Sealed for somme {}
    #[doc(hidden)]
    impl __cconn::Message for somme {
        fn entete(&self) -> __cconn::Entete<'_> {
            __cconn::Entete::with(
                __CCONN_HEAD,
                __cconn::Fingerprint::get(&__CCONN_FINGERPRINT),
            )
        }
        fn __cconn_encode<'__cconn>(
            &'__cconn self,
            __cconn_out: &mut __cconn::ArgumentWriter<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ValueError> {
            __cconn::Fingerprint::check(&__CCONN_FINGERPRINT)?;
            __cconn::Arg(&self.a).__cconn_write(__cconn_out)?;
            __cconn::Arg(&self.b).__cconn_write(__cconn_out)?;
            __cconn::Ok(())
        }
    }
    #[doc(hidden)]
    impl __cconn::fmt::Debug for somme {
        fn fmt(
            &self,
            __cconn_f: &mut __cconn::fmt::Formatter<'_>,
        ) -> __cconn::fmt::Result {
            __cconn::debug(
                __cconn_f,
                "somme",
                &[
                    ("a", __cconn::Shown(&self.a).__cconn_show()),
                    ("b", __cconn::Shown(&self.b).__cconn_show()),
                ],
            )
        }
    }
    #[doc(hidden)]
    impl __cconn::Appel<<i64 as __cconn::Returned<{ __CCONN_KIND }>>::Value> for somme {
        type Erreur = <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Error;
        fn __cconn_decode(
            __cconn_reader: __cconn::AnswerReader<'_>,
        ) -> __cconn::Result<
            <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Value,
            __cconn::ValueError,
        > {
            <i64 as __cconn::Returned<{ __CCONN_KIND }>>::read(__cconn_reader)
        }
    }
    #[doc(hidden)]
    impl __cconn::Commande for somme {
        type Portee = __cconn::Partout;
        const DESCRIPTION: __cconn::Description = __cconn::Description {
            nom: "somme",
            signature: "somme(a: i64, b: i64) -> i64",
            doc: __cconn::concat!("Adds.", "\n"),
            parallele: false,
            serveur_seul: false,
            hash: 3980832842762666324u64,
            fingerprint: || __cconn::Fingerprint::get(&__CCONN_FINGERPRINT),
            fault: || __cconn::Fingerprint::fault(&__CCONN_FINGERPRINT),
            besoins: &[],
            run: |__cconn_context, mut __cconn_input, __cconn_out| {
                let __cconn_a0: i64 = __cconn::Slot::<i64>::NEW
                    .__cconn_read(&mut __cconn_input, "a")?;
                let __cconn_a1: i64 = __cconn::Slot::<i64>::NEW
                    .__cconn_read(&mut __cconn_input, "b")?;
                __cconn::Input::end(__cconn_input)?;
                __cconn::Ok(
                    __cconn::answer::<
                        { __CCONN_KIND },
                        _,
                    >(somme(__cconn_a0, __cconn_a1), __cconn_out),
                )
            },
        };
    }
};
