//! Threads that share the loops of one engine.
//!
//! A decoder step is dozens of loops of some ten microseconds each, so handing a loop to a thread must cost
//! next to nothing: workers wait for the next loop with their eyes open for some microseconds and only then
//! sleep. Pieces of a loop are claimed one by one, never assigned: a worker that the system does not let run
//! claims nothing and holds nobody up.
#![expect(
    unsafe_code,
    reason = "a loop borrows from its caller's stack, which threads that live longer can't express safely"
)]

use std::{
    hint,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How often a waiting thread looks before it sleeps: some 20 microseconds.
const LOOKS: usize = 1_000;
/// The lower half of the ticket while a loop is being set up: no piece can be claimed.
const CLOSED: u64 = u32::MAX as u64;
/// The longest that a caller sleeps before it looks again whether its loop is done.
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// Calls piece `index` of the loop behind `body`, on worker `worker`.
type Call = unsafe fn(body: *const (), worker: usize, index: usize);

/// A fixed number of threads, the caller's own among them.
pub(super) struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held while a loop runs: there is room for one.
    busy: Mutex<()>,
}

struct Shared {
    /// Upper half: the number of the loop; lower half: the next piece to claim.
    ticket: AtomicU64,
    /// Pieces of the loop.
    count: AtomicUsize,
    /// Pieces done.
    done: AtomicUsize,
    body: AtomicPtr<()>,
    call: AtomicPtr<()>,
    panicked: AtomicBool,
    stop: AtomicBool,
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    wake: Condvar,
    finished: Condvar,
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a piece to claim.
    fn has_work(&self) -> bool {
        let next = self.ticket.load(Ordering::SeqCst) & CLOSED;
        next != CLOSED && (next as usize) < self.count.load(Ordering::SeqCst)
    }

    /// Claims and runs pieces until none is left.
    fn work(&self, worker: usize) {
        loop {
            let ticket = self.ticket.load(Ordering::SeqCst);
            let count = self.count.load(Ordering::SeqCst);
            let index = (ticket & CLOSED) as usize;
            if index >= count || ticket & CLOSED == CLOSED {
                return;
            }
            let body = self.body.load(Ordering::SeqCst);
            let call = self.call.load(Ordering::SeqCst);
            let claimed =
                self.ticket
                    .compare_exchange(ticket, ticket + 1, Ordering::SeqCst, Ordering::SeqCst);
            if claimed.is_err() {
                continue;
            }
            // SAFETY: `call` was stored from a `Call` in `run`. The claim succeeded, so the ticket still
            // carried this loop's number and an unclaimed piece: `run` has neither returned nor set up
            // another loop since the two pointers were read, and waits until `done` counts this piece.
            let outcome = catch_unwind(AssertUnwindSafe(|| unsafe {
                let call: Call = std::mem::transmute::<*mut (), Call>(call);
                call(body, worker, index);
            }));
            if outcome.is_err() {
                self.panicked.store(true, Ordering::SeqCst);
            }
            if self.done.fetch_add(1, Ordering::SeqCst) + 1 == count && worker != 0 {
                drop(self.locked());
                self.finished.notify_all();
            }
        }
    }

