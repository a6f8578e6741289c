//! Documents of this service.

use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use serde::{Deserialize, Serialize};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vpc {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Vpc {
    const KIND: Kind = Kind::Vpc;
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
pub struct Subnet {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Subnet {
    const KIND: Kind = Kind::Subnet;
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
pub struct SecurityGroup {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for SecurityGroup {
    const KIND: Kind = Kind::SecurityGroup;
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
