//! What a reference says that leads to nothing collected: of which kind it would be and where, and what it would be in. Pure.

use std::borrow::Cow;

use crate::document::{registry, scope_of_registry};
use crate::ecr_public;
use crate::identity::{AccountId, Arn, Region, ResourceKey, Scope};
use crate::kind::Kind;

/// The kind and place of what this means, where a complete list of the kind in the place has all there are. `None` for kinds that are
/// never listed in full (task definitions that are no longer active) and for what is no key, ARN or image of ECR.
pub fn place(reference: &str) -> Option<(Kind, Scope)> {
    if let Ok(key) = ResourceKey::parse(reference) {
        let in_full =
            matches!(key.kind, Kind::Vpc | Kind::Subnet | Kind::SecurityGroup | Kind::Repository | Kind::Role);
        return in_full.then_some((key.kind, key.scope));
    }
    let Ok(arn) = Arn::parse(reference) else { return image(reference) };
    let resource = arn.resource();
    let one_of = |prefix: &str| resource.strip_prefix(prefix).is_some_and(|name| !name.contains('/'));
    let kind = match arn.service() {
        "logs" if resource.starts_with("log-group:") => Kind::LogGroup,
        "lambda" if resource.starts_with("function:") => Kind::Function,
        "sqs" => Kind::Queue,
        // With a second part it is a subscription.
        "sns" if !resource.contains(':') => Kind::Topic,
        // With a second part it is an index or a stream of it.
        "dynamodb" if one_of("table/") => Kind::Table,
        "kinesis" if one_of("stream/") => Kind::Stream,
        "iam" if resource.starts_with("role/") => Kind::Role,
        _ => return None,
    };
    let account = AccountId::parse(arn.account()).ok()?;
    let region = if kind.is_global() { Region::global() } else { Region::parse(arn.region()).ok()? };
    Some((kind, Scope::new(account, region)))
}

/// The account and region of what this means; [`Region::global`] where an ARN names none. `None` for what names no account.
pub fn scope(reference: &str) -> Option<Scope> {
    if let Ok(key) = ResourceKey::parse(reference) {
        return Some(key.scope);
    }
    let Ok(arn) = Arn::parse(reference) else { return image(reference).map(|(_, scope)| scope) };
    let region = if arn.region().is_empty() { Region::global() } else { Region::parse(arn.region()).ok()? };
    Some(Scope::new(AccountId::parse(arn.account()).ok()?, region))
}

/// Where an image of ECR would be: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1`.
fn image(reference: &str) -> Option<(Kind, Scope)> {
    let (host, _) = reference.split_once('/')?;
    Some((Kind::Image, scope_of_registry(host)?))
}

/// The host by which AWS's answers name the registry of ECR that has this one; any other host as it is.
pub fn own_host(host: &str) -> Cow<'_, str> {
    if host.eq_ignore_ascii_case(ecr_public::DUAL_STACK_HOST) {
        return Cow::Borrowed(ecr_public::HOST);
    }
    scope_of_registry(host).map_or(Cow::Borrowed(host), |scope| Cow::Owned(registry(&scope)))
}

/// An image, a repository or anything else behind a registry's host, with [`own_host`] before it: as the references of images of ECR begin.
pub fn at_own_host(image: &str) -> Cow<'_, str> {
    match image.split_once('/') {
        Some((host, rest)) if own_host(host) != host => Cow::Owned(format!("{}/{rest}", own_host(host))),
        _ => Cow::Borrowed(image),
    }
}

/// The repository that an image with a registry before its name is in: without tag and digest. `None` when there is neither.
pub fn repository(reference: &str) -> Option<&str> {
    let (host, _) = reference.split_once('/')?;
    if Arn::parse(reference).is_ok() || !host.contains(['.', ':']) {
        return None;
    }
    let named = reference.split_once('@').map_or(reference, |(named, _)| named);
    let repository = match named.rsplit_once(':') {
        // A colon before the last slash is a port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => named,
    };
    (repository != reference).then_some(repository)
}

/// An image as everything that runs or starts it points to it, whatever it is called there: by the digest where it names one, else by its tag.
/// Without either `latest` is meant.
pub fn to_image(image: &str) -> String {
    let image = at_own_host(image);
    let tagged = || {
        let name = image.rsplit('/').next().unwrap_or_default();
        if name.contains(':') { image.to_string() } else { format!("{image}:latest") }
    };
    pinned(&image).unwrap_or_else(tagged)
}

/// The same by the digest that was found for its tag; by its own where it names one.
pub fn by_digest(image: &str, digest: &str) -> String {
    let image = at_own_host(image);
    pinned(&image).unwrap_or_else(|| {
        let repository = match image.rsplit_once(':') {
            // A colon before the last slash is a port.
            Some((repository, tag)) if !tag.contains('/') => repository,
            _ => &*image,
        };
        format!("{repository}@{digest}")
    })
}

