/// Lives elsewhere.
pub(crate) struct pong<'a> {
    /// The argument `type`.
    pub(crate) r#type: &'a str,
}
const _: () = {
    use crate::reseau::__prive as __cconn;
    use __cconn::{
        AbsentByDefault as _, ByDefault as _, NeverAbsent as _, PlainByDefault as _,
        ProbeNothing as _, ReadNever as _, ReadSerde as _, OpenNever as _,
        TakeNever as _, ShowDebug as _, ShowNothing as _, ValueByDefault as _,
        WriteNever as _, WriteSerde as _,
    };
    const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<()>::__CCONN_KIND,
        __cconn::AnswerProbe::<()>::__CCONN_KIND,
    );
    static __CCONN_SIGNATURE: __cconn::Signature = __cconn::Signature::new(
        ("pong", 10096747166808080535u64, "pong(type: &str)"),
        &[
            __cconn::ArgumentOf {
                name: "type",
                doc: "",
                default: __cconn::None,
                ty: __cconn::TypeOf {
                    text: "&str",
                    print: __cconn::print::<&'static str>,
                    probe: __cconn::Probe::<str>::__CCONN_PROBE,
                },
            },
        ],
        [
            __cconn::TypeOf {
                text: "",
                print: __cconn::print::<
                    <() as __cconn::Returned<{ __CCONN_KIND }>>::Value,
                >,
                probe: __cconn::Probe::<
                    <() as __cconn::Returned<{ __CCONN_KIND }>>::Value,
                >::__CCONN_PROBE,
            },
            __cconn::TypeOf {
                text: "",
                print: __cconn::print::<
                    <() as __cconn::Returned<{ __CCONN_KIND }>>::Error,
                >,
                probe: __cconn::Probe::<
                    <() as __cconn::Returned<{ __CCONN_KIND }>>::Error,
                >::__CCONN_PROBE,
            },
        ],
    );
    const _: fn() = || {
        __cconn::check_sent::<&'_ str>();
        __cconn::check_answer::<{ __CCONN_KIND }, ()>();
    };
    #[doc(hidden)]
    impl __cconn::Sealed for pong<'_> {}
    #[doc(hidden)]
    impl __cconn::Message for pong<'_> {
        fn entete(&self) -> __cconn::Entete<'_> {
            __cconn::Entete::declared(&__CCONN_SIGNATURE, 0)
        }
        fn __cconn_encode<'__cconn>(
            &'__cconn self,
            __cconn_out: &mut __cconn::ArgumentWriter<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ValueError> {
            __cconn::Signature::check(&__CCONN_SIGNATURE)?;
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
    impl __cconn::Appel<<() as __cconn::Returned<{ __CCONN_KIND }>>::Value>
    for pong<'_> {
        type Erreur = <() as __cconn::Returned<{ __CCONN_KIND }>>::Error;
        fn __cconn_decode(
            __cconn_reader: __cconn::AnswerReader<'_>,
        ) -> __cconn::Result<
            <() as __cconn::Returned<{ __CCONN_KIND }>>::Value,
            __cconn::ValueError,
        > {
            <() as __cconn::Returned<{ __CCONN_KIND }>>::read(__cconn_reader)
        }
    }
    #[doc(hidden)]
    impl __cconn::Declared for pong<'_> {
        const NAME: &'static __cconn::str = "pong";
        const SIGNATURE: &'static __cconn::str = "pong(type: &str)";
        const ARGUMENTS: &'static [&'static __cconn::str] = &["type"];
        type Answer = ();
    }
};
