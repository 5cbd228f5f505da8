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
        AbsentByDefault as _, ByDefault as _, NeverAbsent as _, PlainByDefault as _,
        ProbeNothing as _, ReadNever as _, ReadSerde as _, OpenNever as _,
        TakeNever as _, ShowDebug as _, ShowNothing as _, ValueByDefault as _,
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
    static __CCONN_SIGNATURE: __cconn::Signature = __cconn::Signature::new(
        ("somme", 3980832842762666324u64, "somme(a: i64, b: i64) -> i64"),
        &[
            __cconn::ArgumentOf {
                name: "a",
                doc: "The first.",
                default: __cconn::None,
                ty: __cconn::TypeOf {
                    text: "i64",
                    print: __cconn::print::<i64>,
                    probe: __cconn::Probe::<i64>::__CCONN_PROBE,
                },
            },
            __cconn::ArgumentOf {
                name: "b",
                doc: "",
                default: __cconn::None,
                ty: __cconn::TypeOf {
                    text: "i64",
                    print: __cconn::print::<i64>,
                    probe: __cconn::Probe::<i64>::__CCONN_PROBE,
                },
            },
        ],
        [
            __cconn::TypeOf {
                text: "i64",
                print: __cconn::print::<
                    <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Value,
                >,
                probe: __cconn::Probe::<
                    <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Value,
                >::__CCONN_PROBE,
            },
            __cconn::TypeOf {
                text: "i64",
                print: __cconn::print::<
                    <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Error,
                >,
                probe: __cconn::Probe::<
                    <i64 as __cconn::Returned<{ __CCONN_KIND }>>::Error,
                >::__CCONN_PROBE,
            },
        ],
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
            __cconn::Entete::declared(&__CCONN_SIGNATURE, 0)
        }
        fn __cconn_encode<'__cconn>(
            &'__cconn self,
            __cconn_out: &mut __cconn::ArgumentWriter<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ValueError> {
            __cconn::Signature::check(&__CCONN_SIGNATURE)?;
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
            flux: __cconn::StreamForm::Nothing,
            hash: 3980832842762666324u64,
            alias: &[],
            declared: __cconn::Some(|| &__CCONN_SIGNATURE),
            besoins: &[],
            garde: __cconn::None,
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
