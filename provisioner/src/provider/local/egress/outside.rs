//! What leads out of this host: the interface of its default route and its resolver, as the kernel and /etc tell.

use std::fs::read_to_string;
use std::net::Ipv4Addr;

/// Where the host's resolver is named. A stub on the loopback is of no use outside the host: those who write one keep the
/// real resolvers in the other files.
const RESOLVERS: [&str; 3] = [
    "/etc/resolv.conf",
    "/run/systemd/resolve/resolv.conf",
    "/run/NetworkManager/no-stub-resolv.conf",
];

/// Flags of a route: it is up, it refuses.
const UP: u32 = 0x1;
const REJECT: u32 = 0x200;

/// Interface of the default route of this process's network; the one the kernel prefers.
pub fn interface() -> Option<String> {
    default(&read_to_string("/proc/net/route").unwrap_or_default())
}

/// The first resolver of the host that can be reached from elsewhere, else one on its loopback.
pub fn resolver() -> Option<Ipv4Addr> {
    first(&RESOLVERS.map(|path| read_to_string(path).unwrap_or_default()))
}

/// From the kernel's table: `Iface Destination Gateway Flags RefCnt Use Metric Mask …`.
pub(super) fn default(routes: &str) -> Option<String> {
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (flags, metric) = (
            u32::from_str_radix(fields.get(3)?, 16).ok()?,
            fields.get(6)?.parse::<u32>().ok()?,
        );
        let everywhere = *fields.get(1)? == "00000000" && *fields.get(7)? == "00000000";
        (everywhere && flags & UP != 0 && flags & REJECT == 0).then(|| (metric, (*fields[0]).to_owned()))
    };
    let routes = routes.lines().skip(1).filter_map(route);
    routes.min_by_key(|(metric, _)| *metric).map(|(_, name)| name)
}

fn first(files: &[String]) -> Option<Ipv4Addr> {
    let servers = files
        .iter()
        .flat_map(|text| text.lines())
        .map(str::split_whitespace)
        .filter_map(|mut words| (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok())?);
    let servers: Vec<Ipv4Addr> = servers.collect();
    let elsewhere = servers.iter().find(|address| !address.is_loopback());
    elsewhere.or(servers.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_default_route_counts_and_one_that_refuses_does_not() {
        let table = |lines: &[&str]| {
            let head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
            head.to_owned() + &lines.join("\n")
        };
        let lan = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0";
        let wired = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0";
        let wireless = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0";
        let refused = "*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0";
        for (lines, expected) in [
            (&[] as &[&str], None),
            (&[lan], None),
            (&[lan, wireless, wired], Some("eth0")),
            (&[refused], None),
            (&[refused, wireless], Some("wlan0")),
        ] {
            assert_eq!(default(&table(lines)).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_resolver_elsewhere_is_preferred_to_a_stub_on_the_loopback() {
        for (files, expected) in [
            (["", ""], None),
            (
                [
                    "# nameserver 9.9.9.9\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n",
                    "",
                ],
                Some([10, 0, 0, 1]),
            ),
            (
                [
                    "nameserver 127.0.0.53\noptions edns0\n",
                    "nameserver 192.168.1.1\n",
                ],
                Some([192, 168, 1, 1]),
            ),
            (
                ["nameserver fe80::1%eth0\nnameserver\t127.0.0.1\n", "search lan\n"],
                Some([127, 0, 0, 1]),
            ),
        ] {
            assert_eq!(
                first(&files.map(str::to_owned)),
                expected.map(Ipv4Addr::from),
                "{files:?}"
            );
        }
    }
}
