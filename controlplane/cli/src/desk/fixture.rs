//! A day made up for tests; nobody in it exists.

use super::set::{Asset, DaySet, Item, Loan, Mode, VERSION};
use model::time::Timestamp;

/// A hand-out day of so many families at one establishment; every loan has a device set aside, and one more device is free.
pub(crate) fn day(families: usize) -> DaySet {
    let asset = |n: usize| Asset {
        number: format!("TNE25-{n:06}"),
        label: format!("LBL{n:06}"),
        serial: format!("PF-{n:06}"),
        model: "Exemplaire 14".to_owned(),
        school: "0951099D".to_owned(),
        lifecycle: if n == families { "available" } else { "reserved" }.to_owned(),
    };
    let loan = |n: usize| Loan {
        id: format!("01990000-0000-7000-8000-{n:012}"),
        number: format!("0951099D-2026-{n:05}"),
        state: if n.is_multiple_of(3) { "ready" } else { "agreement_pending" }.to_owned(),
        school: "0951099D".to_owned(),
        minor: true,
        name: format!("EXEMPLE{n} Camille"),
        class: "6e2".to_owned(),
        guardians: vec!["Exemple Dominique".to_owned(), "Exemple Claude".to_owned()],
        signed: n.is_multiple_of(3),
        due: Some(jiff::civil::date(2027, 7, 2)),
        asset: Some(format!("TNE25-{n:06}")),
        items: vec![
            Item { kind: "charger".to_owned(), number: format!("CH-{n:06}") },
            Item { kind: "sleeve".to_owned(), number: String::new() },
        ],
        ..Loan::default()
    };
    DaySet {
        version: VERSION,
        mode: Mode::Handout,
        subject: "remise-exemple".to_owned(),
        name: "Remise d'exemple".to_owned(),
        made: Timestamp::from_unix_seconds(1_795_000_000),
        expires: Timestamp::from_unix_seconds(1_795_000_000 + 3 * 86_400),
        day: jiff::civil::date(2026, 11, 18),
        loans: (0..families).map(loan).collect(),
        assets: (0..=families).map(asset).collect(),
    }
}

/// The return of that day's loans.
pub(crate) fn returns(families: usize) -> DaySet {
    let mut set = day(families);
    set.mode = Mode::Return;
    set.loans.iter_mut().for_each(|loan| {
        loan.state = "active".to_owned();
        loan.signed = true;
    });
    set.assets.iter_mut().take(families).for_each(|asset| asset.lifecycle = "on_loan".to_owned());
    set
}
