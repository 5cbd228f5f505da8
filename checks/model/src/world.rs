//! One run of a scenario: the ends, their threads, how it ends, and what must be true then.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use shuttle::rand::Rng;
use shuttle::thread::JoinHandle;

use crate::channels::Kept;
use crate::commands::{Commands, Gate};
use crate::ledger::Ledger;
use crate::line::Line;
use crate::link::{Ending, Expelled, Identity, Limits, Link, Parts, PeerLimits, Watch};
use crate::op::Op;
use crate::scenarios::{Act, End, Scenario};
use crate::speaker::{Pending, Speaker};
use crate::streams;
use crate::sync::{self, FOREVER};
use crate::wire::{EndReason, Features};

/// A number below `limit`, chosen by the schedule.
pub(crate) fn random(limit: u64) -> u64 {
    shuttle::rand::thread_rng().gen_range(0..limit)
}

std::thread_local! {
    /// The ends of the run under way, to be described if it fails.
    static ENDS: RefCell<Vec<Arc<Link>>> = const { RefCell::new(Vec::new()) };
}

/// The state of the ends of a run that failed.
pub(crate) fn describe_ends() -> String {
    let ends = ENDS.with(|ends| std::mem::take(&mut *ends.borrow_mut()));
    let text = ends.iter().map(|link| link.describe()).collect::<Vec<_>>().join("\n");
    // Their run is gone, and with it what dropping them needs.
    std::mem::forget(ends);
    text
}

/// The ends of one connection are neighbours: 0 and 1, 2 and 3. Where there are two, 1 and 2 are
/// one program in the middle.
struct World {
    scenario: Scenario,
    links: Vec<Arc<Link>>,
    lines: Vec<Line>,
    ledger: Arc<Ledger>,
    /// What callers open for a command.
    gate: Arc<Gate>,
    /// The end that sends its peer away.
    heard: OnceLock<usize>,
}

/// Runs a scenario once.
pub(crate) fn run(scenario: &Scenario, rule_off: Option<sync::Rule>) {
    sync::begin(rule_off, scenario.spawn_fails);
    let world = Arc::new(World::new(scenario.clone().varied()));
    ENDS.with(|ends| *ends.borrow_mut() = world.links.clone());
    let executors = start_executors(&world);
    let callers = start_callers(&world);
    let clock = start_clock(scenario.clock);
    let disturbers = start_disturbers(&world);
    join(callers);
    world.stop();
    join(disturbers);
    join(executors);
    world.links.iter().for_each(|link| assert!(link.wait_for_stand_ins(None)));
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
    let ends = (0..world.links.len()).filter(|end| world.executes(*end));
    ends.map(|end| {
        let link = world.links[end].clone();
        thread(format!("executor {end}"), move || {
            assert!(link.execute(), "the only executor");
            link.linger();
        })
    })
    .collect()
}

/// Callers are at the outer ends.
fn start_callers(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    let mut callers = Vec::new();
    let outer = [0, world.links.len() - 1];
    for (end, count) in outer.into_iter().zip(world.scenario.callers) {
        for number in 0..count {
            let world = world.clone();
            callers
                .push(thread(format!("caller {end}.{number}"), move || world.caller(end, number)));
        }
    }
    callers
}

fn start_clock(runs: bool) -> Vec<JoinHandle<()>> {
    if runs { vec![thread("clock".to_owned(), sync::run_clock)] } else { Vec::new() }
}

/// Those who end the connection while the callers are at work.
fn start_disturbers(world: &Arc<World>) -> Vec<JoinHandle<()>> {
    let disturber = |end: usize, act: fn(&World, usize)| {
        let world = world.clone();
        thread(format!("disturber {end}"), move || {
            wait_a_while(400);
            act(&world, end);
        })
    };
    let stop: fn(&World, usize) = |world, end| {
        world.links[end].stop(None);
    };
    let any = random(world.links.len() as u64) as usize;
    match world.scenario.end {
        End::Stop | End::StopBoth | End::Slow => Vec::new(),
        End::StopAnyTime => vec![disturber(any, stop)],
        End::StopBothAnyTime => vec![disturber(0, stop), disturber(1, stop)],
        End::Close => vec![disturber(any, |world, end| {
            world.links[end].close(EndReason::Closed, "");
        })],
        End::Expel => {
            world.heard.set(any).expect("set once");
            vec![disturber(any, |world, end| {
                let said = world.links[end].expel("go", sync::Deadline::Never);
                assert!(!matches!(said, Expelled::Late), "there is no deadline");
            })]
        }
        End::Cut => vec![disturber(any, |world, end| world.lines[end].cut())],
    }
}