    fn worker(&self, worker: usize) {
        while !self.stop.load(Ordering::SeqCst) {
            self.work(worker);
            if (0..LOOKS).any(|_| {
                hint::spin_loop();
                self.has_work()
            }) {
                continue;
            }
            self.sleepers.fetch_add(1, Ordering::SeqCst);
            let mut guard = self.locked();
            while !self.has_work() && !self.stop.load(Ordering::SeqCst) {
                guard = self.wake.wait(guard).unwrap_or_else(PoisonError::into_inner);
            }
            drop(guard);
            self.sleepers.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn wake_sleepers(&self) {
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            drop(self.locked());
            self.wake.notify_all();
        }
    }
}

impl Pool {
    /// `threads` threads in all; where the system refuses to start one, there are fewer.
    pub(super) fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            ticket: AtomicU64::new(CLOSED),
            count: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            body: AtomicPtr::new(ptr::null_mut()),
            call: AtomicPtr::new(ptr::null_mut()),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            wake: Condvar::new(),
            finished: Condvar::new(),
        });
        let workers = (1..threads)
            .map_while(|worker| {
                let shared = Arc::clone(&shared);
                let name = format!("asr-{worker}");
                thread::Builder::new()
                    .name(name)
                    .spawn(move || shared.worker(worker))
                    .ok()
            })
            .collect();
        Self {
            shared,
            workers,
            busy: Mutex::new(()),
        }
    }

    /// Threads that work, the caller's included.
    pub(super) fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `body(worker, item)` for every item, on all threads; `worker` is below [`Self::threads`].
    pub(super) fn each<I: Send>(&self, items: Vec<I>, body: impl Fn(usize, I) + Sync) {
        if self.workers.is_empty() || items.len() <= 1 {
            for item in items {
                body(0, item);
            }
            return;
        }
        let slots: Vec<_> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
        self.run(slots.len(), |worker, index| {
            let item = slots[index].lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(item) = item {
                body(worker, item);
            }
        });
    }

    fn run<F: Fn(usize, usize) + Sync>(&self, count: usize, body: F) {
        unsafe fn call<F: Fn(usize, usize)>(body: *const (), worker: usize, index: usize) {
            // SAFETY: `body` points to the `F` that `run::<F>` was given, which it keeps until all is done.
            unsafe { (*body.cast::<F>())(worker, index) }
        }

        let _one_at_a_time = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = &*self.shared;
        let number = (shared.ticket.load(Ordering::SeqCst) >> 32) + 1;
        // Closed first: who still holds the last loop's ticket must not claim with this loop's count.
        shared.ticket.store(number << 32 | CLOSED, Ordering::SeqCst);
        shared.count.store(count, Ordering::SeqCst);
        shared.done.store(0, Ordering::SeqCst);
        shared
            .body
            .store(ptr::from_ref(&body).cast_mut().cast(), Ordering::SeqCst);
        shared.call.store(call::<F> as *mut (), Ordering::SeqCst);
        shared.ticket.store((number + 1) << 32, Ordering::SeqCst);
        shared.wake_sleepers();
        shared.work(0);
        self.wait(count);
        if shared.panicked.swap(false, Ordering::SeqCst) {
            resume_unwind(Box::new("a piece of a loop panicked"));
        }
    }

    fn wait(&self, count: usize) {
        let shared = &*self.shared;
        let done = || shared.done.load(Ordering::SeqCst) >= count;
        for _ in 0..LOOKS {
            if done() {
                return;
            }
            hint::spin_loop();
        }
        let mut guard = shared.locked();
        while !done() {
            let waited = shared.finished.wait_timeout(guard, LONGEST_SLEEP);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(self.shared.locked());
        self.shared.wake.notify_all();
        for worker in self.workers.drain(..) {
            // A worker catches what its pieces throw, so there is nothing to pass on.
            let _joined = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_visited_once() {
        let pool = Pool::new(3);
        for round in 0..2_000_usize {
            let mut seen = vec![0_usize; round % 40];
            let items: Vec<_> = seen.iter_mut().enumerate().collect();
            pool.each(items, |worker, (index, slot)| {
                assert!(worker < 3);
                *slot += index + 1;
            });
            assert!(seen.iter().enumerate().all(|(index, &value)| value == index + 1));
        }
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_lives_on() {
        let pool = Pool::new(2);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            pool.each(vec![0, 1, 2, 3], |_, item| assert!(item != 2));
        }));
        assert!(outcome.is_err());
        let sum = AtomicUsize::new(0);
        pool.each(vec![1, 2, 3], |_, item| {
            sum.fetch_add(item, Ordering::SeqCst);
        });
        assert_eq!(sum.into_inner(), 6);
    }
}
