//! A client's configuration.

use crate::engine::ClientEngine;
use std::sync::Arc;

/// What a client is asked to do, as written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {}

/// What an engine made of a [`ClientConfig`]. Cheap to clone.
#[derive(Clone)]
pub struct ClientContext {
    engine: Arc<dyn ClientEngine>,
}

impl ClientContext {
    pub(crate) fn engine(&self) -> &dyn ClientEngine {
        &*self.engine
    }
}
