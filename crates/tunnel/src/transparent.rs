//! The kernel's part in showing backends the clients' own addresses: the rules that bring the answers back here.
//!
//! A connection from [`transparent_connect`](crate::sys::transparent_connect) leaves with the client's address, so the
//! backend's answers are addressed to the client. They must not go there but to the tunnel's socket. The rules mark
//! those connections, and only those, when their first packet leaves (its source is no address of this host), find the
//! mark again on every answer, and route marked packets to this host itself. Connections that clients make to the
//! backend directly are not touched, and reverse path filtering may stay on.
//!
//! A backend on this host and one behind it are served by the same rules. What a backend on another host needs is a
//! route to the clients that leads through this host.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs, io,
    net::{IpAddr, SocketAddr},
    path::Path,
};

/// The mark of a transparent connection and its packets.
const MARK: &str = "0x52";
/// The routing table that leads marked packets to this host.
const TABLE: &str = "5252";

/// Number of CAP_NET_ADMIN (`linux/capability.h`).
const NET_ADMIN: u32 = 12;
/// Number of CAP_NET_RAW.
const NET_RAW: u32 = 13;

/// A shell script that makes transparent connections to `targets` work: nft rules, policy routing, and kernel settings
/// where they are needed.
///
/// It may be run again at any time, with the same or other targets. How to undo it stands in it as comments.
pub fn rules(targets: &[SocketAddr]) -> String {
    let targets: BTreeSet<SocketAddr> = targets.iter().map(|target| canonical(*target)).collect();
    let mut script = String::from(HEAD);
    for family in [IPV4, IPV6] {
        let targets: Vec<SocketAddr> =
            targets.iter().filter(|target| family.covers(target.ip())).copied().collect();
        if !targets.is_empty() {
            family.append(&targets, &mut script);
        }
    }
    if targets.iter().any(|target| is_ipv4_loopback(target.ip())) {
        script.push_str(LOCALNET);
    }
    script.push_str(UNDO);
    script
}

/// What stands in the way of transparent connections to `targets`, one sentence each with what to do; empty when
/// nothing does.
///
/// Privileges and kernel settings are looked at, the rules themselves are not.
pub fn missing_privileges(targets: &[SocketAddr]) -> Vec<String> {
    missing(targets, Path::new("/proc"))
}

const HEAD: &str = "\
#!/bin/sh
# Lets a transparent tunnel show its backends the clients' own addresses.
# Run as root on the tunnel's host, at every boot. Running it again does no harm.
#
# A backend on another host must answer the clients through this host: this host is its
# default gateway, or the gateway of a route to the clients. Clients in the backend's own
# network are answered directly instead, past the tunnel, and cannot connect.
set -e
";

const LOCALNET: &str = "
# A backend on 127.0.0.0/8 sends its answers from there to the clients' addresses, which the
# kernel drops without this. The nft rules above keep 127.0.0.0/8 closed to everybody else.
# Not needed when the backend listens on another address of this host.
sysctl -w net.ipv4.conf.all.route_localnet=1
";

const UNDO: &str = "
# To undo:
#   nft delete table ip ravelin
#   nft delete table ip6 ravelin
#   ip -4 rule del fwmark 0x52 lookup 5252
#   ip -6 rule del fwmark 0x52 lookup 5252
#   ip -4 route flush table 5252
#   ip -6 route flush table 5252
#   sysctl -w net.ipv4.conf.all.route_localnet=0
";

/// The words in which the two families differ.
#[derive(Clone, Copy)]
struct Family {
    /// nft's name.
    nft: &'static str,
    /// The switch of `ip`.
    switch: &'static str,
    everything: &'static str,
}

const IPV4: Family = Family { nft: "ip", switch: "-4", everything: "0.0.0.0/0" };
const IPV6: Family = Family { nft: "ip6", switch: "-6", everything: "::/0" };

