//! The nearest of some names, for "did you mean".

/// `: did you mean `x`?`, or the names there are if none is near.
pub fn suggestion(wanted: &str, known: &[&str]) -> String {
    let nearest = nearest(wanted, known);
    match (nearest, known) {
        (Some(name), _) => format!(": did you mean `{name}`?"),
        (None, []) => ": there are none".to_owned(),
        (None, known) if known.len() <= 12 => format!(": there are {}", known.join(", ")),
        (None, _) => String::new(),
    }
}

/// The name that is most like `wanted`, if any is like it.
pub fn nearest<'a>(wanted: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |name: &str| strsim::jaro_winkler(&wanted.to_lowercase(), &name.to_lowercase());
    let rated = known.iter().map(|name| (likeness(name), *name));
    let best = rated.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness > 0.8).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name() {
        let known = ["somme", "produit", "quotient"];
        assert_eq!(nearest("some", &known), Some("somme"));
        assert_eq!(nearest("Produit", &known), Some("produit"));
        assert_eq!(nearest("xyz", &known), None);
        assert_eq!(suggestion("xyz", &known), ": there are somme, produit, quotient");
        assert_eq!(suggestion("x", &[]), ": there are none");
    }
}
