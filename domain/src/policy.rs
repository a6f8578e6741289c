//! Who may do what. [`decide`] is the only place that says yes or no; pages and the HTTP API both pass through it.

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

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
    /// The state of connections and collectors.
    ReadConnections,
    /// One's own password, sessions and tokens.
    ManageOwn,
    /// Other people, their roles, passwords and sessions.
    ManagePeople,
    /// Who did what: whoever changes things may see who changed them. It tells of colleagues, too, when they signed in: not for everybody.
    ReadAudit,
}

impl Permission {
    /// Everything that can be asked.
    pub const ALL: [Permission; 8] = [
        Permission::ReadResources,
        Permission::ReadTelemetry,
        Permission::Refresh,
        Permission::ChangeAws,
        Permission::ReadConnections,
        Permission::ManageOwn,
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
            | Permission::ReadConnections
            | Permission::ReadAudit => true,
            Permission::ManageOwn | Permission::ManagePeople => false,
        }
    }

    /// The least role that has it.
    pub const fn needs(self) -> Role {
        match self {
            Permission::ReadResources
            | Permission::ReadTelemetry
            | Permission::Refresh
            | Permission::ReadConnections
            | Permission::ManageOwn => Role::Viewer,
            Permission::ChangeAws | Permission::ReadAudit => Role::Operator,
            Permission::ManagePeople => Role::Administrator,
        }
    }
}

/// Says yes, or why not.
pub fn decide(actor: &Actor, permission: Permission) -> Result<(), Problem> {
    if actor.is_token() && !permission.for_tokens() {
        return Err(Problem::forbidden("An API token cannot do this. Sign in as a person."));
    }
    if actor.role >= permission.needs() {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "This needs the role {}; yours is {}. An administrator can change it under Settings → People.",
        permission.needs().as_str(),
        actor.role.as_str()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_lesser_ones_may_viewers_change_nothing_and_only_administrators_manage_people() {
        let actor = |role| Actor { person: 1, name: "a".into(), role, session: 1 };
        for permission in Permission::ALL {
            for role in Role::ALL {
                let allowed = decide(&actor(role), permission).is_ok();
                let expected = match permission {
                    Permission::ManagePeople => role == Role::Administrator,
                    Permission::ChangeAws | Permission::ReadAudit => role != Role::Viewer,
                    _ => true,
                };
                assert_eq!(allowed, expected, "{permission:?} as {role:?}");
            }
        }
    }

    #[test]
    fn a_token_manages_neither_people_nor_tokens_whatever_its_role() {
        let token = Actor { person: 1, name: "a".into(), role: Role::Administrator, session: -7 };
        assert!(decide(&token, Permission::ManageOwn).is_err() && decide(&token, Permission::ManagePeople).is_err());
        assert!(decide(&token, Permission::ReadResources).is_ok());
    }

    #[test]
    fn roles_parse_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()).unwrap(), role);
        }
        assert!(Role::parse("root").is_err());
    }
}
