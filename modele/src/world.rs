//! One run of a scenario: two ends, their threads, the end, and what must be true then.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use shuttle::rand::Rng;
use shuttle::thread::JoinHandle;

use crate::commands::{Commands, Op, Pending, Speaker};
use crate::ledger::Ledger;
use crate::lien::{Ending, Lien, Limits, Parts, PeerLimits, Watch};
use crate::line::Line;
use crate::scenarios::{Act, End, Scenario};
use crate::sync;
use crate::wire::EndReason;

/// A number below `limit`, chosen by the schedule.
pub(crate) fn random(limit: u64) -> u64 {
    shuttle::rand::thread_rng().gen_range(0..limit)
}

std::thread_local! {
    /// The ends of the run under way, to be described if it fails.
    static ENDS: RefCell<Vec<Arc<Lien>>> = const { RefCell::new(Vec::new()) };
}

/// The state of both ends of a run that failed.
pub(crate) fn describe_ends() -> String {
    let ends = ENDS.with(|ends| std::mem::take(&mut *ends.borrow_mut()));
    let text = ends.iter().map(|lien| lien.describe()).collect::<Vec<_>>().join("\n");
    // Their run is gone, and with it what dropping them needs.
    std::mem::forget(ends);
    text
}

struct World {
    scenario: Scenario,
    liens: [Arc<Lien>; 2],
    lines: [Line; 2],
    ledger: Arc<Ledger>,
}

/// Runs a scenario once.
pub(crate) fn run(scenario: &Scenario, rule_off: Option<sync::Rule>) {
    sync::begin(rule_off, scenario.spawn_fails);
    let world = Arc::new(World::new(scenario));
    ENDS.with(|ends| *ends.borrow_mut() = world.liens.to_vec());
    let executors = start_executors(&world);
    let callers = start_callers(&world);
    let clock = start_clock(scenario.clock);
    let disturbers = start_disturbers(&world);
    join(callers);
    world.stop();
    join(disturbers);
    join(executors);
    world.liens.iter().for_each(|lien| assert!(lien.wait_for_stand_ins(None)));
    sync::stop_clock();
    join(clock);
    sync::join_all();
    world.check();
    ENDS.with(|ends| ends.borrow_mut().clear());
}

fn join(threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().expect("a thread of the model panicked"));
}

fn thread(name: String, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    shuttle::thread::Builder::new().name(name).spawn(body).expect("a thread")
}

fn start_executors(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    let sides = (0..2).filter(|side| world.scenario.executes[*side]);
    sides
        .map(|side| {
            let lien = world.liens[side].clone();
            thread(format!("executor {side}"), move || {
                assert!(lien.execute(), "one executor a side");
                lien.linger();
            })
        })
        .collect()
}

fn start_callers(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    let mut callers = Vec::new();
    for side in 0..2 {
        for number in 0..world.scenario.callers[side] {
            let world = world.clone();
            callers.push(thread(format!("caller {side}.{number}"), move || world.caller(side)));
        }
    }
    callers
}

fn start_clock(runs: bool) -> Vec<JoinHandle<()>> {
    if runs { vec![thread("clock".to_owned(), sync::run_clock)] } else { Vec::new() }
}

/// Those who end the connection while the callers are at work.
fn start_disturbers(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    let disturber = |side: usize, act: fn(&World, usize)| {
        let world = world.clone();
        thread(format!("disturber {side}"), move || {
            wait_a_while(400);
            act(&world, side);
        })
    };
    let stop: fn(&World, usize) = |world, side| {
        world.liens[side].stop(None);
    };
    match world.scenario.end {
        End::Stop | End::StopBoth => Vec::new(),
        End::StopAnyTime => vec![disturber(random(2) as usize, stop)],
        End::StopBothAnyTime => vec![disturber(0, stop), disturber(1, stop)],
        End::Close => vec![disturber(random(2) as usize, |world, side| {
            world.liens[side].close(EndReason::Closed, "");
        })],
        End::Cut => vec![disturber(random(2) as usize, |world, side| world.lines[side].cut())],
    }
}

fn wait_a_while(most: u64) {
    (0..random(most)).for_each(|_| shuttle::thread::yield_now());
}

