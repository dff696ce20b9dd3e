//! What the tunnel says to the kernel beyond the standard library: the one place with `unsafe`.
//!
//! Linux. Calls that socket2 has are made through it; what it lacks, and only that, goes through libc.

#![allow(unsafe_code)]

use crate::service::Keepalive;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::{
    io, mem,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    path::Path,
    time::Duration,
};

/// How a listener is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// Most connections waiting to be accepted; the kernel bounds it by `net.core.somaxconn`.
    pub backlog: i32,
    /// How long the kernel may hold a connection back until its first data are there (TCP_DEFER_ACCEPT), in whole
    /// seconds, rounded up. A client that stays silent is handed over afterwards.
    pub defer_accept: Option<Duration>,
    /// Whether other listeners of this user may share the address, the kernel spreading the connections
    /// (SO_REUSEPORT). Needed for one listener per worker; see [`check_free`].
    pub reuse_port: bool,
}

impl Default for ListenOptions {
    fn default() -> ListenOptions {
        ListenOptions {
            backlog: 4096,
            defer_accept: Some(Duration::from_secs(3)),
            reuse_port: true,
        }
    }
}

/// Listens on `address`, without blocking. `[::]` takes IPv4 too.
///
/// # Errors
/// What the kernel says: most often that the address is taken, is not this host's, or needs a privilege.
pub fn listen(address: SocketAddr, options: ListenOptions) -> io::Result<mio::net::TcpListener> {
    let socket = listening_socket(address)?;
    socket.set_reuse_port(options.reuse_port)?;
    socket.bind(&address.into())?;
    if let Some(time) = options.defer_accept {
        set_option(socket.as_fd(), libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, whole_seconds(time))?;
    }
    socket.listen(options.backlog)?;
    Ok(mio::net::TcpListener::from_std(socket.into()))
}

/// Whether nobody else listens on `address`.
///
/// A second process of the same user would get its share of the first one's connections without noticing, since both
/// set SO_REUSEPORT. Ask before the first listener of an address is made.
///
/// # Errors
/// [`io::ErrorKind::AddrInUse`] when somebody does; otherwise as [`listen`].
pub fn check_free(address: SocketAddr) -> io::Result<()> {
    listening_socket(address)?.bind(&address.into())
}

/// Prepares an accepted connection, or one to a backend: no delay of small writes, and a peer that vanished is found
/// out.
///
/// `user` (TCP_USER_TIMEOUT) bounds how long data or probes may stay without answer; where it is reached first it ends
/// the connection before `keepalive` has sent all its probes.
///
/// # Errors
/// Only when a value is beyond what the kernel takes.
pub fn tune(socket: &impl AsFd, user: Duration, keepalive: Keepalive) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_user_timeout(Some(user))?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(keepalive.after)
            .with_interval(keepalive.every)
            .with_retries(keepalive.probes),
    )
}

/// Makes the coming close of `socket` a reset: what was not sent yet is dropped (SO_LINGER with time zero).
///
/// # Errors
/// None that a connected socket can bring about.
pub fn reset_on_close(socket: &impl AsFd) -> io::Result<()> {
    SockRef::from(socket).set_linger(Some(Duration::ZERO))
}

/// Begins a connection to `target` that seems to come from `source` (IP_TRANSPARENT, IPV6_TRANSPARENT), without
/// blocking. It stands when the socket becomes writable without an error.
///
/// The port of `source` is kept where it is free, and otherwise left to the kernel, as port 0 always is. The answers
/// reach this host only under the rules of [`transparent`](crate::transparent). IPv4 addresses mapped into IPv6 count
/// as IPv4.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] when one address is IPv4 and the other IPv6: the client's address cannot be shown to
/// such a backend. [`io::ErrorKind::PermissionDenied`] without CAP_NET_ADMIN or CAP_NET_RAW. Otherwise what connecting
/// says.
pub fn transparent_connect(
    source: SocketAddr,
    target: SocketAddr,
) -> io::Result<mio::net::TcpStream> {
    let source = SocketAddr::new(source.ip().to_canonical(), source.port());
    let target_ip = target.ip().to_canonical();
    if source.is_ipv4() != target_ip.is_ipv4() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the client {source} cannot be shown to {target}: one is IPv4, the other IPv6"),
        ));
    }
    let target = match (target, target_ip) {
        // Keeps the scope of a link-local address.
        (SocketAddr::V6(target), IpAddr::V6(_)) => target.into(),
        _ => SocketAddr::new(target_ip, target.port()),
    };
    match connect_from(source, target) {
        Err(error)
            if source.port() != 0
                && matches!(
                    error.kind(),
                    io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable
                ) =>
        {
            connect_from(SocketAddr::new(source.ip(), 0), target)
        }
        result => result,
    }
}

