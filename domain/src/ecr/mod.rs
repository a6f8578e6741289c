//! ECR: repositories ([`repository`]) and the images in them ([`image`]): their documents and what Gantry reads from them;
//! what uses the images of a repository ([`inventory`]), and whether that is known ([`known`]); lifecycle policies ([`lifecycle`]): what they say, and which images they take; who may use a repository ([`repository_policy`]);
//! how an image starts and was built ([`configuration`]), two of them side by side ([`compare`]), what says something of it ([`findings`], [`referrers`]), what is no image ([`artifact`]);
//! what people may type ([`rules`]), and what a new name stands beside ([`names`]); what holds for all repositories of an account in a region ([`registry`]); the calls that change repositories ([`calls`], [`arn`]), what they write ([`subject`]) and the plans made of those ([`wizards`]);
//! what storage costs ([`storage`]); archives on their way in ([`upload`]).

pub mod arn;
pub mod artifact;
pub mod calls;
pub mod compare;
pub mod configuration;
pub mod findings;
pub mod image;
pub mod inventory;
pub mod keys;
pub mod known;
pub mod lifecycle;
pub mod names;
pub mod referrers;
pub mod registry;
pub mod repository;
pub mod repository_policy;
pub mod rules;
pub mod storage;
pub mod subject;
pub mod upload;
pub mod wizards;
pub use image::{ChildManifest, Image, Layer, ScanFindings, ScanStatus};
pub use repository::{Encryption, Repository, Scanning, TagMutabilityExclusion};
