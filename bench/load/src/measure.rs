//! The measurements. Each prepares, then works in phases; whoever drives it reads the tunnel's clocks in between.

use crate::{
    Tunnel,
    backend::{Order, give, take},
    client::{Client, Connection},
};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::{
    io::{self, Write},
    sync::Barrier,
    thread,
    time::Instant,
};

const PING: usize = 64;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Test {
    /// Whole connections with a full handshake; a unit is a connection.
    Full,
    /// Whole connections with a resumed handshake; a unit is a connection.
    Resumed,
    /// Bytes from the backend to the client; a unit is a byte.
    Download,
    /// Bytes from the client to the backend; a unit is a byte.
    Upload,
    /// Round trips of 64 bytes; a unit is a round trip.
    Ping,
    /// Connections that rest, before and after some traffic; a unit is a connection.
    Idle,
}

/// One measurement.
#[derive(Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    tunnel: Tunnel,
    /// What is measured.
    #[arg(long, value_enum)]
    test: Test,
    /// How many units of work there are in all.
    #[arg(long)]
    units: u64,
    /// How many connections work at once.
    #[arg(long, default_value_t = 2)]
    connections: u64,
}

/// Runs one measurement.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<()> {
    ensure!(plan.connections > 0, "at least one connection must work");
    let client = Client::new(&plan.tunnel)?;
    let share = (plan.units / plan.connections).max(1);
    let done = share * plan.connections;
    match plan.test {
        Test::Full => {
            // One beforehand, so that first uses are not counted.
            connection_life(&client)?;
            phase("ready", 0)?;
            at_once(plan, || (0..share).try_for_each(|_| connection_life(&client).map(drop)))?;
        }
        Test::Resumed => {
            let clients: Vec<Client> = (0..plan.connections).map(|_| client.resuming()).collect();
            for client in &clients {
                connection_life(client)?;
            }
            phase("ready", 0)?;
            at_once_with(clients, |client| {
                for _ in 0..share {
                    ensure!(connection_life(&client)?, "a handshake was not resumed");
                }
                Ok(())
            })?;
        }
        Test::Download => {
            phase("ready", 0)?;
            at_once(plan, || {
                let mut connection = client.connect(Order::Give(share))?;
                take(&mut connection, share)?;
                connection.close()
            })?;
        }
        Test::Upload => {
            phase("ready", 0)?;
            at_once(plan, || {
                let mut connection = client.connect(Order::Take(share))?;
                give(&mut connection, share)?;
                connection.flush()?;
                take(&mut connection, 4).context("the backend's confirmation")?;
                connection.close()
            })?;
        }
        Test::Ping => ping(plan, &client, share)?,
        Test::Idle => return idle(plan, &client),
    }
    phase("done", done)
}

fn ping(plan: &Plan, client: &Client, share: u64) -> anyhow::Result<()> {
    let connections = open(client, plan.connections)?;
    phase("ready", 0)?;
    at_once_with(connections, |mut connection| {
        let (sent, mut buffer) = ([0x21; PING], [0; PING]);
        (0..share).try_for_each(|_| connection.echo(&sent, &mut buffer))
    })
}

/// Memory is read in between: without connections, with them at rest, at rest after traffic.
fn idle(plan: &Plan, client: &Client) -> anyhow::Result<()> {
    open(client, 1)?.pop().context("one connection was opened")?.close()?;
    phase("ready", 0)?;
    let mut connections = open(client, plan.units)?;
    phase("open", plan.units)?;
    let (sent, mut buffer) = (vec![0x21; 32 << 10], vec![0; 32 << 10]);
    for connection in &mut connections {
        connection.echo(&sent, &mut buffer)?;
    }
    phase("used", plan.units)
}

/// Echo connections that have carried a byte.
fn open(client: &Client, count: u64) -> anyhow::Result<Vec<Connection>> {
    (0..count)
        .map(|_| {
            let mut connection = client.connect(Order::Echo)?;
            connection.echo(b"!", &mut [0])?;
            Ok(connection)
        })
        .collect()
}

/// Connects, has one byte echoed, closes in order. Tells whether the handshake was resumed.
fn connection_life(client: &Client) -> anyhow::Result<bool> {
    let mut connection = client.connect(Order::Echo)?;
    connection.echo(b"!", &mut [0])?;
    let resumed = connection.is_resumed();
    connection.close()?;
    Ok(resumed)
}

fn at_once(plan: &Plan, work: impl Fn() -> anyhow::Result<()> + Sync) -> anyhow::Result<()> {
    at_once_with((0..plan.connections).collect(), |_| work())
}

/// Works with each item in a thread of its own, all beginning together.
fn at_once_with<T: Send>(
    items: Vec<T>,
    work: impl Fn(T) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    let start = Barrier::new(items.len());
    thread::scope(|scope| {
        let threads: Vec<_> = items
            .into_iter()
            .map(|item| {
                scope.spawn(|| {
                    start.wait();
                    work(item)
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("work reports its errors as values"))
    })
}

/// Tells that a phase was reached and waits to be told to go on.
fn phase(name: &str, units: u64) -> anyhow::Result<()> {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let seconds = START.get_or_init(Instant::now).elapsed().as_secs_f64();
    let mut output = io::stdout().lock();
    writeln!(output, "{}", json!({ "phase": name, "units": units, "seconds": seconds }))?;
    output.flush()?;
    let read = io::stdin().read_line(&mut String::new())?;
    ensure!(read > 0, "whoever drives this measurement has gone");
    Ok(())
}
