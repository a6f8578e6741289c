//! Registries that misbehave: each gives a clear Problem, and nothing is tagged.

use crate::copies::add_image;
use crate::noise;
use crate::registry::{Access, Registry, What, impatient, settings};
use bytes::Bytes;
use domain::{Code, Problem};
use gantry_registry::media::OCI_MANIFEST;
use gantry_registry::{
    Credentials, Digest, Http, Platforms, Policy, Progress, Repository, Settings, copy_and_tag, inspect,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SIZE: usize = 300_000;

fn layer() -> String {
    Digest::of(&noise(SIZE as u32, SIZE)).to_string()
}

async fn start() -> (Registry, Registry) {
    let (from, to) = (Registry::start().await, Registry::start().await);
    add_image(&from, "v1", "amd64", &[SIZE]);
    (from, to)
}

async fn fails_from(source: &Repository, to: &Registry, destination: &Repository) -> Problem {
    let work = async {
        let contents = inspect(source, "v1", &Platforms::All).await?;
        copy_and_tag(source, destination, &contents, &["v1".into()], &Progress::default(), &CancellationToken::new())
            .await
    };
    let problem = work.await.unwrap_err();
    assert!(to.tags().is_empty());
    to.until(|i| i.uploads.is_empty()).await;
    problem
}

async fn fails(from: &Registry, to: &Registry, settings: Settings) -> Problem {
    fails_from(&from.source_with("team/app", None, settings, &[]), to, &to.destination("copied")).await
}

#[tokio::test]
async fn contents_that_are_not_what_they_should_be() {
    for what in [What::Swap(Bytes::from(noise(9, SIZE))), What::Endless] {
        let (from, to) = start().await;
        from.fault("GET", &layer(), 1, what);
        let problem = fails(&from, &to, settings()).await;
        assert!(
            problem.title.contains("not what its manifest says") || problem.title.contains("connection"),
            "{problem}"
        );
        assert!(!to.with(|i| i.blobs.contains_key(&layer())));
    }
    let (from, to) = start().await;
    from.fault("GET", "/manifests/", 9, What::Endless);
    assert!(fails(&from, &to, settings()).await.title.contains("too large"));
    let (from, to) = start().await;
    let other = Bytes::from(r#"{"schemaVersion":2,"manifests":[]}"#);
    from.with(|i| {
        let told = i.manifests.keys().map(|k| k.1.clone()).find(|name| name.contains(':')).unwrap();
        i.log.push(told);
    });
    let digest = from.with(|i| i.log.pop().unwrap());
    from.fault("GET", "/manifests/", 9, What::Swap(other));
    let problem = from.source("team/app").manifest(&digest).await.unwrap_err();
    assert!(problem.message.contains("not used"), "{problem}");
    let _ = to;
}

#[tokio::test]
async fn more_or_less_than_the_manifest_says() {
    for size in [SIZE as u64 - 1, SIZE as u64 + 1] {
        let (from, to) = start().await;
        let wrong = from.with(|i| i.manifests[&("team/app".to_owned(), "v1".to_owned())].1.clone());
        let wrong = String::from_utf8(wrong.to_vec()).unwrap().replace(&SIZE.to_string(), &size.to_string());
        from.put_manifest("team/app", "v1", OCI_MANIFEST, wrong);
        let problem = fails(&from, &to, settings()).await;
        assert!(problem.message.contains("but more than") || problem.message.contains("300,001 bytes"), "{problem}");
    }
}

#[tokio::test]
async fn stalls_are_called_stalls() {
    let (from, to) = start().await;
    from.fault("GET", &layer(), 9, What::Stall(0));
    assert!(fails(&from, &to, impatient()).await.message.contains("stalled"));
    let (from, to) = start().await;
    from.fault("GET", "/manifests/", 9, What::Hang);
    assert!(fails(&from, &to, impatient()).await.message.contains("stalled"));
    let (from, to) = start().await;
    to.fault("PATCH", "", 9, What::Hang);
    let base = format!("http://{}/", to.address).parse().unwrap();
    let destination = Repository::destination(&base, "copied", None, impatient()).unwrap();
    let problem = fails_from(&from.source("team/app"), &to, &destination).await;
    assert!(problem.message.contains("stalled"), "{problem}");
}

#[tokio::test]
async fn rate_limits_are_waited_out_only_so_long() {
    let (from, to) = start().await;
    from.fault("GET", "/manifests/", 99, What::Answer(429, vec![("retry-after", "3600".into())], ""));
    let problem = fails(&from, &to, settings()).await;
    assert_eq!(problem.code, Code::AwsThrottled);
    assert!(problem.message.contains("wait 3600 seconds"), "{problem}");
    assert_eq!(from.count("/manifests/"), 1);
    let (from, to) = start().await;
    from.fault("GET", "/manifests/", 99, What::Answer(429, vec![], ""));
    assert!(fails(&from, &to, settings()).await.message.contains("429"));
    assert_eq!(from.count("/manifests/"), 4);
}

#[tokio::test]
async fn trouble_that_stays_is_told() {
    let (from, to) = start().await;
    from.fault("GET", &layer(), 99, What::Answer(500, vec![], r#"{"errors":[{"code":"BAD","message":"disk full."}]}"#));
    let problem = fails(&from, &to, settings()).await;
    assert!(problem.message.contains("BAD, disk full"), "{problem}");
    let (from, to) = start().await;
    from.fault("GET", &layer(), 99, What::Cut(0));
    assert!(fails(&from, &to, settings()).await.title.contains("connection was lost"));
    let (from, to) = start().await;
    to.fault("PUT", "/manifests/", 9, What::Answer(403, vec![], r#"{"errors":[{"code":"DENIED","message":"no"}]}"#));
    assert_eq!(fails(&from, &to, settings()).await.code, Code::AwsDenied);
    let (from, to) = start().await;
    to.fault("POST", "", 9, What::Answer(404, vec![], ""));
    assert!(fails(&from, &to, settings()).await.message.contains("no repository"));
    let missing = from.source("team/app").manifest("none").await.unwrap_err();
    assert_eq!(missing.code, Code::NotFound);
}

#[tokio::test]
async fn access_that_is_refused_or_unknown() {
    let (from, to) = start().await;
    from.with(|i| i.access = Access::Header(r#"Negotiate abc"#));
    let problem = fails(&from, &to, settings()).await;
    assert!(problem.message.contains("asks for Negotiate"), "{problem}");
    from.with(|i| i.access = Access::Basic("me", "secret"));
    let problem = fails(&from, &to, settings()).await;
    assert_eq!((problem.code, problem.field.as_deref()), (Code::Invalid, Some("credentials")));
    let wrong = Some(Credentials { user: "me".into(), password: "wrong".into() });
    let problem =
        fails_from(&from.source_with("team/app", wrong, settings(), &[]), &to, &to.destination("copied")).await;
    assert!(problem.message.contains("does not take") && !problem.message.contains("wrong"), "{problem}");
    // A token server that gives tokens which are worth nothing.
    from.with(|i| i.access = Access::Bearer(0));
    assert!(fails(&from, &to, settings()).await.message.contains("refuses access"));
}

#[tokio::test]
async fn redirects_and_token_servers_must_not_lead_inside() {
    let inside = Registry::start().await;
    let lead = |path: &str| format!("http://{}{path}", inside.address);
    for to_where in
        [lead("/storage/"), "https://169.254.169.254/".into(), "https://[::ffff:7f00:1]/".into(), "file:///etc/".into()]
    {
        let (from, to) = start().await;
        from.with(|i| i.storage = Some(to_where.clone()));
        let problem = fails(&from, &to, settings()).await;
        assert_eq!(problem.title, "This address is not allowed", "{to_where}: {problem}");
    }
    // By name: only resolving it shows where it leads.
    let (from, to) = start().await;
    from.with(|i| i.storage = Some("https://localhost:9/".into()));
    let problem = fails(&from, &to, settings()).await;
    assert!(problem.message.contains("internal address"), "{problem}");
    let (from, to) = start().await;
    let realm: &'static str = format!(r#"Bearer realm="{}",service="x""#, lead("/token")).leak();
    from.with(|i| i.access = Access::Header(realm));
    assert_eq!(fails(&from, &to, settings()).await.title, "This address is not allowed");
    // An upload that is to go elsewhere.
    let (from, to) = start().await;
    to.fault("POST", "", 9, What::Answer(202, vec![("location", lead("/v2/x/blobs/uploads/1"))], ""));
    assert_eq!(fails(&from, &to, settings()).await.title, "This address is not allowed");
    assert_eq!(inside.count(""), 0, "nothing may have arrived");
}

#[tokio::test]
async fn circles_and_closed_doors() {
    let (from, to) = start().await;
    let itself = format!("http://{}/v2/team/app/manifests/v1", from.address);
    from.fault("GET", "/manifests/", 99, What::Answer(302, vec![("location", itself)], ""));
    assert!(fails(&from, &to, settings()).await.title.contains("circles"));
    // A port that is taken, and where nobody listens.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = taken.local_addr().unwrap().to_string();
    let quick = Settings { connect_timeout: Duration::from_secs(5), ..settings() };
    let http = Http::new(Policy::sources([] as [&str; 0], [&closed]).unwrap(), quick).unwrap();
    let source = Repository::source(&http, &format!("{closed}/a:b").parse().unwrap(), None).unwrap();
    let problem = source.manifest("b").await.unwrap_err();
    assert_eq!(problem.title, "The registry does not answer");
}
