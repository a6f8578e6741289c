//! Two images side by side: which layers they share, how their configurations differ, which findings came and went.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::configuration::{Configuration, is_secret};
use super::findings::{Finding, Findings, rank};
use super::image::Image;

/// What is known of an image. What could not be read is absent, which is not the same as empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Side {
    /// Its document.
    pub image: Image,
    /// Its configuration.
    pub configuration: Option<Configuration>,
    /// What its last scan found, if it was scanned.
    pub findings: Option<Findings>,
}

/// Where a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Where {
    /// In both.
    Shared,
    /// Only in the left one.
    Left,
    /// Only in the right one.
    Right,
}

/// A layer of either image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerLine {
    /// Which of them has it.
    pub side: Where,
    /// Of the layer.
    pub digest: String,
    /// Compressed, in bytes.
    pub size: Option<i64>,
    /// The command that made it, where its builder said.
    pub command: Option<String>,
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `Entry point`, `Environment PATH`
    pub name: String,
    /// On the left; `None` where it is not set.
    pub left: Option<String>,
    /// On the right.
    pub right: Option<String>,
}

/// What differs between the findings of two images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindingsChange {
    /// Only in the right one, the worst first.
    pub gained: Vec<Finding>,
    /// Only in the left one, the worst first.
    pub gone: Vec<Finding>,
    /// In both.
    pub same: usize,
}

/// The layers of two images: those they share first, then what only one has, each in the order of its image. `None` while the manifest of
/// one was not read.
pub fn layers(left: &Side, right: &Side) -> Option<Vec<LayerLine>> {
    if left.image.layers.is_none() || right.image.layers.is_none() {
        return None;
    }
    // The same layer can be in an image twice: the empty one mostly.
    let digests = |side: &Side| -> BTreeSet<String> {
        side.image.layers.iter().flatten().map(|layer| layer.digest.clone()).collect()
    };
    let (in_left, in_right) = (digests(left), digests(right));
    let lines = |side: &Side, wanted: &dyn Fn(&str) -> Option<Where>| -> Vec<LayerLine> {
        let all = side.image.layers.as_deref().unwrap_or_default();
        let commands = side.configuration.as_ref().map_or_else(|| vec![None; all.len()], |c| c.commands(all));
        let line = |(layer, command): (&super::image::Layer, Option<String>)| {
            let (side, digest) = (wanted(&layer.digest)?, layer.digest.clone());
            Some(LayerLine { side, digest, size: layer.size, command })
        };
        all.iter().zip(commands).filter_map(line).collect()
    };
    let mut all = lines(left, &|digest| in_right.contains(digest).then_some(Where::Shared));
    all.extend(lines(left, &|digest| (!in_right.contains(digest)).then_some(Where::Left)));
    all.extend(lines(right, &|digest| (!in_left.contains(digest)).then_some(Where::Right)));
    Some(all)
}

/// The settings of two configurations that differ, in the order in which the page of an image has them.
pub fn settings(left: &Configuration, right: &Configuration) -> Vec<Setting> {
    let mut all = vec![];
    let mut differ = |name: String, left: Option<String>, right: Option<String>| {
        if left != right {
            all.push(Setting { name, left, right });
        }
    };
    let said = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    let joined = |words: &Option<Vec<String>>| words.as_ref().map(|w| w.join(" ")).filter(|t| !t.is_empty());
    let (l, r) = (&left.config, &right.config);
    differ("Entry point".into(), joined(&l.entrypoint), joined(&r.entrypoint));
    differ("Command".into(), joined(&l.cmd), joined(&r.cmd));
    differ("Folder".into(), said(&l.working_dir), said(&r.working_dir));
    differ("User".into(), Some(left.user()), Some(right.user()));
    let ports = |c: &Configuration| Some(c.ports().join(", ")).filter(|p| !p.is_empty());
    differ("Ports".into(), ports(left), ports(right));
    differ("Stop signal".into(), said(&l.stop_signal), said(&r.stop_signal));
    differ("Platform".into(), left.platform(), right.platform());
    differ("Built".into(), said(&left.created), said(&right.created));
    let (a, b) = (left.environment(), right.environment());
    for name in a.keys().chain(b.keys()).copied().collect::<BTreeSet<_>>() {
        let (left, right) = (a.get(name), b.get(name));
        if left == right {
            continue;
        }
        // That it differs is said; what it is, not.
        let shown = |value: Option<&&str>| {
            value.map(|v| if is_secret(name) { "••••••".to_owned() } else { (*v).to_owned() })
        };
        all.push(Setting { name: format!("Environment {name}"), left: shown(left), right: shown(right) });
    }
    let none = BTreeMap::new();
    let (a, b) = (l.labels.as_ref().unwrap_or(&none), r.labels.as_ref().unwrap_or(&none));
    for name in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
        let (left, right) = (a.get(name).cloned(), b.get(name).cloned());
        if left != right {
            all.push(Setting { name: format!("Label {name}"), left, right });
        }
    }
    all
}

