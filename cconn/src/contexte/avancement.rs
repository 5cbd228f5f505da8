//! How far a command has come.

use crate::link::Report;

/// How far a command has come, as it says itself with [`Client::avancement`](crate::Client::avancement).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias("Progress", "ProgressReport"))]
#[non_exhaustive]
pub struct Avancement {
    /// How much is done, in whatever the command counts.
    #[doc(alias = "done")]
    pub fait: u64,
    /// How much there is to do, if the command knows.
    pub total: Option<u64>,
    /// What is being done, for a person to read; may be empty.
    #[doc(alias = "text")]
    pub texte: Box<str>,
}

impl Avancement {
    /// The part that is done, from 0 to 1; `None` if the whole is not known.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("moitie", |client: &Client, (): ()| {
    ///     client.avancement(5, 10, "half of it");
    /// })?;
    /// let client = serveur.client_local()?;
    /// let mut parts = Vec::new();
    /// client.appeler_suivi::<(), _>(nommee("moitie", ()), |p| parts.push(p.fraction()))?;
    /// assert_eq!(parts, [Some(0.5)]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("ratio", "percent"))]
    #[expect(clippy::cast_precision_loss, reason = "a part of the whole needs no more digits")]
    pub fn fraction(&self) -> Option<f64> {
        let total = self.total?;
        Some((self.fait as f64 / total as f64).min(1.0))
    }

    pub(crate) fn of(report: Report) -> Self {
        let total = (report.total != 0).then_some(report.total);
        Avancement { fait: report.done, total, texte: report.text }
    }
}
