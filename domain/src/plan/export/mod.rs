//! A plan in other tools' words, to be reviewed, kept and run elsewhere.

pub mod cli;