/// Which findings came and which went. The same vulnerability in another package is another finding; in another version of the package
/// it is the same.
pub fn findings(left: &Findings, right: &Findings) -> FindingsChange {
    let key = |f: &Finding| (f.name.clone(), f.package.clone().unwrap_or_default());
    let keys = |all: &Findings| all.found.iter().map(key).collect::<BTreeSet<_>>();
    let (l, r) = (keys(left), keys(right));
    let only = |all: &Findings, other: &BTreeSet<(String, String)>| {
        let mut some: Vec<Finding> = all.found.iter().filter(|f| !other.contains(&key(f))).cloned().collect();
        some.sort_by(|a, b| rank(&a.severity).cmp(&rank(&b.severity)).then_with(|| a.name.cmp(&b.name)));
        some
    };
    FindingsChange { gained: only(right, &l), gone: only(left, &r), same: l.intersection(&r).count() }
}

/// The images of two indexes by platform: digests of the left and the right one.
pub fn platforms<'a>(left: &'a Image, right: &'a Image) -> Vec<(&'a str, Option<&'a str>, Option<&'a str>)> {
    fn parts(image: &Image) -> BTreeMap<&str, &str> {
        let parts = image.manifests.iter().flatten();
        parts.filter_map(|m| Some((m.platform.as_deref()?, m.digest.as_str()))).collect()
    }
    let (l, r) = (parts(left), parts(right));
    let all: BTreeSet<&str> = l.keys().chain(r.keys()).copied().filter(|p| !p.starts_with("unknown")).collect();
    all.into_iter().map(|p| (p, l.get(p).copied(), r.get(p).copied())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecr::image::{ChildManifest, Layer};
    use serde_json::json;

    fn side(layers: &[(&str, i64)], commands: &[&str]) -> Side {
        let layer = |(d, size): &(&str, i64)| Layer { digest: (*d).into(), size: Some(*size), ..Layer::default() };
        let history: Vec<_> = commands.iter().map(|c| json!({"created_by": c})).collect();
        Side {
            image: Image { layers: Some(layers.iter().map(layer).collect()), ..Image::default() },
            configuration: serde_json::from_value(json!({ "history": history })).ok(),
            findings: None,
        }
    }

    #[test]
    fn shared_layers_come_first_and_each_has_its_command() {
        let left = side(&[("base", 10), ("old", 5)], &["ADD base", "COPY old"]);
        let right = side(&[("base", 10), ("new", 7), ("more", 1)], &["ADD base", "COPY new", "RUN more"]);
        let found = layers(&left, &right).unwrap();
        let found: Vec<_> = found.iter().map(|l| (l.side, l.digest.as_str(), l.command.as_deref().unwrap())).collect();
        assert_eq!(
            found,
            [
                (Where::Shared, "base", "ADD base"),
                (Where::Left, "old", "COPY old"),
                (Where::Right, "new", "COPY new"),
                (Where::Right, "more", "RUN more"),
            ]
        );
        assert_eq!(layers(&left, &Side::default()), None, "a manifest that was not read has not got no layers");
    }

    #[test]
    fn a_secret_that_differs_is_said_but_not_shown() {
        let with = |env: &[&str], user: &str| {
            serde_json::from_value::<Configuration>(
                json!({"config": {"Env": env, "User": user, "Labels": {"a": user}}}),
            )
            .unwrap()
        };
        let found = settings(&with(&["A=1", "API_TOKEN=x"], "app"), &with(&["A=1", "API_TOKEN=y", "B=2"], ""));
        let names: Vec<&str> = found.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["User", "Environment API_TOKEN", "Environment B", "Label a"]);
        assert_eq!(found[0].right.as_deref(), Some("root (none is set)"));
        assert_eq!((&found[2].left, found[2].right.as_deref()), (&None, Some("2")));
        assert!(found.iter().all(|s| s.left.as_deref() != Some("x") && s.right.as_deref() != Some("y")));
        assert_eq!(settings(&Configuration::default(), &Configuration::default()), vec![]);
    }

    #[test]
    fn a_finding_is_the_same_in_another_version_of_its_package() {
        let of = |found: &[(&str, &str, &str, &str)]| Findings {
            found: found
                .iter()
                .map(|(name, severity, package, version)| Finding {
                    name: (*name).into(),
                    severity: (*severity).into(),
                    package: Some((*package).into()),
                    version: Some((*version).into()),
                    ..Finding::default()
                })
                .collect(),
            ..Findings::default()
        };
        let left = of(&[("CVE-1", "LOW", "zlib", "1"), ("CVE-2", "HIGH", "curl", "8")]);
        let right = of(&[("CVE-1", "LOW", "zlib", "2"), ("CVE-3", "LOW", "xz", "5"), ("CVE-4", "CRITICAL", "xz", "5")]);
        let change = findings(&left, &right);
        let names = |all: &[Finding]| all.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&change.gained), names(&change.gone), change.same),
            (vec!["CVE-4".into(), "CVE-3".into()], vec!["CVE-2".into()], 1)
        );
    }

    #[test]
    fn indexes_are_compared_platform_by_platform() {
        let index = |parts: &[(&str, Option<&str>)]| Image {
            manifests: Some(
                parts
                    .iter()
                    .map(|(d, p)| ChildManifest {
                        digest: (*d).into(),
                        platform: p.map(str::to_owned),
                        ..ChildManifest::default()
                    })
                    .collect(),
            ),
            ..Image::default()
        };
        let left = index(&[("a", Some("linux/amd64")), ("x", None)]);
        let right = index(&[("b", Some("linux/amd64")), ("c", Some("linux/arm64"))]);
        assert_eq!(platforms(&left, &right), [("linux/amd64", Some("a"), Some("b")), ("linux/arm64", None, Some("c"))]);
    }
}
