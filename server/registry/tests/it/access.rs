//! Private images: who gets in, who does not, and who never hears the password.

use crate::copies::add_image;
use crate::registry::{Access, Registry, settings};
use domain::{Code, Problem};
use gantry_registry::{Contents, Credentials, Platforms, Progress, Repository, copy_and_tag, inspect};
use tokio_util::sync::CancellationToken;

fn given(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials::entered(user, password.to_owned()).unwrap())
}

fn private(from: &Registry, credentials: Option<Credentials>) -> Repository {
    from.source_with("team/app", credentials, settings(), &[])
}

async fn looks(from: &Registry, credentials: Option<Credentials>) -> Result<Contents, Problem> {
    inspect(&private(from, credentials), "v1", &Platforms::All).await
}

#[tokio::test]
async fn a_private_image_is_copied_with_basic_and_with_bearer() {
    for access in [Access::Basic("ada", "pass:word"), Access::Private("ada", "pass:word", 401)] {
        let (from, to) = (Registry::start().await, Registry::start().await);
        add_image(&from, "v1", "amd64", &[100_000, 20]);
        from.with(|i| i.access = access);
        let (source, destination) = (private(&from, given("ada", "pass:word")), to.destination("copied"));
        let contents = inspect(&source, "v1", &Platforms::All).await.unwrap();
        let (progress, never) = (Progress::default(), CancellationToken::new());
        copy_and_tag(&source, &destination, &contents, &["v1".into()], &progress, &never).await.unwrap();
        assert_eq!(to.tags(), ["v1"]);
        // The destination is another registry.
        assert_eq!(to.count(" with "), 0);
    }
}

#[tokio::test]
async fn a_wrong_password_and_none_are_told_apart_and_asked_once() {
    let kinds =
        [Access::Basic("ada", "right"), Access::Private("ada", "right", 401), Access::Private("ada", "right", 403)];
    for access in kinds {
        let from = Registry::start().await;
        add_image(&from, "v1", "amd64", &[20]);
        from.with(|i| i.access = access);
        let none = looks(&from, None).await.unwrap_err();
        assert_eq!((none.code, none.field.as_deref()), (Code::Invalid, Some("credentials")));
        assert!(none.message.contains("wants a user name and a password"), "{none}");
        let before = from.count(" with ");
        let wrong = looks(&from, given("ada", "Tr0ub4dor")).await.unwrap_err();
        assert_eq!((wrong.code, wrong.field.as_deref()), (Code::Invalid, Some("credentials")));
        assert!(wrong.message.contains("does not take this user name and password"), "{wrong}");
        assert!(!format!("{wrong:?}").contains("Tr0ub4dor"));
        // Registries lock who tries too often.
        assert_eq!(from.count(" with ") - before, 1);
    }
}

#[tokio::test]
async fn a_token_server_elsewhere_is_asked_over_https_only() {
    let (from, elsewhere) = (Registry::start().await, Registry::start().await);
    add_image(&from, "v1", "amd64", &[20]);
    elsewhere.with(|i| i.access = Access::Private("ada", "right", 401));
    from.with(|i| {
        i.access = Access::Private("ada", "right", 401);
        i.realm = Some(format!("http://{}/token", elsewhere.address));
    });
    let problem = looks(&from, given("ada", "right")).await.unwrap_err();
    assert_eq!(problem.title, "This address is not allowed");
    from.with(|i| i.realm = Some("http://auth.example.com/token".into()));
    let problem = looks(&from, given("ada", "right")).await.unwrap_err();
    assert!(problem.message.contains("without encryption"), "{problem}");
    assert_eq!(elsewhere.count(""), 0, "nothing may have arrived");
}

#[tokio::test]
async fn a_token_server_that_redirects_does_not_lead_the_password_on() {
    let (from, elsewhere) = (Registry::start().await, Registry::start().await);
    add_image(&from, "v1", "amd64", &[20]);
    from.with(|i| i.access = Access::Private("ada", "right", 401));
    let away = format!("http://{}/token", elsewhere.address);
    from.fault("GET", "/token", 9, crate::registry::What::Answer(307, vec![("location", away)], ""));
    let source = from.source_with("team/app", given("ada", "right"), settings(), &[elsewhere.host()]);
    elsewhere.with(|i| i.access = Access::Private("ada", "right", 401));
    assert!(inspect(&source, "v1", &Platforms::All).await.is_err());
    assert_eq!((elsewhere.count("without"), elsewhere.count(" with ")), (1, 0));
}
