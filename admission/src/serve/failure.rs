//! Requests that get no verdict, and the `metav1.Status` that says why.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use vpcguard_policies::{ReviewError, Status, ViewError};

use crate::cluster::NoVerdict;
use crate::cluster::ledgers::Refusal;

/// The longest message, in characters.
const LONGEST_MESSAGE: usize = 1000;

/// Why a request gets no verdict.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// Not what the API server sends.
    #[error(transparent)]
    Malformed(#[from] ReviewError),
    /// The connection ended, or its framing is broken.
    #[error("the body cannot be read: {0}")]
    Unreadable(String),
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("a version of the object holds more than {limit} values")]
    TooManyValues { limit: usize },
    #[error("more is sent than there is room for, and of this little came: try again")]
    NoRoom,
    #[error("no answer within {} ms, the time that the request allows", .0.as_millis())]
    OutOfTime(Duration),
    /// Nothing is admitted on a read that failed.
    #[error(transparent)]
    Unknown(#[from] ViewError),
    /// The cluster has not been seen yet.
    #[error("vpcguard is starting and has not read the cluster yet: waiting for {0}")]
    NotSynced(String),
    /// There is one of this name already, as the API server would have said next.
    #[error("{0}")]
    Exists(String),
    /// Worth another try.
    #[error("{0}")]
    Contended(String),
    /// Somebody has to fix this first.
    #[error("{0}")]
    NoLedger(String),
    #[error("no such path: admission requests go to /validate and /mutate")]
    Path,
    #[error("method not allowed: an AdmissionReview is posted")]
    Method,
    #[error("vpcguard has a bug: the log has the panic")]
    Panic,
}

impl Failure {
    fn code_and_reason(&self) -> (StatusCode, &'static str) {
        match self {
            Failure::Malformed(_) | Failure::Unreadable(_) => (StatusCode::BAD_REQUEST, "BadRequest"),
            Failure::TooLarge { .. } | Failure::TooManyValues { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge")
            }
            Failure::NoRoom | Failure::OutOfTime(_) | Failure::Contended(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")
            }
            Failure::Exists(_) => (StatusCode::CONFLICT, "AlreadyExists"),
            Failure::Unknown(_) | Failure::NotSynced(_) | Failure::NoLedger(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
            }
            Failure::Path => (StatusCode::NOT_FOUND, "NotFound"),
            Failure::Method => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            Failure::Panic => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        }
    }
}

impl Failure {
    /// What the metric calls it.
    pub(super) fn cause(&self) -> &'static str {
        match self {
            Failure::Malformed(_) => "malformed",
            Failure::Unreadable(_) => "unreadable",
            Failure::TooLarge { .. } => "too_large",
            Failure::TooManyValues { .. } => "too_many_values",
            Failure::NoRoom => "no_room",
            Failure::OutOfTime(_) => "out_of_time",
            Failure::Unknown(_) => "read_failed",
            Failure::NotSynced(_) => "not_synced",
            Failure::Exists(_) => "exists",
            Failure::Contended(_) => "contended",
            Failure::NoLedger(_) => "no_ledger",
            Failure::Path => "path",
            Failure::Method => "method",
            Failure::Panic => "panic",
        }
    }

    /// What the API server is told.
    pub(super) fn status(&self) -> Status {
        let (code, reason) = self.code_and_reason();
        // It may repeat what was sent.
        let message: String = self.to_string().chars().take(LONGEST_MESSAGE).collect();
        let status = Status::failure(code.as_u16(), reason, message);
        if code == StatusCode::TOO_MANY_REQUESTS { status.retry_after(1) } else { status }
    }
}

impl From<NoVerdict> for Failure {
    fn from(none: NoVerdict) -> Self {
        match none {
            NoVerdict::Unread(error) => Failure::Unknown(error),
            NoVerdict::Restless { .. } => Failure::Contended(none.to_string()),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InFlight { .. } | Refusal::Busy(_) => Failure::Contended(refusal.to_string()),
            Refusal::Exists(_) => Failure::Exists(refusal.to_string()),
            Refusal::Unavailable(text) => Failure::NoLedger(text),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (code, _) = self.code_and_reason();
        let mut response = json(code, self.status().to_json());
        if code == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A response with a body in JSON.
pub(super) fn json(code: StatusCode, body: String) -> Response {
    (code, [(CONTENT_TYPE, "application/json")], body).into_response()
}
