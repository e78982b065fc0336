use super::*;
use proptest::prelude::*;

fn version(number: u32) -> Version {
    number.to_string().parse().unwrap()
}

/// A release of each version, well made or broken.
fn release(number: u32) -> Digest {
    Digest::of(format!("release {number}").as_bytes())
}

fn program(number: u32) -> Digest {
    Digest::of(format!("program {number}").as_bytes())
}

fn placed(slot: Slot, number: u32) -> Placed {
    Placed { slot, version: version(number), release: release(number), program: program(number) }
}

/// A device: what lies on its disk, and what runs.
struct Device {
    packaged: u32,
    slots: Slots,
    /// What lies in A and in B; none: torn.
    disk: [Option<Digest>; 2],
    running: Option<Slot>,
}

const fn at(slot: Slot) -> usize {
    slot as usize
}

impl Device {
    fn new(packaged: u32) -> Self {
        Self { packaged, slots: Slots::default(), disk: [None, None], running: None }
    }

    /// The packaged program is started; says which one goes on.
    fn start(&mut self) -> Option<Placed> {
        let disk = self.disk;
        let whole = |placed: &Placed| disk[at(placed.slot)] == Some(placed.program);
        let (slots, running) = self.slots.clone().started(&version(self.packaged), whole);
        (self.slots, self.running) = (slots, running);
        let runs = running.map(|slot| {
            let trial = self.slots.trial.as_ref().map(|trial| &trial.placed);
            trial.or(self.slots.in_force.as_ref()).filter(|placed| placed.slot == slot).cloned().unwrap()
        });
        if let Some(placed) = &runs {
            assert!(whole(placed), "what is run is whole");
            assert!(placed.version > version(self.packaged), "and newer than the packaged program");
            assert!(
                self.slots.minimum.as_ref().is_none_or(|least| placed.version >= *least),
                "and not below the least"
            );
        }
        runs
    }

    /// Goes for a release; a cut ends it after so many steps.
    fn take(&mut self, number: u32, cut: u32) {
        let Wanted::Place(slot) = self.slots.wanted(&version(number), &release(number), &version(self.packaged)) else {
            return;
        };
        assert_ne!(self.slots.in_force.as_ref().map(|placed| placed.slot), Some(slot), "never what is in force");
        for step in 0..cut.min(4) {
            match step {
                0 => self.slots = self.slots.clone().trial_dropped(),
                1 => self.disk[at(slot)] = None,
                2 => self.disk[at(slot)] = Some(program(number)),
                _ => self.slots = self.slots.clone().placed(placed(slot, number)),
            }
        }
    }
}

#[test]
fn a_release_is_tried_proven_and_followed_by_the_next_in_the_other_slot() {
    let mut device = Device::new(1);
    assert_eq!(device.start(), None);
    device.take(2, 4);
    assert_eq!(device.start(), Some(placed(Slot::A, 2)));
    assert_eq!(device.slots.wanted(&version(2), &release(2), &version(1)), Wanted::OnTrial);
    device.slots = device.slots.clone().proven();
    assert_eq!(device.start(), Some(placed(Slot::A, 2)));
    assert_eq!(device.slots.wanted(&version(2), &release(2), &version(1)), Wanted::Held);
    device.take(3, 4);
    assert_eq!(device.start(), Some(placed(Slot::B, 3)));
    // A newer package takes the place of all of it.
    device.packaged = 4;
    assert_eq!(device.start(), None);
    assert_eq!((&device.slots.in_force, &device.slots.trial), (&None, &None));
}

#[test]
fn a_broken_release_is_given_back_and_tried_so_often_only() {
    let mut device = Device::new(1);
    device.take(2, 4);
    device.start();
    device.slots = device.slots.clone().proven();
    for _ in 0..TRIES_MAX {
        device.take(3, 4);
        for _ in 0..STARTS_MAX {
            assert_eq!(device.start(), Some(placed(Slot::B, 3)));
        }
        assert_eq!(device.start(), Some(placed(Slot::A, 2)), "by itself");
    }
    assert_eq!(device.slots.wanted(&version(3), &release(3), &version(1)), Wanted::Returned);
    // Another release is tried, and one of the same version with other contents too.
    assert_eq!(device.slots.wanted(&version(3), &release(30), &version(1)), Wanted::Place(Slot::B));
}

