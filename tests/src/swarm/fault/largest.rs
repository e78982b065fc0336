//! One device that sends the largest report there may be, again and again, each with other contents.

use super::ground::{Crowded, Ground, Seen};
use crate::swarm::device::Device;
use crate::swarm::line::Line;
use crate::swarm::seed::Seed;
use crate::swarm::world::World;
use model::digest::Digest;
use model::inventory::{PACKAGE_CHARS_MAX, PACKAGES_MAX, Package, PackageManager, Packages};
use model::section::{PART_BYTES_MAX, SectionKind};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use wire::convert::{packages_encode, section_parts};
use wire::v1::{CheckInRequest, DeviceShowRequest, Encoding, SectionPart};

/// It is not sent more often.
const EVERY: Duration = Duration::from_secs(1);
/// Far beyond those of its first reports.
const SEQUENCE: u64 = 1 << 20;

/// What came of the reports.
#[derive(Clone, Debug, Default)]
pub struct Largest {
    /// Reports that were acknowledged.
    pub acknowledged: u64,
    /// Messages they were sent in.
    pub messages: u64,
    /// Bytes of the plain sections.
    pub bytes: u64,
    /// The longest that one took, from the first message to the acknowledgement.
    pub slowest: Duration,
    /// Whether the server keeps another one than the last that was acknowledged.
    pub apart: u64,
    /// What others saw, and what is left.
    pub seen: Seen,
}

/// Sends such a report each second for so long, packed as agents do and, every second one, not packed, which needs the most messages.
///
/// # Errors
/// Why not, as text.
pub async fn largest(ground: &mut Ground, lasts: Duration, crowded: Crowded) -> Result<Largest, String> {
    let act = async |world: &mut World, apart: &mut Vec<Device>| {
        let device = apart.last_mut().ok_or("there is no device apart")?;
        let line = device.connect(&world.crowd.road).await.map_err(|failed| failed.why)?;
        let (began, mut all, mut kept) = (Instant::now(), Largest::default(), None);
        let (mut seed, mut next) = (Seed::new(world.wish.seed).of(9), began);
        while began.elapsed() < lasts {
            let plain = contents(&mut seed);
            let digest = Digest::of(&plain);
            let sent = Instant::now();
            let parts = parts(&plain, all.acknowledged % 2 == 1);
            all.messages += parts.len() as u64;
            told(&line, SEQUENCE + all.acknowledged, parts, &digest).await?;
            all.acknowledged += 1;
            all.bytes += plain.len() as u64;
            all.slowest = all.slowest.max(sent.elapsed());
            kept = Some(digest);
            next += EVERY;
            sleep_until(next).await;
        }
        let asked = DeviceShowRequest { device: device.id() };
        let shown = world.place.admin().await?.device_show(asked).await.map_err(|s| s.message().to_owned())?;
        let packages = i32::from(wire::v1::SectionKind::from(SectionKind::Packages));
        let shown = shown.into_inner().sections.into_iter().find(|section| section.kind == packages);
        let fits = shown.zip(kept).is_some_and(|(shown, kept)| shown.digest[..] == kept.as_bytes()[..]);
        all.apart = u64::from(!fits);
        Ok(all)
    };
    let (all, seen) = ground.under("the largest report each second", crowded, act).await?;
    Ok(Largest { seen, ..all })
}

/// A list of packages as long as one may be, of text that hardly compresses.
fn contents(seed: &mut Seed) -> Vec<u8> {
    // Before a name are two bytes and before a version three; and there is what surrounds the lists.
    let count = (SectionKind::Packages.bytes_max() - 64) / (PACKAGE_CHARS_MAX + 21);
    let text = |seed: &mut Seed, length: usize| -> String {
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            let mut bits = seed.draw();
            for _ in 0..10 {
                text.push(char::from(b'!' + u8::try_from(bits % 93).unwrap_or_default()));
                bits /= 93;
            }
        }
        text.truncate(length);
        text
    };
    let package = |_| Package { name: text(seed, 16), version: text(seed, PACKAGE_CHARS_MAX) };
    let installed = Some((0..count.min(PACKAGES_MAX)).map(package).collect());
    packages_encode(&Packages { manager: Some(PackageManager::Dpkg), installed, left_out: 0 })
}

/// The pieces of a section, packed or not.
fn parts(plain: &[u8], packed: bool) -> Vec<SectionPart> {
    let now = controlplane::clock::Clock::now(&controlplane::clock::SystemClock);
    let parts = section_parts(SectionKind::Packages, plain, now);
    if packed {
        return parts;
    }
    let pieces: Vec<&[u8]> = plain.chunks(PART_BYTES_MAX).collect();
    let piece = |(index, body): (usize, &&[u8])| SectionPart {
        encoding: Encoding::Plain.into(),
        index: u32::try_from(index).unwrap_or(u32::MAX),
        count: u32::try_from(pieces.len()).unwrap_or(u32::MAX),
        body: body.to_vec().into(),
        ..parts[0].clone()
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// Sends pieces, each in a message of its own; the last answer must say that the section is durable.
async fn told(line: &Line, sequence: u64, parts: Vec<SectionPart>, digest: &Digest) -> Result<(), String> {
    let last = parts.len().saturating_sub(1);
    for (nth, part) in parts.into_iter().enumerate() {
        let request = CheckInRequest {
            boot: vec![7; 16],
            sequence,
            parts: vec![part],
            report: nth == last,
            sections_root: digest.as_bytes().to_vec(),
            agent_version: "0.1.0".to_owned(),
            ..CheckInRequest::default()
        };
        let answer = line.client().check_in(request).await.map_err(|status| format!("{status:?}"))?.into_inner();
        if nth == last && !answer.stored.iter().any(|stored| stored[..] == digest.as_bytes()[..]) {
            return Err("a report was answered and not acknowledged".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::convert::packages_decode;

    #[test]
    fn it_is_legal_and_could_hardly_be_longer() {
        let plain = contents(&mut Seed::new(1));
        let max = SectionKind::Packages.bytes_max();
        assert!(plain.len() <= max && plain.len() > max - 4_096, "{}", plain.len());
        assert!(packages_decode(&plain).is_ok());
        assert_eq!(parts(&plain, false).len(), 22);
        assert!(parts(&plain, true).len() > 16, "{}", parts(&plain, true).len());
    }
}
