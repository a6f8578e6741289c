//! How an image gets into a public repository.

use domain::ecr_public::{HOST, REGION};

/// The commands that push a local image to `public.ecr.aws/ALIAS/NAME`.
/// <https://docs.aws.amazon.com/AmazonECR/latest/public/docker-push-ecr-image.html>
pub fn commands(uri: &str) -> String {
    let local = uri.rsplit('/').next().unwrap_or(uri);
    format!(
        "aws ecr-public get-login-password --region {REGION} | docker login --username AWS --password-stdin {HOST}\n\
         docker tag {local}:latest {uri}:latest\n\
         docker push {uri}:latest"
    )
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn one_logs_in_where_everybody_pulls() {
        let commands = commands("public.ecr.aws/a1b2c3d4/tools/probe");
        let lines: Vec<&str> = commands.lines().collect();
        assert!(lines[0].starts_with("aws ecr-public get-login-password --region us-east-1 |"), "{commands}");
        assert!(lines[0].ends_with("--password-stdin public.ecr.aws"), "{commands}");
        assert_eq!(lines[2], "docker push public.ecr.aws/a1b2c3d4/tools/probe:latest");
    }
}
