//! Images, repository by repository: a repository that cannot be read keeps what is known of it, and the others go on.

use aws_sdk_ecr::operation::describe_images::DescribeImagesOutput;
use aws_sdk_ecr::types::{self, DescribeImagesFilter, ImageIdentifier, ImageStatus, ImageStatusFilter};
use domain::ecr::{Image, ScanFindings, ScanStatus};
use domain::resource::{Model, Observed};
use domain::{Code, Kind, Problem, ResourceKey};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{config, execute_images, manifest, repositories};
use crate::gather::{Trouble, each, orphans, when, word};
use crate::{Bucket, Caller, Feed, Pages, absent};

const DESCRIBE: &str = "ecr:DescribeImages";
/// BatchGetImage takes at most so many digests.
pub(super) const MANIFESTS_A_CALL: usize = 100;

/// Reads all images of all repositories.
pub(crate) async fn collect_images(caller: &Caller, feed: &dyn Feed) -> Result<(), Problem> {
    let known = &feed.known(Kind::Image).await?;
    let names = repositories::names(caller).await?;
    let mut trouble = Trouble::default();
    // When AWS is out of reach it is so for every repository: two thousand time-outs would help nobody.
    let (stop, away) = (&AtomicBool::new(false), &OnceLock::new());
    let read = |name: String| async move {
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let result = repository(caller, feed, known, away, &name).await;
        if let Err(problem) = &result
            && matches!(problem.code, Code::AwsUnreachable | Code::AwsCredentials | Code::Database)
        {
            stop.store(true, Ordering::Relaxed);
        }
        result
    };
    for result in each(names.clone(), read).await {
        if let Err(problem) = result {
            trouble.note(problem);
        }
    }
    let kinds = (Kind::Image, Kind::Repository);
    orphans(caller, feed, kinds, &names, known, |id| Some(id.split_once('@')?.0)).await?;
    if trouble.is_none() {
        feed.complete(Kind::Image, None).await?;
    }
    // All images are listed; what single ones run on is read by the next collect.
    if let Some(problem) = away.get() {
        trouble.note(problem.clone());
    }
    trouble.end()
}

/// Reads the images of one repository, and says so when it has read them all.
async fn repository(
    caller: &Caller,
    feed: &dyn Feed,
    known: &HashSet<String>,
    away: &OnceLock<Problem>,
    name: &str,
) -> Result<(), Problem> {
    let mut trouble = Trouble::default();
    let mut pages = Pages::new(DESCRIBE);
    while let Some(token) = pages.next() {
        let page = match describe(caller, name, None, token).await {
            Ok(page) => page,
            // Deleted since the list was read: it has no images.
            Err(problem) if problem.code == Code::NotFound => break,
            Err(problem) => return Err(problem),
        };
        let mut images: Vec<Image> = page.image_details.into_iter().flatten().map(|d| document(d, name)).collect();
        let new = (0..images.len()).filter(|n| !known.contains(&images[*n].id()));
        let (stored, new): (Vec<usize>, Vec<usize>) = new.partition(|n| archived(&images[*n]));
        // AWS gives their manifests once they are restored.
        let mut unread: Vec<String> = stored.into_iter().map(|n| images[n].id()).collect();
        for chunk in new.chunks(MANIFESTS_A_CALL) {
            // Without its manifest an image is still worth showing.
            let rest = trouble.past(look_into(caller, name, away, &mut images, chunk).await)?;
            unread.extend(rest.as_deref().unwrap_or(chunk).iter().map(|n| images[*n].id()));
        }
        let batch: Result<Vec<Observed>, Problem> = images.iter().map(|image| caller.observed(image)).collect();
        feed.seen(batch?).await?;
        if !unread.is_empty() {
            feed.again(Kind::Image, unread).await?;
        }
        pages.then(page.next_token)?;
    }
    let key = ResourceKey::new(Kind::Repository, caller.scope().clone(), name)?;
    feed.complete(Kind::Image, Some(&key)).await?;
    trouble.end()
}

