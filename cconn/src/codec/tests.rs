//! Tests of the codec against fixed bytes, against the crate behind it, and against hostile bytes.

mod bytes;
mod errors;
mod hostile;
mod limits;
mod symmetry;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{CodecError, decode, encode};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Dot(Point),
    Line(Point, Point),
    Circle { centre: Point, radius: u32 },
}

fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    encode(value, &mut out).unwrap();
    out
}

/// The error of decoding one owned value from `bytes`.
fn refusal<T: DeserializeOwned + std::fmt::Debug>(body: &[u8]) -> CodecError {
    decode::<T>(body).unwrap_err()
}
