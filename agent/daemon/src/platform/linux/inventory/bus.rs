//! The system bus, as far as the agent asks anything of it: calls with plain answers.
//!
//! Four messages of the D-Bus specification need no library of the whole. Calls start no service that does not run.

use crate::platform::{Here, Platform};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Where it listens.
pub(super) const BUS: &str = "run/dbus/system_bus_socket";
/// How long the whole conversation may take; who reads has nothing else done meanwhile.
const PATIENCE: Duration = Duration::from_millis(1500);
/// The longest answer that is read; those that are wanted have a few hundred bytes.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// The most messages, such as signals, that are read before the answer.
const MESSAGES_MAX: usize = 16;
/// The longest line of the handshake.
const LINE_BYTES_MAX: usize = 512;

/// A connection to the bus.
pub(super) struct Bus {
    line: Line,
    serial: u32,
}

/// Its socket, with the moment at which all is to be said: a limit a read would let whoever sends byte by byte go on for ever.
struct Line {
    socket: UnixStream,
    until: Duration,
}

/// Whom a call goes to, and what it asks.
pub(super) struct Call<'a> {
    pub(super) to: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) method: &'a str,
}

impl Bus {
    /// Joins it: says who calls, and asks for a name.
    ///
    /// # Errors
    /// When nobody answers in time, or the caller is refused.
    pub(super) fn joined(socket: UnixStream) -> io::Result<Self> {
        Self::joined_until(socket, Here::elapsed().saturating_add(PATIENCE))
    }

