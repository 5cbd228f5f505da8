//! How long commands took, counted in classes of fixed bounds.

use std::time::Duration;

/// Durations, counted in classes whose bounds are fixed.
///
/// There are two classes to each doubling, so a duration is known to within half of itself.
#[doc(alias("Histogram", "Latencies"))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Durees {
    /// How many durations are in each class, the shortest first; empty classes at the end are left
    /// out. [`borne`](Durees::borne) tells where a class ends.
    #[doc(alias("buckets", "counts"))]
    pub nombres: Vec<u64>,
    /// All durations together.
    #[doc(alias = "sum")]
    pub somme: Duration,
    /// The longest.
    #[doc(alias = "max")]
    pub maximum: Duration,
}

/// The number of classes.
// [figures.classes]
pub(crate) const CLASSES: usize = 64;

/// Nanoseconds at which the second class begins, as a power of two.
const FIRST: u32 = 9;

/// The class of a duration in nanoseconds.
#[inline]
pub(crate) fn class(nanos: u64) -> usize {
    let Some(octave) = nanos.checked_ilog2().filter(|octave| *octave >= FIRST) else { return 0 };
    let half = (nanos >> (octave - 1)) & 1;
    let class = 2 * (octave - FIRST) as usize + half as usize + 1;
    class.min(CLASSES - 1)
}

impl Durees {
    /// Where a class ends: all its durations are shorter. The last class has no end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::description::Durees;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Durees::borne(0), Some(Duration::from_nanos(512)));
    /// assert_eq!(Durees::borne(1), Some(Duration::from_nanos(768)));
    /// assert_eq!(Durees::borne(2), Some(Duration::from_nanos(1024)));
    /// assert_eq!(Durees::borne(63), None);
    /// ```
    #[doc(alias = "bound")]
    pub fn borne(classe: usize) -> Option<Duration> {
        let class = u32::try_from(classe).ok().filter(|_| classe + 1 < CLASSES)?;
        let whole = 1_u64 << (FIRST + class / 2);
        Some(Duration::from_nanos(whole + u64::from(class % 2) * whole / 2))
    }

    /// The number of durations.
    #[doc(alias("count", "len"))]
    pub fn nombre(&self) -> u64 {
        self.nombres.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// A duration that this part of all durations does not exceed: 0.5 for the median, 0.99 for all
    /// but one in a hundred. `None` if there is no duration.
    ///
    /// It is the end of a class, or the longest duration if that is shorter: at most half too long.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).compter(true).ouvrir()?;
    /// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    /// serveur.client_local()?.appeler::<u64, _>(nommee("double", (21_u64,)))?;
    /// let chiffres = serveur.chiffres();
    /// let durees = &chiffres.commandes[0].durees;
    /// assert_eq!(durees.nombre(), 1);
    /// assert!(durees.quantile(0.5) <= Some(durees.maximum));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("percentile", "median", "p99"))]
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let all = self.nombre();
        #[expect(clippy::cast_precision_loss, reason = "a share of a count needs no more")]
        #[expect(clippy::cast_possible_truncation, reason = "it is at most the count")]
        #[expect(clippy::cast_sign_loss, reason = "the share is not negative")]
        let wanted = ((all as f64 * part.clamp(0.0, 1.0)).ceil() as u64).clamp(1, all.max(1));
        let mut seen = 0_u64;
        let class = self.nombres.iter().position(|count| {
            seen = seen.saturating_add(*count);
            seen >= wanted
        });
        class.map(|class| Durees::borne(class).unwrap_or(self.maximum).min(self.maximum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    // [figures.classes]
    fn every_duration_lies_below_the_bound_of_its_class_and_not_below_the_one_before() {
        let around = |nanos: u64| [nanos - 1, nanos, nanos + 1];
        let each = (1..45).flat_map(|power| around(1 << power)).chain((1..42).flat_map(|power| {
            let whole = 1_u64 << power;
            around(whole + whole / 2)
        }));
        for nanos in each.chain([0, u64::MAX]) {
            let (class, duration) = (class(nanos), Duration::from_nanos(nanos));
            assert!(class < CLASSES);
            assert!(Durees::borne(class).is_none_or(|end| duration < end), "{nanos} in {class}");
            let before = class.checked_sub(1).and_then(Durees::borne);
            assert!(before.is_none_or(|end| duration >= end), "{nanos} in {class}");
        }
    }

    #[test]
    fn a_quantile_is_the_end_of_its_class() {
        let mut durees = Durees::default();
        assert_eq!((durees.nombre(), durees.quantile(0.5)), (0, None));
        durees.nombres = vec![90, 0, 9, 1];
        durees.maximum = Duration::from_nanos(1_100);
        let quantile = |part| durees.quantile(part).map(|found| found.as_nanos());
        assert_eq!(durees.nombre(), 100);
        assert_eq!((quantile(0.0), quantile(0.9)), (Some(512), Some(512)));
        assert_eq!((quantile(0.91), quantile(0.99)), (Some(1_024), Some(1_024)));
        assert_eq!((quantile(0.999), quantile(7.0)), (Some(1_100), Some(1_100)));
        assert_eq!((quantile(-1.0), quantile(f64::NAN)), (Some(512), Some(512)));
    }

    #[test]
    fn counts_of_a_peer_that_are_too_large_for_a_sum_end_nothing() {
        let nombres = vec![u64::MAX; 70];
        let durees = Durees { nombres, somme: Duration::MAX, maximum: Duration::MAX };
        assert_eq!(durees.nombre(), u64::MAX);
        assert_eq!(durees.quantile(1.0), Some(Duration::from_nanos(512)));
        let long = Durees { nombres: [vec![0; 200], vec![1]].concat(), ..durees };
        assert_eq!(long.quantile(0.5), Some(Duration::MAX));
    }
}
