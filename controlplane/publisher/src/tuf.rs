//! Metadata of The Update Framework, as far as a repository needs it (specification 1.0.31).

mod canonical;
mod document;
mod role;

pub(crate) use canonical::canonical;
pub(crate) use document::{Document, Threshold};
pub(crate) use role::{
    DelegatedRole, Delegations, Key, MetaFile, Role, RoleKeys, Root, Snapshot, Target, Targets, Timestamp, is_moment,
    key_id, moment, sha256,
};
