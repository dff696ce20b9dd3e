//! The rustls engine: the only folder that knows rustls types.
