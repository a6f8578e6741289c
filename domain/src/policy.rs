//! Who may do what, and for what a person has to prove anew that it is them. [`decide`] and [`decide_proven`] are the only places that say yes
//! or no; pages and the HTTP API both pass through them.

use serde::{Deserialize, Serialize};

use crate::problem::{Code, Problem};

/// How old a session's last proof of the password may be for what is dangerous, in milliseconds: 15 minutes.
pub const PROOF_MS: i64 = 15 * 60_000;

/// What a person is trusted with. Each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything but secrets.
    Viewer,
    /// Also changes AWS, through plans.
    Operator,
    /// Also manages people.
    Administrator,
}

impl Role {
    /// All roles, least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Administrator];

    /// As stored and shown: `viewer`, `operator`, `administrator`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Administrator => "administrator",
        }
    }
    /// Reads the stored form.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or_else(|| Problem::invalid("role", "A role is viewer, operator or administrator."))
    }
}

/// Whoever asks: a person in a browser, or a token of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// The person's id.
    pub person: i64,
    /// Their name.
    pub name: String,
    /// Their role; for a token the lower of the token's and its owner's.
    pub role: Role,
    /// The session's or token's id, to tell "this one" in lists. A token's is negative.
    pub session: i64,
}

impl Actor {
    /// A program with an API token, not a person in a browser.
    pub const fn is_token(&self) -> bool {
        self.session < 0
    }
}

/// Everything that is decided on. Deny by default: what is not listed here cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Lists, details, history, search.
    ReadResources,
    /// Log events and metrics: live calls to AWS.
    ReadTelemetry,
    /// Ask for a fresh collect.
    Refresh,
    /// Make plans and run them: the only way to change AWS.
    ChangeAws,
    /// Run a plan that deletes a thing ([`crate::plan::Plan::typed`]) or sets rules by which images go at once, or take one back whose undo
    /// does ([`crate::plan::Plan::needs`], [`crate::plan::Plan::undo_needs`]).
    DeleteFromAws,
    /// Run a plan that sets a policy which lets in other accounts, or everybody, or take one back whose undo does.
    OpenAws,
    /// The state of connections and collectors.
    ReadConnections,
    /// One's own password, sessions and tokens.
    ManageOwn,
    /// Make an API token, which outlives the session.
    CreateToken,
    /// Who there is.
    ReadPeople,
    /// Add, change and remove other people, their roles, passwords and sessions.
    ManagePeople,
    /// Who did what: whoever changes things may see who changed them. It tells of colleagues, too, when they signed in: not for everybody.
    ReadAudit,
}

impl Permission {
    /// Everything that can be asked.
    pub const ALL: [Permission; 12] = [
        Permission::ReadResources,
        Permission::ReadTelemetry,
        Permission::Refresh,
        Permission::ChangeAws,
        Permission::DeleteFromAws,
        Permission::OpenAws,
        Permission::ReadConnections,
        Permission::ManageOwn,
        Permission::CreateToken,
        Permission::ReadPeople,
        Permission::ManagePeople,
        Permission::ReadAudit,
    ];

    /// Whether an API token may have it at all. Who may do what, and with which secrets, is only changed by people themselves:
    /// a stolen token must not be able to make itself successors.
    pub const fn for_tokens(self) -> bool {
        match self {
            Permission::ReadResources
            | Permission::ReadTelemetry
            | Permission::Refresh
            | Permission::ChangeAws
            | Permission::DeleteFromAws
            | Permission::OpenAws
            | Permission::ReadConnections
            | Permission::ReadAudit => true,
            Permission::ManageOwn | Permission::CreateToken | Permission::ReadPeople | Permission::ManagePeople => {
                false
            }
        }
    }

    /// The least role that has it.
    pub const fn needs(self) -> Role {
        match self {
            Permission::ReadResources
            | Permission::ReadTelemetry
            | Permission::Refresh
            | Permission::ReadConnections
            | Permission::ManageOwn
            | Permission::CreateToken => Role::Viewer,
            Permission::ChangeAws | Permission::DeleteFromAws | Permission::OpenAws | Permission::ReadAudit => {
                Role::Operator
            }
            Permission::ReadPeople | Permission::ManagePeople => Role::Administrator,
        }
    }