/// Connects to the unix socket at `path`, without blocking.
///
/// # Errors
/// What the kernel says. [`io::ErrorKind::WouldBlock`] means that the backend's queue is full: unlike with TCP nothing
/// was begun, and no event will follow.
pub fn connect_unix(path: &Path) -> io::Result<mio::net::UnixStream> {
    mio::net::UnixStream::connect(path)
}

/// What the kernel knows of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    /// Where the connection stands.
    pub state: TcpState,
    /// Smoothed round-trip time. Right after accepting: the time from our SYN-ACK to the segment that completed the
    /// connection.
    pub rtt: Duration,
    /// Segments sent and not acknowledged.
    pub unacked: u32,
    /// Segments sent again, since the connection began.
    pub retransmissions: u32,
    /// Retransmissions in a row for the oldest segment, right now.
    pub retransmitting: u8,
    /// Keepalive or window probes without answer, right now.
    pub probes: u8,
    /// Time since data were sent; since the connection stood when there were none.
    pub last_data_sent: Duration,
    /// Time since data were received; since the connection stood when there were none.
    pub last_data_received: Duration,
    /// Time since an acknowledgement was received.
    pub last_ack_received: Duration,
}

/// State of a TCP connection (RFC 9293, section 3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum TcpState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Closed,
    CloseWait,
    LastAck,
    Listen,
    Closing,
    /// One this program does not know.
    Other(u8),
}

impl TcpInfo {
    /// How long ago the client's SYN came, asked right after accepting and before anything was sent.
    ///
    /// The kernel does not keep that time. It follows from the first round trip, which is measured from the SYN-ACK to
    /// the segment that made the connection (with TCP_DEFER_ACCEPT: the one with the first data), and the time since.
    /// If the SYN-ACK had to be repeated and the client sends no timestamps, there is no such measurement, and the
    /// repetitions, each after twice the time, give a lower bound: the answer is never too long by more than the
    /// kernel's clock tick, but may then be too short.
    pub fn since_syn(&self) -> Duration {
        let repetitions = Duration::from_secs((1 << self.retransmissions.min(8)) - 1);
        self.rtt.max(repetitions) + self.last_data_received
    }
}

/// Asks what the kernel knows of a connection (TCP_INFO).
///
/// # Errors
/// Only when `socket` is no TCP socket.
pub fn tcp_info(socket: &impl AsFd) -> io::Result<TcpInfo> {
    // SAFETY: `tcp_info` is a struct of integers, for which all zeros is a value. The kernel leaves the fields it does
    // not know as they are.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = length_of(&info);
    // SAFETY: the descriptor is borrowed and so open during the call; the pointers are to locals that outlive it, and
    // the kernel writes at most `length` bytes, which is the size of `info`, any content of which is valid.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    checked(result)?;
    let millis = |time: u32| Duration::from_millis(u64::from(time));
    Ok(TcpInfo {
        state: tcp_state(info.tcpi_state),
        rtt: Duration::from_micros(u64::from(info.tcpi_rtt)),
        unacked: info.tcpi_unacked,
        retransmissions: info.tcpi_total_retrans,
        retransmitting: info.tcpi_retransmits,
        probes: info.tcpi_probes,
        last_data_sent: millis(info.tcpi_last_data_sent),
        last_data_received: millis(info.tcpi_last_data_recv),
        last_ack_received: millis(info.tcpi_last_ack_recv),
    })
}

/// How many bytes written to `socket` its peer has not acknowledged yet, a FIN counting as one (SIOCOUTQ).
///
/// # Errors
/// Only when `socket` is no connected stream socket.
pub fn unsent(socket: &impl AsFd) -> io::Result<usize> {
    let mut bytes: libc::c_int = 0;
    // SIOCOUTQ is another name for TIOCOUTQ.
    // SAFETY: the descriptor is borrowed and so open during the call; this request writes one `int`, to a local that
    // outlives the call.
    checked(unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) })?;
    Ok(usize::try_from(bytes).unwrap_or(0))
}

/// Raises the number of files this process may open to what it may be raised to, and returns both: the number in force,
/// and the most it could be.
///
/// # Errors
/// The kernel refuses, for instance under a seccomp filter. The old number stays in force.
pub fn raise_descriptor_limit() -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a local `rlimit` that outlives the call, which fills it.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: the pointer is to a local `rlimit` that outlives the call, which reads it.
        checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })?;
    }
    #[allow(clippy::useless_conversion, reason = "narrower where `long` has 32 bits")]
    Ok((u64::from(limit.rlim_cur), u64::from(limit.rlim_max)))
}

