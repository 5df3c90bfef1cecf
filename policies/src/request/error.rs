//! What can be wrong with a body that should be an admission request.

use crate::kinds::LONGEST_NAME;

/// Why a body is not an admission request that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// Not text.
    #[error("the body is not UTF-8: an invalid byte follows after {0} bytes")]
    NotUtf8(usize),
    /// Not JSON, or not of the shape of an AdmissionReview.
    #[error("the body is not an AdmissionReview in JSON: {0}")]
    NotJson(String),
    /// Not of the shape of what a policy server sends.
    #[error("the payload has no request that can be read: {0}")]
    NotAPayload(String),
    /// JSON, but something else.
    #[error("the body is not an AdmissionReview: apiVersion is {api_version:?}, kind is {kind:?}")]
    NotAReview {
        /// What it says that it is.
        kind: String,
        /// In which version.
        api_version: String,
    },
    /// A version that the API server has not used since 1.16.
    #[error("apiVersion {0:?} is not supported: set admissionReviewVersions of the webhook configuration to [\"v1\"]")]
    TypedObject(String),
    /// An answer, perhaps.
    #[error("there is no request")]
    NoRequest,
    /// Nothing to answer to.
    #[error("request.uid is missing")]
    NoUid,
    /// A namespace that cannot be: each network of a Pod may take its name along.
    #[error("request.namespace is not a name: it has {0} bytes, and a name has at most {LONGEST_NAME}")]
    Namespace(usize),
    /// An operation that Kubernetes does not have.
    #[error("request.operation is {0:?}, which is none of CREATE, UPDATE, DELETE, CONNECT")]
    Operation(String),
    /// Nothing to review.
    #[error("request.object is missing in a request to {0}")]
    NoObject(String),
    /// The request speaks of another kind than the object does.
    #[error("request.kind is {request}, but the object is {object}")]
    Kind {
        /// What the request says.
        request: String,
        /// What the object says.
        object: String,
    },
}
