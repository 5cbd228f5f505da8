//! Says to the core's source that it is compiled for the models.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(model)");
    // The parts of optional features are not compiled into the models.
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"tls\", \"secret\"))");
    println!("cargo::rustc-cfg=model");
}
