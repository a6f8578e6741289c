//! Documents of this service.

use crate::kind::Kind;
use crate::resource::{Cell, Column, Model};
use serde::{Deserialize, Serialize};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: Option<String>,
}

impl Model for Role {
    const KIND: Kind = Kind::Role;
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
