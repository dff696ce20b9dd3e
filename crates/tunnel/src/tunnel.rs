//! A running tunnel: its workers, and the control thread that reloads, drains and stops them.

use crate::{
    active::Snapshot,
    admin::{Admin, AdminHandle, AdminState},
    limits::{Admission, connections_for},
    listen::{self, ListenError},
    log::{Event, Log},
    metrics::Metrics,
    service::Settings,
    sys,
    worker::{Message, Outbox, Start, Worker},
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// How often ticket keys and stored sessions are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Makes new settings for a reload; the words say what is wrong with what is written.
pub type Reload = Box<dyn FnMut(&Settings) -> Result<Settings, String> + Send>;

/// Why a tunnel did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// An address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The admin listener cannot be had.
    #[error("the admin listener cannot be started: {0}")]
    Admin(io::Error),
    /// The kernel has no event queue, thread or the like left.
    #[error("the tunnel cannot start: {0}")]
    System(#[from] io::Error),
}

/// A running tunnel. Dropping it stops it at once.
pub struct Tunnel {
    commands: Sender<Command>,
    control: Option<JoinHandle<()>>,
    addresses: Vec<(Arc<str>, SocketAddr)>,
}

/// What the control thread is asked to do.
enum Command {
    Reload(Option<Sender<Result<(), String>>>),
    Drain,
    Stop,
    WorkerEnded(io::Result<u64>),
}

/// Hands commands to a running tunnel from anywhere, a signal handler's thread included.
#[derive(Clone, Debug)]
pub struct Handle(Sender<Command>);

impl Handle {
    /// Loads the configuration again and swaps it in whole; the old one stays if the new one is broken. Returns at
    /// once; the log and the metrics say how it went.
    pub fn reload(&self) {
        let _ = self.0.send(Command::Reload(None));
    }

    /// Accepts no more connections and ends when the last one has, or when the limit has passed. Asked a second time,
    /// it stops at once.
    pub fn drain(&self) {
        let _ = self.0.send(Command::Drain);
    }

    /// Cuts every connection.
    pub fn stop(&self) {
        let _ = self.0.send(Command::Stop);
    }
}

impl Tunnel {
    /// Binds every listener and starts to serve.
    ///
    /// # Errors
    /// When an address cannot be had, or the kernel has no room.
    pub fn start(settings: Settings, reload: Reload) -> Result<Tunnel, StartError> {
        let started = Instant::now();
        let (descriptors, _) = sys::raise_descriptor_limit()?;
        let workers = settings.workers.max(1);
        let listening = listen::bind(&settings, workers, &[])?;
        let log = Log::start(settings.log, io::stderr())?;
        let metrics = Metrics::new(SystemTime::now());
        let most = connections_for(descriptors);
        let admission = Arc::new(Admission::new(settings.limits.connections.unwrap_or(most)));
        let snapshot = Arc::new(Snapshot::new(settings, &metrics, &admission));
        metrics.configured(&snapshot.settings);
        let (commands, inbox) = mpsc::channel();
        let mut outboxes = Vec::new();
        for (number, listeners) in listening.workers.into_iter().enumerate() {
            let poll = mio::Poll::new()?;
            let (outbox, inbox) = Outbox::new(&poll)?;
            outboxes.push(outbox);
            let worker = Worker::new(Start {
                snapshot: Arc::clone(&snapshot),
                listeners,
                admission: Arc::clone(&admission),
                inbox,
                poll,
                log: log.clone(),
                started,
                number,
                workers,
            })?;
            let ended = commands.clone();
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                let result = worker.run();
                let _ = ended.send(Command::WorkerEnded(result));
            })?;
        }
        let addresses: Vec<(Arc<str>, SocketAddr)> = listening
            .addresses
            .into_iter()
            .map(|(service, written, actual)| (service, actual.unwrap_or(written)))
            .collect();
        let settings = Arc::new(Mutex::new(Arc::clone(&snapshot.settings)));
        let admin = match &snapshot.settings.admin {
            Some(address) => Some(start_admin(address, &metrics, &settings, &commands)?),
            None => None,
        };
        let mut control = Control {
            reload,
            snapshot,
            settings,
            outboxes,
            metrics,
            admission,
            most,
            log,
            working: workers,
            draining: false,
            _admin: admin,
        };
        control.tick();
        for (service, address) in &addresses {
            control.event(&Event::Listening { service, address: *address });
        }
        control.event(&Event::Ready { services: control.snapshot.services.len(), workers });
        let control =
            thread::Builder::new().name("control".into()).spawn(move || control.run(&inbox))?;
        Ok(Tunnel { commands, control: Some(control), addresses })
    }

    /// The service names with the addresses they listen on, as the kernel gave them.
    pub fn addresses(&self) -> &[(Arc<str>, SocketAddr)] {
        &self.addresses
    }

    /// For whoever is to reload, drain or stop the tunnel.
    pub fn handle(&self) -> Handle {
        Handle(self.commands.clone())
    }

    /// Waits until the tunnel has ended.
    pub fn wait(mut self) {
        if let Some(control) = self.control.take() {
            let _ = control.join();
        }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if let Some(control) = self.control.take() {
            let _ = self.commands.send(Command::Stop);
            let _ = control.join();
        }
    }
}

