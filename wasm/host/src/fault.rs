//! What can go wrong between a policy server and its cluster, and what a guest reads of it.

/// A read that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The policy server's account may not read this.
    Forbidden,
    /// The API server is broken.
    Internal,
    /// Nobody answers.
    Timeout,
    /// An answer that is not JSON.
    Garbage,
    /// An answer that is neither an object nor a list.
    Empty,
}

impl Fault {
    /// All of them.
    pub const ALL: &'static [Fault] =
        &[Fault::Forbidden, Fault::Internal, Fault::Timeout, Fault::Garbage, Fault::Empty];

    /// What the policy server makes of it: an error, or an answer.
    pub(crate) fn answer(self, resource: &str) -> Result<Vec<u8>, String> {
        match self {
            Fault::Forbidden => {
                let account = "system:serviceaccount:kubewarden:policy-server";
                Err(api_error(
                    403,
                    "Forbidden",
                    &format!(
                        "{resource} is forbidden: User {account:?} cannot list resource {resource:?} at the cluster scope"
                    ),
                ))
            }
            Fault::Internal => Err(api_error(500, "InternalError", "Internal error occurred: etcdserver: no leader")),
            Fault::Timeout => {
                Err("ServiceError: deadline has elapsed\n\nCaused by:\n    deadline has elapsed".to_owned())
            }
            Fault::Empty => Ok(b"{}".to_vec()),
            Fault::Garbage => Ok(b"<html>502 Bad Gateway \xff</html>".to_vec()),
        }
    }
}

/// An answer of the API server in the words of the client that the policy server reads it with.
pub(crate) fn api_error(code: u16, reason: &str, message: &str) -> String {
    let status = format!(
        "Status {{ status: Some(Failure), code: {code}, message: {message:?}, metadata: None, reason: {reason:?}, details: None }}"
    );
    format!("ApiError: {message}: {reason} ({status})\n\nCaused by:\n    {message}: {reason}")
}

/// The kind of an API group that is not there. The discovery of the group is refused without a Status.
pub(crate) fn no_group(api_version: &str, kind: &str) -> String {
    let error = api_error(404, "Failed to parse error data", "404 page not found");
    let error = error.split("\n\n").next().unwrap_or_default();
    format!("error finding resource {api_version} / {kind}: {error}")
}
