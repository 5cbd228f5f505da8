//! The dissector for Wireshark shows what `cconn trame` shows, of the frames of PROTOCOL.md and of a
//! captured connection, however the bytes are cut into packets.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use captures::captured;
use cconn::{Client, Resultat, Serveur, commande, commandes, nommee};
use serde_json::Value;

mod captures;

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn quotient(a: i64, b: i64) -> Result<i64, String> {
    if b == 0 { Err("by zero".to_owned()) } else { Ok(a / b) }
}

#[commande]
fn compte(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

/// Calls its caller back.
#[commande]
fn rappel(client: &Client, n: u64) -> Resultat<u64> {
    client.appeler(nommee("double", (n,)))
}

/// The direction of a packet: to the server or back.
#[derive(Clone, Copy)]
enum Way {
    There,
    Back,
}

/// A file as tcpdump writes it, of one connection whose packets hold these bytes.
fn pcap(packets: &[(Way, &[u8])]) -> Vec<u8> {
    /// Packets without a link layer.
    const RAW: u32 = 101;
    let mut file = Vec::new();
    file.extend(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0]);
    file.extend(RAW.to_le_bytes());
    let mut next: [u32; 2] = [1000, 2000];
    let mut time = 0_u32;
    let mut packet = |way: Way, flags: u8, data: &[u8], count: u32| {
        time += 1;
        let (from, to) = match way {
            Way::There => (0, 1),
            Way::Back => (1, 0),
        };
        let ports = [40_000_u16, 12_800];
        let total = u16::try_from(40 + data.len()).expect("a packet is short");
        let mut bytes = vec![0x45, 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
        bytes.extend(ports[from].to_be_bytes());
        bytes.extend(ports[to].to_be_bytes());
        bytes.extend(next[from].to_be_bytes());
        bytes.extend(next[to].to_be_bytes());
        bytes.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.extend(data);
        next[from] += count;
        for number in [1, time, u32::from(total), u32::from(total)] {
            file.extend(number.to_le_bytes());
        }
        file.extend(bytes);
    };
    packet(Way::There, 0x02, &[], 1);
    packet(Way::Back, 0x12, &[], 1);
    packet(Way::There, 0x10, &[], 0);
    for (way, data) in packets {
        let count = u32::try_from(data.len()).expect("a packet is short");
        packet(*way, 0x18, data, count);
    }
    file
}

/// The frames of one example of the protocol's page after the other.
fn examples() -> Vec<(String, Vec<u8>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROTOCOL.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut examples = Vec::new();
    for block in page.split("```hex ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let hex = rest.split("```").next().unwrap();
        let digits =
            hex.lines().flat_map(|line| line.split('#').next().unwrap().split_whitespace());
        let bytes = digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect();
        examples.push((name.to_owned(), bytes));
    }
    examples
}

/// `tshark` with the dissector, reading these packets; `None`, said aloud, where there is none.
fn tshark(packets: &[(Way, &[u8])], words: &[&str]) -> Option<String> {
    let version = Command::new("tshark").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("with Lua")) {
        eprintln!("SKIPPED: there is no tshark with Lua");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture.pcap");
    std::fs::write(&file, pcap(packets)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("wireshark/cconn.lua");
    let output = Command::new("tshark")
        .arg("-X")
        .arg(format!("lua_script:{}", script.display()))
        // Nothing of the user's own settings.
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path())
        .arg("-r")
        .arg(&file)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains("Lua"), "{errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What the dissector says of each frame, in the order of the packets.
fn dissected(packets: &[(Way, &[u8])], more: &[&str]) -> Option<Vec<String>> {
    let fields = ["-T", "fields", "-e", "cconn.what", "-E", "aggregator=\u{1f}"];
    let text = tshark(packets, &[&fields[..], more].concat())?;
    assert!(!text.contains("Lua Error"), "{text}");
    Some(
        text.lines()
            .filter(|line| !line.is_empty())
            .flat_map(|line| line.split('\u{1f}').map(str::to_owned))
            .collect(),
    )
}

/// What `cconn trame` says of the same bytes, as far as the dissector uses the same words.
fn shown(bytes: &[u8]) -> Vec<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cconn"))
        .args(["trame", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| brief(&serde_json::from_str(line).unwrap())).collect()
}

fn brief(frame: &Value) -> String {
    let (kind, fields) = (frame["genre"].as_str().unwrap(), &frame["champs"]);
    let id = frame["id"].as_u64().unwrap_or_default();
    let command = frame["commande"].as_str().unwrap_or_default();
    let size = &frame["octets"];
    match kind {
        "greeting" if fields["cote"] == "client" => "greeting of the client".to_owned(),
        "greeting" => "greeting of the server, accepted".to_owned(),
        "one-way" => format!("one-way {command} {size} bytes"),
        "call" => format!("call id={id} {command} {size} bytes"),
        "answer" | "user error" => format!("{kind} id={id} {size} bytes"),
        "failure" => {
            let code = fields["code"].as_str().unwrap().split(' ').next().unwrap().to_owned();
            let text = fields["texte"].as_str().map(|text| format!(" \"{text}\""));
            format!("failure id={id} {command} {code}{}", text.unwrap_or_default())
        }
        "grant" => format!("grant {} bytes", fields["credit"].as_str().unwrap()),
        "items" => format!("items id={id} {} items", fields["elements"].as_str().unwrap()),
        "credit" => format!("credit id={id} {}", fields["credit"].as_str().unwrap()),
        "retrait" => "retrait".to_owned(),
        "adieu" => "adieu reason ".to_owned(),
        _ => format!("{kind} id={id}"),
    }
}

/// Each frame as the library shows it, and what the dissector says more of some.
#[track_caller]
fn same(dissected: &[String], shown: &[String]) {
    for (at, wanted) in shown.iter().enumerate() {
        let found = dissected.get(at).map_or("nothing", String::as_str);
        let goes_on =
            ["adieu", "end", "progress", "standing"].iter().any(|kind| wanted.starts_with(kind));
        assert!(
            found == wanted || goes_on && found.starts_with(wanted),
            "{at}: {found} / {wanted}"
        );
    }
    assert_eq!(dissected.len(), shown.len(), "{dissected:#?}");
}

#[test]
fn the_frames_of_the_protocol_are_known() {
    let examples = examples();
    let of = |name: &str| &examples.iter().find(|(other, _)| other == name).unwrap().1[..];
    let (client, server) = (of("client-greeting"), of("server-greeting"));
    // What an older peer sends is shown as it came by the one, and as it is meant by the other.
    let others = ["values", "server-refusal", "older-failure-panic"];
    let is_frame = |name: &str| !(others.contains(&name) || name.ends_with("-greeting"));
    let frames: Vec<u8> = examples
        .iter()
        .filter(|(name, _)| is_frame(name))
        .flat_map(|(_, bytes)| bytes.iter().copied())
        .collect();
    let wanted = shown(&[client, &frames].concat());
    for size in [7, 1400] {
        let mut packets = vec![(Way::There, client), (Way::Back, server)];
        packets.extend(frames.chunks(size).map(|chunk| (Way::There, chunk)));
        let Some(mut dissected) = dissected(&packets, &[]) else { return };
        assert_eq!(dissected.remove(1), "greeting of the server, accepted");
        same(&dissected, &wanted);
    }
    let refusal = [(Way::There, client), (Way::Back, of("server-refusal"))];
    let Some(told) = dissected(&refusal, &[]) else { return };
    assert_eq!(told[1], "greeting of the server, the server is full \"1 client of 1\"");
    let older = [(Way::There, of("older-client-greeting"))];
    assert_eq!(dissected(&older, &[]).unwrap(), ["greeting of the client"]);
}

/// The bytes of both directions of a connection with most kinds of frames.
fn capture() -> [Vec<u8>; 2] {
    let serveur = Serveur::new(0).unwrap();
    serveur.enregistrer(commandes![somme, quotient, compte, rappel]).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let captured = captured(&serveur.adresse().to_string(), |client| {
        client.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
        assert_eq!(client.appeler(somme { a: 12, b: 34 }).unwrap(), 46);
        client.envoyer(somme { a: 1, b: 2 }).unwrap();
        client.appeler(quotient { a: 1, b: 0 }).unwrap_err();
        client.appeler::<(), _>(nommee("absente", ())).unwrap_err();
        assert_eq!(client.appeler(compte { n: 300 }).unwrap().count(), 300);
        assert_eq!(client.appeler(rappel { n: 21 }).unwrap(), 42);
    });
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
    captured
}

#[test]
fn a_captured_connection_is_shown_as_the_library_shows_it() {
    let [there, back] = capture();
    for (size, passes) in [(11, &["-2"][..]), (1400, &[])] {
        // One direction after the other: what a frame says depends on its own direction only.
        let mut packets: Vec<_> = there.chunks(size).map(|chunk| (Way::There, chunk)).collect();
        packets.extend(back.chunks(size).map(|chunk| (Way::Back, chunk)));
        let Some(dissected) = dissected(&packets, passes) else { return };
        same(&dissected, &[shown(&there), shown(&back)].concat());
    }
}

#[test]
fn an_outcome_is_joined_to_its_call_and_a_name_to_its_hash() {
    let [there, back] = capture();
    let packets = [(Way::There, &there[..]), (Way::Back, &back[..])];
    let names = ["-o", "cconn.names:somme quotient,compte rappel"];
    let words = ["-T", "fields", "-e", "cconn.call_in", "-Y", "cconn.call_in"];
    let Some(calls) = tshark(&packets, &words) else { return };
    // The packets behind the three of the beginning: 4 calls, 5 answers, which follow them.
    assert!(calls.trim().split(',').filter(|call| *call == "4").count() >= 5, "{calls}");
    let all = dissected(&packets, &names).unwrap();
    for wanted in [" somme 2 bytes", "one-way somme 2 bytes", " compte 3 bytes", " rappel 1 bytes"]
    {
        assert!(all.iter().any(|one| one.ends_with(wanted)), "{wanted}: {all:#?}");
    }
    let found = tshark(&packets, &["-Y", "cconn.code == 0x0001"]).unwrap();
    assert_eq!(found.lines().count(), 1, "a filter finds the failure: {found}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_bytes_of_one_direction_are_taken_out_of_a_capture() {
    if Command::new("tshark").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no tshark");
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src/tool.md");
    let page = std::fs::read_to_string(page).unwrap();
    let line = page.lines().find(|line| line.starts_with("tshark -r cap.pcapng")).unwrap();
    let back_there = "grep -P '^\\t[0-9a-f]+$'";
    assert!(page.contains(&format!("`{back_there}`")), "how to take the other direction");
    let [there, back] = capture();
    let folder = tempfile::tempdir().unwrap();
    let packets = [(Way::There, &there[..]), (Way::Back, &back[..])];
    std::fs::write(folder.path().join("cap.pcapng"), pcap(&packets)).unwrap();
    let other = line.replace("grep -P '^[0-9a-f]+$'", back_there);
    assert_ne!(line, other);
    for (line, bytes) in [(line, there), (&*other, back)] {
        let done = Command::new("sh")
            .args(["-c", line])
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path())
            .status()
            .unwrap();
        assert!(done.success(), "{line}");
        let hex = std::fs::read(folder.path().join("client.hex")).unwrap();
        assert_eq!(shown(&hex), shown(&bytes), "{line}");
    }
}

#[test]
fn hostile_bytes_are_told_and_end_nothing() {
    let [there, back] = capture();
    let mut dice = 1_u32;
    let mut roll = |most: usize| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 8) as usize % most
    };
    let mut faults = 0;
    for _ in 0..4 {
        let (mut there, mut back) = (there.clone(), back.clone());
        for bytes in [&mut there, &mut back] {
            for _ in 0..6 {
                let at = 8 + roll(bytes.len() - 8);
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff][roll(5)];
            }
            bytes.truncate(8 + roll(bytes.len() - 8));
        }
        let packets = [(Way::There, &there[..]), (Way::Back, &back[..])];
        let Some(text) = tshark(&packets, &["-V"]) else { return };
        assert!(!text.contains("Lua Error"), "{text}");
        faults += text.matches("!!").count();
    }
    assert!(faults > 0, "no fault was told");
    let other = [(Way::There, &b"GET / HTTP/1.1\r\n\r\n"[..])];
    assert_eq!(tshark(&other, &["-Y", "cconn"]).unwrap(), "", "it is another protocol");
}

#[test]
fn the_guide_shows_what_is_printed() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/src/tool.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, example) = page.split_once("$ tshark ").expect("there is an example");
    let (command, printed) = example.split("\n```").next().unwrap().split_once('\n').unwrap();
    let words = shlex::split(command).unwrap();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [_, script, options @ .., _, _, _, _, _, _, field] = &words[..] else {
        panic!("{words:?}")
    };
    assert_eq!((*script, *field), ("lua_script:cconn-cli/wireshark/cconn.lua", "cconn.what"));
    assert_eq!(options[..2], ["-o", "cconn.names:somme ping"]);
    let examples = examples();
    let of = |name: &str| &examples.iter().find(|(other, _)| other == name).unwrap().1[..];
    let packets = [
        (Way::There, of("client-greeting")),
        (Way::Back, of("server-greeting")),
        (Way::There, of("call-somme")),
        (Way::Back, of("answer-somme")),
    ];
    let Some(lines) = dissected(&packets, &options[..2]) else { return };
    assert_eq!(lines, printed.lines().collect::<Vec<_>>());
}
