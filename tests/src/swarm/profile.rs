//! The days of a fleet: what devices do in each, and what it costs the server.

use super::crowd::{Crowd, Lives, Shown};
use super::device::Device;
use super::seed::Seed;
use super::world::{Cost, Wish, World, enrolled, visit};
use model::desired::Cadence;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// Longer than anything here takes that works.
const LIMIT: Duration = Duration::from_secs(600);
/// So long everything is off: certificates last thirty days, and all have ended.
const SUMMER: Duration = Duration::from_secs(60 * 86_400);
const DAY: f64 = 86_400.0;
/// For how many a day's polling is reckoned.
const MILLION: f64 = 1e6;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// At home: each device comes by itself, resumes its session, has nothing to say, and goes.
    Poll,
    /// In class: all are held, and nothing happens.
    Held,
    /// Monday at eight: all wake up, half of them with a full handshake, say how they are, and are held.
    Monday,
    /// All are held and report when the server is killed (kill -9); it is started again, and all come back.
    Restart,
    /// All join.
    Enrol,
    /// All are held when what they are to hold changes.
    Policy,
    /// All were off for sixty days, their certificates have ended; they find back by their keys.
    Summer,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Poll, Self::Held, Self::Monday, Self::Restart, Self::Enrol, Self::Policy, Self::Summer];

    /// Its name in commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Held => "held",
            Self::Monday => "monday",
            Self::Restart => "restart",
            Self::Enrol => "enrol",
            Self::Policy => "policy",
            Self::Summer => "summer",
        }
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|profile| profile.name() == text);
        named.ok_or_else(|| format!("one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A number with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
}

/// What came of a profile.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which one.
    pub profile: Profile,
    /// With so many devices.
    pub devices: u64,
    /// Of this seed.
    pub seed: u64,
    /// What it is about.
    pub facts: Vec<Fact>,
    /// What it cost.
    pub cost: Cost,
}

const fn fact(name: &'static str, value: f64, unit: &'static str) -> Fact {
    Fact { name, value, unit }
}

/// Runs a profile from its beginning to its end.
///
/// # Errors
/// Why not, as text.
pub async fn run(profile: Profile, wish: Wish, shown: Arc<dyn Shown>) -> Result<Outcome, String> {
    let (devices, seed) = (wish.devices, wish.seed);
    let (facts, cost) = match profile {
        Profile::Poll => poll(&mut World::ready(wish, shown).await?).await?,
        Profile::Held => held(&mut World::ready(wish, shown).await?).await?,
        Profile::Monday => monday(&mut World::ready(wish, shown).await?).await?,
        Profile::Restart => {
            if wish.running.is_some() {
                return Err("this profile kills the server, so it is to be swarm's own: leave out --data".to_owned());
            }
            restart(&mut World::ready(wish, shown).await?).await?
        }
        Profile::Enrol => enrol(&mut World::empty(wish, shown)?).await?,
        Profile::Policy => policy(&mut World::ready(wish, shown).await?).await?,
        Profile::Summer => summer(&mut World::since(wish, shown, SUMMER).await?).await?,
    };
    Ok(Outcome { profile, devices, seed, facts, cost })
}

type Done = Result<(Vec<Fact>, Cost), String>;

/// Each device comes once within the time given.
///
/// # Errors
/// Why not, as text.
pub async fn poll(world: &mut World) -> Done {
    // For a ticket: at home a session is resumed.
    world.visits("a visit before").await?;
    let count = world.wish.devices;
    let ((), cost) = world
        .measured("polling", async |world| {
            arrive(world, |crowd, mut device| async move { visit(&crowd, &mut device).await.map(|()| device) }).await
        })
        .await?;
    let each = cost.micros_each(count);
    let polls = DAY / Cadence::default().poll().as_secs_f64();
    let facts = vec![
        fact("server, a poll with its line", each, "us CPU"),
        fact("server, a day's polling of 1,000,000 devices", each * 1e-6 * polls * MILLION / DAY, "cores"),
        fact("on the wire, a poll with its line", cost.bytes as f64 / count.max(1) as f64, "bytes"),
    ];
    Ok((facts, cost))
}

