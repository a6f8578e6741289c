//! The kit: parts that know no route and no server function. Their looks are in `style/ui/`.

mod age;
mod badge;
mod card;
mod cell;
mod chart;
mod chip;
mod code;
mod copy;
mod diff;
pub mod format;
mod icon;
mod local;
mod log;
mod menu;
mod navigate;
mod note;
mod spark;
mod tabs;

pub use age::{Age, Clock, moment, now_or};
pub use badge::{Badge, StateBadge, tone_class};
pub use card::{Card, Fact, Facts, Head, Skeleton};
pub use cell::{column_view, fact_view, word_view};
pub use chart::Chart;
pub use chip::{Choice, chip};
pub use code::{Code, Json};
pub use copy::{Copy, CopyButton};
pub use diff::Diff;
pub use icon::{Icon, icon};
pub use local::Local;
pub use log::LogView;
pub use menu::{About, Dialog, Menu};
pub use navigate::Navigate;
pub use note::{Empty, Note, ProblemNote, ProblemPage};
pub use spark::Spark;
pub use tabs::{TabLink, Tabs};