fn wait_a_while(most: u64) {
    (0..random(most)).for_each(|_| shuttle::thread::yield_now());
}

impl World {
    fn new(scenario: Scenario) -> Self {
        let (ledger, gate) = (Arc::new(Ledger::default()), Arc::new(Gate::default()));
        let watch = scenario.watch.then(|| Arc::new(Watch::default()));
        let (mut links, mut lines, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..scenario.connections {
            let (left, right) = Line::pair(scenario.capacity);
            lines.extend([left, right]);
        }
        for (end, line) in lines.iter().enumerate() {
            let patience = scenario.patience;
            let other = OnceLock::new();
            let (ledger, gate) = (ledger.clone(), gate.clone());
            let tells_time = scenario.tells_time;
            let channels = Kept::default();
            let commands = Commands { end, ledger, gate, other, patience, tells_time, channels };
            let commands = Arc::new(commands);
            others.push(commands.clone());
            links.push(Link::new(parts(&scenario, end, line, commands, watch.clone())));
        }
        if let [_, left, right, _] = others.as_slice() {
            let known = left.other.set(Arc::downgrade(&links[2])).is_ok()
                && right.other.set(Arc::downgrade(&links[1])).is_ok();
            assert!(known, "set once");
        }
        World { scenario, links, lines, ledger, gate, heard: OnceLock::new() }
    }

    /// Whether an end has an executor. Callers who have both connections are at the left of each.
    fn executes(&self, end: usize) -> bool {
        let is_outer = end == 0 || end == self.links.len() - 1;
        let right = if self.scenario.across { !is_outer } else { end % 2 == 1 };
        self.scenario.executes[usize::from(right)]
    }

    /// One thread of the program.
    fn caller(&self, end: usize, number: usize) {
        let patience = self.scenario.patience;
        let tells_time = self.scenario.tells_time;
        let speaker = |end: usize| {
            Speaker::program(&self.links[end], &self.ledger, end, patience, tells_time)
        };
        let mut speakers = vec![speaker(end)];
        if self.scenario.across {
            speakers.push(speaker(self.links.len() - 1 - end));
        }
        let mut pending = Vec::new();
        for _ in 0..self.scenario.acts_each {
            let acts = self.scenario.acts;
            let any = random(acts.len() as u64) as usize;
            let which = if self.scenario.by_number { number } else { any };
            let speaker = &speakers[random(speakers.len() as u64) as usize];
            match acts[which] {
                Act::CallReported(op, count) => speaker.call_reported(op, count, &self.gate),
                other => act(speaker, other, &mut pending, self.scenario.gives_up),
            }
        }
        let speaker = &speakers[0];
        while !pending.is_empty() {
            let any = random(pending.len() as u64) as usize;
            let first = if random(2) == 0 { speaker.first_of(&pending) } else { None };
            speaker.settle(pending.swap_remove(first.unwrap_or(any)), self.scenario.gives_up);
        }
    }

    /// The orderly stop after the callers have left, from a side or both. Where the connection
    /// has ended already, or is being stopped, it does no harm.
    fn stop(self: &Arc<Self>) {
        let first = if self.scenario.executes == [true, true] { random(2) as usize } else { 0 };
        for (number, pair) in self.links.chunks(2).enumerate() {
            let is_turned = self.scenario.across && number == 1;
            let first = if is_turned { 1 - first } else { first };
            let (first, last) = (pair[first].clone(), pair[1 - first].clone());
            let mut others = Vec::new();
            if self.scenario.end == End::StopBoth {
                let last = last.clone();
                others.push(thread("stopper".to_owned(), move || {
                    last.stop(None);
                }));
            }
            first.stop(None);
            join(others);
            last.stop(None);
        }
    }

    fn check(&self) {
        let scenario = &self.scenario;
        let endings: Vec<_> =
            self.links.iter().map(|link| link.ending().expect("the connection ended")).collect();
        for (end, link) in self.links.iter().enumerate() {
            let left = link.left_over();
            assert!(left.is_empty(), "end {end} when all is over: {left:?}");
        }
        let orderly = scenario.is_orderly();
        let all_finished = endings.iter().all(|ending| matches!(**ending, Ending::Finished { .. }));
        assert!(!orderly || all_finished, "stopped in order, and it ended as {endings:?}");
        let told = endings.iter().all(|ending| ending.is_orderly());
        assert!(!scenario.must_tell || told, "closed by the program, and it ended as {endings:?}");
        let patient = scenario.patience.is_none() && !scenario.gives_up;
        // A one-way message for which there was no thread is refused by a notice.
        self.ledger.check(orderly && scenario.spawn_fails == 0, patient, self.heard.get().copied());
        let undisturbed = matches!(scenario.end, End::Stop | End::StopBoth);
        let stopped = self.ledger.stopped_streams();
        assert!(!undisturbed || stopped == 0, "a channel was stopped, and nothing else was");
        let refused = self.ledger.too_many_waiting();
        assert!(!scenario.must_refuse || refused > 0, "no wait was refused");
        assert!(!scenario.must_not_refuse || refused == 0, "a wait was refused");
    }
}

fn act(speaker: &Speaker, act: Act, pending: &mut Vec<Pending>, gives_up: bool) {
    match act {
        Act::Call(op, count, padding) => speaker.call(op, count, padding),
        Act::Send(op, count, padding) => speaker.send(op, count, padding),
        Act::SendAtOnce => speaker.send_at_once(Op::Echo),
        Act::Latest(op, padding) => speaker.send_latest(op, padding),
        Act::ForgetLatest => speaker.forget_latest(),
        Act::CatchUp => speaker.catch_up(),
        Act::CallReported(..) => unreachable!("it needs the gate"),
        Act::Take(op, count, most) => speaker.take(op, count, most),
        Act::Feed(op, count, of) => speaker.feed(op, count, of),
        Act::DeferFed(op, count, of) => speaker.defer_fed(op, count, of, gives_up),
        Act::FeedReported(op, count, of) => speaker.feed_reported(op, count, of),
        Act::GiveUpStream(op, count) => speaker.give_up_stream(op, count),
        Act::GiveUp(op, count) => speaker.give_up(op, count),
        Act::Defer(op, count) => pending.extend(speaker.defer(op, count, 0)),
        Act::Await(op, count) => {
            if let Some(call) = speaker.defer(op, count, 0) {
                speaker.follow(call, gives_up);
            }
        }
    }
}

fn parts(
    scenario: &Scenario,
    end: usize,
    line: &Line,
    commands: Arc<Commands>,
    watch: Option<Arc<Watch>>,
) -> Parts {
    let limits = limits(scenario);
    let (max_frame, window) = (limits.max_frame, limits.window);
    let peer = PeerLimits { max_frame, window, features: Features::OURS };
    Parts {
        io: Arc::new(line.clone()),
        commands,
        limits: Arc::new(limits),
        peer,
        watch,
        identity: Identity::of_server(end as u64, None),
        ends_with_handles: false,
        rest: Vec::new(),
    }
}

/// Limits so small that every wait happens.
fn limits(scenario: &Scenario) -> Limits {
    Limits {
        max_frame: scenario.max_frame,
        window: scenario.window(),
        max_waiting: scenario.max_waiting,
        max_parallel: 2,
        high_water: scenario.high_water,
        stream_credit: streams::CREDIT,
        silence: FOREVER,
        flush_share: scenario.flush_share,
        write_deadline: scenario.write_deadline.unwrap_or(FOREVER),
        read_deadline: FOREVER,
        answer_deadline: FOREVER,
        grace: FOREVER,
        // What ends a linger is the peer: one that time ended would cut what is still under way.
        linger: FOREVER,
        // Where no time passes, nobody waits for a moment to be over.
        moment: if scenario.clock { Limits::default().moment } else { Duration::ZERO },
        ..Limits::default()
    }
}
