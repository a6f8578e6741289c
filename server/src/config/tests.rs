//! What configuration files are read as, and why one is refused.

use super::*;

const GOOD: &str = "listen = \"127.0.0.1:4000\"\n[[connections]]\nname = \"shop\"\naccount = \"111122223333\"\nregions = [\"eu-west-1\"]\n";

#[test]
fn a_good_file_is_read() {
    let file = parse("gantry.toml", GOOD).unwrap();
    assert_eq!(file.listen.unwrap().port(), 4000);
    assert_eq!(file.connections[0].name, "shop");
    assert!(file.connections[0].access_key.is_none() && !file.connections[0].sandbox);
    assert!(file.found && !File::default().found);
}

#[test]
fn a_share_of_the_quotas_is_a_part_of_the_whole() {
    let share = |text: &str| parse("gantry.toml", text).unwrap().quota_share;
    let shares = ["", "quota_share = 1", "quota_share = 0.25", "quota_share = 0.01"].map(share);
    assert_eq!(shares, [None, Some(1.0), Some(0.25), Some(0.01)]);
    let message = parse("gantry.toml", "quota_share = 50").unwrap_err().message;
    assert_eq!(message, "gantry.toml: quota_share: 50 is not between 0.01 and 1");
}

#[test]
fn a_bad_value_is_one_line_naming_file_and_key() {
    for (text, key) in [
        ("listen = 4646", "listen"),
        ("listen = \"localhost\"", "listen"),
        ("password_min = 4", "password_min"),
        ("digest_key_file = 32", "digest_key_file"),
        ("quota_share = 0", "quota_share"),
        ("quota_share = 0.0", "quota_share"),
        ("quota_share = -0.5", "quota_share"),
        ("quota_share = 1.5", "quota_share"),
        ("quota_share = 50", "quota_share"),
        ("quota_share = nan", "quota_share"),
        ("quota_share = \"half\"", "quota_share"),
        ("colour = \"red\"", "colour"),
        ("[registries]\nallow = [\"*\"]", "registries"),
        ("[registries]\nexceptions = \"a\"", "registries.exceptions"),
        ("listen = ", "line 1"),
        ("connections = 3", "connections"),
        ("[[connections]]\naccount = \"1\"", "connections[0].account"),
        ("[[connections]]\naccount = \"111122223333\"\nregions = [\"mars\"]", "connections[0].regions"),
        ("[[connections]]\naccount = \"111122223333\"\nregions = []", "connections[0].regions"),
        (
            "[[connections]]\naccount = \"111122223333\"\nregions = [\"eu-west-1\"]\naccess_key = \"a\"",
            "connections[0].secret_key",
        ),
        (
            "[[connections]]\naccount = \"111122223333\"\nregions = [\"eu-west-1\"]\nendpoint_url = \"x\"",
            "connections[0].endpoint_url",
        ),
        (
            "[[connections]]\naccount = \"111122223333\"\nregions = [\"eu-west-1\"]\nsource_identity = true",
            "connections[0].source_identity",
        ),
        (&format!("{GOOD}{}", GOOD.lines().skip(1).collect::<Vec<_>>().join("\n")), "connections[1].name"),
    ] {
        let message = parse("gantry.toml", text).unwrap_err().message;
        assert!(message.starts_with(&format!("gantry.toml: {key}: ")), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn keys_do_not_reach_a_log() {
    let file = parse("f", &format!("{GOOD}access_key = \"AKIDEXAMPLE\"\nsecret_key = \"verysecret\"\n")).unwrap();
    let text = format!("{:?}", file.connections);
    assert!(!text.contains("verysecret") && !text.contains("AKIDEXAMPLE"));
}
