//! Writing down windows along several paths at a time (beam search), for those that are hard to hear.
//!
//! Source: `BeamSearchDecoder` in openai-whisper's `decoding.py`.

use std::sync::atomic::AtomicBool;

use super::{
    align::Attention,
    decoder::{Past, Turn},
    generate::{Writer, Written, is_nothing, is_over, next_tokens},
    rules::Choice,
    sound::Sound,
};
use crate::AsrError;

/// Paths that are followed at a time.
const PATHS: usize = 5;

/// A token of a path, and the one before it.
struct Node {
    before: Option<usize>,
    choice: Choice,
    /// Shared by all that follow the same path to here.
    attention: usize,
}

/// A path through the tokens that may be gone on with.
#[derive(Default)]
struct Path {
    past: Past,
    tokens: Vec<u32>,
    /// Where in the window's nodes it ends.
    node: Option<usize>,
    /// The sum of its tokens' logarithmic probabilities.
    sum: f32,
    /// What its last token's alignment heads attend to.
    attention: Attention,
}

/// A window that is being written.
struct Search<'s> {
    sound: &'s Sound,
    prompt: &'s [u32],
    paths: Vec<Path>,
    nodes: Vec<Node>,
    attention: Vec<Attention>,
    /// Mean logarithmic probability and last node of paths that came to their end.
    ended: Vec<(f32, usize)>,
    no_speech: f32,
}

/// A token that may follow a path.
struct Candidate {
    path: usize,
    choice: Choice,
    sum: f32,
}

impl Writer<'_> {
    /// Writes down every window, each after its prompt, in the most probable of several ways.
    pub(super) fn search(
        &mut self,
        windows: &[(&Sound, &[u32])],
        cancel: &AtomicBool,
    ) -> Result<Vec<Written>, AsrError> {
        let limit = Self::limit(self.weights);
        let layers = self.weights.decoder.len();
        let mut searches: Vec<Search<'_>> = windows
            .iter()
            .map(|&(sound, prompt)| Search::new(sound, prompt, layers))
            .collect();
        let mut logits = Vec::new();
        for length in 1..=limit {
            let mut turns: Vec<_> = searches.iter_mut().flat_map(Search::turns).collect();
            if turns.is_empty() {
                break;
            }
            self.decoder
                .step(self.weights, self.pool, &mut turns, &mut logits, cancel)?;
            drop(turns);
            let found = self.candidates(&mut searches, &mut logits);
            let mut found = found.into_iter();
            for search in &mut searches {
                let count = search.paths.len();
                if count > 0 {
                    let candidates = found.by_ref().take(count).flatten().collect();
                    search.go_on(candidates, self.vocabulary, length == limit);
                }
            }
        }
        Ok(searches.into_iter().map(Search::finish).collect())
    }

    /// What may follow each path of each window.
    fn candidates(&self, searches: &mut [Search<'_>], logits: &mut [f32]) -> Vec<Vec<Candidate>> {
        let vocabulary = self.vocabulary;
        let paths: Vec<_> = searches
            .iter_mut()
            .flat_map(|search| {
                let no_speech = &mut search.no_speech;
                let first = search.nodes.is_empty().then_some(no_speech);
                let firsts = std::iter::once(first).chain(std::iter::repeat_with(|| None));
                search.paths.iter().enumerate().zip(firsts)
            })
            .zip(logits.chunks_exact_mut(vocabulary.count as usize))
            .map(|item| std::sync::Mutex::new((item, Vec::new())))
            .collect();
        self.pool.each(paths.iter().collect(), |_, item| {
            let mut item = item.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let ((((index, path), no_speech), logits), found) = &mut *item;
            if let Some(no_speech) = no_speech {
                **no_speech = self.no_speech(logits);
            }
            let choices = self.rules.best(logits, &path.tokens, PATHS + 1);
            found.extend(choices.into_iter().map(|choice| Candidate {
                path: *index,
                sum: path.sum + choice.log_probability,
                choice,
            }));
        });
        let inner = |item: std::sync::Mutex<(_, Vec<Candidate>)>| {
            item.into_inner()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .1
        };
        paths.into_iter().map(inner).collect()
    }
}

impl<'s> Search<'s> {
    fn new(sound: &'s Sound, prompt: &'s [u32], layers: usize) -> Self {
        let path = Path {
            past: Past::new(layers),
            ..Path::default()
        };
        Self {
            sound,
            prompt,
            paths: vec![path],
            nodes: Vec::new(),
            attention: Vec::new(),
            ended: Vec::new(),
            no_speech: 0.0,
        }
    }

    fn turns(&mut self) -> impl Iterator<Item = Turn<'_>> {
        let (prompt, sound) = (self.prompt, self.sound);
        self.paths.iter_mut().map(move |path| Turn {
            tokens: next_tokens(prompt, &path.tokens),
            past: &mut path.past,
            sound,
            attention: &mut path.attention,
        })
    }

    /// Takes the best candidates for the next paths, and notes those that end here.
    fn go_on(&mut self, mut candidates: Vec<Candidate>, vocabulary: &super::Vocabulary, at_limit: bool) {
        candidates.sort_by(|a, b| b.sum.total_cmp(&a.sum));
        let mut old: Vec<_> = std::mem::take(&mut self.paths);
        let first = self.attention.len();
        self.attention
            .extend(old.iter_mut().map(|path| std::mem::take(&mut path.attention)));
        let mut chosen: Vec<(Candidate, Vec<u32>, usize)> = Vec::with_capacity(PATHS);
        for candidate in candidates {
            let path = &old[candidate.path];
            if candidate.sum == f32::NEG_INFINITY || chosen.len() == PATHS {
                break;
            }
            let mut tokens = path.tokens.clone();
            tokens.push(candidate.choice.token);
            let node = self.nodes.len();
            self.nodes.push(Node {
                before: path.node,
                choice: candidate.choice,
                attention: first + candidate.path,
            });
            if at_limit || is_over(&tokens, self.sound, vocabulary) {
                self.ended.push((candidate.sum / tokens.len() as f32, node));
            } else {
                chosen.push((candidate, tokens, node));
            }
        }
        if self.ended.len() >= PATHS || at_limit {
            return;
        }
        // The last that goes on from a path takes its past, others a copy.
        let mut uses = vec![0; old.len()];
        for (candidate, ..) in &chosen {
            uses[candidate.path] += 1;
        }
        for (candidate, tokens, node) in chosen {
            uses[candidate.path] -= 1;
            let past = &mut old[candidate.path].past;
            self.paths.push(Path {
                past: if uses[candidate.path] == 0 {
                    std::mem::take(past)
                } else {
                    past.clone()
                },
                tokens,
                node: Some(node),
                sum: candidate.sum,
                attention: Attention::new(),
            });
        }
    }

    /// The most probable of the paths that came to an end.
    fn finish(mut self) -> Written {
        let best = self.ended.iter().max_by(|a, b| a.0.total_cmp(&b.0));
        let Some(&(mean, last)) = best else {
            return Written::default();
        };
        if is_nothing(mean, self.no_speech) {
            return Written::default();
        }
        let mut written = Written::default();
        let mut next = Some(last);
        while let Some(node) = next.and_then(|index| self.nodes.get(index)) {
            written.choices.push(node.choice);
            written
                .attention
                .push(std::mem::take(&mut self.attention[node.attention]));
            next = node.before;
        }
        written.choices.reverse();
        written.attention.reverse();
        written
    }
}
