//! Tests of files as the source and the sink of a stream.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::flux::EchecEcriture;

/// A folder of its own for a test, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cconn-{name}-{}", process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<_> =
            fs::read_dir(&self.0).unwrap().map(|entry| name(entry).unwrap()).collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn bytes(text: &'static str) -> Flux<Octets> {
    Flux::lire(text.as_bytes())
}

fn failing() -> Flux<Octets> {
    Flux::essais([Ok(Octets(vec![7; 10])), Err("the disk is gone")].map(|item| match item {
        Ok(item) => Ok(item),
        Err(text) => Err(Erreur::echec(text)),
    }))
}

fn echec(error: Erreur) -> EchecEcriture {
    let Erreur::Echec(cause) = error else { panic!("{error}") };
    *cause.downcast().unwrap()
}

#[test]
fn a_file_passes_whole() {
    let folder = Folder::new("fichiers-whole");
    let (here, there) = (folder.file("here"), folder.file("there"));
    for size in [0, 1, 65_535, 65_536, 65_537, 300_000] {
        let content: Vec<u8> = (0..=250).cycle().take(size).collect();
        fs::write(&here, &content).unwrap();
        let flux: Flux<Octets> = Flux::fichier(&here).unwrap();
        assert_eq!(flux.vers_fichier(&there).unwrap(), size as u64);
        assert!(fs::read(&there).unwrap() == content, "{size}");
    }
    assert_eq!(folder.names(), ["here", "there"]);
}

#[test]
fn what_cannot_be_read_is_said_before_anything_is_sent() {
    let folder = Folder::new("fichiers-unread");
    let text = |path: PathBuf| {
        let error = Flux::<Octets>::fichier(path).unwrap_err();
        (error.kind(), error.to_string())
    };
    let (kind, absent) = text(folder.file("ab\nsent"));
    assert_eq!(kind, io::ErrorKind::NotFound);
    assert!(absent.starts_with(r"the file `ab\nsent` can't be read: "), "{absent}");
    let (kind, no_file) = text(folder.0.clone());
    assert_eq!(kind, io::ErrorKind::IsADirectory);
    assert!(no_file.ends_with("can't be read: it is a folder"), "{no_file}");
    #[cfg(unix)]
    {
        let (kind, device) = text(PathBuf::from("/dev/zero"));
        assert_eq!(kind, io::ErrorKind::InvalidInput);
        assert!(device.ends_with("give it to `lire`"), "{device}");
    }
    let (_, empty) = text(PathBuf::new());
    assert!(empty.starts_with("the file `` can't be read: "), "{empty}");
}

#[test]
fn a_file_that_does_not_come_whole_leaves_the_old_one() {
    let folder = Folder::new("fichiers-torn");
    let place = folder.file("kept");
    assert_eq!(failing().vers_fichier(&place).unwrap_err().to_string(), "the disk is gone");
    assert!(folder.names().is_empty());
    fs::write(&place, "old").unwrap();
    failing().vers_fichier(&place).unwrap_err();
    assert_eq!(
        (folder.names(), fs::read(&place).unwrap()),
        (vec!["kept".to_owned()], b"old".into())
    );
    bytes("new").vers_fichier(&place).unwrap();
    assert_eq!(fs::read(&place).unwrap(), b"new");
}

