//! Features: what a side understands beyond the first form of version 1, as its greeting declares.

/// A set of features. This side sends to a peer only what the peer's set allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features(u64);

impl Features {
    /// The set of a peer whose greeting declares nothing.
    pub(crate) const NONE: Features = Features(0);
    /// Failure codes carry their class, and unknown ones are accepted.
    // [features.classes]
    pub(crate) const CLASSES: Features = Features(1);
    /// Context blocks of commands are read.
    // [features.context]
    pub(crate) const CONTEXT: Features = Features(1 << 1);
    /// A failure with code 2 lists the accepted fingerprints, if both sides declare this feature.
    // [features.fingerprints]
    pub(crate) const FINGERPRINTS: Features = Features(1 << 2);
    /// Streams: frames of kinds 8, 9 and 10, and the tags 4 and 6 of a context block.
    // [features.streams]
    pub(crate) const STREAMS: Features = Features(1 << 3);
    /// Reports of progress: frames of kind 16, and the tag 5 of a context block.
    // [features.progress]
    pub(crate) const PROGRESS: Features = Features(1 << 4);
    /// Arguments at the end may be left out, as the fingerprint tells.
    // [features.forms]
    pub(crate) const FORMS: Features = Features(1 << 7);
    /// The question where a call is: frames of kinds 14 and 15.
    // [features.question]
    pub(crate) const QUESTION: Features = Features(1 << 5);
    /// The first three.
    const FIRST: Features = Features(Self::CLASSES.0 | Self::CONTEXT.0 | Self::FINGERPRINTS.0);
    /// What this side declares.
    pub(crate) const OURS: Features = Features(
        Self::FIRST.0 | Self::STREAMS.0 | Self::PROGRESS.0 | Self::FORMS.0 | Self::QUESTION.0,
    );

    /// Every feature that this side can read.
    #[cfg(test)]
    pub(crate) const ALL: Features = Features(Self::OURS.0 | Self::STREAMS.0);

    /// Whether every one of `features` is in this set.
    #[inline]
    pub(crate) const fn has(self, features: Features) -> bool {
        self.0 & features.0 == features.0
    }

    /// This set with those features too.
    #[cfg(test)]
    pub(crate) fn with(self, features: Features) -> Features {
        Features(self.0 | features.0)
    }

    /// The features that frames from a peer with the set `self` may use towards this side.
    ///
    /// A peer may use whatever this side declares. The list of fingerprints is different: nothing
    /// in the frame marks it, so it is there exactly if both sides declare it.
    // [failure.fingerprints]
    pub(crate) const fn incoming(self) -> Features {
        Features(Self::OURS.0 & (self.0 | !Self::FINGERPRINTS.0))
    }

    /// Reads the bits of the record in a greeting. Missing bits are 0.
    // [features.bits]
    pub(super) fn parse(bits: &[u8]) -> Self {
        let mut known = [0; 8];
        for (place, byte) in known.iter_mut().zip(bits) {
            *place = *byte;
        }
        Features(u64::from_le_bytes(known))
    }

    /// The bits as they are sent, written to `place`: without zero bytes at the end.
    pub(crate) fn bits(self, place: &mut [u8; 8]) -> &[u8] {
        *place = self.0.to_le_bytes();
        let bytes = u64::BITS.saturating_sub(self.0.leading_zeros()).div_ceil(u8::BITS);
        place.get(..bytes as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_of_any_number_are_read() {
        // [features.bits]
        for (bits, set) in [
            (&[][..], Features::NONE),
            (&[0], Features::NONE),
            (&[1], Features::CLASSES),
            (&[6, 0, 0], Features(6)),
            (&[0, 0, 0, 0, 0, 0, 0, 0x80, 0xff], Features(1 << 63)),
        ] {
            assert_eq!(Features::parse(bits), set);
            assert!(bits.starts_with(set.bits(&mut [0xff; 8])));
        }
    }

    #[test]
    fn a_list_of_fingerprints_comes_only_where_both_sides_declare_it() {
        // [failure.fingerprints]
        assert!(!Features::NONE.incoming().has(Features::FINGERPRINTS));
        assert!(Features::NONE.incoming().has(Features::CONTEXT));
        assert_eq!(Features::OURS.incoming(), Features::OURS);
    }
}
