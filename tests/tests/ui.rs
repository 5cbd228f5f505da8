//! What the compiler says of each mistake, one file a mistake, and programs that must compile.

#[test]
fn each_mistake_has_one_error() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
    cases.pass("ui/pass/*.rs");
}
