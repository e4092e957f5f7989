//! Loaded models, kept while there is work for them.

use std::sync::{Arc, Mutex, PoisonError};

use gametape_asr::{AsrError, Transcriber};

/// Loads a model by its name.
pub type LoadModel = dyn Fn(&str) -> Result<Box<dyn Transcriber>, AsrError> + Send + Sync;

/// An engine that nobody uses, and the name of its model.
type Idle = (String, Box<dyn Transcriber>);

/// Lends out engines. One that comes back is kept for the next job of the same model, so that a queue of
/// calls loads the weights once; an engine for another model takes its place.
#[derive(Clone)]
pub struct Engines {
    load: Arc<LoadModel>,
    idle: Arc<Mutex<Vec<Idle>>>,
    default_model: String,
    window_ms: i64,
}

impl Engines {
    /// Engines that `load` makes, which hear windows of `window_ms` best; `default_model` is used for calls that ask
    /// for none.
    pub fn new(default_model: String, window_ms: i64, load: Arc<LoadModel>) -> Self {
        Self {
            load,
            idle: Arc::default(),
            default_model,
            window_ms,
        }
    }

    /// The name of the model for calls that ask for none.
    pub fn default_model(&self) -> &str {
        &self.default_model
    }

    /// How long a window the engines hear best.
    pub(crate) fn window_ms(&self) -> i64 {
        self.window_ms
    }

    /// An engine with this model. Blocks while it loads.
    pub(crate) fn take(&self, model: &str) -> Result<Box<dyn Transcriber>, AsrError> {
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(found) = idle.iter().position(|(name, _)| name == model) {
                return Ok(idle.swap_remove(found).1);
            }
            // Memory for one model's weights at a time: an idle engine of another model makes room.
            idle.clear();
        }
        (self.load)(model)
    }

    /// Takes an engine back.
    pub(crate) fn give_back(&self, model: String, engine: Box<dyn Transcriber>) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((model, engine));
    }

    /// Frees the memory of engines that nobody uses.
    pub(crate) fn release_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
