//! What a page asks while the server makes it has one answer. The server walks what is within a page before it writes it, and both ask; the browser
//! takes the page over with the first answer, so what is written has to be of that one, also where something changed in between.

use futures::lock::Mutex;
use leptos::prelude::*;
use serde::Serialize;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use crate::error::AppError;

/// One answer, once there is one. Who asks meanwhile waits for it.
type Kept = Arc<Mutex<Option<Box<dyn Any + Send>>>>;

/// The answers of one page.
#[derive(Clone, Default)]
pub struct Answers(Arc<std::sync::Mutex<HashMap<String, Kept>>>);

impl Answers {
    fn of(&self, question: String) -> Kept {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(question).or_default().clone()
    }
}

/// The answer to the question of this name about this: what the page that is made was told before, or this one.
///
/// # Errors
/// Those of the answer.
pub async fn once<T: Clone + Send + 'static>(
    name: &str,
    about: &impl Serialize,
    answer: impl Future<Output = Result<T, AppError>>,
) -> Result<T, AppError> {
    let (Some(answers), Ok(about)) = (use_context::<Answers>(), serde_json::to_string(about)) else {
        return answer.await;
    };
    let kept = answers.of(format!("{name} {about}"));
    let mut kept = kept.lock().await;
    if let Some(told) = kept.as_ref().and_then(|told| told.downcast_ref::<Result<T, AppError>>()) {
        return told.clone();
    }
    let told = answer.await;
    *kept = Some(Box::new(told.clone()));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn a_question_has_one_answer_on_one_page() {
        let asked = AtomicU32::new(0);
        let told = || async { Ok(asked.fetch_add(1, Ordering::Relaxed)) };
        let ask = async |about: &str| once("history", &about, told()).await;
        let owner = Owner::new();
        owner.with(|| provide_context(Answers::default()));
        let both = owner.with(|| futures::executor::block_on(futures::future::join(ask("a"), ask("a"))));
        assert_eq!((both.0.unwrap(), both.1.unwrap()), (0, 0));
        assert_eq!(owner.with(|| futures::executor::block_on(ask("b"))).unwrap(), 1);
        // What asks by itself asks anew each time.
        let alone = Owner::new();
        assert_eq!(alone.with(|| futures::executor::block_on(ask("a"))).unwrap(), 2);
        assert_eq!(alone.with(|| futures::executor::block_on(ask("a"))).unwrap(), 3);
    }
}
