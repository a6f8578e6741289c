//! Container images on their way into a registry, without Docker: from another registry, or from a tar as it arrives. Layers
//! stream through; nothing is kept whole in memory or on disk, everything is checked against its digest, and the tag comes last.

pub mod archive;
pub mod auth;
pub mod client;
pub mod digest;
pub mod download;
pub mod guard;
pub mod http;
pub mod intake;
pub mod media;
mod problems;
pub mod progress;
pub mod reference;
pub mod remembered;
pub mod transfer;
pub mod upload;

pub use archive::{Archive, ArchiveImage, Known, Limits, push_archive};
pub use auth::Credentials;
pub use client::Repository;
pub use digest::Digest;
pub use guard::{DEFAULT_SOURCES, Policy};
pub use http::{Http, Permit, Settings};
pub use intake::{Intake, Upload, intake};
pub use media::{Descriptor, Manifest, Platform, RawManifest};
pub use progress::{BlobProgress, Progress, State};
pub use reference::Reference;
pub use remembered::Manifests;
pub use transfer::{Child, Contents, Platforms, copy, copy_and_tag, inspect, inspect_alone};
