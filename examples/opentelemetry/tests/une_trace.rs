//! The spans that the two programs print are one trace.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

/// A span, by its fields as the exporter prints them.
type Printed = BTreeMap<String, String>;

/// The spans in what was printed, by their names.
fn spans(text: &str) -> BTreeMap<String, Printed> {
    let mut spans = BTreeMap::new();
    for part in text.split("\nSpan #").skip(1) {
        // Its events have names of their own.
        let own = part.split("\tEvents:").next().unwrap_or(part);
        let fields: Printed = own
            .lines()
            .filter_map(|line| line.strip_prefix('\t')?.split_once(": "))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect();
        // The scope, indented further, has a name too; the span's own comes after it.
        spans.insert(fields["Name"].clone(), fields);
    }
    spans
}

#[test]
fn two_processes_print_one_trace() {
    let program = env!("CARGO_BIN_EXE_cconn-opentelemetry");
    let output = Command::new(program).stdin(Stdio::null()).output().expect("it starts");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.ends_with("kettle: sold\n"), "{text}");

    let spans = spans(&text);
    let field = |span: &str, field: &str| {
        spans.get(span).and_then(|span| span.get(field)).unwrap_or_else(|| {
            panic!("no {field} of `{span}` in\n{text}");
        })
    };
    let root = "an afternoon in town";
    for command in ["acheter", "confirmer"] {
        assert_eq!(field(command, "TraceId"), field(root, "TraceId"), "{text}");
        assert_eq!(field(command, "Kind"), "Server");
    }
    assert_eq!(field(root, "ParentSpanId"), "None (root span)");
    assert_eq!(field("acheter", "ParentSpanId"), field(root, "SpanId"));
    assert_eq!(field("confirmer", "ParentSpanId"), field("acheter", "SpanId"));
    assert!(text.contains("somebody buys") && text.contains("the shop asks"), "{text}");
}
