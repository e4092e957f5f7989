//! Whose turn it is, as a worker with its lanes carries it out.

use std::{sync::atomic::AtomicBool, time::Duration};

use gametape_asr::{AsrError, Heard, Request, Transcriber};
use gametape_core::{
    call::CallState,
    id::{CallId, UserId},
    job::{JobKind, JobState},
};
use gametape_ingest::Worker;
use gametape_store::Store;
use tokio_util::sync::CancellationToken;

use crate::support::Place;

/// Hears nothing, and takes its time over it.
#[derive(Clone, Copy)]
struct Deaf;

impl Transcriber for Deaf {
    fn model(&self) -> &'static str {
        "deaf"
    }

    fn is_multilingual(&self) -> bool {
        false
    }

    fn transcribe(&mut self, _: &[f32], _: &Request, _: &AtomicBool) -> Result<Heard, AsrError> {
        std::thread::sleep(Duration::from_millis(20));
        Ok(Heard::default())
    }
}

impl Place {
    fn deaf(&self, name: &str, kinds: &[JobKind]) -> Worker {
        self.worker(name, kinds, false, Deaf)
    }

    /// A call of a second of sound that no other call has.
    async fn noise(&self, owner: &UserId, number: u8) -> CallId {
        self.call(owner, "a.wav", wav(number)).await
    }

    /// When work on the transcript of a call began.
    async fn begun_at(&self, id: &CallId) -> i64 {
        let history = self.store.job_history(id).await.unwrap();
        let (_, attempts) = history
            .iter()
            .find(|(job, _)| job.kind == JobKind::CallTranscribe)
            .unwrap();
        attempts[0].started_at
    }

    async fn until(&self, what: &str, done: impl AsyncFn(&Store) -> bool) {
        for _ in 0..1_200 {
            if done(&self.store).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("{what} took more than a minute");
    }

    async fn until_ready(&self, calls: &[CallId]) {
        self.until("the work", async |_| {
            for id in calls {
                if self.sound_call(id).await.state != CallState::Ready {
                    return false;
                }
            }
            true
        })
        .await;
    }
}

/// A second of noise, mono, 16 bit, 8 kHz.
fn wav(seed: u8) -> Vec<u8> {
    const RATE: u32 = 8_000;
    let samples: Vec<i16> = (0..RATE)
        .map(|n| (n.wrapping_mul((3 + u32::from(seed)) * 7_919) % 20_000) as i16 - 10_000)
        .collect();
    gametape_audio::wav_file(RATE, 1, &samples)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_upload_does_not_starve_a_single_call() {
    let place = Place::new().await;
    let (ann, ben) = (place.person("ann").await, place.person("ben").await);
    let mut calls = Vec::new();
    for number in 0..12 {
        calls.push(place.noise(&ann, number).await);
    }
    let single = place.noise(&ben, 200).await;
    let shutdown = CancellationToken::new();
    let working = tokio::spawn(place.deaf("w", JobKind::ALL).run(shutdown.clone()));
    calls.push(single.clone());
    place.until_ready(&calls).await;
    shutdown.cancel();
    working.await.unwrap();

    let its_turn = place.begun_at(&single).await;
    let mut before = 0;
    for id in calls.iter().filter(|id| **id != single) {
        before += usize::from(place.begun_at(id).await < its_turn);
    }
    // Made last, it is heard second; third, where the first was through before the worker saw it.
    assert!(before <= 2, "{before} of 12 calls went before it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_takes_the_kinds_it_is_there_for() {
    let place = Place::new().await;
    let ann = place.person("ann").await;
    let call = place.noise(&ann, 1).await;
    let shutdown = CancellationToken::new();
    let others = [JobKind::CallStore, JobKind::CallAnalyze, JobKind::MediaDelete];
    let quick = tokio::spawn(place.deaf("quick", &others).run(shutdown.clone()));
    let waits = (JobKind::CallTranscribe, JobState::Queued, 1);
    place
        .until("the quick work", async |store| {
            store.job_counts().await.unwrap().contains(&waits)
        })
        .await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(
        place.store.job_counts().await.unwrap().contains(&waits),
        "it was left alone"
    );
    let rest = [JobKind::CallTranscribe, JobKind::CallPublish];
    let slow = tokio::spawn(place.deaf("slow", &rest).run(shutdown.clone()));
    place.until_ready(std::slice::from_ref(&call)).await;
    shutdown.cancel();
    quick.await.unwrap();
    slow.await.unwrap();
    for (job, attempts) in place.store.job_history(&call).await.unwrap() {
        let expected = if rest.contains(&job.kind) { "slow" } else { "quick" };
        assert_eq!(attempts[0].worker, expected, "{}", job.kind);
    }
}