impl World {
    fn new(scenario: &Scenario) -> Self {
        let (left, right) = Line::pair(scenario.capacity);
        let lines = [left, right];
        let ledger = Arc::new(Ledger::default());
        let watch = scenario.watch.then(|| Arc::new(Watch::default()));
        let limits = limits(scenario);
        let end = |side: usize| {
            let patience = scenario.patience;
            Lien::new(Parts {
                io: Box::new(lines[side].clone()),
                commands: Arc::new(Commands { side, ledger: ledger.clone(), patience }),
                limits: limits.clone(),
                peer: PeerLimits { max_frame: limits.max_frame, window: limits.window },
                watch: watch.clone(),
                id: 0,
            address: None,
            ends_with_handles: false,
            label: format!("side {side}").into(),
                thread_name: format!("stand-in {side}"),
                rest: Vec::new(),
            })
        };
        let liens = [end(0), end(1)];
        World { scenario: scenario.clone(), liens, lines, ledger }
    }

    /// One thread of the program.
    fn caller(&self, side: usize) {
        let patience = self.scenario.patience;
        let speaker = Speaker::new(&self.liens[side], &self.ledger, patience);
        let mut pending = Vec::new();
        for _ in 0..self.scenario.acts_each {
            let acts = self.scenario.acts;
            self.act(&speaker, acts[random(acts.len() as u64) as usize], &mut pending);
        }
        while !pending.is_empty() {
            let any = pending.swap_remove(random(pending.len() as u64) as usize);
            speaker.settle(any, self.scenario.gives_up);
        }
    }

    fn act(&self, speaker: &Speaker, act: Act, pending: &mut Vec<Pending>) {
        match act {
            Act::Call(op, count, padding) => speaker.call(op, count, padding),
            Act::Send(op, count, padding) => speaker.send(op, count, padding),
            Act::SendAtOnce => speaker.send_at_once(Op::Echo),
            Act::Defer(op, count) => pending.extend(speaker.defer(op, count, 0)),
        }
    }

    /// The orderly stop after the callers have left, from a side or both. Where the connection
    /// has ended already, or is being stopped, it does no harm.
    fn stop(self: &Arc<Self>) {
        let first = if self.scenario.executes == [true, true] { random(2) as usize } else { 0 };
        if self.scenario.end == End::StopBoth {
            let lien = self.liens[1 - first].clone();
            let other = thread("stopper".to_owned(), move || {
                lien.stop(None);
            });
            self.liens[first].stop(None);
            join(vec![other]);
        } else {
            self.liens[first].stop(None);
        }
        self.liens[1 - first].stop(None);
    }

    fn check(&self) {
        let scenario = &self.scenario;
        let endings: Vec<_> =
            self.liens.iter().map(|lien| lien.ending().expect("the connection ended")).collect();
        for (side, lien) in self.liens.iter().enumerate() {
            let left = lien.left_over();
            assert!(left.is_empty(), "side {side} at its end: {left:?}");
        }
        let closes = scenario.acts.iter().any(|act| matches!(act, Act::Call(Op::Close, ..)));
        let orderly = !closes && !matches!(scenario.end, End::Close | End::Cut);
        let all_finished = endings.iter().all(|ending| matches!(**ending, Ending::Finished));
        assert!(!orderly || all_finished, "stopped in order, and it ended as {endings:?}");
        if scenario.end == End::Close && scenario.capacity > 1000 {
            let told = endings.iter().all(|ending| ending.is_orderly());
            assert!(told, "closed by the program, and it ended as {endings:?}");
        }
        let patient = scenario.patience.is_none() && !scenario.gives_up;
        // A one-way message for which there was no thread is refused by a notice.
        self.ledger.check(orderly && scenario.spawn_fails == 0, patient);
        let refused = self.ledger.too_many_waiting();
        assert!(!scenario.must_refuse || refused > 0, "no wait was refused");
        assert!(!scenario.must_not_refuse || refused == 0, "a wait was refused");
    }
}

/// Limits so small that every wait happens.
fn limits(scenario: &Scenario) -> Limits {
    const FOREVER: Duration = Duration::from_secs(1_000_000);
    Limits {
        max_frame: scenario.max_frame,
        window: scenario.window(),
        max_waiting: scenario.max_waiting,
        max_parallel: 2,
        high_water: scenario.high_water,
        write_deadline: FOREVER,
        read_deadline: FOREVER,
        answer_deadline: FOREVER,
        grace: FOREVER,
        ..Limits::default()
    }
}