impl Family {
    fn covers(self, address: IpAddr) -> bool {
        address.is_ipv4() == (self.switch == IPV4.switch)
    }

    fn append(self, targets: &[SocketAddr], script: &mut String) {
        let Family { nft, switch, everything } = self;
        let elements: Vec<String> =
            targets.iter().map(|target| format!("{} . {}", target.ip(), target.port())).collect();
        let elements = elements.join(", ");
        let loopback = targets.iter().any(|target| is_ipv4_loopback(target.ip()));
        let guard =
            if loopback { "        iifname != \"lo\" ip daddr 127.0.0.0/8 drop\n" } else { "" };
        // Writing to a String cannot fail. Each nft statement stands on a line of its own.
        let _ = write!(
            script,
            "
nft -f - <<'EOF'
table {nft} ravelin
delete table {nft} ravelin
table {nft} ravelin {{
    chain output {{
        type route hook output priority mangle
        policy accept
        ct direction reply ct mark {MARK} meta mark set {MARK}
        ct direction original {nft} daddr . tcp dport {{ {elements} }} fib saddr type != local ct mark set {MARK}
    }}
    chain prerouting {{
        type filter hook prerouting priority mangle
        policy accept
{guard}        ct direction reply ct mark {MARK} meta mark set {MARK}
    }}
}}
EOF
ip {switch} rule del fwmark {MARK} lookup {TABLE} 2>/dev/null || true
ip {switch} rule add fwmark {MARK} lookup {TABLE}
ip {switch} route replace local {everything} dev lo table {TABLE}
"
        );
    }
}

fn canonical(target: SocketAddr) -> SocketAddr {
    SocketAddr::new(target.ip().to_canonical(), target.port())
}

fn is_ipv4_loopback(address: IpAddr) -> bool {
    matches!(address.to_canonical(), IpAddr::V4(address) if address.is_loopback())
}

fn missing(targets: &[SocketAddr], proc: &Path) -> Vec<String> {
    let mut found = Vec::new();
    match effective_capabilities(&proc.join("self/status")) {
        Ok(held) if held & (1 << NET_ADMIN | 1 << NET_RAW) != 0 => {}
        Ok(_) => found.push(
            "the process has neither CAP_NET_ADMIN nor CAP_NET_RAW and may not use clients' addresses: give it one, for \
             instance with AmbientCapabilities=CAP_NET_RAW in its systemd unit"
                .to_owned(),
        ),
        Err(error) => found.push(format!("whether the process holds CAP_NET_RAW cannot be read: {error}")),
    }
    if let Some(target) = targets.iter().find(|target| is_ipv4_loopback(target.ip()))
        && !localnet_is_routed(&proc.join("sys/net/ipv4/conf"))
    {
        found.push(format!(
            "answers from the loopback address {target} to clients are dropped by the kernel: run `sysctl -w \
             net.ipv4.conf.all.route_localnet=1`, or let the backend listen on another address of this host"
        ));
    }
    found
}

fn effective_capabilities(status: &Path) -> io::Result<u64> {
    let status = fs::read_to_string(status)?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no CapEff line"))
}

