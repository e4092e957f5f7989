//! Decoders are other people's code on other people's bytes: each works on a thread of its own, and whoever waits for one
//! goes on without it when it comes to no end. A thread can't be stopped from outside; one that is given up ends as soon as
//! it wants to read, and otherwise keeps its core until the program ends. One that gets on, but takes far more of a core
//! than there is sound, is refused the same way ([`Life::is_overdrawn`]).

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    thread,
    time::Duration,
};

use crate::{
    AudioError, Block, MediaInfo, Result, Source,
    decode::Decoding,
    source::{Life, OVERDRAWN},
};

/// Every so often it is looked whether a decoder gets on.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many looks in a row without a byte read or a block given, and the decoder is given up. Looks are counted, not time:
/// a process that was paused for minutes has looked once. The slowest packet takes milliseconds.
const LOOKS: u32 = 60;

/// Decodes one recording from start to end.
pub struct Decoder {
    worker: Contained<Step, Answer>,
    info: MediaInfo,
    truncated: bool,
}

enum Step {
    NextBlock,
    Seek { position_ms: i64 },
}

struct Answer {
    block: Option<Block>,
    info: MediaInfo,
    truncated: bool,
}

impl Decoder {
    /// Opens a recording. `filename` is only written to the log: what a file is, its bytes tell.
    pub fn open(source: Source, filename: Option<&str>) -> Result<Self> {
        let life = source.life();
        let filename = filename.map(str::to_owned);
        let start = move || {
            let budget = source.life();
            let mut decoding = Decoding::open(source, filename.as_deref())?;
            let opened = answer(&decoding, None);
            let work = move |step| {
                if budget.is_overdrawn() {
                    return Err(AudioError::damaged(OVERDRAWN));
                }
                let block = match step {
                    Step::NextBlock => decoding.next_block()?,
                    Step::Seek { position_ms } => {
                        decoding.seek_ms(position_ms)?;
                        None
                    }
                };
                if let Some(block) = &block {
                    budget.earned(length_us(block, decoding.info()));
                }
                Ok(answer(&decoding, block))
            };
            Ok((opened, work))
        };
        let (worker, Answer { info, truncated, .. }) = Contained::start(life, LOOK_EVERY, start)?;
        Ok(Self {
            worker,
            info,
            truncated,
        })
    }

    /// What kind of recording it is. The number of channels is known for sure once a block came.
    pub fn info(&self) -> &MediaInfo {
        &self.info
    }

    /// Whether the recording ended earlier than it promised; known after the last block.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// The next piece of sound, `None` at the end. Blocks follow each other without gaps: what could not be
    /// decoded is silence.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        self.take(Step::NextBlock)
    }

    /// Moves to a position such that the next block starts at or shortly before it. Where the container
    /// can't, nothing changes: decoding on gets there as well, if the position lies ahead.
    pub fn seek_ms(&mut self, position_ms: i64) -> Result<()> {
        self.take(Step::Seek { position_ms }).map(|_| ())
    }

    fn take(&mut self, step: Step) -> Result<Option<Block>> {
        let Answer {
            block,
            info,
            truncated,
        } = self.worker.ask(step)?;
        self.info = info;
        self.truncated = truncated;
        Ok(block)
    }
}

fn answer(decoding: &Decoding, block: Option<Block>) -> Answer {
    Answer {
        block,
        info: decoding.info().clone(),
        truncated: decoding.truncated(),
    }
}

fn length_us(block: &Block, info: &MediaInfo) -> u64 {
    block.frames() as u64 * 1_000_000 / u64::from(info.sample_rate_hz.max(1))
}

/// Work on a thread of its own, a question at a time.
struct Contained<Q, A> {
    questions: SyncSender<Q>,
    answers: Receiver<Result<A>>,
    life: Life,
    look_every: Duration,
}

impl<Q: Send + 'static, A: Send + 'static> Contained<Q, A> {
    /// Starts it; `start` gives its first answer, and what answers all others.
    fn start<W>(
        life: Life,
        look_every: Duration,
        start: impl FnOnce() -> Result<(A, W)> + Send + 'static,
    ) -> Result<(Self, A)>
    where
        W: FnMut(Q) -> Result<A>,
    {
        let (questions, asked) = mpsc::sync_channel(1);
        let (tell, answers) = mpsc::sync_channel(1);
        let span = tracing::Span::current();
        thread::Builder::new()
            .name("decoder".to_owned())
            .spawn(move || span.in_scope(|| answer_all(start, &asked, &tell)))?;
        let contained = Self {
            questions,
            answers,
            life,
            look_every,
        };
        let first = contained.wait()?;
        Ok((contained, first))
    }

    /// Asks and waits for the answer.
    fn ask(&self, question: Q) -> Result<A> {
        if self.life.is_given_up() || self.questions.send(question).is_err() {
            return Err(gave_up());
        }
        self.wait()
    }

    fn wait(&self) -> Result<A> {
        let (mut looks, mut seen) = (0, 0);
        while looks < LOOKS {
            match self.answers.recv_timeout(self.look_every) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(gave_up()),
                Err(RecvTimeoutError::Timeout) => {
                    let (bytes, reading) = self.life.signs();
                    // How long storage may take is storage's business.
                    looks = if reading || bytes > seen { 0 } else { looks + 1 };
                    seen = bytes;
                }
            }
        }
        self.life.give_up();
        tracing::warn!(
            "a decoder comes to no end with a recording and was given up; it may keep a core busy until the program is started again"
        );
        Err(AudioError::damaged("a decoder comes to no end with it"))
    }
}

