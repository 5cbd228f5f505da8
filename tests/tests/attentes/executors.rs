//! Two executors in few lines: one thread that parks, and several threads with one queue.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on the calling thread.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Polls once.
pub(super) fn poll_once<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future that some worker polls whenever it was woken.
struct Task {
    future: Mutex<Option<Boxed>>,
    queue: Arc<Queue>,
}

#[derive(Default)]
struct Queue {
    ready: Mutex<(VecDeque<Arc<Task>>, usize)>,
    changed: Condvar,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let queue = self.queue.clone();
        queue.ready.lock().unwrap().0.push_back(self);
        queue.changed.notify_one();
    }
}

/// Runs futures on so many threads, until all are done.
pub(super) fn run_on(threads: usize, futures: impl IntoIterator<Item = Boxed>) {
    let queue = Arc::new(Queue::default());
    for future in futures {
        let task = Task { future: Mutex::new(Some(future)), queue: queue.clone() };
        queue.ready.lock().unwrap().1 += 1;
        Arc::new(task).wake();
    }
    thread::scope(|scope| {
        (0..threads).for_each(|_| drop(scope.spawn(|| queue.work())));
    });
}

impl Queue {
    fn work(&self) {
        while let Some(task) = self.next() {
            let waker = Waker::from(task.clone());
            let mut place = task.future.lock().unwrap();
            let Some(future) = &mut *place else { continue };
            if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                *place = None;
                self.ready.lock().unwrap().1 -= 1;
                self.changed.notify_all();
            }
        }
    }

    /// The next task; `None` once all are done.
    fn next(&self) -> Option<Arc<Task>> {
        let mut ready = self.ready.lock().unwrap();
        loop {
            match ready.0.pop_front() {
                Some(task) => return Some(task),
                None if ready.1 == 0 => return None,
                None => ready = self.changed.wait(ready).unwrap(),
            }
        }
    }
}