/// The setting counts when it is made for all interfaces or for the one that leads to the clients, which is not known
/// here: any will do.
fn localnet_is_routed(interfaces: &Path) -> bool {
    fs::read_dir(interfaces).into_iter().flatten().flatten().any(|interface| {
        !matches!(interface.file_name().as_encoded_bytes(), b"lo" | b"default")
            && fs::read_to_string(interface.path().join("route_localnet"))
                .is_ok_and(|value| value.trim() == "1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn targets(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// The nft parts of the script.
    fn nft_parts(script: &str) -> String {
        script
            .split("nft -f - <<'EOF'\n")
            .skip(1)
            .map(|part| part.split_once("EOF\n").expect("every part ends").0)
            .collect()
    }

    #[test]
    fn f06_rules_name_each_target_once_in_its_family() {
        let script = rules(&targets(&[
            "10.0.0.1:1935",
            "[fd00::1]:80",
            "10.0.0.1:1935",
            "[::ffff:10.0.0.2]:81",
        ]));
        assert!(
            script.contains("ip daddr . tcp dport { 10.0.0.1 . 1935, 10.0.0.2 . 81 } fib"),
            "{script}"
        );
        assert!(script.contains("ip6 daddr . tcp dport { fd00::1 . 80 } fib"), "{script}");
        assert!(script.contains("ip -6 route replace local ::/0 dev lo table 5252"));
        assert!(!script.contains("\nsysctl"), "only loopback targets need it");
    }

    #[test]
    fn f06_only_families_in_use_are_touched() {
        let script = rules(&targets(&["[fd00::1]:80"]));
        assert!(!script.contains("\nip -4") && script.contains("\nip -6"), "{script}");
        assert_eq!(nft_parts(&rules(&[])), "");
    }

    #[test]
    fn f06_loopback_targets_are_opened_to_clients_alone() {
        let script = rules(&targets(&["127.0.0.1:1935"]));
        assert!(script.contains("\nsysctl -w net.ipv4.conf.all.route_localnet=1\n"));
        assert!(nft_parts(&script).contains("iifname != \"lo\" ip daddr 127.0.0.0/8 drop"));
        assert!(!rules(&targets(&["[::1]:1935"])).contains("\nsysctl"));
    }

    #[test]
    fn what_is_undone_is_what_was_done() {
        for done in [MARK, TABLE] {
            assert!(UNDO.contains(done), "{done}");
        }
    }

    /// The rules must be taken by the program they are written for, where it is installed.
    #[test]
    fn f06_nft_and_the_shell_take_the_script() {
        let script =
            rules(&targets(&["127.0.0.1:1935", "10.0.0.1:1935", "[::1]:1935", "[fd00::1]:80"]));
        run("sh", &["-n"], &script);
        run("nft", &["-c", "-f", "-"], &nft_parts(&script));
    }

    fn run(program: &str, arguments: &[&str], input: &str) {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && std::env::var_os("CI").is_none() =>
            {
                return;
            }
            Err(error) => panic!("{program}: {error}"),
        };
        io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        // nft asks the kernel even when it only checks.
        assert!(
            output.status.success() || message.contains("Operation not permitted"),
            "{message}\n{input}"
        );
    }

    #[test]
    fn f06_missing_privileges_say_what_to_do() {
        let proc = tempfile::tempdir().unwrap();
        let conf = proc.path().join("sys/net/ipv4/conf");
        fs::create_dir_all(proc.path().join("self")).unwrap();
        for interface in ["all", "default", "lo", "eth0"] {
            fs::create_dir_all(conf.join(interface)).unwrap();
            fs::write(conf.join(interface).join("route_localnet"), "0\n").unwrap();
        }
        let local = targets(&["10.0.0.1:1", "127.0.0.1:1935"]);
        let holds = |mask: &str| {
            fs::write(proc.path().join("self/status"), format!("Name:\tx\nCapEff:\t{mask}\n"))
                .unwrap();
        };

        holds("0000000000000000");
        let found = missing(&local, proc.path());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("CAP_NET_RAW") && found[1].contains("127.0.0.1:1935"));

        holds("0000000000002000");
        assert_eq!(missing(&local, proc.path()).len(), 1);
        assert_eq!(missing(&local[..1], proc.path()), [] as [String; 0]);
        fs::write(conf.join("lo/route_localnet"), "1\n").unwrap();
        assert_eq!(
            missing(&local, proc.path()).len(),
            1,
            "loopback itself is not the way to the clients"
        );
        fs::write(conf.join("eth0/route_localnet"), "1\n").unwrap();
        assert_eq!(missing(&local, proc.path()), [] as [String; 0]);

        holds("junk");
        assert!(missing(&local, proc.path())[0].contains("CapEff"));
    }
}
