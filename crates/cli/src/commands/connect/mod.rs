//! `ravelin connect`: a TLS connection to look at and to talk through.
//!
//! - `plan`: what was typed, resolved; `dial`: from a plan to a connection and a verdict; `starttls`: what is said in front
//!   of TLS; `greeting`: sees to it that what answers is TLS.
//! - `answer`: what came of it for programs; `report`: for people.
//! - `pipe`: between the server and standard input and output.

mod answer;
mod dial;
mod greeting;
mod pipe;
mod plan;
mod report;
pub mod starttls;

use crate::{
    args::connect::ConnectArgs,
    commands::judgement::Judged,
    exit::{Exit, Failure},
    output,
};
use dial::{Outcome, dial};
use plan::Plan;
use std::io;
use tokio::runtime::{Builder, Runtime};

const WARNING: &str = "WARNING: --dangerous-accept-untrusted: whoever answers is talked to, and nothing that is sent or received is secret \
    or genuine";

/// Connects, tells what there is to tell, and then is a pipe unless that was all.
///
/// # Errors
/// When an input cannot be read, there is no TLS connection to be had, or the report cannot be written.
pub fn run(args: &ConnectArgs, json: bool) -> Result<Exit, Failure> {
    let plan = Plan::typed(args)?;
    let impossible =
        |error: io::Error| Failure::input(format!("no connection can be made: {error}"));
    let runtime = Builder::new_current_thread().enable_all().build().map_err(impossible)?;
    let outcome = runtime.block_on(dial(&plan));
    let ended = tell(outcome, &plan, json, args.check, &runtime);
    // A look-up of a host may take long: it is left behind.
    runtime.shutdown_background();
    ended
}

/// Reports, and goes on where there is a connection to go on with.
fn tell(
    outcome: Outcome,
    plan: &Plan,
    json: bool,
    check: bool,
    runtime: &Runtime,
) -> Result<Exit, Failure> {
    if matches!(outcome, Outcome::Connected(_)) && plan.trust.dangerous_accept_untrusted {
        output::complain(WARNING);
    }
    let is_colored = if check { output::is_colored() } else { output::is_colored_beside() };
    let told = if json { answer::line(&outcome) } else { report::text(plan, &outcome, is_colored) };
    let written = if check {
        output::print(&told)
    } else {
        output::say(&told);
        Ok(())
    };
    match outcome {
        Outcome::Refused(refused) => refused.judged.exit().told(written),
        Outcome::Connected(mut connected) if check => {
            runtime.block_on(connected.end());
            // Asked for a verdict, a server that had to do is no more trusted than one that is refused.
            connected.judged.as_ref().map_or(Exit::No, Judged::exit).told(written)
        }
        Outcome::Connected(connected) => pipe::run(runtime, connected.stream),
        // Beside the answer on standard error, there is nothing more to say there.
        Outcome::Failed(_) if json && !check => Ok(Exit::Usage),
        Outcome::Failed(failed) => {
            Exit::Usage.told(written)?;
            Err(Failure::input(format!("{}: {}", plan.server, failed.fault.detail)))
        }
    }
}
