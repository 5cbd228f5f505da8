//! What the two sides say to each other about a call: the question where it is, the standing that
//! answers the question, and how far the call has come.

use super::super::error::WireError;
use super::super::layout::{self, kind};
use super::super::reader::Reader;
use super::{CallId, Frame, NO_COMMAND, call_id};

/// Where a call is, as its receiver says.
// [standing.numbers]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The command has been started.
    Running,
    /// The command had not been started and never will be. `behind`: the hash of the command that
    /// ran instead, 0 if that is not known.
    Unstarted { behind: u64 },
    /// The command had not been started and never will be: the receiver runs no commands.
    Unheard,
}

impl Standing {
    fn parse(number: u8, behind: u64) -> Self {
        match number {
            2 => Standing::Unstarted { behind },
            3 => Standing::Unheard,
            // [standing.unknown]
            _ => Standing::Running,
        }
    }

    pub(super) fn write(self, id: CallId, out: &mut Vec<u8>) {
        let (number, behind) = match self {
            Standing::Running => (1, NO_COMMAND),
            Standing::Unstarted { behind } => (2, behind),
            Standing::Unheard => (3, NO_COMMAND),
        };
        out.extend(layout::Standing::head(kind::STANDING, id.0, number, behind));
    }
}

/// Reads a frame of one of these kinds.
pub(super) fn parse(kind: u8, mut reader: Reader<'_>) -> Result<Frame<'_>, WireError> {
    if kind == kind::PROGRESS {
        let layout::Progress { id, done, total, .. } = layout::Progress::read(&mut reader)?;
        return Ok(Frame::Progress { id: call_id(id)?, done, total, text: reader.text()? });
    }
    if kind == kind::QUESTION {
        let id = call_id(layout::Question::read(&mut reader)?.id)?;
        reader.end()?;
        return Ok(Frame::Question { id });
    }
    let head = layout::Standing::read(&mut reader)?;
    reader.end()?;
    let standing = Standing::parse(head.number, head.behind);
    Ok(Frame::Standing { id: call_id(head.id)?, standing })
}
