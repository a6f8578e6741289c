//! The road between those who call AWS and the sandbox: a proxy that lets the weather have its way.

use std::io::{BufReader, ErrorKind, Result, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::http::{self, Message};
use super::weather::{Call, Fault, Harm, Weather};

/// Repositories of a torture begin like this; other calls pass untouched.
pub const PREFIX: &str = "torture/";
/// How long the sandbox may take.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a lost answer is waited for, mostly; the SDK itself waits ten seconds for an answer.
const SILENCE: Duration = Duration::from_secs(2);
const LONG_SILENCE: Duration = Duration::from_secs(12);

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
    let operation = request.header("x-amz-target")?.rsplit('.').next()?.to_owned();
    let (_, scope) = request.header("authorization")?.split_once("Credential=")?;
    let account = scope.split('/').next()?.to_owned();
    let body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
    let of_arn = body["resourceArn"].as_str().and_then(|arn| arn.split_once("repository/")).map(|(_, name)| name);
    let repository = body["repositoryName"].as_str().or(body["repositoryNames"][0].as_str()).or(of_arn)?;
    repository.starts_with(PREFIX).then(|| Call { account, repository: repository.to_owned(), operation })
}

fn refusal(status: &str, code: &str, message: &str) -> Message {
    let body = serde_json::json!({ "__type": code, "message": message }).to_string().into_bytes();
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amzn-errortype", code)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Message { first: format!("HTTP/1.1 {status}"), headers, body }
}

fn serve(mut stream: TcpStream, sandbox: u16, weather: &Weather, sender: &dyn Sender) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::new(stream.try_clone()?);
    while let Some(request) = Message::read(&mut from)? {
        let call = call(&request);
        let harm = call.as_ref().and_then(|call| weather.harm(call));
        let pass = || -> Result<Message> {
            let answer = http::exchange(sandbox, &request, LIMIT)?;
            if let Some(call) = call.clone().filter(|_| answer.status() == 200) {
                weather.made(call);
            }
            Ok(answer)
        };
        let repository = call.as_ref().map(|call| call.repository.as_str()).unwrap_or_default();
        let answer = match harm {
            None | Some(Harm::Stop) => pass()?,
            Some(Harm::Fault(Fault::Throttled)) => refusal("400 Bad Request", "ThrottlingException", "Rate exceeded"),
            Some(Harm::Fault(Fault::ServerError)) => {
                refusal("500 Internal Server Error", "ServerException", "Something went wrong.")
            }
            Some(Harm::Fault(Fault::Denied)) => {
                let action = format!("ecr:{}", call.as_ref().map(|c| c.operation.as_str()).unwrap_or_default());
                let message = format!(
                    "User: arn:aws:iam::111122223333:user/torture is not authorized to perform: {action} on resource: * because no identity-based policy allows the {action} action"
                );
                refusal("400 Bad Request", "AccessDeniedException", &message)
            }
            Some(Harm::Fault(Fault::ResetBefore)) => return reset(&stream),
            Some(Harm::Fault(Fault::ResetAfter)) => {
                pass()?;
                return reset(&stream);
            }
            Some(Harm::Fault(Fault::Lost)) => {
                let answer = pass()?;
                // Some outlast the sender's patience, by the length of the answer: as good as chance.
                std::thread::sleep(if answer.body.len() % 16 == 0 { LONG_SILENCE } else { SILENCE });
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
}