fn listening_socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = stream_socket(address)?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    Ok(socket)
}

fn stream_socket(address: SocketAddr) -> io::Result<Socket> {
    // Neither blocks, nor is inherited by programs that are started.
    Socket::new(
        Domain::for_address(address),
        Type::STREAM.nonblocking().cloexec(),
        Some(Protocol::TCP),
    )
}

fn connect_from(source: SocketAddr, target: SocketAddr) -> io::Result<mio::net::TcpStream> {
    let socket = stream_socket(target)?;
    if source.is_ipv4() {
        socket.set_ip_transparent_v4(true)?;
    } else {
        socket.set_ip_transparent_v6(true)?;
    }
    if source.port() == 0 {
        // The port is chosen when connecting, knowing the target: otherwise each local port could be used once only.
        set_option(socket.as_fd(), libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)?;
    } else {
        // Connections to other targets may use this address and port already.
        socket.set_reuse_address(true)?;
    }
    socket.bind(&source.into())?;
    match socket.connect(&target.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(mio::net::TcpStream::from_std(socket.into())),
    }
}

fn set_option(socket: BorrowedFd<'_>, level: i32, name: i32, value: libc::c_int) -> io::Result<()> {
    let length = length_of(&value);
    // SAFETY: the descriptor is borrowed and so open during the call; the kernel reads `length` bytes of `value`, which
    // is its size, and keeps no pointer.
    checked(unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, (&raw const value).cast(), length)
    })
}

