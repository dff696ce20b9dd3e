//! Sessions kept on the server, for resumption by session id (TLS 1.2) and stateful tickets.

/// A bounded store of sessions.
#[derive(Debug)]
pub struct SessionStore {}