    /// Whether a person must have proved the password within [`PROOF_MS`]: what cannot be brought back, and what gives access that outlives
    /// the session, to Gantry or to what is in AWS. Whoever finds a browser open does none of it.
    pub const fn wants_proof(self) -> bool {
        match self {
            Permission::DeleteFromAws | Permission::OpenAws | Permission::CreateToken | Permission::ManagePeople => {
                true
            }
            Permission::ReadResources
            | Permission::ReadTelemetry
            | Permission::Refresh
            | Permission::ChangeAws
            | Permission::ReadConnections
            | Permission::ManageOwn
            | Permission::ReadPeople
            | Permission::ReadAudit => false,
        }
    }
}

/// Says yes, or why not. What wants a proof is refused to people: [`decide_proven`] is told of theirs.
///
/// # Errors
/// As [`decide_proven`].
pub fn decide(actor: &Actor, permission: Permission) -> Result<(), Problem> {
    decide_proven(actor, permission, None)
}

/// Says yes, or why not. `age` is how long ago, in milliseconds, the person of this session proved the password; `None` where that is not
/// known. Tokens have no password and are not asked.
///
/// # Errors
/// [`Code::Forbidden`] for what the role or a token may not; [`Code::ConfirmPassword`] for what it may after another proof.
pub fn decide_proven(actor: &Actor, permission: Permission, age: Option<i64>) -> Result<(), Problem> {
    if actor.is_token() && !permission.for_tokens() {
        return Err(Problem::forbidden("An API token cannot do this. Sign in as a person."));
    }
    if actor.role < permission.needs() {
        return Err(Problem::forbidden(format!(
            "This needs the role {}; yours is {}. An administrator can change it under Settings → People.",
            permission.needs().as_str(),
            actor.role.as_str()
        )));
    }
    if permission.wants_proof() && !actor.is_token() && age.is_none_or(|age| age >= PROOF_MS) {
        return Err(Problem::new(
            Code::ConfirmPassword,
            "Confirm it is you",
            "You gave your password more than 15 minutes ago. This wants it again. Nothing was done.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_lesser_ones_may_viewers_change_nothing_and_only_administrators_manage_people() {
        let actor = |role| Actor { person: 1, name: "a".into(), role, session: 1 };
        for permission in Permission::ALL {
            for role in Role::ALL {
                let allowed = decide_proven(&actor(role), permission, Some(0)).is_ok();
                let expected = match permission {
                    Permission::ManagePeople | Permission::ReadPeople => role == Role::Administrator,
                    Permission::ChangeAws | Permission::DeleteFromAws | Permission::OpenAws | Permission::ReadAudit => {
                        role != Role::Viewer
                    }
                    _ => true,
                };
                assert_eq!(allowed, expected, "{permission:?} as {role:?}");
            }
        }
    }

    #[test]
    fn a_token_manages_neither_people_nor_tokens_whatever_its_role() {
        let token = Actor { person: 1, name: "a".into(), role: Role::Administrator, session: -7 };
        let own = [Permission::ManageOwn, Permission::CreateToken, Permission::ReadPeople, Permission::ManagePeople];
        for permission in Permission::ALL {
            let expected = if own.contains(&permission) { Err(Code::Forbidden) } else { Ok(()) };
            assert_eq!(
                decide(&token, permission).map_err(|p| p.code),
                expected,
                "{permission:?}: nobody asks it for a password"
            );
        }
    }

    #[test]
    fn what_is_dangerous_wants_a_fresh_proof_and_nothing_else_does() {
        let dangerous =
            [Permission::DeleteFromAws, Permission::OpenAws, Permission::CreateToken, Permission::ManagePeople];
        let person = Actor { person: 1, name: "a".into(), role: Role::Administrator, session: 1 };
        let ages = [Some(0), Some(PROOF_MS - 1), Some(-5_000), Some(PROOF_MS), Some(i64::MAX), None];
        for permission in Permission::ALL {
            for (n, age) in ages.into_iter().enumerate() {
                let old = n > 2 && dangerous.contains(&permission);
                let expected = if old { Err(Code::ConfirmPassword) } else { Ok(()) };
                let decided = decide_proven(&person, permission, age).map_err(|p| p.code);
                assert_eq!(decided, expected, "{permission:?} after {age:?}");
            }
            assert_eq!(decide(&person, permission).is_err(), dangerous.contains(&permission), "{permission:?}");
        }
        // Whoever may not is not asked first.
        let viewer = Actor { role: Role::Viewer, ..person };
        assert_eq!(decide(&viewer, Permission::DeleteFromAws).unwrap_err().code, Code::Forbidden);
    }

    #[test]
    fn roles_parse_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()).unwrap(), role);
        }
        assert!(Role::parse("root").is_err());
    }
}
