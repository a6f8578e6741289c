//! Which addresses may be asked. A person names a source registry and that registry names further addresses (redirects, token
//! servers): without this guard, Gantry could be sent to the metadata service or into the private network.

use crate::problems::refused;
use domain::problem::Problem;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use url::{Host, Url};

/// Registries from which images may be copied when the configuration names none.
pub const DEFAULT_SOURCES: &[&str] = &[
    "docker.io",
    "*.docker.io",
    "public.ecr.aws",
    "ghcr.io",
    "quay.io",
    "registry.k8s.io",
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.dkr.ecr.*.amazonaws.eu",
];

#[derive(Debug)]
struct Rules {
    /// Hosts of registries; `*` stands for anything. `None`: only the trusted origin is a registry.
    hosts: Vec<String>,
    /// `host:port` that may be private and spoken to without TLS.
    exceptions: BTreeSet<(String, u16)>,
    /// The destination that the configuration names: scheme, host and port.
    trusted: Option<(String, String, u16)>,
}

/// What may be connected to. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Policy(Arc<Rules>);

impl Policy {
    /// For source registries: these hosts (exact, or with `*` for any text) and these `host:port` exceptions, which may have
    /// private addresses and are asked over plain HTTP.
    pub fn sources<H: AsRef<str>, E: AsRef<str>>(
        hosts: impl IntoIterator<Item = H>,
        exceptions: impl IntoIterator<Item = E>,
    ) -> Result<Self, Problem> {
        let hosts: Vec<String> = hosts.into_iter().map(|h| h.as_ref().trim().to_ascii_lowercase()).collect();
        if let Some(wrong) = hosts.iter().find(|h| h.is_empty() || *h == "*" || h.contains(['/', ':', ' '])) {
            return Err(Problem::invalid(
                "registries",
                format!("“{wrong}” is not a registry host: write a name such as ghcr.io, or *.example.com."),
            ));
        }
        let exceptions = exceptions
            .into_iter()
            .map(|text| {
                let text = text.as_ref().trim();
                text.rsplit_once(':')
                    .and_then(|(host, port)| Some((host.to_ascii_lowercase(), port.parse().ok()?)))
                    .filter(|(host, _)| !host.is_empty() && !host.contains(['/', '*']))
                    .ok_or_else(|| {
                        Problem::invalid("registries", format!("“{text}” is not an exception: write host:port."))
                    })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Rules { hosts, exceptions, trusted: None })))
    }

    /// For a destination that the operator's configuration names: exactly that base URL, private or not, HTTP or HTTPS.
    /// Addresses that it redirects to must be public.
    pub fn trusted(base: &Url) -> Result<Self, Problem> {
        let trusted = origin(base).ok_or_else(|| Problem::invalid("endpoint", format!("{base} is not an address.")))?;
        Ok(Self(Arc::new(Rules { hosts: Vec::new(), exceptions: BTreeSet::new(), trusted: Some(trusted) })))
    }

    /// Whether this policy is for a destination that the configuration names.
    pub(crate) fn is_trusted(&self) -> bool {
        self.0.trusted.is_some()
    }

    /// The base URL of a registry that a person named; refused when it is not on the list.
    pub fn registry(&self, host_and_port: &str) -> Result<Url, Problem> {
        let not_a_host = |_| refused(format!("“{host_and_port}” is not a registry's address."));
        let url = Url::parse(&format!("https://{host_and_port}/")).map_err(not_a_host)?;
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let excepted = |port: u16| self.0.exceptions.contains(&(host.clone(), port));
        let port = url.port();
        if port.is_some_and(excepted) || (port.is_none() && excepted(80)) {
            return Url::parse(&format!("http://{host_and_port}/")).map_err(not_a_host);
        }
        // Whoever allows a registry of ECR allows it by each of its hosts.
        let own = domain::reference::own_host(&host);
        if !self.0.hosts.iter().any(|pattern| matches(pattern, &host) || matches(pattern, &own)) {
            return Err(refused(format!(
                "Images may not be copied from {host}: it is not among the registries that this Gantry allows. Its \
                 administrator can add it to the configuration.",
            )));
        }
        self.check(&url)?;
        Ok(url)
    }

    /// Whether a connection to this URL may be tried. Names are checked again when they are resolved.
    pub fn check(&self, url: &Url) -> Result<(), Problem> {
        let Some((scheme, host, port)) = origin(url) else {
            return Err(refused(format!("The registry leads to {url}, which is not a web address.")));
        };
        if self.0.trusted.as_ref() == Some(&(scheme.clone(), host.clone(), port)) {
            return Ok(());
        }
        if self.0.exceptions.contains(&(host.clone(), port)) {
            return Ok(());
        }
        // The resolver knows names only: a name that it lets pass may not be used with another port.
        if self.is_known_private(&host) {
            return Err(refused(format!(
                "The registry leads to {host}:{port}, which is not allowed: only its own port is."
            )));
        }
        if scheme != "https" {
            return Err(refused(format!(
                "The registry leads to {host} without encryption (http). Only https is allowed."
            )));
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        match address {
            Some(address) if !is_public(address) => Err(refused(Refusal { host, address }.to_string())),
            _ => Ok(()),
        }
    }

    fn is_known_private(&self, host: &str) -> bool {
        self.0.exceptions.iter().any(|(known, _)| known == host)
            || self.0.trusted.as_ref().is_some_and(|(_, known, _)| known == host)
    }
}

