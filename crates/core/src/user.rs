//! People, their roles, and the scopes of their tokens.

use serde::{Deserialize, Serialize};

use crate::{TimeMs, id::UserId};

/// Text that names no variant of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {what}")]
pub struct UnknownName {
    /// What was looked for.
    pub what: &'static str,
    /// What was found.
    pub text: String,
}

/// Gives a closed list of names its text form, both ways, for the database, the URLs and JSON.
macro_rules! names {
    ($type:ident, $what:literal, $($variant:ident = $text:literal),+ $(,)?) => {
        impl $type {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The text form.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::user::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::user::UnknownName {
                        what: $what,
                        text: text.chars().take(64).collect(),
                    }),
                }
            }
        }
    };
}
pub(crate) use names;

/// What a person does here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Uploads calls, reviews colleagues' calls.
    Rep,
    /// Browses the scored moments of their teams.
    Coach,
    /// Runs the installation.
    Admin,
}
names!(Role, "role", Rep = "rep", Coach = "coach", Admin = "admin");

/// What an API token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read everything its owner may see.
    Read,
    /// Change everything its owner may change, and read.
    Write,
    /// Do what only admins may do, if its owner is one.
    Admin,
}
names!(Scope, "scope", Read = "read", Write = "write", Admin = "admin");

impl Scope {
    /// Whether holding `self` covers `wanted`: each scope includes the ones before it.
    pub fn covers(self, wanted: Self) -> bool {
        self as u8 >= wanted as u8
    }
}

/// What stands in the place of the name of somebody who asked to be forgotten.
pub const FORMER_COLLEAGUE: &str = "Former colleague";

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Sign-in name, unique without regard to case.
    pub email: String,
    /// As shown to colleagues.
    pub name: String,
    /// What they do here.
    pub role: Role,
    /// Set while the account may not sign in.
    pub disabled_at: Option<TimeMs>,
    /// Set when they asked to be forgotten: their name and address are gone.
    pub erased_at: Option<TimeMs>,
    /// When the account was made.
    pub created_at: TimeMs,
}
