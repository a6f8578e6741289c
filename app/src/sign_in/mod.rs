//! Sign-in and the making of the first administrator: plain forms, which work without scripts. The server answers them in
//! `server/src/auth/forms.rs` and says what went wrong as `?problem=CODE`. And the question, later, whether it is still them.

mod api;
mod confirm;
mod gate;
mod welcome;

pub use confirm::Confirm;
pub use gate::{SignInPage, TYPED_NAME, password_rule};
pub use welcome::WelcomePage;