fn length_of<T>(value: &T) -> libc::socklen_t {
    size_of_val(value).try_into().expect("options are small")
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn whole_seconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// The kernel's numbers (`include/net/tcp_states.h`).
fn tcp_state(number: u8) -> TcpState {
    match number {
        1 => TcpState::Established,
        2 => TcpState::SynSent,
        3 | 12 => TcpState::SynReceived,
        4 => TcpState::FinWait1,
        5 => TcpState::FinWait2,
        6 => TcpState::TimeWait,
        7 => TcpState::Closed,
        8 => TcpState::CloseWait,
        9 => TcpState::LastAck,
        10 => TcpState::Listen,
        11 => TcpState::Closing,
        other => TcpState::Other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
        os::unix::net::UnixListener,
        thread::sleep,
        time::Instant,
    };

    const NOW: ListenOptions = ListenOptions { backlog: 16, defer_accept: None, reuse_port: true };

    fn localhost() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(localhost()).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    /// Repeats a question that the kernel needs a moment to answer.
    fn eventually<T>(mut question: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(answer) = question() {
                return answer;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "it never happened");
            sleep(Duration::from_millis(2));
        }
    }

    fn accept(listener: &mio::net::TcpListener) -> mio::net::TcpStream {
        eventually(|| match listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            result => Some(result.unwrap().0),
        })
    }

    #[test]
    fn workers_share_an_address_that_others_find_taken() {
        let first = listen(localhost(), NOW).unwrap();
        let address = first.local_addr().unwrap();
        let _second = listen(address, NOW).unwrap();
        assert_eq!(check_free(address).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let alone = ListenOptions { reuse_port: false, ..NOW };
        assert_eq!(listen(address, alone).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        let other = listen(localhost(), NOW).unwrap().local_addr().unwrap();
        check_free(other).unwrap();
    }

    #[test]
    fn any_address_takes_both_families() {
        let listener = listen("[::]:0".parse().unwrap(), NOW).unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "::1"] {
            let client = TcpStream::connect((host, port)).unwrap();
            let accepted = accept(&listener);
            assert_eq!(
                accepted.peer_addr().unwrap().ip().to_canonical(),
                client.local_addr().unwrap().ip()
            );
        }
    }

    #[test]
    fn the_time_since_the_syn_includes_the_deferral() {
        let options = ListenOptions { defer_accept: Some(Duration::from_millis(2500)), ..NOW };
        let listener = listen(localhost(), options).unwrap();
        let begun = Instant::now();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        sleep(Duration::from_millis(150));
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock,
            "no data are there yet"
        );
        client.write_all(b"hello").unwrap();
        sleep(Duration::from_millis(100));
        let accepted = accept(&listener);
        let info = tcp_info(&accepted).unwrap();
        let true_age = begun.elapsed();
        assert_eq!(info.state, TcpState::Established);
        assert!(info.rtt >= Duration::from_millis(140), "{info:?}");
        let age = info.since_syn();
        assert!(
            age <= true_age + Duration::from_millis(20)
                && age + Duration::from_millis(50) >= true_age,
            "{age:?} of {true_age:?}"
        );
    }

    #[test]
    fn a_silent_client_is_handed_over_with_its_age() {
        let options = ListenOptions { defer_accept: Some(Duration::from_secs(1)), ..NOW };
        let listener = listen(localhost(), options).unwrap();
        let begun = Instant::now();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let accepted = accept(&listener);
        let waited = begun.elapsed();
        assert!(waited > Duration::from_millis(500), "{waited:?}");
        let age = tcp_info(&accepted).unwrap().since_syn();
        assert!(
            age + Duration::from_millis(100) >= waited
                && age <= begun.elapsed() + Duration::from_millis(20),
            "{age:?} of {waited:?}"
        );
    }

    #[test]
    fn f07_vanished_peers_are_looked_for() {
        let (client, _server) = pair();
        let keepalive =
            Keepalive { after: Duration::from_secs(10), every: Duration::from_secs(5), probes: 4 };
        tune(&client, Duration::from_secs(30), keepalive).unwrap();
        let socket = SockRef::from(&client);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(30)));
        assert_eq!(socket.tcp_keepalive_time().unwrap(), keepalive.after);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), keepalive.every);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), keepalive.probes);
    }

    #[test]
    fn f08_a_reset_is_seen_as_one() {
        let (mut client, server) = pair();
        reset_on_close(&server).unwrap();
        drop(server);
        let error = client.read(&mut [0; 1]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn unsent_bytes_are_counted_until_they_are_acknowledged() {
        let (mut client, mut server) = pair();
        assert_eq!(unsent(&client).unwrap(), 0);
        client.set_nonblocking(true).unwrap();
        let mut written = 0;
        let block = vec![7; 65_536];
        let full = eventually(|| match client.write(&block) {
            Ok(more) => {
                written += more;
                None
            }
            Err(error) => Some(error.kind()),
        });
        assert_eq!(full, io::ErrorKind::WouldBlock);
        assert!((1..=written).contains(&unsent(&client).unwrap()));
        let mut received = vec![0; written];
        server.read_exact(&mut received).unwrap();
        eventually(|| (unsent(&client).unwrap() == 0).then_some(()));
        assert_eq!(tcp_info(&client).unwrap().unacked, 0);
    }

    #[test]
    fn f06_the_connection_comes_from_the_clients_address() {
        let backend = TcpListener::bind(localhost()).unwrap();
        let target = backend.local_addr().unwrap();
        let client: SocketAddr = "127.0.0.77:0".parse().unwrap();
        match transparent_connect(client, target) {
            Ok(stream) => {
                let (_accepted, peer) = backend.accept().unwrap();
                assert_eq!(peer.ip(), client.ip());
                // The client's port is kept where it is free, and not where it is in use.
                let again = transparent_connect(peer, target).unwrap();
                let (_, other) = backend.accept().unwrap();
                assert!(other.ip() == client.ip() && other != peer);
                drop((stream, again));
                let free = TcpListener::bind("127.0.0.78:0").unwrap().local_addr().unwrap();
                let _kept = transparent_connect(free, target).unwrap();
                assert_eq!(backend.accept().unwrap().1, free);
                // An address that is not this host's at all.
                let foreign = transparent_connect(
                    "[2001:db8::7]:0".parse().unwrap(),
                    "[::1]:9".parse().unwrap(),
                );
                assert_eq!(foreign.unwrap().local_addr().unwrap().ip().to_string(), "2001:db8::7");
            }
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}"),
        }
    }

    #[test]
    fn f06_families_cannot_be_mixed_in_a_transparent_connection() {
        let error = transparent_connect("192.0.2.1:1".parse().unwrap(), "[::1]:2".parse().unwrap())
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("192.0.2.1:1"), "{error}");
    }

    #[test]
    fn a_unix_backend_that_is_full_is_told_from_one_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backend");
        assert_eq!(connect_unix(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        let listener = UnixListener::bind(&path).unwrap();
        SockRef::from(&listener).listen(1).unwrap();
        let mut kept = Vec::new();
        let error = eventually(|| match connect_unix(&path) {
            Ok(stream) => {
                kept.push(stream);
                None
            }
            Err(error) => Some(error),
        });
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(!kept.is_empty());
    }

    #[test]
    fn the_descriptor_limit_is_raised() {
        let (soft, hard) = raise_descriptor_limit().unwrap();
        assert!(soft == hard && soft > 0);
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
        assert_eq!(whole_seconds(Duration::MAX), i32::MAX);
    }
}
