//! `gantry` without a configuration: AWS credentials where AWS's own tools look for them. Of this machine's own nothing is read or asked.

use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use std::path::PathBuf;
use std::process::Output;
use std::sync::{Arc, Mutex};

const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
    <Arn>arn:aws:iam::444455556666:user/ada</Arn><UserId>AIDAEXAMPLE</UserId><Account>444455556666</Account>\
    </GetCallerIdentityResult></GetCallerIdentityResponse>";

/// A home that is deleted when the test ends.
struct Home(PathBuf);

impl Home {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = std::env::temp_dir().join(format!("gantry-ambient-{}-{name}", std::process::id()));
        std::fs::create_dir_all(folder.join(".aws")).unwrap();
        for (file, text) in files {
            std::fs::write(folder.join(".aws").join(file), text).unwrap();
        }
        Self(folder)
    }

    /// `gantry connections check`, with nothing in its environment but this home and these.
    async fn check(&self, variables: &[(&str, &str)]) -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_gantry"));
        command.args(["connections", "check"]).current_dir(&self.0).env_clear().env("HOME", &self.0);
        command.env("AWS_EC2_METADATA_DISABLED", "true").envs(variables.iter().copied());
        command.output().await.unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Says whose credentials these are, and refuses everything else; keeps how requests were signed.
async fn aws() -> (String, Arc<Mutex<Vec<String>>>) {
    let signed: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = signed.clone();
    let answer = move |headers: HeaderMap, body: String| {
        let authorization = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        kept.lock().unwrap().push(authorization);
        let known = body.contains("Action=GetCallerIdentity");
        async move {
            match known {
                true => (StatusCode::OK, [("content-type", "text/xml")], IDENTITY).into_response(),
                false => {
                    (StatusCode::FORBIDDEN, r#"{"__type":"AccessDeniedException","message":"no"}"#).into_response()
                }
            }
        }
    };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(socket, axum::Router::new().fallback(answer)).await });
    (url, signed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_with_nothing_but_the_files_of_aws_makes_a_connection() {
    let keys = "[default]\naws_access_key_id = AKIDHOME\naws_secret_access_key = secret\n";
    let home = Home::new("files", &[("credentials", keys), ("config", "[default]\nregion = eu-west-3\n")]);
    let (url, signed) = aws().await;
    let done = home.check(&[("AWS_ENDPOINT_URL", &url)]).await;
    let text = String::from_utf8_lossy(&done.stdout);
    let first = text.lines().next().unwrap_or_default();
    assert_eq!(
        first,
        "default (444455556666, the default chain: profile default of ~/.aws)",
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(text.contains("\n  eu-west-3: "), "{text}");
    let signed = signed.lock().unwrap().clone();
    assert!(signed.iter().all(|how| how.contains("Credential=AKIDHOME/")), "{signed:?}");

    // A variable of the environment goes before the files, and one of two may be in either.
    let other = [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_REGION", "us-east-2")];
    let done = home.check(&other).await;
    assert!(String::from_utf8_lossy(&done.stdout).contains("\n  us-east-2: "));
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let home = Home::new("empty", &[]);
    for (variables, expected) in [
        (vec![], "No AWS region was found"),
        (vec![("AWS_REGION", "eu-west-1")], "No AWS credentials were found"),
        // Whoever says that there is none is believed.
        (vec![("GANTRY_CONNECTIONS", "connections = []")], "No connection is configured"),
    ] {
        let done = home.check(&variables).await;
        let text = String::from_utf8_lossy(&done.stderr);
        assert!(!done.status.success() && text.contains(expected), "{text}");
    }
}
