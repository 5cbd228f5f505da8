//! The numbered, closed sets of the protocol.

/// Declares a closed set of numbers with a text each, and its checked conversion.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident: $repr:ty { $($(#[$vmeta:meta])* $variant:ident = $number:literal, $text:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr($repr)]
        pub(crate) enum $name { $($(#[$vmeta])* $variant = $number,)* }

        impl $name {
            /// The number on the wire.
            pub(crate) const fn number(self) -> $repr {
                self as $repr
            }

            /// The member with that number, if there is one.
            pub(crate) const fn from_number(number: $repr) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// What it means, as the middle of an English sentence.
            #[allow(dead_code, reason = "not every set is shown to people")]
            pub(crate) const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// Why a command that arrived was not answered by a value.
    FailureCode: u16 {
        UnknownCommand = 1, "no command of that name is registered there";
        Signature = 2, "the command has another signature there";
        Arguments = 3, "the arguments could not be decoded";
        Panic = 4, "the command panicked";
        Handler = 5, "the command failed";
        AnswerTooLarge = 6, "the command ran, but its answer is larger than a frame may be";
        AnswerEncoding = 7, "the command ran, but its answer could not be encoded";
        NoResources = 8, "the command was not run: no thread could be had for it";
        AnswerDropped = 9, "the command ran, but its answer was not kept";
        Closed = 10, "the connection was closed while the command ran";
    }
}

codes! {
    /// Why a side ends the connection.
    EndReason: u16 {
        Finished = 1, "orderly stop";
        Closed = 2, "closed by the program";
        NotCconn = 3, "the bytes received are not a cconn greeting";
        Version = 4, "the protocol versions differ";
        Protocol = 5, "the bytes received break the protocol";
        FrameTooLarge = 6, "a frame larger than the limit was announced";
        Window = 7, "more commands were sent than the window allows";
        SlowPeer = 8, "nothing could be written for the whole write deadline";
        SlowFrame = 9, "a frame was begun and not finished within the read deadline";
        GraceOver = 10, "the grace period of an orderly stop ran out";
        Codec = 11, "the codecs differ";
    }
}

codes! {
    /// The server's word on a newcomer, in its greeting.
    Refusal: u8 {
        Accepted = 0, "accepted";
        Full = 1, "the server is full";
        Stopping = 2, "the server is stopping";
        NoResources = 3, "the server could not start a thread";
    }
}
