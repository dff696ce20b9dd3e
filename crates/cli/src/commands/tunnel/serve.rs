//! Serving until a signal ends it.

use crate::{
    args::Written,
    exit::{Exit, Failure},
};
use ravelin_tunnel::{
    Tunnel,
    config::{Configuration, Diagnostic},
    service::{Resumption, Settings},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use std::thread;

/// Serves what was written, until SIGTERM or SIGINT has drained it.
///
/// # Errors
/// When the configuration is at fault, or an address cannot be had.
pub fn run(written: Written) -> Result<Exit, Failure> {
    written.complete()?;
    start(move || written.configuration())?.wait();
    Ok(Exit::Yes)
}

/// Starts a tunnel that obeys signals; `configuration` is asked again on every reload.
///
/// # Errors
/// When the configuration is at fault, or an address cannot be had.
pub fn start(
    configuration: impl Fn() -> Result<Configuration, Diagnostic> + Send + 'static,
) -> Result<Tunnel, Failure> {
    // Before anything else, so that no signal is lost while certificates are read.
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(Failure::input)?;
    let settings = configuration()?.resolve(Resumption::new().map_err(Failure::input)?)?;
    let reload = move |old: &Settings| {
        configuration()
            .and_then(|configuration| configuration.resolve(old.resumption.clone()))
            .map_err(|fault| fault.to_string())
    };
    let tunnel = Tunnel::start(settings, Box::new(reload)).map_err(Failure::input)?;
    let handle = tunnel.handle();
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                if signal == SIGHUP { handle.reload() } else { handle.drain() }
            }
        })
        .map_err(Failure::input)?;
    Ok(tunnel)
}
