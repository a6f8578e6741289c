//! ECR: repositories ([`repository`]) and the images in them ([`image`]): their documents and what Gantry reads from them;
//! the calls that change them ([`calls`]) and the plans made of those ([`wizards`]).

pub mod calls;
pub mod image;
pub mod repository;
pub mod wizards;
pub use image::{ChildManifest, Image, Layer, ScanFindings, ScanStatus};
pub use repository::{Encryption, Repository, Scanning, TagMutabilityExclusion};
