//! People, sessions, tokens and the audit trail, as pages see them ([`domain::services::Team`]). Every method decides before it does anything; what
//! it changes is written to the audit log in the same transaction.

use async_trait::async_trait;
use domain::audit::{AuditEntry, AuditQuery, MAX_ENTRIES};
use domain::policy::{Actor, Permission, Role, decide};
use domain::services::{Person, Session, Team, Token};
use domain::{Code, Millis, Problem};
use gantry_store::people::Proven;
use gantry_store::tokens::NewToken;
use serde_json::json;
use std::time::Instant;

use super::proof::{Asked, allow};
use super::{Auth, entry, forms, secret, throttle};
use crate::clock::now;

type Result<T> = std::result::Result<T, Problem>;

/// The longest life of an API token, in days.
pub const LONGEST_DAYS: u32 = 365;

#[async_trait]
impl Team for Auth {
    async fn welcome(&self, token: &str) -> Result<()> {
        if self.store.welcome_is_good(token, now()).await? {
            return Ok(());
        }
        let message = "This link was used, is older than 15 minutes, or there is an administrator already. \
                       Sign in, or restart Gantry for a new link while nobody is an administrator.";
        Err(Problem::new(Code::NotFound, "This link is no longer good", message))
    }

    async fn sessions(&self, actor: &Actor) -> Result<Vec<Session>> {
        decide(actor, Permission::ManageOwn)?;
        self.store.sessions(actor.person, actor.session, now()).await
    }

    async fn end_session(&self, actor: &Actor, id: i64) -> Result<()> {
        decide(actor, Permission::ManageOwn)?;
        let entry = entry(Some(actor), "session.end", &actor.name, json!({ "session": id }));
        let ended = self.store.end_session(actor.person, id, &entry).await?;
        self.forget();
        if ended { Ok(()) } else { Err(Problem::not_found("This session has already ended.")) }
    }

    async fn confirm(&self, actor: &Actor, password: &str) -> Result<()> {
        decide(actor, Permission::ManageOwn)?;
        self.prove(actor, password, Asked::Again).await?;
        let entry = entry(Some(actor), "session.confirm", &actor.name, json!({ "session": actor.session }));
        let noted = self.store.confirm_session(actor.person, actor.session, now(), &entry).await?;
        if noted { Ok(()) } else { Err(Problem::signed_out()) }
    }

    async fn change_password(&self, actor: &Actor, current: &str, password: &str) -> Result<()> {
        decide(actor, Permission::ManageOwn)?;
        self.passwords.require(password, &actor.name)?;
        let fitted = self.prove(actor, current, Asked::ToChangeIt).await?;
        let hash = self.passwords.hash(password).await?;
        let entry = entry(Some(actor), "people.change-password", &actor.name, json!({}));
        let proven = Proven { password: &fitted, session: actor.session, at: now() };
        self.store.set_password(actor.person, &hash, Some(proven), &entry).await?;
        self.forget();
        Ok(())
    }

    async fn tokens(&self, actor: &Actor) -> Result<Vec<Token>> {
        decide(actor, Permission::ManageOwn)?;
        self.store.tokens(actor.person).await
    }

    async fn create_token(&self, actor: &Actor, name: &str, role: Role, days: u32) -> Result<String> {
        allow(&self.store, actor, Permission::CreateToken).await?;
        self.proofs.take(actor.person, Instant::now())?;
        create_token(self, actor, name, role, days).await
    }

    async fn revoke_token(&self, actor: &Actor, id: i64) -> Result<()> {
        decide(actor, Permission::ManageOwn)?;
        let gone = || Problem::not_found("This token is already revoked.");
        let token = self.store.tokens(actor.person).await?.into_iter().find(|t| t.id == id).ok_or_else(gone)?;
        let entry = entry(Some(actor), "token.revoke", &token.name, json!({ "token": id }));
        let revoked = self.store.revoke_token(actor.person, id, &entry).await?;
        self.forget();
        if revoked { Ok(()) } else { Err(gone()) }
    }

