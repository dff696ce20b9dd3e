//! A service that is running: what it obeys, and what is counted of it.

use crate::{
    limits::{Admission, ServiceCount, ServiceLimits},
    metrics::{Metrics, ServiceMetrics},
    service::{Service, Settings},
};
use std::sync::Arc;

/// A service that is running. A connection keeps the one it began with, whatever a reload brings.
#[derive(Debug)]
pub(crate) struct ActiveService {
    pub(crate) settings: Arc<Service>,
    pub(crate) metrics: ServiceMetrics,
    pub(crate) count: Arc<ServiceCount>,
}

impl ActiveService {
    pub(crate) fn limits(&self) -> ServiceLimits {
        ServiceLimits {
            connections: self.settings.max_connections,
            per_source: self.settings.max_per_source,
        }
    }
}

/// One generation of the configuration, as the workers see it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) settings: Arc<Settings>,
    pub(crate) services: Vec<Arc<ActiveService>>,
}

impl Snapshot {
    pub(crate) fn new(settings: Settings, metrics: &Metrics, admission: &Admission) -> Snapshot {
        let services = settings.services.iter().map(|service| {
            Arc::new(ActiveService {
                settings: Arc::clone(service),
                metrics: metrics.service(&service.name),
                count: admission.service(&service.name),
            })
        });
        Snapshot { services: services.collect(), settings: Arc::new(settings) }
    }
}
