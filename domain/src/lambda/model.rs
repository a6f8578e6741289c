//! Documents of this service.

use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use serde::{Deserialize, Serialize};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Function {
    const KIND: Kind = Kind::Function;
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
pub struct FunctionVersion {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for FunctionVersion {
    const KIND: Kind = Kind::FunctionVersion;
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
pub struct FunctionAlias {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for FunctionAlias {
    const KIND: Kind = Kind::FunctionAlias;
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
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Layer {
    const KIND: Kind = Kind::Layer;
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
pub struct EventSourceMapping {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for EventSourceMapping {
    const KIND: Kind = Kind::EventSourceMapping;
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