    async fn people(&self, actor: &Actor) -> Result<Vec<Person>> {
        decide(actor, Permission::ReadPeople)?;
        self.store.people().await
    }

    async fn create_person(&self, actor: &Actor, name: &str, password: &str, role: Role) -> Result<()> {
        allow(&self.store, actor, Permission::ManagePeople).await?;
        let name = forms::name(name)?;
        self.passwords.require(password, name)?;
        let hash = self.passwords.hash(password).await?;
        let entry = entry(Some(actor), "people.create", name, json!({ "role": role }));
        self.store.create_person(name, &hash, role, now(), &entry).await.map(|_| ())
    }

    async fn set_role(&self, actor: &Actor, person: i64, role: Role) -> Result<()> {
        allow(&self.store, actor, Permission::ManagePeople).await?;
        let name = self.store.person(person).await?.name;
        let entry = entry(Some(actor), "people.set-role", &name, json!({ "role": role, "person": person }));
        self.store.set_role(person, role, &entry).await?;
        self.forget();
        Ok(())
    }

    async fn set_password(&self, actor: &Actor, person: i64, password: &str) -> Result<()> {
        allow(&self.store, actor, Permission::ManagePeople).await?;
        if person == actor.person {
            let message = "Change your own password under Settings → You: it asks for the current one.";
            return Err(Problem::invalid("person", message));
        }
        let name = self.store.person(person).await?.name;
        self.passwords.require(password, &name)?;
        let hash = self.passwords.hash(password).await?;
        let entry = entry(Some(actor), "people.set-password", &name, json!({ "person": person }));
        self.store.set_password(person, &hash, None, &entry).await?;
        self.forget();
        // Whoever forgot their password may have to wait for having guessed it.
        self.store.login_succeeded(&throttle::by_person(person)).await?;
        self.store.login_succeeded(&throttle::by_name(&name)).await
    }

    async fn remove_person(&self, actor: &Actor, person: i64) -> Result<()> {
        allow(&self.store, actor, Permission::ManagePeople).await?;
        let name = self.store.person(person).await?.name;
        let entry = entry(Some(actor), "people.remove", &name, json!({ "person": person }));
        self.store.remove_person(person, &entry).await?;
        self.forget();
        Ok(())
    }

    async fn audit(&self, actor: &Actor, query: &AuditQuery) -> Result<Vec<AuditEntry>> {
        decide(actor, Permission::ReadAudit)?;
        let query = AuditQuery { limit: query.limit.clamp(1, MAX_ENTRIES), ..query.clone() };
        self.store.audit(&query, now()).await
    }
}

/// Makes a token that speaks for `owner`; whether that may be asked for was decided before.
///
/// # Errors
/// [`Code::Invalid`] with the field `name`, `role` or `days`; [`Code::Conflict`] when the name is taken, or there are too many
/// ([`gantry_store::tokens::MOST_TOKENS`]).
pub async fn create_token(auth: &Auth, owner: &Actor, name: &str, role: Role, days: u32) -> Result<String> {
    let name = forms::name(name)?;
    if role > owner.role {
        let message = format!("A token's role is at most its owner's: {}.", owner.role.as_str());
        return Err(Problem::invalid("role", message));
    }
    if !(1..=LONGEST_DAYS).contains(&days) {
        return Err(Problem::invalid("days", format!("A token lasts between 1 and {LONGEST_DAYS} days.")));
    }
    let until = Millis(now().0 + i64::from(days) * 86_400_000);
    let entry = entry(Some(owner), "token.create", name, json!({ "role": role, "days": days }));
    let text = secret::new_token();
    let token = NewToken { person: owner.person, name, secret: &text, role, until };
    auth.store.create_token(token, now(), &entry).await?;
    Ok(text)
}
