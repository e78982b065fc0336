//! What forms and links say.

use filter::Name;
use hyper::body::{Body, Incoming};
use model::host::Host;
use std::pin::Pin;

/// The longest body, in bytes; ours are far shorter.
const BODY_BYTES_MAX: usize = 4 << 10;
/// So many fields are read.
const FIELDS_MAX: usize = 8;

/// The whole body; nothing where it is too long or breaks off.
pub(super) async fn body_read(mut body: Incoming) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            if bytes.len() + data.len() > BODY_BYTES_MAX {
                return None;
            }
            bytes.extend_from_slice(&data);
        }
    }
    Some(bytes)
}

/// Fields as forms and links hold them (WHATWG URL, section 5.1).
pub(super) fn fields(text: &[u8]) -> Vec<(String, String)> {
    let parts = text.split(|b| *b == b'&').take(FIELDS_MAX);
    let halves = parts.map(|part| {
        let cut = part.iter().position(|b| *b == b'=').unwrap_or(part.len());
        (decoded(&part[..cut]), decoded(part.get(cut + 1..).unwrap_or_default()))
    });
    halves.collect()
}

/// The name within what a person typed or copied: a name, or the address of a page.
pub(super) fn name_read(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = place.rsplit('@').next().unwrap_or_default();
    let name: Name = place.split(':').next().unwrap_or_default().parse().ok()?;
    name.as_str().parse::<Host>().ok().map(|name| name.to_string())
}

fn decoded(text: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'+', after) => (b' ', after),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, after),
                _ => (b'%', &rest[1..]),
            },
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
