//! The road between those who call AWS and the sandbox: a proxy that lets the weather have its way. Gantry's pushes into the registry go to the
//! same address as its calls, and have the same weather.

use std::io::{BufReader, ErrorKind, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::ACCOUNTS;
use super::http::{self, Message};
use super::push;
use super::weather::{Call, Fault, Harm, Weather};

/// Repositories of a torture begin like this; other calls pass untouched.
pub const PREFIX: &str = "torture/";
/// How long the sandbox may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a lost answer is waited for, mostly; the SDK itself waits ten seconds for an answer.
const SILENCE: Duration = Duration::from_secs(2);
const LONG_SILENCE: Duration = Duration::from_secs(12);
/// Longer than anybody waits but who pushes.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// Whoever sends calls on a road.
pub trait Sender: Send + Sync + 'static {
    /// It dies at once.
    fn kill(&self, repository: &str);
    /// It is stopped for a while.
    fn stop(&self);
}

/// Opens a road to the sandbox's port; answers its own.
pub fn open(sandbox: u16, weather: Arc<Weather>, sender: Arc<dyn Sender>) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            let (weather, sender) = (weather.clone(), sender.clone());
            // What breaks is the sender's business: that is what this is for.
            std::thread::spawn(move || drop(serve(stream, sandbox, &weather, &*sender)));
        }
    });
    Ok(port)
}

/// What a request asks, if it is about a repository of the torture.
fn call(request: &Message) -> Option<Call> {
    if let Some(push) = push::of(request) {
        // Only Gantry pushes.
        let (account, repository) = (ACCOUNTS.gantry.to_owned(), push.repository.to_owned());
        let call = Call { account, repository, operation: push.operation.to_owned() };
        return call.repository.starts_with(PREFIX).then_some(call);
    }
    let operation = request.header("x-amz-target")?.rsplit('.').next()?.to_owned();
    let (_, scope) = request.header("authorization")?.split_once("Credential=")?;
    let account = scope.split('/').next()?.to_owned();
    let body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
    let of_arn = body["resourceArn"].as_str().and_then(|arn| arn.split_once("repository/")).map(|(_, name)| name);
    let repository = body["repositoryName"].as_str().or(body["repositoryNames"][0].as_str()).or(of_arn)?;
    repository.starts_with(PREFIX).then(|| Call { account, repository: repository.to_owned(), operation })
}

/// How it is refused, in the words of the API that it asks; nothing for what is no refusal.
fn refusal(request: &Message, fault: Fault) -> Option<Message> {
    let pushes = push::of(request);
    let (status, code, message) = match (fault, pushes) {
        (Fault::Throttled, None) => ("400 Bad Request", "ThrottlingException", "Rate exceeded".to_owned()),
        (Fault::Throttled, Some(_)) => ("429 Too Many Requests", "TOOMANYREQUESTS", "Rate exceeded".to_owned()),
        (Fault::ServerError, None) => {
            ("500 Internal Server Error", "ServerException", "Something went wrong.".to_owned())
        }
        (Fault::ServerError, Some(_)) => ("500 Internal Server Error", "UNKNOWN", "Something went wrong.".to_owned()),
        (Fault::Denied, None) => {
            let action = format!("ecr:{}", call(request).map(|call| call.operation).unwrap_or_default());
            ("400 Bad Request", "AccessDeniedException", denied(&action))
        }
        (Fault::Denied, Some(push)) => {
            let action = match push.operation {
                "GetBlob" => "ecr:BatchCheckLayerAvailability",
                "BeginUpload" => "ecr:InitiateLayerUpload",
                "SendPiece" => "ecr:UploadLayerPart",
                "EndUpload" => "ecr:CompleteLayerUpload",
                _ => "ecr:PutImage",
            };
            ("403 Forbidden", "DENIED", denied(action))
        }
        (Fault::ResetBefore | Fault::ResetAfter | Fault::Lost | Fault::Silent | Fault::Truncated, _) => return None,
    };
    if pushes.is_some() {
        return Some(push::refusal(status, code, &message));
    }
    let body = serde_json::json!({ "__type": code, "message": message }).to_string().into_bytes();
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Some(Message { first: format!("HTTP/1.1 {status}"), headers, body })
}

fn denied(action: &str) -> String {
    format!(
        "User: arn:aws:iam::111122223333:user/torture is not authorized to perform: {action} on resource: * because no identity-based policy allows the {action} action"
    )
}

