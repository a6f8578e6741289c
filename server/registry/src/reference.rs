//! Image references as people write them: `nginx`, `ghcr.io/owner/app:v1`, `host:5000/team/app@sha256:…`.

use crate::digest::Digest;
use domain::problem::Problem;
use std::fmt;
use std::str::FromStr;

const HUB: &str = "docker.io";

/// Where an image is: registry, repository, and a tag or a digest (with both, the digest decides).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// The registry as people name it: `docker.io`, `ghcr.io`, `host:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }
    /// The host, and the port if there is one, that answers the registry's API. Docker Hub's differs from its name.
    pub fn api_host(&self) -> &str {
        if self.registry == HUB { "registry-1.docker.io" } else { &self.registry }
    }
    /// The repository within the registry: `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }
    /// The tag, when one was written or implied.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
    /// The digest, when one was written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
    /// What to ask the registry for: the digest when there is one, else the tag.
    pub fn wanted(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }
}

/// Checks a tag: 1 to 128 letters, digits, `_`, `.`, `-`, not beginning with `.` or `-`.
pub fn check_tag(tag: &str) -> Result<(), Problem> {
    let mut bytes = tag.bytes();
    let first = bytes.next().is_some_and(|c| c.is_ascii_alphanumeric() || c == b'_');
    if first && tag.len() <= 128 && bytes.all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c)) {
        return Ok(());
    }
    Err(Problem::invalid(
        "tag",
        format!(
            "“{}” is not a tag: 1 to 128 letters, digits, “_”, “.” and “-”, beginning with a letter, a digit or “_”.",
            shown(tag)
        ),
    ))
}

/// Checks a repository's name by the rules of the OCI distribution specification.
pub fn check_repository(name: &str) -> Result<(), Problem> {
    let component = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let separators = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(part.chars().next())
            && edge(part.chars().last())
            && separators
                .filter(|s| !s.is_empty())
                .all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|c| c == b'-'))
    };
    if !name.is_empty() && name.len() <= 255 && name.split('/').all(component) {
        return Ok(());
    }
    let why = if name.chars().any(|c| c.is_ascii_uppercase()) { " Capital letters are not allowed." } else { "" };
    Err(Problem::invalid(
        "image",
        format!(
            "“{}” is not a repository's name: lower-case letters and digits, with “.”, “_”, “-” between them and “/” between its parts.{why}",
            shown(name)
        ),
    ))
}

fn check_registry(registry: &str) -> Result<(), Problem> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (registry, None),
    };
    let literal = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host_fits = match literal {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        }),
    };
    let port_fits = port.is_none_or(|p| p.bytes().all(|c| c.is_ascii_digit()) && p.parse::<u16>().is_ok_and(|p| p > 0));
    if host_fits && port_fits && registry.len() <= 260 {
        return Ok(());
    }
    Err(Problem::invalid("image", format!("“{}” is not a registry's host name.", shown(registry))))
}

fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(80).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}

impl FromStr for Reference {
    type Err = Problem;
    fn from_str(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::invalid("image", "Name an image, such as nginx:1.27 or ghcr.io/owner/app:v1."));
        }
        if text.contains("://") {
            return Err(Problem::invalid("image", "An image is named without http:// or https://."));
        }
        let (text, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>()?)),
            None => (text, None),
        };
        // A colon after the last slash starts the tag; before it, a port.
        let (path, tag) = match text.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (text, None),
        };
        if let Some(tag) = tag {
            check_tag(tag)?;
        }
        // As Docker does: the first part is a registry when it looks like a host.
        let (registry, repository) = match path.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
                (first.to_ascii_lowercase(), rest)
            }
            _ => (HUB.to_owned(), path),
        };
        check_registry(&registry)?;
        let registry = match registry.as_str() {
            "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" | "hub.docker.com" => HUB.to_owned(),
            _ => registry,
        };
        let repository = if registry == HUB && !repository.contains('/') {
            format!("library/{repository}")
        } else {
            repository.to_owned()
        };
        check_repository(&repository)?;
        let tag = match (tag, digest) {
            (Some(tag), _) => Some(tag.to_owned()),
            (None, Some(_)) => None,
            (None, None) => Some("latest".to_owned()),
        };
        Ok(Self { registry, repository, tag, digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let reference: Reference = text.parse().unwrap();
        assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference, "{text} does not come back");
        format!("{} {} {}", reference.api_host(), reference.repository(), reference.wanted())
    }

    #[test]
    fn short_names_mean_docker_hub() {
        assert_eq!(read("nginx"), "registry-1.docker.io library/nginx latest");
        assert_eq!(read(" nginx:1.27 "), "registry-1.docker.io library/nginx 1.27");
        assert_eq!(read("owner/app"), "registry-1.docker.io owner/app latest");
        assert_eq!(read("docker.io/nginx"), "registry-1.docker.io library/nginx latest");
        assert_eq!(read("index.docker.io/owner/app"), "registry-1.docker.io owner/app latest");
    }

    #[test]
    fn registries_ports_and_digests() {
        let digest = Digest::of(b"x");
        assert_eq!(read("ghcr.io/owner/app:v1"), "ghcr.io owner/app v1");
        assert_eq!(read("localhost/app"), "localhost app latest");
        assert_eq!(read("localhost:5000/team/app"), "localhost:5000 team/app latest");
        assert_eq!(read("[::1]:5000/app:a"), "[::1]:5000 app a");
        assert_eq!(read("public.ecr.aws/docker/library/nginx"), "public.ecr.aws docker/library/nginx latest");
        assert_eq!(
            read("123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b__c:x"),
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com a/b__c x"
        );
        // The digest decides; the tag is kept for display.
        assert_eq!(read(&format!("nginx:1@{digest}")), format!("registry-1.docker.io library/nginx {digest}"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |text: &str| text.parse::<Reference>().unwrap_err().message;
        assert!(message("").contains("Name an image"));
        assert!(message("https://nginx").contains("without http"));
        assert!(message("Nginx").contains("Capital letters"));
        assert!(message("nginx:").contains("not a tag"));
        assert!(message("nginx:-a").contains("not a tag"));
        assert!(message("nginx@sha256:12").contains("not a digest"));
        assert!(message("host:99999/app").contains("host name"));
        assert!(message("-a.b/app").contains("host name"));
        for text in ["a//b", "a/../b", "a/b/", "a_.b", "ghcr.io/", "a b", "nginx?x=1", "user@host/app", "a/b#c"] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
