//! A registry of somebody else's, from which everybody may copy: one image for one platform, and an index of two. It always answers well:
//! the weather is on the way into ECR.

use std::collections::BTreeMap;
use std::io::{BufReader, Result, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::http::Message;
use super::push;
use crate::assets::digest_of;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// Its one repository.
const REPOSITORY: &str = "team/app";

/// The tag of the image for one platform.
pub const ONE: &str = "one";
/// The tag of the index.
pub const ALL: &str = "all";

/// A document, and what kind it is.
#[derive(Debug, Clone)]
struct Held {
    kind: &'static str,
    text: String,
}

/// What it has.
#[derive(Debug, Default)]
struct Contents {
    manifests: BTreeMap<String, Held>,
    /// Layers and configurations.
    blobs: BTreeMap<String, Held>,
    /// The digests that a tag leads to, that of the image itself last.
    tags: BTreeMap<&'static str, Vec<String>>,
}

static CONTENTS: LazyLock<Contents> = LazyLock::new(Contents::make);

impl Contents {
    fn make() -> Self {
        let mut contents = Self::default();
        let one = contents.image("amd64", "alone");
        contents.tags.insert(ONE, vec![one]);
        let parts = ["amd64", "arm64"].map(|architecture| contents.image(architecture, "together"));
        let entries: Vec<Value> = std::iter::zip(["amd64", "arm64"], &parts)
            .map(|(architecture, digest)| {
                let size = contents.manifests.get(digest).map_or(0, |held| held.text.len());
                json!({ "mediaType": IMAGE, "digest": digest, "size": size,
                    "platform": { "os": "linux", "architecture": architecture } })
            })
            .collect();
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        let index = keep(&mut contents.manifests, INDEX, index.to_string());
        contents.tags.insert(ALL, [&parts[..], &[index]].concat());
        contents
    }

    /// An image of one layer; answers its digest.
    fn image(&mut self, architecture: &str, what: &str) -> String {
        let mut blob = |kind: &'static str, text: String| {
            let size = text.len();
            json!({ "mediaType": kind, "size": size, "digest": keep(&mut self.blobs, kind, text) })
        };
        let layer = blob(LAYER, format!("{what} for {architecture}\n").repeat(64));
        let rootfs = json!({ "type": "layers", "diff_ids": [layer["digest"]] });
        let config = json!({ "architecture": architecture, "os": "linux", "rootfs": rootfs });
        let config = blob(CONFIG, config.to_string());
        let manifest = json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer] });
        keep(&mut self.manifests, IMAGE, manifest.to_string())
    }

    fn answer(&self, request: &Message) -> Message {
        let path = request.first.split(' ').nth(1).unwrap_or_default();
        // What skopeo asks first: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support
        if path == "/v2/" {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            return Message { first: "HTTP/1.1 200 OK".into(), headers, body: b"{}".to_vec() };
        }
        let asked = path.strip_prefix("/v2/").and_then(|rest| rest.strip_prefix(REPOSITORY));
        let found = asked.and_then(|rest| match rest.split_once("/manifests/") {
            Some((_, wanted)) => {
                let digest = self.tags.get(wanted).and_then(|leads| leads.last());
                self.manifests.get_key_value(digest.map_or(wanted, String::as_str))
            }
            None => self.blobs.get_key_value(rest.split_once("/blobs/")?.1),
        });
        let Some((digest, held)) = found else {
            return push::refusal("404 Not Found", "NAME_UNKNOWN", "There is no such thing here.");
        };
        // Said here, because the answer to HEAD has no body that says it.
        let headers = [
            ("content-type", held.kind.to_owned()),
            ("docker-content-digest", digest.clone()),
            ("content-length", held.text.len().to_string()),
        ];
        let body = if request.first.starts_with("HEAD ") { vec![] } else { held.text.clone().into_bytes() };
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        Message { first: "HTTP/1.1 200 OK".into(), headers, body }
    }
}

fn keep(place: &mut BTreeMap<String, Held>, kind: &'static str, text: String) -> String {
    let digest = digest_of(&text);
    place.insert(digest.clone(), Held { kind, text });
    digest
}

/// Opens it; answers its port.
pub fn open() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A connection that breaks is one whose server was killed.
            std::thread::spawn(move || drop(serve(stream)));
        }
    });
    Ok(port)
}

fn serve(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::new(stream.try_clone()?);
    while let Some(request) = Message::read(&mut from)? {
        stream.write_all(&CONTENTS.answer(&request).bytes(false))?;
    }
    Ok(())
}

/// An image of it, as people write it.
pub fn reference(port: u16, tag: &str) -> String {
    format!("127.0.0.1:{port}/{REPOSITORY}:{tag}")
}

/// Every manifest that an image of it consists of, those that its index leads to first; none for what it does not have.
pub fn manifests(reference: &str) -> &'static [String] {
    let tag = reference.rsplit_once(':').map_or("", |(_, tag)| tag);
    CONTENTS.tags.get(tag).map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_tag_leads_to_can_be_fetched() {
        let ask = |first: String| CONTENTS.answer(&Message { first, ..Message::default() });
        for (tag, many) in [(ONE, 1), (ALL, 3)] {
            let leads = manifests(&reference(5000, tag));
            assert_eq!(leads.len(), many);
            let top = ask(format!("GET /v2/team/app/manifests/{tag} HTTP/1.1"));
            assert_eq!(top.header("docker-content-digest"), leads.last().map(String::as_str));
            for digest in leads {
                let manifest = ask(format!("GET /v2/team/app/manifests/{digest} HTTP/1.1"));
                let manifest: Value = serde_json::from_slice(&manifest.body).unwrap();
                for part in manifest["layers"].as_array().into_iter().flatten().chain([&manifest["config"]]) {
                    let Some(digest) = part["digest"].as_str() else { continue };
                    let blob = ask(format!("GET /v2/team/app/blobs/{digest} HTTP/1.1"));
                    assert_eq!(Some(blob.body.len() as u64), part["size"].as_u64());
                }
            }
        }
        assert_eq!(ask("HEAD /v2/team/app/manifests/all HTTP/1.1".into()).body, b"");
        assert_eq!(ask("GET /v2/team/other/manifests/all HTTP/1.1".into()).status(), 404);
        assert_eq!(ask("GET /v2/ HTTP/1.1".into()).status(), 200);
    }
}
