//! How far an image on its way is, layer by layer: of an upload, and of the call of a run that carries one. It is told while that goes on, and
//! nothing is decided by it.

use serde::{Deserialize, Serialize};

/// What happens to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LayerState {
    /// Its turn has not come. Those of uploads never wait: they come one after the other.
    Waiting,
    /// It is sent to the registry.
    Moving,
    /// The registry has it already, or takes it from another of its repositories. That of an upload is only read and checked.
    Existed,
    /// It is there now.
    Done,
    /// It was given up.
    Failed,
}

/// A layer or configuration of an image on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LayerProgress {
    /// Its name in the archive; empty for one that comes from another registry.
    pub name: String,
    /// Its digest in the registry; none while it is compressed on its way.
    pub digest: Option<String>,
    /// Bytes that are read: in the archive or the other registry.
    pub size: u64,
    /// So many of them are read.
    pub done: u64,
    /// What happens to it.
    pub state: LayerState,
}

impl LayerProgress {
    /// How many seconds its rest will take at this speed, in bytes a second.
    pub fn left(&self, speed: u64) -> Option<u64> {
        seconds(self.size.saturating_sub(self.done), speed)
    }
}

/// The most layers that a [`Transfer`] lists. An image has 127 at most where Docker runs it; nobody keeps a registry from holding others.
pub const MOST_LAYERS: usize = 200;

/// How far a call is that carries an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Transfer {
    /// Bytes of all its layers and configurations.
    pub size: u64,
    /// So many of them are there.
    pub done: u64,
    /// Bytes a second, lately; none where nothing moved.
    pub speed: Option<u64>,
    /// Its layers and configurations in their order: at most 200, of more those that are there are left out first, then those that wait.
    pub layers: Vec<LayerProgress>,
    /// How many were left out.
    pub more: u32,
}

impl Transfer {
    /// That of these layers, at this speed in bytes a second.
    pub fn of(layers: Vec<LayerProgress>, speed: Option<u64>) -> Self {
        let size: u64 = layers.iter().map(|layer| layer.size).sum();
        let done: u64 = layers.iter().map(|layer| layer.done).sum();
        let more = u32::try_from(layers.len().saturating_sub(MOST_LAYERS)).unwrap_or(u32::MAX);
        let rank = |layer: &LayerProgress| match layer.state {
            LayerState::Moving | LayerState::Failed => 0,
            LayerState::Waiting => 1,
            LayerState::Existed | LayerState::Done => 2,
        };
        let mut kept: Vec<(usize, LayerProgress)> = layers.into_iter().enumerate().collect();
        kept.sort_by_key(|(_, layer)| rank(layer));
        kept.truncate(MOST_LAYERS);
        kept.sort_by_key(|(place, _)| *place);
        Self { size, done, speed, layers: kept.into_iter().map(|(_, layer)| layer).collect(), more }
    }

    /// How many seconds the rest will take.
    pub fn left(&self) -> Option<u64> {
        seconds(self.size.saturating_sub(self.done), self.speed?)
    }
}

/// How long so many bytes take at so many a second.
pub(crate) fn seconds(bytes: u64, speed: u64) -> Option<u64> {
    (speed > 0).then(|| bytes.div_ceil(speed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(done: u64, state: LayerState) -> LayerProgress {
        LayerProgress { name: String::new(), digest: None, size: 10, done, state }
    }

    #[test]
    fn what_moves_is_listed_however_many_layers_there_are_and_all_of_them_count() {
        let mut layers = vec![layer(10, LayerState::Existed); 150];
        layers.push(layer(4, LayerState::Moving));
        layers.extend(vec![layer(0, LayerState::Waiting); 150]);
        let told = Transfer::of(layers, Some(7));
        assert_eq!((told.size, told.done, told.more, told.layers.len()), (3010, 1504, 101, MOST_LAYERS));
        let count = |state: LayerState| told.layers.iter().filter(|layer| layer.state == state).count();
        assert_eq!([LayerState::Existed, LayerState::Moving, LayerState::Waiting].map(count), [49, 1, 150]);
        assert_eq!(told.layers[49].state, LayerState::Moving, "in their order");
        assert_eq!(told.left(), Some(216));
    }

    #[test]
    fn nobody_knows_how_long_what_stands_still_will_take() {
        let few = Transfer::of(vec![layer(4, LayerState::Moving)], None);
        assert_eq!((few.left(), few.more), (None, 0));
        assert_eq!(Transfer { speed: Some(0), ..few }.left(), None);
    }
}