fn serve(mut stream: TcpStream, sandbox: u16, weather: &Weather, sender: &dyn Sender) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::new(stream.try_clone()?);
    while let Some(request) = Message::read(&mut from)? {
        let call = call(&request);
        let harm = call.as_ref().and_then(|call| weather.harm(call));
        let pass = || -> Result<Message> {
            let answer = http::exchange(sandbox, &request, LIMIT)?;
            if let Some(call) = call.clone().filter(|_| (200..300).contains(&answer.status())) {
                weather.made(call);
            }
            Ok(answer)
        };
        let repository = call.as_ref().map(|call| call.repository.as_str()).unwrap_or_default();
        let answer = match harm {
            None | Some(Harm::Stop) => pass()?,
            Some(Harm::Fault(fault @ (Fault::Throttled | Fault::ServerError | Fault::Denied))) => {
                let Some(mut refusal) = refusal(&request, fault) else { return reset(&stream) };
                if request.first.starts_with("HEAD ") {
                    refusal.body.clear();
                }
                refusal
            }
            Some(Harm::Fault(Fault::ResetBefore)) => return reset(&stream),
            Some(Harm::Fault(Fault::ResetAfter)) => {
                pass()?;
                return reset(&stream);
            }
            Some(Harm::Fault(Fault::Lost)) => {
                let answer = pass()?;
                // Some outlast the sender's patience, by the length of the answer: as good as chance. With a push it waits for a minute.
                let long = answer.body.len() % 16 == 0 && push::of(&request).is_none();
                std::thread::sleep(if long { LONG_SILENCE } else { SILENCE });
                return reset(&stream);
            }
            Some(Harm::Fault(Fault::Silent)) => {
                pass()?;
                std::thread::sleep(LONGEST_SILENCE);
                return reset(&stream);
            }
            Some(Harm::Fault(Fault::Truncated)) => {
                let bytes = pass()?.bytes(false);
                stream.write_all(&bytes[..bytes.len() - 5])?;
                return reset(&stream);
            }
            Some(Harm::KillBefore) => {
                sender.kill(repository);
                return reset(&stream);
            }
            Some(Harm::KillAfter) => {
                pass()?;
                sender.kill(repository);
                return reset(&stream);
            }
        };
        stream.write_all(&answer.bytes(false))?;
        if harm == Some(Harm::Stop) {
            // Between the answer and the next call its sender writes its journal.
            std::thread::sleep(Duration::from_millis(answer.body.len() as u64 % 12));
            sender.stop();
        }
    }
    Ok(())
}

fn reset(stream: &TcpStream) -> Result<()> {
    match stream.shutdown(Shutdown::Both) {
        Err(error) if error.kind() != ErrorKind::NotConnected => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_name_their_repository_in_three_ways() {
        let of = |body: &str| {
            let headers = [
                ("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.TagResource"),
                ("authorization", "AWS4-HMAC-SHA256 Credential=111122223333/20261123/eu-west-1/ecr/aws4_request"),
            ];
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            call(&Message { first: "POST / HTTP/1.1".into(), headers, body: body.into() }).map(|c| c.repository)
        };
        for body in [
            r#"{"repositoryName":"torture/a"}"#,
            r#"{"repositoryNames":["torture/a"]}"#,
            r#"{"resourceArn":"arn:aws:ecr:eu-west-1:111122223333:repository/torture/a"}"#,
        ] {
            assert_eq!(of(body).as_deref(), Some("torture/a"));
        }
        assert_eq!(of(r#"{"repositoryName":"shop/a"}"#), None);
    }

    #[test]
    fn a_push_is_refused_as_registries_refuse() {
        let headers = vec![("authorization".to_owned(), "Basic QVdTOng=".to_owned())];
        let first = "PUT /v2/torture/a/manifests/v1 HTTP/1.1".to_owned();
        let request = Message { first, headers, body: vec![] };
        let known = call(&request).map(|call| (call.account, call.repository, call.operation));
        assert_eq!(known, Some((ACCOUNTS.gantry.into(), "torture/a".into(), "PutTag".into())));
        let refused = |fault| refusal(&request, fault).map(|answer| answer.status());
        assert_eq!([Fault::Throttled, Fault::Denied, Fault::Lost].map(refused), [Some(429), Some(403), None]);
    }
}
