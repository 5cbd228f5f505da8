//! The hash of a structure, for fingerprints.
//!
//! Two types with the same unfolded structure have the same hash, in whatever order their parts
//! were found: so the hash is made in rounds, each of which gives every named type a hash of its
//! parts' hashes of the round before.

use super::{Champ, Forme, Genre, Structure, TypeNomme};

/// The number of rounds, which is how many named types deep a difference counts. Every version of
/// the library must use this number.
const ROUNDS: usize = 32;

/// The hash of a complete structure; `None` for one that is not.
pub(crate) fn structural_hash(structure: &Structure) -> Option<u64> {
    if !structure.is_complete {
        return None;
    }
    let mut hashes: Vec<u64> = structure.types.iter().map(|named| text(SEED, &named.nom)).collect();
    for _ in 0..ROUNDS {
        hashes = structure.types.iter().map(|named| of_type(named, &hashes)).collect();
    }
    Some(of(&structure.root, &hashes))
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, 64 bits.
fn bytes(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn number(hash: u64, number: u64) -> u64 {
    bytes(hash, &number.to_le_bytes())
}

fn text(hash: u64, text: &str) -> u64 {
    bytes(number(hash, text.len() as u64), text.as_bytes())
}

fn of_type(named: &TypeNomme, hashes: &[u64]) -> u64 {
    let hash = text(SEED, &named.nom);
    match &named.genre {
        Genre::Structure(all) => {
            // What an open struct may come without does not count.
            let counted = all.iter().filter(|field| !(named.ouvert && field.defaut));
            fields(text(hash, if named.ouvert { "open struct" } else { "struct" }), counted, hashes)
        }
        Genre::Enumeration(variants) => {
            let hash = text(hash, if named.ouvert { "open enum" } else { "enum" });
            let counted = variants.iter().filter(|variant| !(named.ouvert && variant.ajoutee));
            counted.fold(hash, |hash, variant| {
                fields(text(hash, &variant.nom), variant.champs.iter(), hashes)
            })
        }
        Genre::Autre(kind) => number(hash, (*kind).into()),
    }
}

/// The hash of fields, and of their number: so no list hashes like the beginning of another.
fn fields<'f>(hash: u64, all: impl Iterator<Item = &'f Champ>, hashes: &[u64]) -> u64 {
    let (mut hash, mut count) = (hash, 0);
    for field in all {
        hash = number(text(hash, &field.nom), of(&field.forme, hashes));
        count += 1;
    }
    number(hash, count)
}

fn of(shape: &Forme, hashes: &[u64]) -> u64 {
    let part = |part: &Forme| of(part, hashes);
    match shape {
        Forme::Facultative(content) => number(text(SEED, "option"), part(content)),
        Forme::Suite(element) => number(text(SEED, "seq"), part(element)),
        Forme::Octets => number(text(SEED, "seq"), part(&Forme::U8)),
        Forme::Table(key, value) => number(number(text(SEED, "map"), part(key)), part(value)),
        Forme::Tuple(parts) => {
            let hash = number(text(SEED, "tuple"), parts.len() as u64);
            parts.iter().fold(hash, |hash, one| number(hash, part(one)))
        }
        Forme::Type(index) => {
            let index = usize::try_from(*index).ok();
            index.and_then(|index| hashes.get(index)).copied().unwrap_or_default()
        }
        Forme::Flux(item, error) => {
            let hash = number(text(SEED, "stream"), part(item));
            number(hash, error.as_deref().map_or(0, part))
        }
        Forme::Opaque(name) => text(text(SEED, "opaque"), name),
        simple => text(text(SEED, "simple"), simple.simple_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(names: [&str; 2]) -> TypeNomme {
        let field = |name: &str| Champ { nom: name.to_owned(), defaut: false, forme: Forme::F64 };
        let genre = Genre::Structure(names.map(field).to_vec());
        TypeNomme { nom: "Point".to_owned(), ouvert: false, genre }
    }

    fn holding(types: Vec<TypeNomme>, root: Forme) -> Structure {
        let keys = types.iter().map(|named| named.nom.clone()).collect();
        Structure { root, types, keys, is_complete: true }
    }

    #[test]
    fn one_type_twice_hashes_like_two_equal_ones() {
        let pair = |second| Forme::Tuple(vec![Forme::Type(0), Forme::Type(second)]);
        let once = holding(vec![point(["x", "y"])], pair(0));
        let twice = holding(vec![point(["x", "y"]), point(["x", "y"])], pair(1));
        assert_eq!(structural_hash(&once), structural_hash(&twice));
        let swapped = holding(vec![point(["x", "y"]), point(["y", "x"])], pair(1));
        assert_ne!(structural_hash(&once), structural_hash(&swapped));
    }

    #[test]
    fn bytes_are_a_sequence_of_u8() {
        let bytes = structural_hash(&Structure::plain(Forme::Octets));
        let sequence = Structure::plain(Forme::Suite(Box::new(Forme::U8)));
        assert_eq!(bytes, structural_hash(&sequence));
    }

    #[test]
    fn peers_of_every_version_find_this_number() {
        let known = holding(vec![point(["x", "y"])], Forme::suite(Forme::Type(0)));
        assert_eq!(structural_hash(&known), Some(POINTS), "{:#x?}", structural_hash(&known));
        assert_eq!(structural_hash(&Structure::opaque("Point")), None);
    }

    /// Peers of every version count on it: a change here breaks them all.
    const POINTS: u64 = 0x21b5_03fa_a4cd_c637;
}
