//! Which files are keys, and what servers with different ones do on one database.

use super::*;
use domain::resource::Observed;
use domain::services::HistoryQuery;
use domain::{Code, Kind, Millis, ResourceKey, Scope};
use gantry_aws::{Connections, Limits};
use gantry_store::batch::Source;
use gantry_store::testing::TestStore;
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A file that is deleted with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, says: &[u8], mode: u32) -> Self {
        let path = std::env::temp_dir().join(format!("gantry-digest-key-{}-{name}", std::process::id()));
        std::fs::write(&path, says).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_key_is_a_private_file_of_enough_bytes() {
    let private = File::new("private", &[7; 32], 0o400);
    let key = read(&private.0).unwrap();
    assert_ne!(key, [7; 32]);
    let group = File::new("group", &[[7; 32].as_slice(), b"\n"].concat(), 0o640);
    assert_ne!(read(&group.0).unwrap(), key, "every byte counts");

    let message = |path: &Path| {
        let problem = read(path).unwrap_err();
        assert_eq!((problem.code, problem.message.contains('\n')), (Code::Invalid, false));
        let begin = format!("GANTRY_DIGEST_KEY_FILE: {}: ", path.display());
        problem.message.strip_prefix(&begin).unwrap_or_else(|| panic!("{problem}")).to_owned()
    };
    let open = File::new("open", &[7; 32], 0o644);
    assert_eq!(message(&open.0), "everybody on this machine may read or write it; chmod 600 it");
    let short = File::new("short", &[7; 31], 0o600);
    assert_eq!(message(&short.0), "has 31 bytes; a key has at least 32 random ones");
    let long = File::new("long", &[7; 4_097], 0o600);
    assert_eq!(message(&long.0), "has 4097 bytes; a key has at most 4096");
    assert_eq!(message(&std::env::temp_dir()), "is not a file");
    assert_eq!(message(Path::new("/dev/urandom")), "is not a file");
    assert!(message(Path::new("/nowhere/key")).starts_with("cannot be read: "));
}

fn scope() -> Scope {
    Scope::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap())
}

/// A server that has this key, without connections.
fn with(key: &[u8; 32]) -> Connections {
    Connections::awaited(key, Limits::default())
}

#[tokio::test]
async fn a_server_with_another_key_is_refused_while_one_lives() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let file = File::new("refused", &[7; 32], 0o600);
    let kept = agree(store, None).await.unwrap();
    assert_eq!(agree(store, None).await.unwrap(), kept);
    servers::join(store, "one", &with(&kept)).await.unwrap();

    let refused = agree(store, Some(&file.0)).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert!(refused.message.contains("Give all servers the same GANTRY_DIGEST_KEY_FILE"), "{refused}");
    assert_eq!(agree(store, None).await.unwrap(), kept, "nothing is moved by who is refused");

    store.sign_off("one").await.unwrap();
    let key = agree(store, Some(&file.0)).await.unwrap();
    assert_ne!(key, kept);
    // Two that start together both see nobody: the later one finds out when it says what it wants.
    assert_eq!(servers::join(store, "one", &with(&kept)).await.unwrap_err().code, Code::Conflict);
    servers::join(store, "two", &with(&key)).await.unwrap();
    assert_eq!(agree(store, None).await.unwrap_err().code, Code::Conflict, "who forgot the file");
    assert_eq!(agree(store, Some(&file.0)).await.unwrap(), key);
}

#[tokio::test]
async fn a_key_that_moves_to_a_file_is_in_no_table_and_in_no_history() {
    let test = TestStore::fresh().await;
    let store = &test.store;
    let file = File::new("moved", &[7; 32], 0o600);
    let kept = agree(store, None).await.unwrap();
    let hex = |key: &[u8; 32]| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(test.holding(&hex(&kept)).await, ["public.settings"]);

    let sealed = |digest: &str| {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        let value = json!({"gantry:length": 7, "gantry:digest": digest});
        let environment = json!({"Variables": {"PASSWORD": value}});
        let doc = json!({"FunctionName": "f", "FunctionArn": arn, "RevisionId": "1", "Environment": environment});
        Observed { key: ResourceKey::new(Kind::Function, scope(), "f").unwrap(), doc }
    };
    let read = async |digest: &str, at: i64| {
        let source = Source::Single { began: Millis(at), fence: None };
        store.seen(source, &[sealed(digest)], Millis(at)).await.unwrap();
        let query = HistoryQuery { key: Some(sealed(digest).key), limit: 50, ..HistoryQuery::default() };
        store.history(&query, Millis(at)).await.unwrap().len()
    };
    assert_eq!(read("00112233445566aa", 1_000).await, 1);
    let key = agree(store, Some(&file.0)).await.unwrap();
    assert_eq!(test.holding(&hex(&kept)).await, Vec::<String>::new());
    assert_eq!(test.holding(&hex(&key)).await, Vec::<String>::new());
    assert_eq!(read("00112233445566bb", 2_000).await, 1, "another key is no change");
    assert_eq!(agree(store, Some(&file.0)).await.unwrap(), key);
    assert_eq!(read("00112233445566cc", 3_000).await, 2, "another value is one");
}
