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
        AbsentByDefault as _, ByDefault as _, NeverAbsent as _, PlainByDefault as _,
        ProbeNothing as _, ReadNever as _, ReadSerde as _, OpenNever as _,
        TakeNever as _, ShowDebug as _, ShowNothing as _, ValueByDefault as _,
        WriteNever as _, WriteSerde as _,
    };
    const __CCONN_HEAD: __cconn::Entete<'static> = __cconn::Entete::new(
        "remplir",
        0,
        "",
    );
    #[doc(hidden)]
    impl __cconn::Sealed for remplir {}
    #[doc(hidden)]
    impl __cconn::Message for remplir {
        fn entete(&self) -> __cconn::Entete<'_> {
            __CCONN_HEAD
        }
        fn __cconn_encode<'__cconn>(
            &'__cconn self,
            __cconn_out: &mut __cconn::ArgumentWriter<'__cconn>,
        ) -> __cconn::Result<(), __cconn::ValueError> {
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
        __cconn::AnswerProbe::<i64>::__CCONN_KIND,
    );
    #[doc(hidden)]
    impl __cconn::Appel<<i64 as __cconn::Returned<{ __CCONN_KIND }>>::Value>
    for remplir {
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
    impl __cconn::Commande for remplir {
        type Portee = __cconn::Partout;
        const DESCRIPTION: __cconn::Description = __cconn::Description {
            nom: "remplir",
            hash: 16962660913785411468u64,
            ..__cconn::INVALID
        };
    }
};
::core::compile_error! {
    "an argument can't be `&mut`, a peer has its own copy: write `&` or the type itself"
}