/// All come within the time given, each at its moment, and go again.
async fn arrive<F, Fut>(world: &mut World, act: F) -> Result<(), String>
where
    F: Fn(Arc<Crowd>, Device) -> Fut + Copy + Send + 'static,
    Fut: Future<Output = Result<Device, String>> + Send,
{
    let mut tasks = JoinSet::new();
    for mut device in std::mem::take(&mut world.devices) {
        let (crowd, moment) = (Arc::clone(&world.crowd), device.seed.while_(world.wish.over));
        tasks.spawn(async move {
            sleep(moment).await;
            act(crowd, device).await
        });
    }
    while let Some(come) = tasks.join_next().await {
        world.devices.push(come.map_err(|error| error.to_string())??);
        world.crowd.shown.done(world.devices.len() as u64);
    }
    world.devices.sort_by_key(|device| device.nth);
    Ok(())
}

/// All are held, and nothing happens for the time given.
///
/// # Errors
/// Why not, as text.
pub async fn held(world: &mut World) -> Done {
    // What enrolling needed is given back, what knowing a device needs is not counted.
    if world.place.own_check().is_ok() {
        tokio::task::block_in_place(|| world.place.restarted())?;
    }
    world.visits("a visit before").await?;
    let (count, over) = (world.wish.devices, world.wish.over);
    let (lives, coming) = world.measured("coming to be held", async |world| hold(world, over / 4).await).await?;
    let memory = (coming.resident_mib.1 - coming.resident_mib.0) * 1024.0 / count.max(1) as f64;
    let ((), mut cost) = world
        .measured("held", async |_| {
            sleep(over).await;
            Ok(())
        })
        .await?;
    world.devices = lives.end().await;
    let day = DAY / cost.wall.as_secs_f64() / count.max(1) as f64;
    let facts = vec![
        fact("server, memory of a held device", memory, "KiB"),
        fact("server, a held device for a day", cost.cpu.as_secs_f64() * day, "s CPU"),
        fact("server, a device to be held", coming.micros_each(count), "us CPU"),
    ];
    cost.latencies = coming.latencies;
    cost.failed.extend(coming.failed);
    Ok((facts, cost))
}

/// Lets all come to be held, each at a moment of its own within this while.
///
/// # Errors
/// When they are not in time.
pub async fn hold(world: &mut World, over: Duration) -> Result<Lives, String> {
    let lives = world.crowd.live(std::mem::take(&mut world.devices), over);
    world.all_held(LIMIT + over).await?;
    Ok(lives)
}

/// All wake up within the time given, say how they are, and are held.
///
/// # Errors
/// Why not, as text.
pub async fn monday(world: &mut World) -> Done {
    world.visits("the week before").await?;
    for device in &mut world.devices {
        device.change(model::section::SectionKind::Health);
        // Half of them were on in the night, or at seven.
        if device.seed.draw_u32() % 2 == 0 {
            device.sessions_forget()?;
        }
    }
    let (count, over) = (world.wish.devices, world.wish.over);
    let (lives, cost) = world.measured("Monday, eight o'clock", async |world| hold(world, over).await).await?;
    world.devices = lives.end().await;
    let facts = vec![
        fact("from the first to the last that is held", cost.wall.as_secs_f64(), "s"),
        fact("server, a device that wakes up", cost.micros_each(count), "us CPU"),
        fact("on the wire, a device that wakes up", cost.bytes as f64 / count.max(1) as f64, "bytes"),
    ];
    Ok((facts, cost))
}

/// The server is killed while all are held and half of them have just reported.
///
/// # Errors
/// Why not, as text; that something was lost, too.
pub async fn restart(world: &mut World) -> Done {
    world.place.own_check()?;
    world.crowd.shown.begun("coming to be held", world.wish.devices);
    let lives = hold(world, Duration::from_secs(2)).await?;
    let Killed { before, lost, cost } = killed(world, lives).await?;
    let facts = vec![
        fact("from the kill until all are held again", cost.wall.as_secs_f64(), "s"),
        fact("reports acknowledged just before the kill", before as f64, ""),
        fact("acknowledged reports lost", lost as f64, ""),
        fact("server, a device that comes back", cost.micros_each(world.wish.devices), "us CPU"),
    ];
    if lost > 0 { Err(format!("{lost} acknowledged reports are lost")) } else { Ok((facts, cost)) }
}

/// What came of a kill.
#[derive(Clone, Debug)]
pub struct Killed {
    /// Reports that were acknowledged just before.
    pub before: u64,
    /// Acknowledged reports that the server does not keep any more.
    pub lost: u64,
    /// From the kill until all were held again.
    pub cost: Cost,
}

