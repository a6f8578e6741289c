//! Documents of this service.

use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use serde::{Deserialize, Serialize};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Cluster {
    const KIND: Kind = Kind::EksCluster;
    const COLUMNS: &'static [Column] = &[];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.arn.clone()
    }
    fn cells(&self) -> Vec<Cell> {
        vec![]
    }
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeGroup {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for NodeGroup {
    const KIND: Kind = Kind::NodeGroup;
    const COLUMNS: &'static [Column] = &[];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.arn.clone()
    }
    fn cells(&self) -> Vec<Cell> {
        vec![]
    }
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FargateProfile {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for FargateProfile {
    const KIND: Kind = Kind::FargateProfile;
    const COLUMNS: &'static [Column] = &[];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.arn.clone()
    }
    fn cells(&self) -> Vec<Cell> {
        vec![]
    }
}

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Addon {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Addon {
    const KIND: Kind = Kind::Addon;
    const COLUMNS: &'static [Column] = &[];
    fn id(&self) -> String {
        self.name.clone()
    }
    fn name(&self) -> String {
        self.name.clone()
    }
    fn arn(&self) -> Option<String> {
        self.arn.clone()
    }
    fn cells(&self) -> Vec<Cell> {
        vec![]
    }
}
