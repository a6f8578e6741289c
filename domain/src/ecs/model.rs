//! Documents of this service.

use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use serde::{Deserialize, Serialize};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Service {
    const KIND: Kind = Kind::Service;
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
pub struct Task {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Task {
    const KIND: Kind = Kind::Task;
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
pub struct TaskDefinition {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for TaskDefinition {
    const KIND: Kind = Kind::TaskDefinition;
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
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Cluster {
    const KIND: Kind = Kind::Cluster;
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
pub struct CapacityProvider {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for CapacityProvider {
    const KIND: Kind = Kind::CapacityProvider;
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