/// Kills the server of devices that are held, amid their reports, and starts it again.
///
/// # Errors
/// Why not, as text.
pub async fn killed(world: &mut World, lives: Lives) -> Result<Killed, String> {
    let half = world.wish.devices / 2;
    world.crowd.begin();
    let over = Duration::from_secs(2).max(Duration::from_millis(world.wish.devices / 2));
    world.crowd.stir(over);
    let begun = Instant::now();
    while world.crowd.marks.reported.load(Ordering::Relaxed) < half && begun.elapsed() < LIMIT {
        sleep(Duration::from_millis(2)).await;
    }
    let before = world.crowd.marks.reported.load(Ordering::Relaxed);
    let ((), cost) = world
        .measured("killed; coming back", async |world| {
            tokio::task::block_in_place(|| world.place.killed())?;
            world.all_held(LIMIT).await
        })
        .await?;
    // Who had not noticed yet goes on to report.
    sleep(over).await;
    world.all_held(LIMIT).await?;
    world.devices = lives.end().await;
    Ok(Killed { before, lost: world.missing().await?, cost })
}

/// All join, as fast as they are let in.
///
/// # Errors
/// Why not, as text.
pub async fn enrol(world: &mut World) -> Done {
    let attempts = world.attempts().await?;
    let (seed, count) = (Seed::new(world.wish.seed), world.wish.devices);
    let ((), cost) = world
        .measured("enrolling", async move |world| {
            world.devices = enrolled(&world.crowd, attempts, seed).await?;
            Ok(())
        })
        .await?;
    let facts = vec![
        fact("server, an enrolment with its handshake", cost.micros_each(count) / 1e3, "ms CPU"),
        fact("enrolments a second", count as f64 / cost.wall.as_secs_f64(), "/s"),
    ];
    Ok((facts, cost))
}

/// What all are to hold changes while all are held.
///
/// # Errors
/// Why not, as text.
pub async fn policy(world: &mut World) -> Done {
    world.crowd.shown.begun("coming to be held", world.wish.devices);
    let lives = hold(world, Duration::from_secs(2)).await?;
    let (told, cost) = told(world).await?;
    world.devices = lives.end().await;
    let facts = vec![
        fact("from the command until all are told", told.as_secs_f64(), "s"),
        fact("from the command until all are held again", cost.wall.as_secs_f64(), "s"),
        fact("server, a device that is told, until it is held again", cost.micros_each(world.wish.devices), "us CPU"),
    ];
    Ok((facts, cost))
}

/// A change, told to all who are held: how long it took to tell them, and what it cost until they are held again.
///
/// # Errors
/// Why not, as text.
pub async fn told(world: &mut World) -> Result<(Duration, Cost), String> {
    world
        .measured("told of a change", async |world| {
            world.place.policy_change().await?;
            world.all(LIMIT, |crowd: &Crowd| crowd.marks.told.load(Ordering::Relaxed)).await?;
            let told = world.crowd.elapsed();
            if world.crowd.speaks() {
                world.all(LIMIT, |crowd: &Crowd| crowd.marks.reported.load(Ordering::Relaxed)).await?;
            }
            world.all_held(LIMIT).await?;
            Ok(told)
        })
        .await
}

/// All find back within the time given, and say that they are there.
///
/// # Errors
/// Why not, as text.
pub async fn summer(world: &mut World) -> Done {
    let count = world.wish.devices;
    let ((), cost) = world
        .measured("back from the summer", async |world| {
            arrive(world, |crowd, mut device| async move { back(&crowd, &mut device).await.map(|()| device) }).await
        })
        .await?;
    let facts = vec![
        fact("from the first to the last that is back", cost.wall.as_secs_f64(), "s"),
        fact("server, a device that finds back, and its first report", cost.micros_each(count) / 1e3, "ms CPU"),
    ];
    Ok((facts, cost))
}

async fn back(crowd: &Crowd, device: &mut Device) -> Result<(), String> {
    const TRIES: u32 = 8;
    device.change(model::section::SectionKind::Health);
    let began = Instant::now();
    let mut why = String::new();
    for _ in 0..TRIES {
        match device.recover(&crowd.road).await {
            Ok(()) => {
                crowd.tally.note("found back", began.elapsed());
                return visit(crowd, device).await;
            }
            Err(failed) => {
                crowd.tally.failed(&failed.why);
                why = failed.why;
                let random = device.seed.draw_u32();
                sleep(device.backoff.failed(failed.wait, device.spread, random)).await;
            }
        }
    }
    Err(format!("a device did not find back in {TRIES} tries: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_is_found_by_its_name() {
        for profile in Profile::ALL {
            assert_eq!(profile.name().parse(), Ok(profile));
        }
        let said = "friday".parse::<Profile>().unwrap_err();
        assert!(said.contains("monday") && said.contains("summer"), "{said}");
    }
}
