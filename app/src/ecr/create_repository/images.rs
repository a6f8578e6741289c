//! How images are kept: whether tags move, how they are encrypted, whether they are scanned.

use domain::ecr::rules::typed::NEW_ALIAS;
use leptos::prelude::*;

use super::{Shared, part};
use crate::ecr::{keys, mutability};
use crate::wizard::{Choice, Fold, TextField, Wizard, check, choices};

const ENCRYPTION: &[Choice] = &[
    ("aes", "AES-256", "With keys that Amazon S3 manages. Costs nothing."),
    ("kms", "AWS KMS key", "With a key you can audit and revoke. KMS bills for its requests."),
];

/// Whether a tag may move.
pub fn mutability(draft: Shared) -> impl IntoView {
    let immutable = part(draft, |d| d.immutable);
    let exclusions = part(draft, |d| d.exclusions.clone());
    let now = Signal::derive(move || exclusions.with(|except| mutability::now(immutable.get(), except)));
    let choose = move |immutable| draft.update(|d| d.form.immutable = immutable);
    let except = move |text| draft.update(|d| d.form.exclusions = text);
    view! { <Fold title="Tags of images" now=now>{mutability::fields(immutable, choose, exclusions, except)}</Fold> }
}

/// How images are encrypted.
pub fn encryption(draft: Shared, wizard: Wizard) -> impl IntoView {
    let kms = part(draft, |d| d.kms);
    let chosen = Signal::derive(move || if kms.get() { "kms" } else { "aes" });
    let dual = part(draft, |d| d.dual);
    let now = Signal::derive(move || match (kms.get(), dual.get()) {
        (false, _) => "AES-256".to_owned(),
        (true, false) => "AWS KMS key".to_owned(),
        (true, true) => "AWS KMS key, in two layers".to_owned(),
    });
    let key = part(draft, |d| d.key.clone());
    let wanted = Memo::new(move |_| kms.get());
    let new = part(draft, |d| d.new_key);
    let alias = part(draft, |d| d.alias.clone());
    let set = move |key: String| {
        draft.update(|d| {
            d.form.new_key = false;
            d.form.key = key;
        });
    };
    let create = move || {
        draft.update(|d| {
            d.form.new_key = !d.form.new_key;
            d.form.key.clear();
        });
    };
    view! {
        <Fold title="Encryption" now=now>
            <p class="dim">"This cannot be changed later: another encryption means another repository."</p>
            {choices("encryption", "How images are encrypted", ENCRYPTION, chosen, move |v| draft.update(|d| d.form.kms = v == "kms"))}
            <div hidden=move || !kms.get()>
                <div class="stack">
                    <TextField
                        label="KMS key" name="encryption.key" placeholder="alias/images" value=key
                        hint="Id, alias or ARN of a key in this account and region. Empty: the key that AWS manages for ECR."
                        set=set
                    />
                    {keys::create_new(new, create)}
                    <div hidden=move || !new.get()>
                        <TextField
                            label="Name of the new key" name="encryption.alias" placeholder="alias/images" value=alias typing=NEW_ALIAS
                            hint="Its alias. Empty: called as the repository. The key has KMS's default policy and costs 1 USD a month."
                            set=move |alias| draft.update(|d| d.form.alias = alias)
                        />
                    </div>
                    {keys::offers(wizard.scope.into(), wanted, key, keys::by_name, set)}
                    {keys::two_layers(wizard.scope.into(), "encryption.dual", dual, move |v| draft.update(|d| d.form.dual = v))}
                </div>
            </div>
        </Fold>
    }
}

/// Whether images are scanned.
pub fn scanning(draft: Shared) -> impl IntoView {
    let on = part(draft, |d| d.scan_on_push);
    let now = Signal::derive(move || if on.get() { "On push" } else { "As the registry is set up" }.to_owned());
    view! {
        <Fold title="Scanning" now=now>
            {check(
                "scan-on-push",
                "Scan each image as it is pushed",
                "Looks for known vulnerabilities in its operating system's packages. Basic scanning costs nothing; filters of the registry decide over this.",
                on,
                move |v| draft.update(|d| d.form.scan_on_push = v),
            )}
        </Fold>
    }
}