fn origin(url: &Url) -> Option<(String, String, u16)> {
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    Some((url.scheme().to_owned(), url.host_str()?.to_ascii_lowercase(), url.port_or_known_default()?))
}

/// `*` stands for one or more characters.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == host,
        Some((start, rest)) => host.strip_prefix(start).is_some_and(|left| {
            (1..=left.len()).any(|taken| left.is_char_boundary(taken) && matches(rest, &left[taken..]))
        }),
    }
}

/// A name that leads into a private network.
#[derive(Debug)]
pub(crate) struct Refusal {
    host: String,
    address: IpAddr,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} leads to {}, an internal address: only public addresses are allowed.", self.host, self.address)
    }
}

impl std::error::Error for Refusal {}

impl Resolve for Policy {
    /// Resolves, and keeps public addresses only. The connection uses exactly these, so a second answer of the name server
    /// (DNS rebinding) changes nothing.
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_ascii_lowercase();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            policy.filter(host, found)
        })
    }
}

impl Policy {
    fn filter(&self, host: String, found: Vec<SocketAddr>) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
        if self.is_known_private(&host) {
            return Ok(Box::new(found.into_iter()));
        }
        let public: Vec<SocketAddr> = found.iter().copied().filter(|a| is_public(a.ip())).collect();
        match (public.is_empty(), found.first()) {
            (true, Some(first)) => Err(Box::new(Refusal { host, address: first.ip() })),
            _ => Ok(Box::new(public.into_iter())),
        }
    }
}

/// Whether an address is on the public internet
/// (<https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match s {
        // NAT64, as subnets without IPv4 use it.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        // Teredo and other protocol assignments, documentation, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Policy {
        Policy::sources(DEFAULT_SOURCES, ["localhost:5000", "10.0.0.9:5000"]).unwrap()
    }

    #[test]
    fn internal_addresses_are_not_public() {
        for private in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "ff02::1",
            "fec0::1",
            "3fff::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2600:1f18::1", "64:ff9b::808:808", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn registries_must_be_on_the_list() {
        let policy = sources();
        for allowed in [
            "registry-1.docker.io",
            "ghcr.io",
            "ecr-public.aws.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
            "123456789012.dkr-ecr.eu-west-1.on.aws",
        ] {
            assert_eq!(policy.registry(allowed).unwrap().scheme(), "https", "{allowed}");
        }
        for refused in [
            "evil.example",
            "ghcr.io.evil.example",
            "xghcr.io",
            "dkr.ecr.amazonaws.com",
            "123456789012.dkr-ecr.eu-west-1.on.aws.evil.example",
            "docker.io@evil.example",
        ] {
            assert!(policy.registry(refused).is_err(), "{refused}");
        }
        assert_eq!(policy.registry("localhost:5000").unwrap().as_str(), "http://localhost:5000/");
        assert!(policy.registry("localhost:5001").is_err());
        assert!(Policy::sources(["*"], [] as [&str; 0]).is_err());
        assert!(Policy::sources(["ghcr.io"], ["localhost"]).is_err());
    }

    #[test]
    fn urls_that_a_registry_leads_to_are_checked() {
        let policy = sources();
        let check = |url: &str| policy.check(&Url::parse(url).unwrap());
        for allowed in
            ["https://storage.example/x", "http://localhost:5000/v2/", "http://10.0.0.9:5000/", "https://8.8.8.8/"]
        {
            check(allowed).unwrap();
        }
        for refused in [
            "http://storage.example/x",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest/meta-data",
            "http://localhost:5001/",
            "https://localhost/",
            "https://10.0.0.9/",
            "file:///etc/passwd",
            "https://user:password@storage.example/",
        ] {
            assert!(check(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_destination_is_exactly_its_base() {
        let policy = Policy::trusted(&Url::parse("http://127.0.0.1:4566/").unwrap()).unwrap();
        policy.check(&Url::parse("http://127.0.0.1:4566/v2/").unwrap()).unwrap();
        assert!(policy.check(&Url::parse("http://127.0.0.1:4567/v2/").unwrap()).is_err());
        assert!(policy.check(&Url::parse("https://127.0.0.1:4566/v2/").unwrap()).is_err());
    }

    #[test]
    fn a_name_with_an_internal_address_does_not_resolve() {
        let at = |address: &str| SocketAddr::new(address.parse().unwrap(), 0);
        let keep =
            |host: &str, found: Vec<SocketAddr>| sources().filter(host.into(), found).map(Iterator::collect::<Vec<_>>);
        assert!(keep("rebind.example", vec![at("127.0.0.1")]).unwrap_err().is::<Refusal>());
        assert_eq!(keep("mixed.example", vec![at("10.0.0.1"), at("8.8.8.8")]).unwrap(), vec![at("8.8.8.8")]);
        assert_eq!(keep("localhost", vec![at("127.0.0.1")]).unwrap(), vec![at("127.0.0.1")]);
    }
}