impl std::fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tunnel").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Command::Reload(_) => "Reload",
            Command::Drain => "Drain",
            Command::Stop => "Stop",
            Command::WorkerEnded(_) => "WorkerEnded",
        })
    }
}

fn start_admin(
    address: &crate::service::AdminAddress,
    metrics: &Metrics,
    settings: &Arc<Mutex<Arc<Settings>>>,
    commands: &Sender<Command>,
) -> Result<AdminHandle, StartError> {
    let settings = Arc::clone(settings);
    let commands = Mutex::new(commands.clone());
    Admin::start(
        address,
        AdminState {
            metrics: metrics.clone(),
            settings: Arc::new(move || Arc::clone(&lock(&settings))),
            reload: Arc::new(move || {
                let (answer, answered) = mpsc::channel();
                let gone = || "the tunnel is stopping".to_owned();
                lock(&commands).send(Command::Reload(Some(answer))).map_err(|_| gone())?;
                answered.recv().map_err(|_| gone())?
            }),
        },
    )
    .map_err(StartError::Admin)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The control thread.
struct Control {
    reload: Reload,
    snapshot: Arc<Snapshot>,
    settings: Arc<Mutex<Arc<Settings>>>,
    outboxes: Vec<Outbox>,
    metrics: Metrics,
    admission: Arc<Admission>,
    /// Connections that the descriptors allow.
    most: usize,
    log: Log,
    working: usize,
    draining: bool,
    _admin: Option<AdminHandle>,
}

impl Control {
    fn run(mut self, commands: &Receiver<Command>) {
        let (mut next, mut cut) = (Instant::now() + TICK, 0);
        while self.working > 0 {
            let wait = next.saturating_duration_since(Instant::now());
            match commands.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {
                    self.tick();
                    next = Instant::now() + TICK;
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Ok(Command::Reload(answer)) => {
                    let result = self.load();
                    if let Some(answer) = answer {
                        let _ = answer.send(result);
                    }
                }
                Ok(Command::Drain) if !self.draining => {
                    self.draining = true;
                    let limit = self.snapshot.settings.drain;
                    self.metrics.drain_started();
                    let open = self.admission.connections() as u64;
                    self.event(&Event::Draining { open, limit });
                    self.tell(|| Message::Drain { limit });
                }
                Ok(Command::Drain | Command::Stop) => self.tell(|| Message::Stop),
                Ok(Command::WorkerEnded(result)) => {
                    self.working -= 1;
                    match result {
                        Ok(count) => cut += count,
                        Err(error) => {
                            // One thread less would leave its share of connections to nobody.
                            let detail = format!("a worker failed, the tunnel stops: {error}");
                            self.event(&Event::Warning { detail: &detail });
                            self.tell(|| Message::Stop);
                        }
                    }
                }
            }
        }
        self.event(&Event::Stopped { cut });
        self.log.flush(Duration::from_secs(1));
    }

    fn event(&self, event: &Event<'_>) {
        self.log.event(SystemTime::now(), event);
    }

    fn tell(&self, message: impl Fn() -> Message) {
        for outbox in &self.outboxes {
            outbox.send(message());
        }
    }

    fn tick(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.snapshot.settings.resumption.tick(now);
    }

    /// Loads the configuration again: all of it, or nothing.
    fn load(&mut self) -> Result<(), String> {
        let result = self.try_load();
        match &result {
            Ok(()) => {
                self.metrics.reload_succeeded(SystemTime::now());
                self.event(&Event::Reloaded { services: self.snapshot.services.len() });
            }
            Err(error) => {
                self.metrics.reload_failed(SystemTime::now(), error);
                self.event(&Event::ReloadFailed { error });
            }
        }
        result
    }

    fn try_load(&mut self) -> Result<(), String> {
        if self.draining {
            return Err("the tunnel is stopping".into());
        }
        let old = Arc::clone(&self.snapshot.settings);
        let settings = (self.reload)(&old)?;
        if settings.workers.max(1) != self.outboxes.len() {
            return Err(
                "the number of workers cannot change while the tunnel runs: restart it".into()
            );
        }
        let already = listen::addresses(&old.services);
        let listening = listen::bind(&settings, self.outboxes.len(), &already)
            .map_err(|error| error.to_string())?;
        self.admission.set_limit(settings.limits.connections.unwrap_or(self.most));
        self.snapshot = Arc::new(Snapshot::new(settings, &self.metrics, &self.admission));
        self.metrics.configured(&self.snapshot.settings);
        *lock(&self.settings) = Arc::clone(&self.snapshot.settings);
        for (outbox, listeners) in self.outboxes.iter().zip(listening.workers) {
            outbox.send(Message::Reload { snapshot: Arc::clone(&self.snapshot), listeners });
        }
        self.tick();
        Ok(())
    }
}
