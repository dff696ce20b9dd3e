//! The counters as Prometheus reads them.

use super::{State, Tables, unix_seconds};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text},
    metrics::MetricType,
    registry::{Registry, Unit},
};
use std::{fmt, sync::Arc};

/// All metrics as text. Every name begins with `ravelin_`.
pub(super) fn encode(state: &Arc<State>) -> String {
    let mut registry = Registry::with_prefix("ravelin");
    registry.register_collector(Box::new(Arc::clone(state)));
    let mut text = String::new();
    text::encode(&mut text, &registry).expect("writing to a string does not fail");
    text
}

impl Collector for State {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let tables = self.tables();
        connections(&tables, &mut encoder)?;
        handshakes(&tables, &mut encoder)?;
        bytes_and_ghosts(&tables, &mut encoder)?;
        configuration(&tables, &mut encoder)
    }
}

fn connections(tables: &Tables, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let mut family = encoder.encode_descriptor(
        "connections",
        "Connections accepted.",
        None,
        MetricType::Counter,
    )?;
    for (service, counters) in &tables.services {
        counter(&mut family, &[("service", service)], counters.opened())?;
    }

    let mut family = encoder.encode_descriptor(
        "connections_open",
        "Connections that are open now.",
        None,
        MetricType::Gauge,
    )?;
    for (service, counters) in &tables.services {
        gauge(&mut family, &[("service", service)], counters.open_now())?;
    }

    let mut family = encoder.encode_descriptor(
        "connections_closed",
        "Connections ended, by reason.",
        None,
        MetricType::Counter,
    )?;
    for (service, counters) in &tables.services {
        for (reason, count) in counters.closed() {
            counter(&mut family, &[("service", service), ("reason", reason)], count)?;
        }
    }
    Ok(())
}

fn handshakes(tables: &Tables, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let mut family = encoder.encode_descriptor(
        "handshake_duration",
        "Time from an accepted connection to the end of its TLS handshake.",
        Some(&Unit::Seconds),
        MetricType::Histogram,
    )?;
    for (service, counters) in &tables.services {
        let kinds = [("false", &counters.full_handshakes), ("true", &counters.resumed_handshakes)];
        for (resumed, durations) in kinds {
            let buckets = durations.buckets();
            // Counted from the buckets, so that both agree whatever other threads do meanwhile.
            let count = buckets.iter().map(|(_, count)| count).sum();
            family
                .encode_family(&[("service", &**service), ("resumed", resumed)])?
                .encode_histogram::<NoLabelSet>(
                    durations.sum().as_secs_f64(),
                    count,
                    &buckets,
                    None,
                )?;
        }
    }

    let mut family = encoder.encode_descriptor(
        "handshake_failures",
        "TLS handshakes that failed, by reason.",
        None,
        MetricType::Counter,
    )?;
    for (service, counters) in &tables.services {
        for (reason, count) in counters.handshake_failures() {
            counter(&mut family, &[("service", service), ("reason", reason)], count)?;
        }
    }

    let mut family = encoder.encode_descriptor(
        "client_verdicts",
        "Clients by what was decided of their certificates, where they are asked for one.",
        None,
        MetricType::Counter,
    )?;
    for (service, counters) in &tables.services {
        for (status, count) in counters.client_verdicts() {
            counter(&mut family, &[("service", service), ("status", status)], count)?;
        }
    }

    let mut family = encoder.encode_descriptor(
        "server_verdicts",
        "Backends that speak TLS, by what was decided of their certificates.",
        None,
        MetricType::Counter,
    )?;
    for (service, counters) in &tables.services {
        for (status, count) in counters.server_verdicts() {
            counter(&mut family, &[("service", service), ("status", status)], count)?;
        }
    }
    Ok(())
}

fn bytes_and_ghosts(tables: &Tables, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let mut family = encoder.encode_descriptor(
        "bytes",
        "Bytes of plain text handed over, by direction.",
        None,
        MetricType::Counter,
    )?;
    for (service, counters) in &tables.services {
        let directions =
            [("to_backend", counters.to_backend()), ("to_client", counters.to_client())];
        for (direction, count) in directions {
            counter(&mut family, &[("service", service), ("direction", direction)], count)?;
        }
    }

    let mut family = encoder.encode_descriptor(
        "ghosts_reaped",
        "Connections the tunnel ended because nobody seemed to use them, by kind.",
        None,
        MetricType::Counter,
    )?;
    for (service, counters) in &tables.services {
        for (kind, count) in counters.ghosts() {
            counter(&mut family, &[("service", service), ("kind", kind)], count)?;
        }
    }
    Ok(())
}

fn configuration(tables: &Tables, encoder: &mut DescriptorEncoder) -> fmt::Result {
    let mut family = encoder.encode_descriptor(
        "certificate_not_after_timestamp",
        "End of validity of each certificate that is served.",
        Some(&Unit::Seconds),
        MetricType::Gauge,
    )?;
    for ((service, serial), not_after) in &tables.not_after {
        family
            .encode_family(&[("service", &**service), ("serial", serial)])?
            .encode_gauge(not_after)?;
    }

    let failed = tables.last_reload.as_ref().is_some_and(|reload| reload.error.is_some());
    encoder
        .encode_descriptor(
            "config_last_reload_successful",
            "Whether the last attempt to load the configuration succeeded.",
            None,
            MetricType::Gauge,
        )?
        .encode_gauge(&i64::from(!failed))?;
    encoder
        .encode_descriptor(
            "config_last_reload_success_timestamp",
            "When the configuration in force was loaded.",
            Some(&Unit::Seconds),
            MetricType::Gauge,
        )?
        .encode_gauge(&unix_seconds(tables.loaded))?;
    encoder
        .encode_descriptor("build", "The program that runs.", None, MetricType::Info)?
        .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
}

fn counter<const N: usize>(
    family: &mut MetricEncoder,
    labels: &[(&str, &str); N],
    value: u64,
) -> fmt::Result {
    family.encode_family(labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)
}

fn gauge<const N: usize>(
    family: &mut MetricEncoder,
    labels: &[(&str, &str); N],
    value: u64,
) -> fmt::Result {
    family.encode_family(labels)?.encode_gauge(&value)
}