#[test]
fn a_place_that_is_no_file_is_left_alone() {
    let folder = Folder::new("fichiers-place");
    fs::create_dir(folder.file("sub")).unwrap();
    for (place, text) in [
        (folder.file("sub"), "the file `sub` can't be written: it is a folder"),
        (folder.file("no/file"), "the file `file` can't be written: "),
        (folder.file("new/"), "the file `new` can't be written: the path names no file"),
        (PathBuf::from(".."), "the file `..` can't be written: the path names no file"),
        (PathBuf::new(), "the file `` can't be written: the path names no file"),
    ] {
        let echec = echec(bytes("text").vers_fichier(&place).unwrap_err());
        assert_eq!((echec.octets, echec.fichier.as_ref()), (0, Some(&place)));
        assert!(echec.to_string().starts_with(text), "{echec}");
    }
    assert_eq!(folder.names(), ["sub"]);
    #[cfg(unix)]
    {
        let device = echec(bytes("text").vers_fichier("/dev/null").unwrap_err());
        assert!(device.to_string().contains("open it and give it to `vers`"), "{device}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_permissions_are_kept() {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = Folder::new("fichiers-link");
    let (real, link) = (folder.file("real"), folder.file("link"));
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, Permissions::from_mode(0o600)).unwrap();
    symlink("real", &link).unwrap();
    bytes("new").vers_fichier(&link).unwrap();
    assert_eq!(fs::read(&real).unwrap(), b"new");
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

    symlink("absent", folder.file("nowhere")).unwrap();
    let error = bytes("new").vers_fichier(folder.file("nowhere")).unwrap_err();
    assert!(error.to_string().contains("the link leads nowhere"), "{error}");
    fs::set_permissions(&real, Permissions::from_mode(0o400)).unwrap();
    let error = bytes("newer").vers_fichier(&link).unwrap_err();
    assert!(error.to_string().contains("it is read-only"), "{error}");
    assert_eq!((folder.names().len(), fs::read(&real).unwrap()), (3, b"new".to_vec()));
}

#[cfg(unix)]
#[test]
fn a_file_that_replaces_another_is_private_from_the_first_byte() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new("fichiers-private");
    let file = create(&folder.file("new"), true).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn names_that_a_killed_process_has_left_are_passed_over() {
    let folder = Folder::new("fichiers-left");
    let place = folder.file("kept");
    let (file, part) = Part::beside(&place).unwrap();
    drop(file);
    let number: u64 =
        part.path.to_str().unwrap().split(['-', '.']).nth_back(1).unwrap().parse().unwrap();
    for next in 1..20 {
        let name = format!(".cconn-{}-{}.part", process::id(), number + next);
        fs::write(folder.file(&name), "left").unwrap();
    }
    bytes("new").vers_fichier(&place).unwrap();
    assert_eq!(fs::read(&place).unwrap(), b"new");
}

/// Sends a file of so many chunks, and changes its length after the first chunk: what was read in
/// all, or the error at the end.
fn read_while(chunks: u64, change: impl FnOnce(&File)) -> Result<u64, String> {
    let folder = Folder::new(&format!("fichiers-while-{:?}", std::thread::current().id()));
    let path = folder.file("long");
    fs::write(&path, vec![7; usize::try_from(chunks << 16).unwrap()]).unwrap();
    let mut stream = Flux::<Octets>::fichier(&path).unwrap();
    let mut bytes = stream.next().unwrap().unwrap().0.len() as u64;
    change(&File::options().write(true).open(&path).unwrap());
    for item in stream {
        bytes += item.map_err(|error| error.to_string())?.0.len() as u64;
    }
    Ok(bytes)
}

#[test]
fn a_file_that_becomes_shorter_is_not_taken_for_whole() {
    for (left, name) in [(0, "nothing"), (1000, "1000 bytes"), (1 << 16, "what was read")] {
        let error = read_while(3, |file| file.set_len(left).unwrap()).unwrap_err();
        assert!(error.starts_with("the file `long` can't be read: it became shorter"), "{error}");
        assert!(error.contains(&format!("has {left} now, and 65536 were read")), "{name}: {error}");
    }
    // The cut may lie ahead of the reader.
    let error = read_while(3, |file| file.set_len((2 << 16) + 5).unwrap()).unwrap_err();
    assert!(error.contains("131077 were read"), "{error}");
}

#[test]
fn a_file_that_grows_is_read_to_its_new_end() {
    assert_eq!(read_while(2, |_| ()), Ok(2 << 16));
    assert_eq!(read_while(2, |file| file.set_len((2 << 16) + 9).unwrap()), Ok((2 << 16) + 9));
    assert_eq!(read_while(1, |file| file.set_len(0).unwrap()), Ok(1 << 16), "it was read whole");
}

#[cfg(target_os = "linux")]
#[test]
fn files_that_the_system_makes_up_end_where_they_end() {
    for path in ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"] {
        let Ok(expected) = fs::read(path) else { continue };
        let mut read = Vec::new();
        Flux::<Octets>::fichier(path).unwrap().vers(&mut read).unwrap();
        assert!(!read.is_empty() && expected.len().abs_diff(read.len()) < 100, "{path}");
    }
}
