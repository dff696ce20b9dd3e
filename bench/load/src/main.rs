//! The client and the plain service between which TLS tunnels are measured. `bench/run` drives both.

#![forbid(unsafe_code)]

mod backend;
mod client;
mod measure;

use clap::{Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

/// What stands on either side of a tunnel that is measured.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// The plain TCP service behind the tunnel.
    Backend {
        /// Where it listens.
        #[arg(long)]
        listen: SocketAddr,
    },
    /// One measurement through the tunnel.
    ///
    /// Writes a line of JSON before and after each phase of work, and waits for a line on standard input before each.
    Measure(measure::Plan),
}

/// Where the tunnel is and why it is trusted.
#[derive(clap::Args)]
struct Tunnel {
    /// The tunnel's address.
    #[arg(long)]
    connect: SocketAddr,
    /// Its root certificate, a PEM file.
    #[arg(long)]
    anchor: PathBuf,
    /// The name in its certificate.
    #[arg(long, default_value = "localhost")]
    name: String,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().role {
        Role::Backend { listen } => backend::serve(listen),
        Role::Measure(plan) => measure::run(&plan),
    }
}
