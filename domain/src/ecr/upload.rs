//! An image archive on its way from somebody's computer into a repository: how far it is, and what was in it. Its layers are in the registry
//! afterwards; that an image can be pulled is a plan of its own ([`super::wizards::put_images`]).

use serde::{Deserialize, Serialize};

use super::wizards::put_images::Image;
use crate::plan::transfer::{LayerProgress, seconds};
use crate::problem::Problem;

/// How far an upload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// It arrives.
    #[default]
    Receiving,
    /// Its connection broke: for some minutes its sender can go on from [`Upload::received`].
    Waiting,
    /// All of it is in the registry, but for what makes it an image.
    Received,
    /// It was refused, or broke off: [`Upload::problem`].
    Failed,
}

/// An upload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// As its sender named it.
    pub id: String,
    /// The repository that it comes to.
    pub repository: String,
    /// How far it is.
    pub state: UploadState,
    /// Bytes of the archive that arrived.
    pub received: u64,
    /// Bytes of the archive, if its sender said so.
    pub size: Option<u64>,
    /// Bytes a second, lately.
    pub speed: Option<u64>,
    /// Layers so far, in the archive's order.
    pub layers: Vec<LayerProgress>,
    /// What it held, once it has all arrived: the answers of the wizard `put-images`, with the tags that the archive names.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub images: Vec<Image>,
    /// Why it failed.
    pub problem: Option<Problem>,
}

impl Upload {
    /// How many seconds the rest will take.
    pub fn left(&self) -> Option<u64> {
        seconds(self.size?.saturating_sub(self.received), self.speed?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_needs_a_size_and_a_speed() {
        let upload = Upload { received: 40, size: Some(100), speed: Some(7), ..Upload::default() };
        assert_eq!(upload.left(), Some(9));
        assert_eq!(Upload { size: None, ..upload.clone() }.left(), None);
        assert_eq!(Upload { speed: Some(0), ..upload.clone() }.left(), None);
        assert_eq!(Upload { received: 200, ..upload }.left(), Some(0));
    }
}
