//! The figures of a server as a whole, in lines that hold as many of them as their width does.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::view::{View, bytes, time};
use super::{BAD, NAME};

/// What stands between two facts of a line.
const GAP: &str = "  ";

/// One figure with what it is; a line holds it as a whole.
pub type Fact = Vec<Span<'static>>;

/// The figures, the most important first.
pub fn facts(view: &View<'_>) -> Vec<Fact> {
    let (figures, load) = (view.figures, &view.figures.charge);
    let refused = if figures.refuses > 0 { BAD } else { Style::new() };
    vec![
        named("clients", format!("{}/{}", figures.clients, figures.places)),
        named("running", load.en_cours.to_string()),
        vec![Span::styled(format!("{:.1}", view.rate), NAME), "/s".into()],
        named("p50", time(view.p50)),
        named("p99", time(view.p99)),
        named("queued", load.en_file.to_string()),
        vec![Span::styled(format!("refused {}", figures.refuses), refused)],
        named("unwritten", bytes(load.sortie)),
        plain(format!("streams {} out {} in", load.flux_envoyes, load.flux_recus)),
        plain(format!("came {}", figures.venus)),
        plain(format!("threads {}", load.threads)),
        plain(format!("calls out {}", load.appels)),
        plain(format!("window {}", bytes(load.fenetre))),
    ]
}

fn named(name: &str, figure: String) -> Fact {
    vec![format!("{name} ").into(), Span::styled(figure, NAME)]
}

pub fn plain(text: String) -> Fact {
    vec![text.into()]
}

/// The facts one behind the other, in at most so many lines. The first of a line may be cut.
pub fn lines(facts: Vec<Fact>, width: u16, most: u16) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for fact in facts {
        let columns: usize = fact.iter().map(Span::width).sum();
        let is_full = lines.len() == usize::from(most);
        match lines.last_mut() {
            Some(line) if line.width() + GAP.len() + columns <= width.into() => {
                line.push_span(GAP);
                line.extend(fact);
            }
            _ if is_full => break,
            _ => lines.push(Line::from(fact)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_whole_facts() {
        let shown = |width, most| {
            let facts = ["12345", "67", "89", "abcdef"].map(|text| plain(text.to_owned()));
            let lines = lines(facts.to_vec(), width, most);
            lines.iter().map(Line::to_string).collect::<Vec<_>>()
        };
        assert_eq!(shown(99, 9), ["12345  67  89  abcdef"]);
        assert_eq!(shown(9, 9), ["12345  67", "89", "abcdef"]);
        assert_eq!(shown(8, 9), ["12345", "67  89", "abcdef"]);
        assert_eq!(shown(8, 2), ["12345", "67  89"]);
        assert_eq!(shown(3, 9), ["12345", "67", "89", "abcdef"]);
        assert!(shown(9, 0).is_empty());
    }
}
