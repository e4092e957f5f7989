//! The second reading of a recording: 16 kHz samples of the channels that carry speakers.

use serde::{Deserialize, Serialize};

use crate::{
    Block, Decoder, Result, Source,
    resample::{SAMPLE_RATE_HZ, To16k},
};

/// Which channels of the file carry speakers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelPlan {
    /// All channels mixed to one.
    Mix,
    /// This one alone, counted from 0.
    Only(usize),
    /// Each of the first two for itself.
    Split,
}

impl ChannelPlan {
    /// Number of channels that come out.
    pub fn channels(self) -> usize {
        match self {
            Self::Mix | Self::Only(_) => 1,
            Self::Split => 2,
        }
    }

    /// Applies the plan to a block.
    fn apply(self, mut block: Block) -> Vec<Vec<f32>> {
        match self {
            Self::Mix => vec![mix(block.channels)],
            Self::Only(channel) => {
                let channel = channel.min(block.channels.len().saturating_sub(1));
                vec![block.channels.swap_remove(channel)]
            }
            Self::Split => {
                if block.channels.len() == 1 {
                    block.channels.push(block.channels[0].clone());
                }
                block.channels.truncate(2);
                block.channels
            }
        }
    }
}

/// The mean of all channels.
pub(crate) fn mix(channels: Vec<Vec<f32>>) -> Vec<f32> {
    let count = channels.len().max(1);
    let mut channels = channels.into_iter();
    let mut sum = channels.next().unwrap_or_default();
    for channel in channels {
        sum.iter_mut()
            .zip(channel)
            .for_each(|(total, sample)| *total += sample);
    }
    if count > 1 {
        for sample in &mut sum {
            *sample /= count as f32;
        }
    }
    sum
}

/// Reads a recording as 16 kHz mono channels, in blocks of about a second and constant memory.
pub struct Pcm16k {
    decoder: Decoder,
    plan: ChannelPlan,
    resamplers: Vec<To16k>,
    ready: Vec<Vec<f32>>,
    position: u64,
    at_end: bool,
}

impl Pcm16k {
    /// Opens a recording for reading what `plan` names; `filename` is for the log only.
    pub fn open(source: Source, filename: Option<&str>, plan: ChannelPlan) -> Result<Self> {
        let decoder = Decoder::open(source, filename)?;
        let rate = decoder.info().sample_rate_hz;
        let resamplers = (0..plan.channels())
            .map(|_| To16k::new(rate))
            .collect::<Result<_>>()?;
        Ok(Self {
            decoder,
            plan,
            resamplers,
            ready: vec![Vec::new(); plan.channels()],
            position: 0,
            at_end: false,
        })
    }

    /// Samples a channel that were handed out so far, which is the position in units of 1/16000 s.
    pub fn position_samples(&self) -> u64 {
        self.position
    }

    /// The next samples from -1 to 1: one vector for each channel of the plan, all of one length, a second
    /// long except at the end; `None` at the end.
    pub fn next_block(&mut self) -> Result<Option<Vec<Vec<f32>>>> {
        let wanted = SAMPLE_RATE_HZ as usize;
        while !self.at_end && self.ready[0].len() < wanted {
            let block = self.decoder.next_block()?;
            self.at_end = block.is_none();
            let channels = block.map(|block| self.plan.apply(block));
            for (index, (resampler, ready)) in self.resamplers.iter_mut().zip(&mut self.ready).enumerate() {
                match &channels {
                    Some(channels) => resampler.push(&channels[index], ready)?,
                    None => resampler.finish(ready)?,
                }
            }
        }
        let frames = self.ready[0].len().min(wanted);
        if frames == 0 {
            return Ok(None);
        }
        self.position += frames as u64;
        let take = |ready: &mut Vec<f32>| {
            let rest = ready.split_off(frames);
            std::mem::replace(ready, rest)
        };
        Ok(Some(self.ready.iter_mut().map(take).collect()))
    }
}
