//! The setter of the black box, which the options of both sides have.

/// Defines the setter, over a field `settings`.
macro_rules! black_box_setting {
    () => {
        /// Keeps the last frames of each connection, and writes them to a file in that folder if the
        /// connection ends otherwise than in order: a cut, a fault, a deadline of the connection, a
        /// [`close`](crate::Client::close).
        ///
        /// `octets`: how much each connection keeps, 64 bytes for each frame included. The oldest
        /// frames make room for the newest; of a frame that is larger than all of it the first bytes
        /// are kept. Frames hold what the program sends, so the files are for its own user only
        /// (mode 0600). A process writes at most 100 of them.
        ///
        /// `cconn trame FILE` shows such a file, and
        /// [`BoiteNoire`]($crate::essais::BoiteNoire) reads it, and plays what was received to the
        /// commands of a test.
        ///
        /// What passes a connection with a black box is copied once more.
        ///
        /// # Examples
        ///
        /// ```
        /// use cconn::Client;
        ///
        /// let options = Client::options(4000).boite_noire(std::env::temp_dir(), 64 << 10);
        /// ```
        #[doc(alias("black_box", "flight_recorder", "record", "trace", "dump", "capture"))]
        pub fn boite_noire(
            mut self,
            dossier: impl Into<std::path::PathBuf>,
            octets: usize,
        ) -> Self {
            self.settings.black_box = Some($crate::boite::BlackBox::new(dossier.into(), octets));
            self
        }
    };
}

pub(crate) use black_box_setting;
