//! ECR: repositories ([`repository`]) and the images in them ([`image`]): their documents and what Gantry reads from them; and the
//! policies that clean repositories up ([`lifecycle`]).

pub mod image;
pub mod lifecycle;
pub mod repository;
pub use image::{ChildManifest, Image, Layer, ScanFindings, ScanStatus};
pub use repository::{Encryption, Repository, Scanning, TagMutabilityExclusion};