/// One image with what its manifest says.
pub(crate) async fn fetch_image(caller: &Caller, key: &ResourceKey) -> Result<Option<Observed>, Problem> {
    let Some((name, digest)) = key.id.split_once('@') else { return Ok(None) };
    let id = ImageIdentifier::builder().image_digest(digest).build();
    let answer = absent(describe(caller, name, Some(vec![id]), None).await)?;
    let Some(detail) = answer.and_then(|a| a.image_details).and_then(|d| d.into_iter().next()) else { return Ok(None) };
    let mut images = [document(detail, name)];
    if !archived(&images[0]) {
        look_into(caller, name, &OnceLock::new(), &mut images, &[0]).await?;
    }
    caller.observed(&images[0]).map(Some)
}

/// Of what is read beside the lists of images, what may not be: manifests, and configurations, without which a collect goes on.
pub async fn images_denied(caller: &Caller, repository: &str) -> Vec<Problem> {
    let nothing = format!("sha256:{}", "0".repeat(64));
    // Who may ask for it is told that there is none.
    let manifest = execute_images::manifest(caller, repository, execute_images::Id::Digest(&nothing)).await.err();
    let configuration = config::document(caller, repository, &nothing).await.err();
    manifest.into_iter().chain(configuration).filter(|problem| problem.code == Code::AwsDenied).collect()
}

/// Images of a repository: all, page by page, or those with these ids. Without a filter AWS tells of
/// [active ones only](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImagesFilter.html), and what was archived would
/// look deleted. An endpoint that refuses the filter, and an emulator that finds nothing by it, have no archive: they are asked without.
pub(super) async fn describe(
    caller: &Caller,
    name: &str,
    ids: Option<Vec<ImageIdentifier>>,
    token: Option<String>,
) -> Result<DescribeImagesOutput, Problem> {
    // AWS takes no limit beside ids.
    let most = ids.is_none().then_some(1000);
    let request = caller.clients().ecr().describe_images().repository_name(name).set_image_ids(ids);
    let request = request.set_max_results(most).set_next_token(token);
    let any = DescribeImagesFilter::builder().image_status(ImageStatusFilter::Any).build();
    let answer = caller.call(Bucket::EcrImages, DESCRIBE, Some(name), request.clone().filter(any).send()).await;
    let without = match &answer {
        Ok(page) => caller.emulator && page.image_details().is_empty() && page.next_token().is_none(),
        Err(problem) => problem.code == Code::AwsRejected || (caller.emulator && problem.code == Code::NotFound),
    };
    if without { caller.call(Bucket::EcrImages, DESCRIBE, Some(name), request.send()).await } else { answer }
}

/// Whether it is in the archive, or on its way back from there: AWS gives
/// [nothing of what it consists of](https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html) until it is restored.
fn archived(image: &Image) -> bool {
    let stored = [ImageStatus::Archived, ImageStatus::Activating];
    image.image_status.as_deref().is_some_and(|status| stored.iter().any(|s| s.as_str() == status))
}