fn gave_up() -> AudioError {
    AudioError::damaged("a decoder gave up on it")
}

/// Answers until nobody asks any more.
fn answer_all<Q, A, W: FnMut(Q) -> Result<A>>(
    start: impl FnOnce() -> Result<(A, W)>,
    asked: &Receiver<Q>,
    tell: &SyncSender<Result<A>>,
) {
    let mut work = match start() {
        Ok((first, work)) => {
            if tell.send(Ok(first)).is_err() {
                return;
            }
            work
        }
        Err(error) => return drop(tell.send(Err(error))),
    };
    while let Ok(question) = asked.recv() {
        if tell.send(work(question)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Read, Seek, SeekFrom},
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
    };

    use super::*;
    use crate::{
        source::{End, core_time},
        wav_file,
    };

    /// Sixty looks take a tenth of a second.
    const SOON: Duration = Duration::from_millis(2);

    fn damaged(error: &AudioError) -> bool {
        matches!(error, AudioError::Damaged { .. })
    }

    #[test]
    fn work_that_comes_to_no_end_is_given_up_and_the_caller_goes_on() {
        let enough = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&enough);
        let spin = move |()| {
            while !seen.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
            Ok(2)
        };
        let (contained, first) = Contained::start(Life::default(), SOON, || Ok((1, spin))).unwrap();
        assert_eq!(first, 1);
        let error = contained.ask(()).unwrap_err();
        assert!(damaged(&error) && error.to_string().contains("no end"), "{error}");
        // What it would still say answers nothing any more.
        enough.store(true, Ordering::Relaxed);
        thread::sleep(SOON * 10);
        assert!(damaged(&contained.ask(()).unwrap_err()));
    }

    #[test]
    fn work_that_never_begins_to_answer_is_given_up() {
        let (hold, until) = mpsc::channel::<()>();
        let start = move || {
            let _ = until.recv();
            Ok(((), |()| Ok(())))
        };
        let error = Contained::start(Life::default(), SOON, start).err().unwrap();
        assert!(damaged(&error), "{error}");
        drop(hold);
    }

    #[test]
    fn work_that_is_given_up_ends_where_it_reads() {
        let source = Source::from_bytes(vec![0; 10]);
        let life = source.life();
        let (mut bytes, _watch) = source.watched(0, End::Real).unwrap();
        let (ended, end) = mpsc::channel();
        // As a demuxer does that takes the end of a file for a hiccup.
        let insist = move |()| {
            while bytes.read(&mut [0; 16]).is_ok() {}
            ended.send(()).ok();
            Ok(())
        };
        let (contained, ()) = Contained::start(life, SOON, || Ok(((), insist))).unwrap();
        assert!(damaged(&contained.ask(()).unwrap_err()));
        end.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn a_decoder_that_takes_far_more_of_a_core_than_there_is_sound_is_given_up() {
        let source = |budget| {
            let bytes = wav_file(8_000, 1, &vec![0; 80_000]);
            let len_bytes = bytes.len() as u64;
            let life = Life::with_budget(budget);
            Source::new(Laborious(io::Cursor::new(bytes)), len_bytes).with_life(life)
        };
        let decode = |source| {
            let mut decoder = Decoder::open(source, None)?;
            let mut frames = 0;
            while let Some(block) = decoder.next_block()? {
                frames += block.frames();
            }
            Ok(frames)
        };
        assert_eq!(decode(source(Duration::from_mins(1))).unwrap(), 80_000);
        let error = decode(source(LABOUR / 2)).unwrap_err();
        assert!(
            damaged(&error) && error.to_string().contains(OVERDRAWN),
            "{error}"
        );
    }

    #[test]
    fn short_blocks_earn_what_long_ones_do() {
        let life = Life::with_budget(Duration::ZERO);
        assert!(life.is_overdrawn());
        for _ in 0..10_000 {
            life.earned(2_500);
        }
        assert!(
            !life.is_overdrawn(),
            "25 s of sound earned less than 2.5 s of a core"
        );
    }

    #[test]
    fn waiting_for_storage_is_no_standstill() {
        let mut source = Source::new(Slow, 1);
        let life = source.life();
        let read = move |()| Ok(source.read_at(0, 1)?.len());
        let (contained, _) = Contained::start(life, SOON, || Ok((0, read))).unwrap();
        assert_eq!(contained.ask(()).unwrap(), 1);
    }

    #[test]
    fn a_panic_is_an_error() {
        let panics = |()| -> Result<()> { panic!("boom") };
        let (contained, ()) =
            Contained::start(Life::default(), LOOK_EVERY, move || Ok(((), panics))).unwrap();
        assert!(damaged(&contained.ask(()).unwrap_err()));
    }

    /// What each read of [`Laborious`] takes of a core, whatever else the machine does.
    const LABOUR: Duration = Duration::from_millis(20);

    /// Bytes that cost work, as those of a demuxer in a long loop do.
    struct Laborious(io::Cursor<Vec<u8>>);

    impl Read for Laborious {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let until = core_time() + LABOUR;
            while core_time() < until {
                std::hint::spin_loop();
            }
            self.0.read(buf)
        }
    }

    impl Seek for Laborious {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    /// Storage that takes longer than a decoder would be waited for.
    struct Slow;

    impl Read for Slow {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            thread::sleep(SOON * LOOKS * 3);
            buf[0] = 7;
            Ok(1)
        }
    }

    impl Seek for Slow {
        fn seek(&mut self, _to: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }
}
