//! An IPv4 network: reading its CIDR, and what lies in it.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::Serialize;

use crate::text;
use crate::text::Text;

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Its first address.
    pub base: Ipv4Addr,
    /// Bits of the prefix.
    pub prefix: u8,
}

impl Network {
    /// Whether the address lies in it (network and broadcast address included).
    pub fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & self.mask() == self.base.to_bits() & self.mask()
    }

    /// Whether the two have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }

    /// Its last address.
    pub fn broadcast(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.base.to_bits() | !self.mask())
    }

    /// The first and the last address a node can have.
    pub fn hosts(self) -> (Ipv4Addr, Ipv4Addr) {
        let inside = |address: Ipv4Addr, step: i64| {
            let moved = i64::from(address.to_bits()) + step;
            Ipv4Addr::from_bits(u32::try_from(moved).unwrap_or_default())
        };
        (inside(self.base, 1), inside(self.broadcast(), -1))
    }

    /// As in 255.255.255.0.
    pub fn netmask(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.mask())
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}/{}", self.base, self.prefix))
    }
}

/// Errors: what is wrong and what would be right.
impl FromStr for Network {
    type Err = (Text, Option<Text>);

    fn from_str(cidr: &str) -> Result<Self, Self::Err> {
        let example = || Some(text!("예: 192.168.1.0/24", "for example 192.168.1.0/24"));
        let malformed = || {
            (
                text!(
                    "`{cidr}`은(는) IPv4 네트워크가 아님",
                    "`{cidr}` is not an IPv4 network"
                ),
                example(),
            )
        };
        let (base, prefix) = cidr.split_once('/').ok_or_else(malformed)?;
        let base: Ipv4Addr = base.parse().map_err(|_| malformed())?;
        let prefix: u8 = prefix
            .parse()
            .ok()
            .filter(|prefix| *prefix <= 32)
            .ok_or_else(malformed)?;
        let network = Self { base, prefix };
        let first = Ipv4Addr::from_bits(base.to_bits() & network.mask());
        if first != base {
            let message = text!(
                "`{cidr}`은(는) 네트워크의 첫 주소가 아님",
                "`{cidr}` does not begin at the network's first address"
            );
            return Err((
                message,
                Some(text!("{first}/{prefix}인가요?", "did you mean {first}/{prefix}?")),
            ));
        }
        if !(8..=29).contains(&prefix) {
            let message = text!(
                "/{prefix} 네트워크는 쓸 수 없음",
                "a /{prefix} network cannot be used"
            );
            return Err((
                message,
                Some(text!("/8에서 /29 사이로 적으세요", "use /8 to /29")),
            ));
        }
        if !(base.is_private() && network.broadcast().is_private()) {
            let message = text!(
                "`{cidr}`은(는) 사설 네트워크가 아님",
                "`{cidr}` is not a private network"
            );
            let hint = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16";
            return Err((
                message,
                Some(text!("{hint} 안에서 고르세요", "choose one within {hint}")),
            ));
        }
        Ok(network)
    }
}