#[test]
fn nobody_is_led_below_what_was_signed_as_the_least() {
    let slots =
        Slots { in_force: Some(placed(Slot::A, 5)), ..Slots::default() }.raised(&version(4)).raised(&version(2));
    assert_eq!(slots.minimum, Some(version(4)));
    let wanted = |number| slots.wanted(&version(number), &release(number), &version(1));
    assert_eq!(wanted(3), Wanted::Minimum);
    assert_eq!(wanted(4), Wanted::Place(Slot::B));
    let wanted = |number, packaged| Slots::default().wanted(&version(number), &release(number), &version(packaged));
    assert_eq!((wanted(1, 2), wanted(2, 2), wanted(3, 2)), (Wanted::Packaged, Wanted::Held, Wanted::Place(Slot::A)));
    // Back to the packaged program.
    let led = Slots { in_force: Some(placed(Slot::A, 5)), ..Slots::default() };
    assert_eq!(led.wanted(&version(2), &release(2), &version(2)), Wanted::Clear);
    assert_eq!(led.cleared(), Slots::default());
}

/// What may happen to a device.
#[derive(Clone, Debug)]
enum Event {
    /// A release is wanted, and taken as far as it gets.
    Take {
        number: u32,
        cut: u32,
    },
    Start,
    /// What runs is answered by the server, unless it is broken.
    Answered,
    /// Its time is up.
    Late,
    Raise(u32),
    /// A slot is spoilt.
    Spoil(Slot),
    Package(u32),
}

fn event() -> impl Strategy<Value = Event> {
    let slot = prop_oneof![Just(Slot::A), Just(Slot::B)];
    prop_oneof![
        4 => (1_u32..12, 0_u32..5).prop_map(|(number, cut)| Event::Take { number, cut }),
        4 => Just(Event::Start),
        3 => Just(Event::Answered),
        1 => Just(Event::Late),
        1 => (1_u32..8).prop_map(Event::Raise),
        1 => slot.prop_map(Event::Spoil),
        1 => (1_u32..6).prop_map(Event::Package),
    ]
}

proptest! {
    /// Odd releases never prove themselves. Whatever happens in whatever order: some program starts, and left alone, after a few
    /// starts it is the packaged one or one that once proved itself.
    #[test]
    fn whatever_happens_a_program_starts_that_works(events in prop::collection::vec(event(), 0..80)) {
        let mut device = Device::new(1);
        let mut runs = device.start();
        for event in events {
            match event {
                Event::Take { number, cut } => device.take(number, cut),
                Event::Start => runs = device.start(),
                Event::Answered => {
                    let on_trial = device.slots.trial.as_ref().map(|trial| &trial.placed);
                    let even = |placed: &Placed| (1..12).any(|n| n % 2 == 0 && placed.version == version(n));
                    if runs.as_ref().is_some_and(|runs| even(runs) && on_trial == Some(runs)) {
                        device.slots = device.slots.clone().proven();
                    }
                }
                Event::Late => device.slots = device.slots.clone().given_back(),
                Event::Raise(number) => device.slots = device.slots.clone().raised(&version(number)),
                Event::Spoil(slot) => device.disk[at(slot)] = None,
                Event::Package(number) => device.packaged = number,
            }
        }
        for _ in 0..=STARTS_MAX {
            device.start();
        }
        let settled = device.start();
        prop_assert!(device.slots.trial.is_none());
        if let Some(placed) = settled {
            prop_assert!((1..12).any(|n| n % 2 == 0 && placed.version == version(n)), "only what proved itself is in force");
        }
    }
}