/// An image that names its digest: `HOST/web:1@sha256:…` is pulled by its digest alone, whatever its tag says. `None` when it names none.
fn pinned(image: &str) -> Option<String> {
    let (named, digest) = image.split_once('@')?;
    Some(format!("{}@{digest}", repository(named).unwrap_or(named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_of_which_kind_it_would_be_and_where() {
        let said = |reference: &str| place(reference).map(|(kind, scope)| format!("{kind}/{scope}"));
        for (reference, expected) in [
            ("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/f:*", "logs.log-group/111122223333/eu-west-1"),
            ("arn:aws:iam::111122223333:role/service-role/f", "iam.role/111122223333/global"),
            ("arn:aws:dynamodb:eu-west-1:111122223333:table/orders", "dynamodb.table/111122223333/eu-west-1"),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:1", "ecr.image/111122223333/eu-west-1"),
            ("111122223333.dkr-ecr.eu-west-1.on.aws/team/web:1", "ecr.image/111122223333/eu-west-1"),
            ("ec2.vpc/111122223333/eu-west-1/vpc-1", "ec2.vpc/111122223333/eu-west-1"),
        ] {
            assert_eq!(said(reference).as_deref(), Some(expected), "{reference}");
        }
        for nothing in [
            "arn:aws:dynamodb:eu-west-1:111122223333:table/orders/stream/2026",
            "arn:aws:s3:::bucket",
            "ecs.task-definition/111122223333/eu-west-1/web:1",
            "public.ecr.aws/nginx/nginx:1.27",
            "library/nginx",
            "nginx",
        ] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_reference_of_any_kind_names_its_place() {
        let said = |reference: &str| scope(reference).map(|scope| scope.to_string());
        for (reference, expected) in [
            ("arn:aws:eks:eu-west-1:111122223333:cluster/main", Some("111122223333/eu-west-1")),
            ("arn:aws:iam::111122223333:policy/team/p", Some("111122223333/global")),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:1", Some("111122223333/eu-west-1")),
            ("ecs.task-definition/111122223333/eu-west-1/web:1", Some("111122223333/eu-west-1")),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
            ("arn:aws:s3:::bucket", None),
            ("nginx", None),
        ] {
            assert_eq!(said(reference).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn an_image_is_in_its_repository() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(repository(&format!("{host}/team/web:1")), Some(format!("{host}/team/web").as_str()));
        assert_eq!(repository(&format!("{host}/web:1@sha256:ab")), Some(format!("{host}/web").as_str()));
        assert_eq!(repository("localhost:4510/web@sha256:ab"), Some("localhost:4510/web"));
        for none in
            ["localhost:4510/web", "library/nginx:1", "nginx:1", "arn:aws:lambda:eu-west-1:111122223333:function:a/b:1"]
        {
            assert_eq!(repository(none), None, "{none}");
        }
    }

    #[test]
    fn an_image_is_pointed_to_by_its_digest_else_by_its_tag() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        for (image, expected) in [
            (format!("{host}/team/web:1@sha256:ab"), format!("{host}/team/web@sha256:ab")),
            (format!("{host}/web@sha256:ab"), format!("{host}/web@sha256:ab")),
            (format!("{host}/web:1"), format!("{host}/web:1")),
            (format!("{host}/web"), format!("{host}/web:latest")),
            ("localhost:4510/web:1@sha256:ab".into(), "localhost:4510/web@sha256:ab".into()),
            ("localhost:4510/web:1".into(), "localhost:4510/web:1".into()),
            ("localhost:4510/web".into(), "localhost:4510/web:latest".into()),
            ("nginx".into(), "nginx:latest".into()),
            ("nginx:1".into(), "nginx:1".into()),
        ] {
            assert_eq!(to_image(&image), expected);
        }
        assert_eq!(by_digest(&format!("{host}/web:1"), "sha256:cd"), format!("{host}/web@sha256:cd"));
        assert_eq!(by_digest(&format!("{host}/web:1@sha256:ab"), "sha256:cd"), format!("{host}/web@sha256:ab"));
    }

    #[test]
    fn an_image_is_the_same_by_whichever_host_of_its_registry_it_is_pulled() {
        let own = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        for host in [
            "111122223333.dkr-ecr.eu-west-1.on.aws",
            "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
            "111122223333.dkr-ecr-fips.eu-west-1.on.aws",
        ] {
            assert_eq!(to_image(&format!("{host}/team/web:1")), format!("{own}/team/web:1"));
            assert_eq!(to_image(&format!("{host}/web:1@sha256:ab")), format!("{own}/web@sha256:ab"));
            assert_eq!(by_digest(&format!("{host}/web"), "sha256:ab"), format!("{own}/web@sha256:ab"));
        }
        assert_eq!(to_image("ecr-public.aws.com/nginx/nginx:1"), "public.ecr.aws/nginx/nginx:1");
        let elsewhere = "111122223333.dkr-ecr.eu-west-1.on.aws.example.com/web:1";
        assert_eq!(to_image(elsewhere), elsewhere);
        assert_eq!(to_image("team/web:1"), "team/web:1");
    }
}
