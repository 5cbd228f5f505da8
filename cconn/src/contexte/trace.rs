//! Traces as the W3C defines them.

use std::fmt;
use std::str::FromStr;

use crate::link::new_span;
use crate::wire::WireTrace;

/// The flag of a trace that is recorded.
const SAMPLED: u8 = 1;

/// The length of a trace as a text.
const TEXT: usize = 55;

/// A trace: the number of a whole piece of work, and of the part of it (the span) that a thread is
/// doing, as [W3C Trace Context](https://www.w3.org/TR/trace-context/) defines them.
///
/// Its text, and what `parse` reads, is the value of the header `traceparent`:
/// `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`. cconn records nothing: a program
/// writes these numbers to its log, or gives them to its tracing library.
///
/// # Examples
///
/// ```
/// use cconn::contexte::Trace;
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let trace: Trace = header.parse().unwrap();
/// assert!(trace.est_enregistree());
/// assert_eq!(trace.to_string(), header);
/// let part = trace.partie();
/// assert_eq!((part.id(), part.parent()), (trace.id(), Some(trace.span())));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias("TraceContext", "SpanContext", "traceparent"))]
pub struct Trace {
    id: [u8; 16],
    span: [u8; 8],
    parent: Option<[u8; 8]>,
    flags: u8,
}

/// A text or bytes that are no trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[doc(alias = "InvalidTrace")]
#[non_exhaustive]
pub enum TraceInvalide {
    /// The text has another form than `00-<32 digits>-<16 digits>-<2 digits>`, in lower case.
    #[doc(alias = "Syntax")]
    #[error("a trace is written as 00-<32 hex digits>-<16 hex digits>-<2 hex digits>")]
    Forme,
    /// An id that is all zeros means that there is no trace.
    #[doc(alias = "AllZeros")]
    #[error("the id of a trace and that of a span are not all zeros")]
    Zero,
}

impl Trace {
    /// A new trace, recorded, with a first span.
    #[doc(alias("new", "start"))]
    #[inline]
    pub fn nouvelle() -> Self {
        let [first, second] = [new_span(), new_span()];
        let mut id = [0; 16];
        id.iter_mut().zip(first.iter().chain(&second)).for_each(|(to, from)| *to = *from);
        Trace { id, span: new_span(), parent: None, flags: SAMPLED }
    }

    /// The trace with these parts.
    ///
    /// # Errors
    ///
    /// [`TraceInvalide::Zero`]: an id is all zeros.
    #[doc(alias = "from_parts")]
    #[inline]
    pub fn de_parties(id: [u8; 16], span: [u8; 8], drapeaux: u8) -> Result<Self, TraceInvalide> {
        let trace = WireTrace::new(id, span, drapeaux).ok_or(TraceInvalide::Zero)?;
        Ok(Trace::of(trace, None))
    }

    /// A part of this work: the same trace with a new span, whose parent is this one.
    #[doc(alias("child", "child_span"))]
    #[must_use]
    #[inline]
    pub fn partie(&self) -> Self {
        Trace { span: new_span(), parent: Some(self.span), ..*self }
    }

    /// The id of the whole work.
    #[doc(alias = "trace_id")]
    #[inline]
    pub fn id(&self) -> [u8; 16] {
        self.id
    }

    /// The id as 32 hexadecimal digits.
    #[doc(alias = "trace_id_hex")]
    #[inline]
    pub fn id_hexa(&self) -> String {
        hex(&self.id)
    }

    /// The id of this part of the work.
    #[doc(alias = "span_id")]
    #[inline]
    pub fn span(&self) -> [u8; 8] {
        self.span
    }

    /// The span that this one is a part of, if it is known.
    #[doc(alias = "parent_span_id")]
    #[inline]
    pub fn parent(&self) -> Option<[u8; 8]> {
        self.parent
    }

    /// The flags.
    #[doc(alias = "flags")]
    #[inline]
    pub fn drapeaux(&self) -> u8 {
        self.flags
    }

    /// Whether the caller records this trace.
    #[doc(alias = "is_sampled")]
    #[inline]
    pub fn est_enregistree(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    #[inline]
    pub(super) fn of(trace: WireTrace, parent: Option<[u8; 8]>) -> Self {
        Trace { id: trace.id, span: trace.span, parent, flags: trace.flags }
    }

    #[inline]
    pub(super) fn wire(self) -> WireTrace {
        WireTrace { id: self.id, span: self.span, flags: self.flags }
    }
}

#[inline]
fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that so many lower-case hexadecimal digits stand for.
fn unhex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let lower = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    if !lower || digits.len() != N.saturating_mul(2) {
        return None;
    }
    let mut bytes = [0; N];
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(bytes)
}

impl FromStr for Trace {
    type Err = TraceInvalide;

    #[inline]
    fn from_str(text: &str) -> Result<Self, TraceInvalide> {
        // A later version may append fields, which are not looked at.
        let (head, behind) = text.split_at_checked(TEXT).ok_or(TraceInvalide::Forme)?;
        let mut fields = head.split('-');
        let mut field = || fields.next().unwrap_or("");
        let (version, id, span, flags) = (field(), field(), field(), field());
        let version: [u8; 1] = unhex(version).ok_or(TraceInvalide::Forme)?;
        let is_whole = behind.is_empty() || (version != [0] && behind.starts_with('-'));
        if version == [0xff] || !is_whole {
            return Err(TraceInvalide::Forme);
        }
        let (id, span) = (unhex(id), unhex(span));
        let flags: Option<[u8; 1]> = unhex(flags);
        match (id, span, flags) {
            (Some(id), Some(span), Some([flags])) => Trace::de_parties(id, span, flags),
            _ => Err(TraceInvalide::Forme),
        }
    }
}

impl fmt::Display for Trace {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", hex(&self.id), hex(&self.span), self.flags)
    }
}

impl fmt::Debug for Trace {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_as_it_is_written() {
        let trace = Trace::nouvelle();
        assert_eq!(trace.to_string().parse(), Ok(trace));
        assert_ne!(trace.id(), Trace::nouvelle().id());
        let later = format!("01{}-more", &trace.to_string()[2..]);
        assert_eq!(later.parse(), Ok(trace), "a later version is read as this one");
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for n in 0..good.len() {
            assert_eq!(good[..n].parse::<Trace>(), Err(TraceInvalide::Forme), "{n} characters");
        }
        let zero_id = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let zero_span = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
        for zero in [zero_id, zero_span] {
            assert_eq!(zero.parse::<Trace>(), Err(TraceInvalide::Zero));
        }
        let upper = good.to_uppercase();
        let (ff, long) = (good.replacen("00", "ff", 1), format!("{good}-00"));
        let dash = good.replacen('-', "_", 1);
        let accent = good.replacen("4b", "é", 1);
        for bad in [&upper, &ff, &long, &dash, &accent, &good.replace('f', "+")] {
            assert_eq!(bad.parse::<Trace>(), Err(TraceInvalide::Forme), "{bad}");
        }
    }
}
