#[cfg(unix)]
#[deprecated]
fn ping<'x>(
    client: &Client,
    mot: &'x str,
    n: Option<Cow<'_, [u8]>>,
) -> Resultat<(), Faute> {
    client.envoyer(pong { mot })
}
#[derive(::cconn::__prive::Code)]
#[__cconn_code(
    [mot
    n
    ping
    self]#[cfg(unix)]const
    _:()= {use::cconn::__prive
    as
    __cconn;use
    __cconn::{AbsentByDefault
    as
    _,
    ByDefault
    as
    _,
    NeverAbsent
    as
    _,
    PlainByDefault
    as
    _,
    ProbeNothing
    as
    _,
    ReadNever
    as
    _,
    ReadSerde
    as
    _,
    OpenNever
    as
    _,
    TakeNever
    as
    _,
    ShowDebug
    as
    _,
    ShowNothing
    as
    _,
    ValueByDefault
    as
    _,
    WriteNever
    as
    _,
    WriteSerde
    as
    _,
    };const
    _:(

    )= __cconn::check_listed(
        &||__cconn::ModuleProbe.__cconn_module(),
        __cconn::module_path!(),
        13776757609873999785u64,
        "the command `ping` would be missing from `commandes()` of its module: what a macro, an `include!` or an attribute under another name than `commande` makes, `#[commande]` on the module can't see; write `#[commande] fn ping` out in the module, or put it into a module without the attribute and list it with `commandes![]`",
    );const
    __CCONN_KIND:__cconn::u8 = __cconn::answer_kind(
        __cconn::AnswerKind::<Resultat<(),
        Faute>>::__CCONN_KIND,
        __cconn::AnswerProbe::<Resultat<(),
        Faute>>::__CCONN_KIND,
    );static
    __CCONN_SIGNATURE:__cconn::Signature = __cconn::Signature::new(
        (
            "PING",
            15286027583431866217u64,
            "PING(mot: &str, n: Option<Cow<[u8]>>) -> Resultat<(), Faute>"
        ),
        &[__cconn::ArgumentOf{name:"mot",
        doc:"",
        default:__cconn::None,
        ty:__cconn::TypeOf{text:"&str",
        print:__cconn::print::<&'static
        str>,
        probe:__cconn::Probe::<str>::__CCONN_PROBE,
        }},
        __cconn::ArgumentOf{name:"n",
        doc:"",
        default:__cconn::Absent::<Option<Cow<'static,
        [u8]>>>::__CCONN_TEXT,
        ty:__cconn::TypeOf{text:"Option<Cow<[u8]>>",
        print:__cconn::print::<Option<Cow<'static,
        [u8]>>>,
        probe:__cconn::Probe::<Option<Cow<'static,
        [u8]>>>::__CCONN_PROBE,
        }}],
        [__cconn::TypeOf{text:"Resultat<(), Faute>",
        print:__cconn::print::<<Resultat<(),
        Faute>as
        __cconn::Returned<{__CCONN_KIND}>>::Value>,
        probe:__cconn::Probe::<<Resultat<(),
        Faute>as
        __cconn::Returned<{__CCONN_KIND}>>::Value>::__CCONN_PROBE,
        },
        __cconn::TypeOf{text:"Resultat<(), Faute>",
        print:__cconn::print::<<Resultat<(),
        Faute>as
        __cconn::Returned<{__CCONN_KIND}>>::Error>,
        probe:__cconn::Probe::<<Resultat<(),
        Faute>as
        __cconn::Returned<{__CCONN_KIND}>>::Error>::__CCONN_PROBE,
        }],
    );const
    _:fn()= ||{__cconn::check_received::<&'_
    str>();__cconn::check_received::<Option<Cow<'_,
    [u8]>>>();__cconn::check_answer::<{__CCONN_KIND},
    Resultat<(),
    Faute>>();};#[doc(hidden)]impl
    __cconn::Sealed
    for
    ping<'_>{}#[doc(hidden)]impl
    __cconn::Message
    for
    ping<'_>{fn
    entete(
        &self
    )->__cconn::Entete<'_>{__cconn::Entete::declared(
        &__CCONN_SIGNATURE,
        (
            ||{let
            mut
            __cconn_omitted:__cconn::u8 = 0;if!__cconn::Arg(
                &self.n
            ).__cconn_is_absent(){return
            __cconn_omitted;}__cconn_omitted+= 1;__cconn_omitted}
        )()
    )}fn
    __cconn_encode<'__cconn>(
        &'__cconn
        self,
        __cconn_out:&mut
        __cconn::ArgumentWriter<'__cconn>,
    )->__cconn::Result<(),
    __cconn::ValueError>{__cconn::Signature::check(
        &__CCONN_SIGNATURE
    )?;__cconn::Arg(&self.mot).__cconn_write(__cconn_out)?;if
    __cconn::ArgumentWriter::sends(
        __cconn_out,
        0usize
    ){__cconn::Arg(
        &self.n
    ).__cconn_write(__cconn_out)?;}__cconn::Ok(())}}#[doc(hidden)]impl
    __cconn::fmt::Debug
    for
    ping<'_>{fn
    fmt(
        &self,
        __cconn_f:&mut
        __cconn::fmt::Formatter<'_>
    )->__cconn::fmt::Result{__cconn::debug(
        __cconn_f,
        "ping",
        &[("mot", __cconn::Shown(&self.mot).__cconn_show()),
        ("n", __cconn::Shown(&self.n).__cconn_show())]
    )}}#[doc(hidden)]impl
    __cconn::Appel<<Resultat<(),
    Faute>as
    __cconn::Returned<{__CCONN_KIND}>>::Value>for
    ping<'_>{type
    Erreur = <Resultat<(),
    Faute>as
    __cconn::Returned<{__CCONN_KIND}>>::Error;fn
    __cconn_decode(
        __cconn_reader:__cconn::AnswerReader<'_>,
    )->__cconn::Result<<Resultat<(),
    Faute>as
    __cconn::Returned<{__CCONN_KIND}>>::Value,
    __cconn::ValueError>{<Resultat<(),
    Faute>as
    __cconn::Returned<{__CCONN_KIND}>>::read(__cconn_reader)}}#[doc(hidden)]impl
    __cconn::Commande
    for
    ping<'_>{type
    Portee = __cconn::Partout;const
    DESCRIPTION:__cconn::Description = __cconn::Description{nom:"PING",
    signature:"PING(mot: &str, n: Option<Cow<[u8]>>) -> Resultat<(), Faute>",
    doc:__cconn::concat!(),
    parallele:true,
    serveur_seul:false,
    flux:__cconn::StreamForm::Nothing,
    hash:15286027583431866217u64,
    alias:&[],
    declared:__cconn::Some(||&__CCONN_SIGNATURE),
    besoins:&[],
    garde:__cconn::None,
    run:|__cconn_context,
    mut
    __cconn_input,
    __cconn_out|{let
    __cconn_a0:&'_
    str = __cconn::Slot::<&'_
    str>::NEW.__cconn_read(&mut __cconn_input, "mot")?;let
    __cconn_a1:Option<Cow<'_,
    [u8]>>= match
    __cconn::Absent::<Option<Cow<'_,
    [u8]>>>::__CCONN_ABSENT{__cconn::Some(
        __cconn_default
    )if!__cconn::Input::has(&__cconn_input, 0usize)= >__cconn_default(),
    _ = >__cconn::Slot::<Option<Cow<'_,
    [u8]>>>::NEW.__cconn_read(&mut __cconn_input, "n")?,
    };__cconn::Input::end(
        __cconn_input
    )?;__cconn::Ok(
        __cconn::answer::<{__CCONN_KIND},
        _>(ping(__cconn::client(__cconn_context), __cconn_a0, __cconn_a1), __cconn_out)
    )},
    };}};
)]
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