/// Adds what the manifests of these images say; answers which of them AWS did not give whole this time. Once the place of configurations
/// is `away`, it is not asked again: each question would wait for its end.
async fn look_into(
    caller: &Caller,
    name: &str,
    away: &OnceLock<Problem>,
    images: &mut [Image],
    which: &[usize],
) -> Result<Vec<usize>, Problem> {
    if which.is_empty() {
        return Ok(vec![]);
    }
    let ids = which.iter().map(|n| ImageIdentifier::builder().image_digest(&images[*n].image_digest).build());
    let request = caller
        .clients()
        .ecr()
        .batch_get_image()
        .repository_name(name)
        .set_image_ids(Some(ids.collect()))
        .set_accepted_media_types(Some(manifest::MEDIA_TYPES.map(str::to_owned).to_vec()));
    let answer = caller.call(Bucket::EcrManifests, "ecr:BatchGetImage", Some(name), request.send()).await?;
    let manifests: HashMap<String, String> = answer
        .images
        .into_iter()
        .flatten()
        .filter_map(|i| Some((i.image_id?.image_digest?, i.image_manifest?)))
        .collect();
    let (mut unsaid, mut unread) = (vec![], vec![]);
    for n in which {
        let Some(text) = manifests.get(&images[*n].image_digest) else {
            unread.push(*n);
            continue;
        };
        // A manifest is whatever somebody pushed: one that cannot be read says nothing.
        match manifest::read(&mut images[*n], text) {
            Ok(Some(config)) => unsaid.push((*n, config)),
            Ok(None) => {}
            Err(problem) => tracing::debug!(repository = name, %problem, "manifest"),
        }
    }
    let said: HashMap<String, String> = images
        .iter()
        .flat_map(|i| i.manifests.iter().flatten())
        .filter_map(|child| Some((child.digest.clone(), child.platform.clone()?)))
        .collect();
    let (known, unknown): (Vec<_>, Vec<_>) =
        unsaid.into_iter().partition(|(n, _)| said.contains_key(&images[*n].image_digest));
    for (n, _) in known {
        images[n].platforms = said.get(&images[n].image_digest).map(|platform| vec![platform.clone()]);
    }
    let denied = &AtomicBool::new(false);
    let look = |(n, digest): (usize, String)| async move {
        let platform = match () {
            () if denied.load(Ordering::Relaxed) => return (n, Ok(Some(None))),
            () if away.get().is_some() => return (n, Ok(None)),
            () => config::platform(caller, name, &digest).await,
        };
        match platform {
            Err(problem) if problem.code == Code::AwsDenied => {
                denied.store(true, Ordering::Relaxed);
                (n, Ok(Some(None)))
            }
            Err(problem) if problem.code == Code::AwsUnreachable => {
                tracing::debug!(repository = name, digest, %problem, "image configuration");
                away.get_or_init(|| problem);
                (n, Ok(None))
            }
            platform => (n, platform.map(Some)),
        }
    };
    let mut trouble = Trouble::default();
    for (n, platform) in each(unknown, look).await {
        match trouble.past(platform)?.flatten() {
            Some(platform) => images[n].platforms = platform.map(|platform| vec![platform]),
            None => unread.push(n),
        }
    }
    trouble.end()?;
    Ok(unread)
}

fn document(d: types::ImageDetail, name: &str) -> Image {
    let mut tags = d.image_tags.unwrap_or_default();
    tags.sort();
    Image {
        registry_id: d.registry_id,
        repository_name: d.repository_name.unwrap_or_else(|| name.to_owned()),
        image_digest: d.image_digest.unwrap_or_default(),
        image_tags: tags,
        image_size_in_bytes: d.image_size_in_bytes,
        image_pushed_at: when(d.image_pushed_at),
        image_scan_status: d
            .image_scan_status
            .map(|s| ScanStatus { status: word(s.status), description: s.description }),
        image_scan_findings_summary: d.image_scan_findings_summary.map(|s| ScanFindings {
            image_scan_completed_at: when(s.image_scan_completed_at),
            vulnerability_source_updated_at: when(s.vulnerability_source_updated_at),
            finding_severity_counts: s
                .finding_severity_counts
                .into_iter()
                .flatten()
                .map(|(severity, count)| (severity.to_string(), count))
                .collect(),
        }),
        image_manifest_media_type: d.image_manifest_media_type,
        artifact_media_type: d.artifact_media_type,
        last_recorded_pull_time: when(d.last_recorded_pull_time),
        subject_manifest_digest: d.subject_manifest_digest,
        image_status: word(d.image_status),
        last_archived_at: when(d.last_archived_at),
        last_activated_at: when(d.last_activated_at),
        platforms: None,
        manifests: None,
        layers: None,
    }
}
