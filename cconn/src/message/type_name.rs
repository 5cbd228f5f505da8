//! Parses the names that the compiler gives to types.
//!
//! In a name from `std::any::type_name` aliases, associated types, constants and paths are
//! resolved, so one type has one name however it was written. The form of these names is not
//! promised. So a name that can't be parsed is `None`, lifetimes are skipped, and of paths into the
//! standard library only the first and the last segment count.

/// A type, or the value of a constant parameter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Name<'n> {
    /// A path: its first segment, its last segment, and the parameters of the last.
    Path { root: &'n str, last: &'n str, parameters: Vec<Name<'n>> },
    /// `(A, B)`; the unit type has no parts.
    Tuple(Vec<Name<'n>>),
    /// `[T; N]`, where `N` is a number.
    Array(Box<Name<'n>>, u64),
    /// `[T]`.
    Slice(Box<Name<'n>>),
    /// A number or character that is the value of a constant parameter.
    Constant(&'n str),
}

/// Whether a type is the `Result` of the standard library, possibly in a box or behind a reference.
pub(crate) fn is_result(type_name: &str) -> bool {
    // Most `Result`s are recognised by this prefix, without an allocation.
    type_name.starts_with("core::result::Result<") || Name::parse(type_name).is_some_and(is_std)
}

fn is_std(name: Name<'_>) -> bool {
    match name {
        Name::Path { root, last, mut parameters } if STD.contains(&root) => match last {
            "Result" => true,
            "Box" | "Rc" | "Arc" | "Cow" if !parameters.is_empty() => is_std(parameters.remove(0)),
            _ => false,
        },
        _ => false,
    }
}

/// The crates of the standard library.
pub(super) const STD: [&str; 3] = ["core", "alloc", "std"];

impl<'n> Name<'n> {
    pub(super) fn parse(text: &'n str) -> Option<Self> {
        let mut reader = Reader(text);
        let name = reader.name()?;
        reader.0.is_empty().then_some(name)
    }
}

/// The rest of a name that is not parsed yet.
struct Reader<'n>(&'n str);

impl<'n> Reader<'n> {
    fn name(&mut self) -> Option<Name<'n>> {
        while self.eat("&") {
            self.lifetime();
            self.eat("mut ");
        }
        if self.eat("(") {
            return self.list(")").map(Name::Tuple);
        }
        if self.eat("[") {
            return self.sequence();
        }
        if self.0.starts_with('\'') {
            return self.character();
        }
        if self.0.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            let end = self.0.find(|c: char| c != '-' && !c.is_ascii_alphanumeric());
            return Some(Name::Constant(self.take(end.unwrap_or(self.0.len()))));
        }
        self.path()
    }

    /// Parses a slice or an array, behind its `[`.
    fn sequence(&mut self) -> Option<Name<'n>> {
        let element = Box::new(self.name()?);
        if self.eat("]") {
            return Some(Name::Slice(element));
        }
        if !self.eat("; ") {
            return None;
        }
        let length = self.take(self.0.find(']')?);
        self.eat("]");
        // The length may carry its type as a suffix, such as `3usize`.
        let digits = length.find(|c: char| !c.is_ascii_digit()).unwrap_or(length.len());
        Some(Name::Array(element, length.get(..digits)?.parse().ok()?))
    }

    fn path(&mut self) -> Option<Name<'n>> {
        let mut root = None;
        loop {
            let (last, parameters) = self.segment()?;
            let root = *root.get_or_insert(last);
            if !self.eat("::") {
                let is_named = !last.is_empty();
                return is_named.then_some(Name::Path { root, last, parameters });
            }
        }
    }

    /// Parses one segment of a path with its parameters. A segment such as `<impl ..>` or
    /// `{{closure}}`, which has no name, counts as an empty one.
    fn segment(&mut self) -> Option<(&'n str, Vec<Name<'n>>)> {
        if self.0.starts_with(['<', '{']) {
            self.skip_group()?;
            return Some(("", Vec::new()));
        }
        self.eat("r#");
        let end = self.0.find(|c: char| !(c.is_alphanumeric() || c == '_'));
        let last = self.take(end.unwrap_or(self.0.len()));
        if last.is_empty() {
            return None;
        }
        let parameters =
            if self.eat("<") || self.eat("::<") { self.list(">")? } else { Vec::new() };
        Some((last, parameters))
    }

    /// Parses names separated by commas up to the bracket `end`; lifetimes are left out.
    fn list(&mut self, end: &str) -> Option<Vec<Name<'n>>> {
        let mut names = Vec::new();
        while !self.eat(end) {
            if !self.lifetime() {
                names.push(self.name()?);
            }
            if !self.eat(", ") && !self.eat(",") && !self.0.starts_with(end) {
                return None;
            }
        }
        Some(names)
    }

    /// Skips a lifetime; true if there was one.
    fn lifetime(&mut self) -> bool {
        let Some(rest) = self.0.strip_prefix('\'') else { return false };
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        if word.is_empty() || behind.starts_with('\'') {
            return false;
        }
        self.0 = behind.strip_prefix(' ').unwrap_or(behind);
        true
    }

    /// Parses a character in quotes.
    fn character(&mut self) -> Option<Name<'n>> {
        let mut escaped = false;
        let end = self.0.char_indices().skip(1).find(|(_, c)| {
            let is_end = *c == '\'' && !escaped;
            escaped = *c == '\\' && !escaped;
            is_end
        });
        end.map(|(end, quote)| Name::Constant(self.take(end + quote.len_utf8())))
    }

    /// Skips a group in brackets of any kind.
    fn skip_group(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        let mut before = ' ';
        for (place, c) in self.0.char_indices() {
            match c {
                '<' | '{' | '(' | '[' => depth += 1,
                // The `>` of an arrow `->` closes no bracket.
                '>' if before == '-' => {}
                '>' | '}' | ')' | ']' => depth = depth.checked_sub(1)?,
                _ => {}
            }
            before = c;
            if depth == 0 {
                self.take(place + c.len_utf8());
                return Some(());
            }
        }
        None
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn take(&mut self, length: usize) -> &'n str {
        let (taken, rest) = self.0.split_at_checked(length).unwrap_or((self.0, ""));
        self.0 = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name;
    use std::borrow::Cow;
    use std::marker::PhantomData;

    use super::*;

    struct Point;
    struct Vue<'a, T>(PhantomData<&'a T>);
    struct Constants<const C: char, const N: i8, const B: bool>;

    trait Local {
        fn name() -> &'static str;
    }

    impl Local for Vue<'_, fn(u8) -> Point> {
        fn name() -> &'static str {
            let inside = |_: u8| {
                struct Inner<T>(PhantomData<T>);
                type_name::<Inner<u8>>()
            };
            inside(0)
        }
    }

    #[track_caller]
    fn path(text: &str) -> (String, String, usize) {
        match Name::parse(text) {
            Some(Name::Path { root, last, parameters }) => {
                (root.to_owned(), last.to_owned(), parameters.len())
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn assert_path<T: ?Sized>(root: &str, last: &str, parameters: usize) {
        assert_eq!(path(type_name::<T>()), (root.to_owned(), last.to_owned(), parameters));
    }

    #[test]
    fn every_form_of_a_name_is_read() {
        assert_path::<Point>("cconn", "Point", 0);
        assert_path::<&'static mut &Point>("cconn", "Point", 0);
        assert_path::<Vue<'static, [Point; 2]>>("cconn", "Vue", 1);
        assert_path::<Cow<'static, str>>("alloc", "Cow", 1);
        assert_path::<Constants<'\'', -3, true>>("cconn", "Constants", 3);
        assert_path::<Constants<'>', 3, false>>("cconn", "Constants", 3);
        assert_path::<std::collections::HashMap<String, (u8, Point)>>("std", "HashMap", 2);
        assert_eq!(path(Vue::<fn(u8) -> Point>::name()).1, "Inner");
        assert_eq!(Name::parse(type_name::<()>()), Some(Name::Tuple(Vec::new())));
        assert!(matches!(Name::parse(type_name::<[u8; 300]>()), Some(Name::Array(_, 300))));
        assert!(matches!(Name::parse(type_name::<&[Point]>()), Some(Name::Slice(_))));
    }

    #[test]
    fn texts_that_name_no_type_have_no_name() {
        for text in ["", "&", "a::", "a<", "a<b", "(u8", "[u8; ", "[u8; x]", "fn(u8) -> u8", "a b"]
        {
            assert_eq!(Name::parse(text), None, "{text}");
        }
        for text in ["'", "'a", "<", "<a", "{{", "a::<b>c", "é<'é'>", "a<'b, 'c'>", "dyn X + 'a"]
        {
            let _no_panic = Name::parse(text);
        }
    }

    #[test]
    fn only_the_result_of_the_standard_library_is_one() {
        enum Result<T> {
            #[expect(dead_code, reason = "only its name counts")]
            Ok(T),
        }
        type Own = std::result::Result<u8, Point>;
        assert!(is_result(type_name::<Own>()));
        assert!(is_result(type_name::<Box<Own>>()));
        assert!(is_result(type_name::<std::sync::Arc<&Own>>()));
        assert!(!is_result(type_name::<Result<u8>>()));
        assert!(!is_result(type_name::<Option<Own>>()));
        assert!(!is_result(type_name::<Vue<'_, Own>>()));
    }
}
