//! People: every call by every role, invitations, a second person, and a week of work in three scopes.

mod command;
mod invitations;
mod roles;
mod second;
pub(crate) mod staff;
pub(crate) mod week;
