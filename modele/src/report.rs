//! The command line and what is printed.

use std::process::ExitCode;

use crate::{runner, scenarios};

pub(crate) struct Arguments {
    schedules: u64,
    seed: u64,
    only: Option<String>,
    dump: bool,
}

impl Arguments {
    pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Arguments { schedules: 20_000, seed: 1, only: None, dump: false };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            match arg.as_str() {
                "--schedules" => parsed.schedules = value()?.parse().map_err(|_| "a number")?,
                "--seed" => parsed.seed = value()?.parse().map_err(|_| "a number")?,
                "--only" => parsed.only = Some(value()?),
                "--dump" => parsed.dump = true,
                _ => return Err(format!("unknown: {arg}")),
            }
        }
        Ok(parsed)
    }
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    runner::catch_panics();
    let mut code = ExitCode::SUCCESS;
    let all: Vec<_> = scenarios::all().into_iter().filter(|s| arguments.only.as_ref().is_none_or(|only| only == s.name)).collect();
    let shares: u64 = all.iter().map(|s| s.share).sum();
    for s in &all {
        let count = (arguments.schedules * s.share / shares).max(1);
        let r = runner::run(s, None, arguments.seed, count);
        match r.failure {
            None => println!("{:35} {:7} {:6.1}s ok", s.name, r.schedules, r.took.as_secs_f64()),
            Some(f) => {
                code = ExitCode::FAILURE;
                println!("{:35} {:7} {:6.1}s FAILED --seed {} : {}", s.name, r.schedules, r.took.as_secs_f64(), f.seed, f.text.replace('\n', " "));
                if arguments.dump { println!("{}", f.state); }
            }
        }
    }
    if arguments.only.is_none() {
    for b in crate::rules::all() {
        let r = runner::run(&b.scenario, b.off, arguments.seed, 20000);
        println!("{:35} {:7} {:6.1}s {}", b.name, r.schedules, r.took.as_secs_f64(), r.failure.map_or("NOT FOUND".to_owned(), |f| f.text.replace('\n'," ")));
    }}
    code
}

pub(crate) fn probe() {
    runner::catch_panics();
    for b in crate::rules::all().into_iter().filter(|b| b.off.is_some()) {
        for s in scenarios::all() {
            let r = runner::run(&s, b.off, 1, 1000);
            if let Some(f) = r.failure { println!("{:30} {:35} {:6} {:.70}", b.name, s.name, r.schedules, f.text.replace('\n'," ").split(':').skip(3).collect::<String>()); }
        }
    }
}
