//! What every wizard is made of: the draft that is kept, the plan that grows while one types, fields with their messages, the steps.
//!
//! A wizard gives a [`Draft`] and a [`Spec`] with its forms. [`start`] keeps the draft and looks up what its plan has to know;
//! [`WizardPage`] puts steps, form and plan side by side and ends with the review.

mod browser;
mod choice;
mod field;
mod keep;
mod origin;
mod plan_panel;
mod recall;
mod shell;
mod state;
mod tags;

pub use browser::focus_first_wrong_in;
pub use choice::{Choice, Fold, check, choices};
pub use field::{AccountField, FieldGroup, ScopeFields, TextArea, TextField, place_fields};
pub use plan_panel::{cost_line, effect_sign, effect_tone, note_list, sum};
pub use shell::{FormStep, Spec, WizardPage, why_not};
pub use state::{Draft, Kept, Lookup, Messages, Wizard, first_scope, is_reachable, part, start};
pub use tags::TagRows;