    fn joined_until(socket: UnixStream, until: Duration) -> io::Result<Self> {
        let mut line = Line { socket, until };
        let own: String = rustix::process::getuid().as_raw().to_string().bytes().map(|b| format!("{b:02x}")).collect();
        line.write_all(format!("\0AUTH EXTERNAL {own}\r\n").as_bytes())?;
        let mut said = Vec::new();
        while !said.ends_with(b"\r\n") && said.len() < LINE_BYTES_MAX {
            let mut byte = [0];
            line.read_exact(&mut byte)?;
            said.extend(byte);
        }
        if !said.starts_with(b"OK ") {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        line.write_all(b"BEGIN\r\n")?;
        let mut bus = Self { line, serial: 0 };
        let hello = Call {
            to: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            method: "Hello",
        };
        bus.answer(&hello, "", &[])?;
        Ok(bus)
    }

    /// What is answered to a call, as the bytes of its body.
    ///
    /// # Errors
    /// When the call is refused, nobody answers in time, or what is answered is none.
    pub(super) fn answer(&mut self, call: &Call<'_>, signature: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        self.serial += 1;
        self.line.write_all(&called(self.serial, call, signature, body))?;
        for _ in 0..MESSAGES_MAX {
            let (kind, reply_to, body) = self.message()?;
            match kind {
                2 if reply_to == Some(self.serial) => return Ok(body),
                3 if reply_to == Some(self.serial) => return Err(io::ErrorKind::NotFound.into()),
                _ => {}
            }
        }
        Err(io::ErrorKind::InvalidData.into())
    }

    /// The next message: its kind, to which call it is the reply, and its body.
    fn message(&mut self) -> io::Result<(u8, Option<u32>, Vec<u8>)> {
        let mut bytes = vec![0; 16];
        self.line.read_exact(&mut bytes)?;
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let number =
            |at: usize| bytes[at..at + 4].iter().rev().fold(0, |sum: usize, byte| sum << 8 | usize::from(*byte));
        let (body, fields) = (number(4), number(12));
        if bytes[0] != b'l' || body.max(fields) > MESSAGE_BYTES_MAX {
            return Err(broken());
        }
        let (kind, head) = (bytes[1], (16 + fields).next_multiple_of(8));
        bytes.resize(head + body, 0);
        self.line.read_exact(&mut bytes[16..])?;
        let reply_to = reply_to(&bytes[..16 + fields]).ok_or_else(broken)?;
        Ok((kind, reply_to, bytes.split_off(head)))
    }
}

impl Line {
    /// What is left of the time.
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_sub(Here::elapsed());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

impl Read for Line {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(self.left()?))?;
        self.socket.read(bytes)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(self.left()?))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// A call as bytes; it does not start a service that does not run.
fn called(serial: u32, call: &Call<'_>, signature: &str, body: &[u8]) -> Vec<u8> {
    const NO_AUTO_START: u8 = 2;
    let mut fields = Message(vec![0; 16]);
    for (code, kind, value) in [(1, "o", call.path), (2, "s", call.interface), (3, "s", call.method), (6, "s", call.to)]
    {
        fields.align(8);
        fields.0.push(code);
        fields.signature(kind);
        fields.text(value);
    }
    if !signature.is_empty() {
        fields.align(8);
        fields.0.push(8);
        fields.signature("g");
        fields.signature(signature);
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    fields.0[..4].copy_from_slice(&[b'l', 1, NO_AUTO_START, 1]);
    fields.0[4..8].copy_from_slice(&length(body.len()));
    fields.0[8..12].copy_from_slice(&serial.to_le_bytes());
    let fields_bytes = length(fields.0.len() - 16);
    fields.0[12..16].copy_from_slice(&fields_bytes);
    fields.align(8);
    [fields.0, body.to_vec()].concat()
}

/// To which call a message is the reply; nothing at all for a header that is none.
pub(super) fn reply_to(header: &[u8]) -> Option<Option<u32>> {
    const REPLY_SERIAL: u8 = 5;
    let mut seen = Seen { bytes: header, at: 16 };
    let mut found = None;
    while seen.at < header.len() {
        seen.align(8)?;
        let code = seen.byte()?;
        let signature = seen.signature()?.to_owned();
        if code == REPLY_SERIAL && signature == "u" {
            found = Some(seen.number()?);
        } else {
            seen.skip(&signature)?;
        }
    }
    Some(found)
}

/// A message in the making.
#[derive(Default)]
pub(super) struct Message(pub(super) Vec<u8>);

impl Message {
    pub(super) fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.align(4);
        self.0.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.0.extend(text.bytes().chain([0]));
    }

    pub(super) fn signature(&mut self, signature: &str) {
        self.0.push(u8::try_from(signature.len()).unwrap_or(u8::MAX));
        self.0.extend(signature.bytes().chain([0]));
    }
}

/// A message that is read; nothing where it ends too early.
pub(super) struct Seen<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Seen<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    pub(super) fn align(&mut self, to: usize) -> Option<()> {
        self.take(self.at.next_multiple_of(to) - self.at).map(|_| ())
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.align(4)?;
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let text = self.take(length)?;
        self.take(1)?;
        std::str::from_utf8(text).ok()
    }

    pub(super) fn signature(&mut self) -> Option<&'a str> {
        let length = usize::from(self.byte()?);
        let text = self.take(length)?;
        self.take(1)?;
        std::str::from_utf8(text).ok()
    }

    /// Passes over a value that is not wanted: a plain one, or a list of plain ones.
    pub(super) fn skip(&mut self, signature: &str) -> Option<()> {
        let width = |kind: &str| match kind {
            "y" => Some(1),
            "n" | "q" => Some(2),
            "b" | "i" | "u" => Some(4),
            "x" | "t" | "d" => Some(8),
            _ => None,
        };
        match (signature, signature.strip_prefix('a')) {
            ("s" | "o", _) => self.text().map(|_| ()),
            ("g", _) => self.signature().map(|_| ()),
            (_, Some(of)) => {
                let length = usize::try_from(self.number()?).ok()?;
                self.align(width(of)?)?;
                self.take(length).map(|_| ())
            }
            (plain, None) => {
                self.align(width(plain)?)?;
                self.take(width(plain)?).map(|_| ())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_conversation_has_one_end() {
        let (near, mut far) = UnixStream::pair().unwrap();
        // All that the bus would say is there already; it is too late to read it.
        far.write_all(b"OK 1234deadbeef\r\n").unwrap();
        let late = Bus::joined_until(near, Duration::ZERO);
        assert_eq!(late.err().map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    }
}
