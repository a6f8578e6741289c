//! Which connections there are: those that `GANTRY_CONNECTIONS` names, else those of the configuration file. Where there is neither, one
//! is made of the AWS credentials that AWS's own tools would find, so that a binary with `DATABASE_URL` and credentials has something to show.

use domain::{Problem, Region};
use gantry_aws::ConnectionConfig;

use crate::config::{self, File};

/// Holds `[[connections]]` as a configuration file does.
const CONNECTIONS: &str = "GANTRY_CONNECTIONS";
/// Where AWS's tools read the region, the first that is set.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html>
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
/// What the connection that nobody wrote down is called.
const DEFAULT: &str = "default";

/// Where the connections come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// They are written down; there may be none.
    Written(Vec<ConnectionConfig>),
    /// The credentials that AWS's own tools would find make one, of the account they lead to.
    Ambient {
        /// The region to collect; that of the shared AWS files or of the machine unless a variable says it.
        region: Option<Region>,
        /// Another endpoint for all services.
        endpoint_url: Option<String>,
    },
}

/// Decides between the environment and the file. A file that names no connection means that there is none: only where there is no
/// file do the credentials count that happen to be there. A variable that is set to nothing counts as not set.
///
/// # Errors
/// One line naming the variable that is wrong.
pub fn source(file: &File, variable: impl Fn(&str) -> Option<String>) -> Result<Source, Problem> {
    let said = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    if let Some(text) = said(CONNECTIONS) {
        return config::connections(CONNECTIONS, &text).map(Source::Written);
    }
    if file.found {
        return Ok(Source::Written(file.connections.clone()));
    }
    let region = match REGIONS.into_iter().find_map(|name| Some((name, said(name)?))) {
        None => None,
        Some((name, text)) => match Region::parse(&text) {
            Ok(region) if region != Region::global() => Some(region),
            Ok(_) => return Err(wrong(name, "“global” is always collected; name a real region.")),
            Err(problem) => return Err(wrong(name, problem.message)),
        },
    };
    let endpoint_url = said(ENDPOINT);
    if endpoint_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        return Err(wrong(ENDPOINT, "an endpoint starts with http:// or https://."));
    }
    Ok(Source::Ambient { region, endpoint_url })
}

fn wrong(variable: &str, why: impl std::fmt::Display) -> Problem {
    let mut problem = Problem::invalid(variable, format!("{variable}: {why}"));
    problem.title = "The configuration is wrong".to_owned();
    problem
}

impl Source {
    /// The connections; looks for credentials and asks AWS for their account where they are not written down.
    ///
    /// # Errors
    /// When there are no credentials, or AWS does not say whose they are.
    pub async fn read(&self) -> Result<Vec<ConnectionConfig>, Problem> {
        match self {
            Self::Written(connections) => Ok(connections.clone()),
            Self::Ambient { region, endpoint_url } => {
                Ok(vec![ConnectionConfig::ambient(DEFAULT, region.clone(), endpoint_url.clone()).await?])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "connections = [{ account = \"111122223333\", regions = [\"eu-west-1\"] }]";

    fn file(connections: &str) -> File {
        File { connections: config::connections("gantry.toml", connections).unwrap(), found: true, ..File::default() }
    }

    fn from(file: &File, variables: &[(&str, &str)]) -> Result<Source, Problem> {
        source(file, |name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    fn names(source: Result<Source, Problem>) -> Vec<String> {
        match source.unwrap() {
            Source::Written(connections) => connections.into_iter().map(|c| c.name).collect(),
            Source::Ambient { region, endpoint_url } => {
                vec![format!("{} {endpoint_url:?}", region.map_or_else(|| "?".to_owned(), |r| r.to_string()))]
            }
        }
    }

    const AMBIENT: [(&str, &str); 2] = [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")];

    #[test]
    fn the_variable_goes_before_the_file_and_the_file_before_credentials_that_happen_to_be_there() {
        let named = file(&WRITTEN.replace("account", "name = \"file\", account"));
        let variable = [&AMBIENT[..], &[(CONNECTIONS, WRITTEN)]].concat();
        assert_eq!(names(from(&named, &variable)), ["111122223333"]);
        assert_eq!(names(from(&named, &AMBIENT)), ["file"]);
        assert_eq!(names(from(&File::default(), &variable)), ["111122223333"]);
        assert_eq!(names(from(&File::default(), &AMBIENT)), ["eu-west-1 None"]);
        assert_eq!(names(from(&file(""), &AMBIENT)), [""; 0], "a file without connections means that there is none");
        let blank = [&AMBIENT[..], &[(CONNECTIONS, " ")]].concat();
        assert_eq!(names(from(&named, &blank)), ["file"], "set to nothing is not set");
    }

    #[test]
    fn without_a_file_aws_is_asked_whose_credentials_are_here_wherever_they_are() {
        let none = File::default();
        assert_eq!(names(from(&none, &[])), ["? None"], "region and credentials may be in ~/.aws, or a machine's");
        assert_eq!(names(from(&none, &[("AWS_PROFILE", "work")])), ["? None"]);
        let both = [("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_REGION", "eu-west-1"), ("AWS_PROFILE", "work")];
        assert_eq!(names(from(&none, &both)), ["eu-west-1 None"], "AWS_REGION goes first");
        assert_eq!(names(from(&none, &[both[0], both[2]])), ["us-east-1 None"]);
        let emulator = [&AMBIENT[..], &[(ENDPOINT, "http://127.0.0.1:4566")]].concat();
        assert_eq!(names(from(&none, &emulator)), ["eu-west-1 Some(\"http://127.0.0.1:4566\")"]);
        assert_eq!(names(from(&none, &[(CONNECTIONS, "connections = []")])), [""; 0], "said that there is none");
    }

    #[test]
    fn a_bad_value_is_one_line_naming_the_variable() {
        let refused = |variables: &[(&str, &str)]| from(&File::default(), variables).unwrap_err().message;
        let key = AMBIENT[1];
        for (message, begin) in [
            (
                refused(&[(CONNECTIONS, "[[connections]]\naccount = \"1\"")]),
                "GANTRY_CONNECTIONS: connections[0].account: ",
            ),
            (refused(&[(CONNECTIONS, "[[connections]]\naccount = ")]), "GANTRY_CONNECTIONS: line "),
            (refused(&[(CONNECTIONS, "listen = \"127.0.0.1:1\"")]), "GANTRY_CONNECTIONS: listen: "),
            (refused(&[("AWS_DEFAULT_REGION", "mars"), key]), "AWS_DEFAULT_REGION: "),
            (refused(&[("AWS_REGION", "global"), key]), "AWS_REGION: "),
            (refused(&[AMBIENT[0], key, (ENDPOINT, "localhost")]), "AWS_ENDPOINT_URL: "),
        ] {
            assert!(message.starts_with(begin) && !message.contains('\n'), "{message}");
        }
    }
}
