//! Who is at the other end of a connection from this machine, as the kernel says: no user is to take the room of all others.

use std::fs;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The kernel's connections, of this network alone (proc(5)).
const TABLES: [&str; 2] = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
/// Their columns: this end, the other end, and the user of this end.
const COLUMNS: [usize; 3] = [1, 2, 7];

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) peer: SocketAddr,
    pub(super) own: SocketAddr,
}

impl Ends {
    /// The user whose program is at the other end; nobody where the kernel knows of none.
    pub(super) fn user(self) -> Option<u32> {
        TABLES.iter().find_map(|table| self.user_in(&fs::read_to_string(table).ok()?))
    }

    fn user_in(self, table: &str) -> Option<u32> {
        // A program with a socket for both kinds of addresses stands in the second table, and is met over IPv4.
        let ways = [(text(self.peer), text(self.own)), (text(mapped(self.peer)), text(mapped(self.own)))];
        table.lines().find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [from, to, user] = COLUMNS.map(|at| words.get(at).copied().unwrap_or_default());
            ways.iter().any(|(peer, own)| peer == from && own == to).then(|| user.parse().ok())?
        })
    }
}

fn mapped(at: SocketAddr) -> SocketAddr {
    match at.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), at.port()),
        IpAddr::V6(_) => at,
    }
}

/// As the kernel writes it: words of four bytes, each as a number of this machine.
fn text(at: SocketAddr) -> String {
    let words = |bytes: &[u8]| -> String {
        bytes.chunks_exact(4).filter_map(|word| word.try_into().ok()).map(word_text).collect()
    };
    let ip = match at.ip() {
        IpAddr::V4(ip) => words(&ip.octets()),
        IpAddr::V6(ip) => words(&Ipv6Addr::octets(&ip)),
    };
    format!("{ip}:{:04X}", at.port())
}

fn word_text(word: [u8; 4]) -> String {
    format!("{:08X}", u32::from_ne_bytes(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn whoever_connects_from_this_machine_is_known_over_each_kind_of_address() {
        let own = fs::metadata("/proc/self").unwrap().uid();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (served, peer) = listener.accept().unwrap();
            let ends = Ends { peer, own: served.local_addr().unwrap() };
            assert_eq!(ends.user(), Some(own), "{address}");
            let nobody = Ends { peer: "127.0.0.9:9".parse().unwrap(), ..ends };
            assert_eq!(nobody.user(), None);
            drop(client);
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_row_of_the_other_end_says_its_user_in_each_of_the_two_tables() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        let row = |from: &str, to: &str, uid: u32| {
            format!(
                "   0: {from} {to} 01 00000000:00000000 00:00000000 00000000  {uid:4}        0 4711 1 0 20 4 30 10 -1\n"
            )
        };
        let (peer, own) = ("0100007F:9C40", "0100007F:0050");
        let wide = |end: &str| format!("0000000000000000FFFF0000{end}");
        let ends = Ends { peer: "127.0.0.1:40000".parse().unwrap(), own: "127.0.0.1:80".parse().unwrap() };
        // This end of it is root's, and says nothing.
        let both = format!("{head}{}{}", row(own, peer, 0), row(peer, own, 1_000));
        assert_eq!(ends.user_in(&both), Some(1_000));
        assert_eq!(ends.user_in(&row(&wide(peer), &wide(own), 1_001)), Some(1_001));
        for torn in ["", head, "0: 0100007F:9C40 0100007F:0050", "\0"] {
            assert_eq!(ends.user_in(torn), None, "{torn}");
        }
    }
}
