//! Errors to gRPC statuses: the only place.

use controlplane_core::Error;
use tonic::{Code, Status};
use wire::convert::{ConvertError, PartError};

/// The status a rule's refusal travels as; what lies below is logged here, not sent.
pub(crate) fn status(error: Error) -> Status {
    let code = match &error {
        Error::NotFound(_) => Code::NotFound,
        Error::Exists(_) => Code::AlreadyExists,
        Error::Conflict(_) => Code::Aborted,
        Error::Invalid(_) => Code::InvalidArgument,
        Error::Denied(_) => Code::PermissionDenied,
        Error::Expired(_) => Code::FailedPrecondition,
        Error::Unavailable { source, .. } => {
            match source {
                Some(source) => tracing::warn!(error = %error, source = %source, "unavailable"),
                // The store has said it where it was found; on a full disk, once: every report is refused there.
                None => tracing::debug!(error = %error, "unavailable"),
            }
            Code::Unavailable
        }
    };
    Status::new(code, error.to_string())
}

/// The status of a message that is not what it should be.
pub(crate) fn convert_status(error: ConvertError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// The status of a section that cannot be put together.
pub(crate) fn part_status(error: PartError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// The status of a value of the model that a message does not hold.
pub(crate) fn invalid(error: impl std::fmt::Display) -> Status {
    Status::invalid_argument(error.to_string())
}
