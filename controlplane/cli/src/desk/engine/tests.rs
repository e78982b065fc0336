use super::*;
use crate::desk::fixture::{day, returns};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_010_000);

fn moment(now: Timestamp, n: usize) -> Moment {
    let ids = std::array::from_fn(|at| {
        ActId::new(
            now,
            [
                u8::try_from(at).unwrap(),
                u8::try_from(n % 256).unwrap(),
                u8::try_from(n / 256).unwrap(),
                0,
                0,
                0,
                0,
                0,
                0,
                1,
            ],
        )
    });
    Moment { now, ids }
}

/// A desk and what its journal would hold.
struct Trial {
    desk: Desk,
    journal: Vec<Entry>,
}

impl Trial {
    fn new(set: DaySet) -> Self {
        let mode = set.mode;
        Self { desk: Desk::new(set, mode), journal: Vec::new() }
    }

    fn does(&mut self, command: Command) -> Option<String> {
        let moment = moment(NOW, self.journal.len());
        if let Some(entry) = self.desk.does(command, &moment) {
            self.journal.push(entry.clone());
            self.desk.keep(entry);
        }
        self.desk.said.as_ref().map(|said| said.key.clone())
    }

    fn line(&mut self, line: &str) -> String {
        self.does(Command::read(line).unwrap()).unwrap_or_default()
    }

    fn lines(&mut self, lines: &[(&str, &str)]) {
        for (line, said) in lines {
            assert_eq!(self.line(line), *said, "{line}");
        }
    }
}

#[test]
fn a_family_goes_with_a_few_keystrokes_in_any_order() {
    let mut trial = Trial::new(day(4));
    // Signed before, device set aside: one scan, one key, Enter.
    trial.lines(&[("TNE25-000000", ""), ("/all", ""), ("", "desk-said-done-handout")]);
    // To be signed here; the paper first, the accessory by its own code, the other by its place.
    trial.lines(&[
        ("0951099D-2026-00001", ""),
        ("", "desk-said-no-device"),
        ("CH-000001", ""),
        ("LBL000001", ""),
        ("", "desk-said-unsigned"),
        ("/sign", ""),
        ("", "desk-said-items"),
        ("/item 2 missing", ""),
        ("/screen worn", ""),
        ("", "desk-said-done-handout"),
    ]);
    // The accessory before all else, and by name.
    trial.lines(&[
        ("CH-000002", ""),
        ("TNE25-000002", ""),
        ("/all", ""),
        ("/sign guardian2", ""),
        ("/done", "desk-said-done-handout"),
    ]);
    trial.lines(&[
        ("exemple3", ""),
        ("/no-show", "desk-said-done-no-show"),
        ("exemple3", ""),
        ("pf-000003", ""),
        ("/all", ""),
    ]);
    assert_eq!(trial.line(""), "desk-said-done-handout", "a family that was not there came after all");
    let Entry::Act(act) = &trial.journal[1] else { panic!() };
    assert_eq!(
        act.what,
        What::Handout {
            loan: trial.desk.set().loans[1].id.clone(),
            asset: "TNE25-000001".to_owned(),
            items: vec![ItemState::There, ItemState::Missing],
            condition: vec![(Part::Screen, Grade::Worn)],
            signer: Some(Signer::Guardian1),
        }
    );
}

#[test]
fn what_does_not_fit_is_said_and_not_done() {
    let mut set = day(6);
    set.loans[3].asset = None;
    set.loans[4].state = "approved".to_owned();
    set.assets[3].lifecycle = "available".to_owned();
    set.assets[3].school = "0750654D".to_owned();
    set.assets[5].lifecycle = "in_repair".to_owned();
    set.loans[5].asset = None;
    let mut trial = Trial::new(set);
    trial.lines(&[
        ("4006381333931", "desk-said-unknown"),
        ("", "desk-said-nobody"),
        ("/all", "desk-said-nobody"),
        ("/problem", "desk-said-nobody"),
        ("exemple4", "desk-said-loan-state"),
        ("TNE25-000005", "desk-said-asset-state"),
        ("exemple3", ""),
        ("TNE25-000003", "desk-said-school"),
        ("TNE25-000001", "desk-said-reserved"),
        ("TNE25-000006", ""),
        ("exemple1", "desk-said-unfinished"),
        ("/problem", "desk-said-why"),
        ("/sign", "desk-said-signed"),
        ("/item 9", "desk-said-no-item"),
        ("/clear", ""),
        ("exemple1", ""),
        ("TNE25-000006", "desk-said-other-device"),
        ("/sign borrower", "desk-said-signer"),
        ("exemple", ""),
    ]);
    assert_eq!(trial.desk.choices.len(), 6);
    trial.lines(&[("1", ""), ("TNE25-000000", ""), ("/all", ""), ("", "desk-said-done-handout")]);
    trial.lines(&[("TNE25-000000", "desk-said-lent-here"), ("exemple0", "desk-said-loan-lent")]);
    assert_eq!(trial.journal.len(), 1);
    // After the set's last day nothing new begins.
    let late = trial.desk.set().expires;
    for line in ["exemple2", "TNE25-000002", "/all", "/sign"] {
        trial.line(line);
    }
    assert_eq!(trial.desk.does(Command::Finish, &moment(late, 9)), None);
    assert_eq!(trial.desk.said.as_ref().unwrap().key, "desk-said-expired");
}

#[test]
fn an_act_is_taken_back_until_it_is_on_its_way() {
    let mut trial = Trial::new(day(3));
    assert_eq!(trial.line("/undo"), "desk-said-undo-none");
    trial.lines(&[("TNE25-000000", ""), ("/all", ""), ("", "desk-said-done-handout"), ("/undo", "desk-said-undone")]);
    assert_eq!(trial.desk.loan().unwrap().name, "EXEMPLE0 Camille", "it is there again, to be put right");
    trial.lines(&[("/item 1 missing", ""), ("", "desk-said-done-handout")]);
    let sent: Vec<ActId> = trial.desk.log.outbox(9).iter().map(|act| act.id).collect();
    assert_eq!(sent.len(), 1, "what was taken back is not sent");
    trial.desk.keep(Entry::Sending { acts: sent.clone() });
    assert_eq!(trial.line("/undo"), "desk-said-undo-sent");
    trial.desk.keep(Entry::Told { act: sent[0], answer: super::super::act::Answer::Conflict("lent".to_owned()) });
    assert_eq!(trial.desk.log.counts().against, 1);
    // Turned down over there, it is to be done again here.
    assert_eq!(trial.line("TNE25-000000"), "");
}

#[test]
fn what_comes_back_is_looked_at_piece_by_piece() {
    let mut set = returns(3);
    set.loans[1].condition = vec![(Part::Case, Grade::Worn)];
    let mut trial = Trial::new(set);
    trial.lines(&[
        ("TNE25-000001", ""),
        ("/item 1 damaged", ""),
        ("2", ""),
        ("2", ""),
        ("", "desk-said-done-return"),
        ("TNE25-000001", "desk-said-back-here"),
        ("exemple1", "desk-said-loan-back"),
        ("TNE25-000003", "desk-said-not-lent"),
    ]);
    let Entry::Act(act) = &trial.journal[0] else { panic!() };
    let What::Return { items, condition, .. } = &act.what else { panic!() };
    assert_eq!(items, &[ItemState::Damaged, ItemState::Missing]);
    assert_eq!(condition, &[(Part::Case, Grade::Worn)], "as it went out, unless somebody says otherwise");
}

#[test]
fn a_count_takes_each_code_once() {
    let mut set = day(2);
    set.mode = Mode::Stocktake;
    let mut trial = Trial::new(set);
    trial.lines(&[
        ("LBL000001", "desk-said-done-seen"),
        ("TNE25-000001", "desk-said-seen-before"),
        ("4006381333931", "desk-said-done-seen"),
        ("", ""),
    ]);
    assert_eq!(trial.desk.log.outbox(9).len(), 2);
}

fn command() -> impl Strategy<Value = Command> {
    let code = prop_oneof![
        (0usize..7).prop_map(|n| format!("TNE25-{n:06}")),
        (0usize..7).prop_map(|n| format!("0951099D-2026-{n:05}")),
        (0usize..7).prop_map(|n| format!("CH-{n:06}")),
        (0usize..9).prop_map(|n| n.to_string()),
        "[a-z]{0,3}",
        Just("exemple".to_owned()),
    ];
    prop_oneof![
        8 => code.prop_map(Command::Code),
        4 => Just(Command::All),
        4 => Just(Command::Finish),
        2 => Just(Command::Sign(None)),
        1 => (0usize..4).prop_map(|n| Command::Item(n, None)),
        1 => Just(Command::Part(Part::Screen, None)),
        1 => Just(Command::End(Outcome::NoShow, String::new())),
        1 => Just(Command::Undo),
        1 => Just(Command::Clear),
    ]
}

/// What else happens to a desk.
fn event() -> impl Strategy<Value = Result<Command, (bool, bool)>> {
    prop_oneof![12 => command().prop_map(Ok), 1 => any::<(bool, bool)>().prop_map(Err)]
}

proptest! {
    /// Whatever is scanned and whenever the network comes and goes: no device goes to two families, none that is not theirs, nothing
    /// taken back is sent, and the journal alone leads to the same desk.
    #[test]
    fn a_desk_never_does_what_may_not_be(back in any::<bool>(), events in proptest::collection::vec(event(), 0..120)) {
        let mut trial = Trial::new(if back { returns(6) } else { day(6) });
        for event in events {
            match event {
                Ok(command) => { trial.does(command); }
                Err((arrives, fine)) => {
                    let sent = trial.desk.log.outbox(3);
                    let mut told = vec![Entry::Sending { acts: sent.iter().map(|act| act.id).collect() }];
                    if arrives {
                        let answer = |n: usize| if fine || n > 0 { super::super::act::Answer::Done } else { super::super::act::Answer::Conflict("x".to_owned()) };
                        told.extend(sent.iter().enumerate().map(|(n, act)| Entry::Told { act: act.id, answer: answer(n) }));
                    }
                    for entry in told {
                        trial.journal.push(entry.clone());
                        trial.desk.keep(entry);
                    }
                }
            }
            let holding: Vec<&Act> = trial.desk.log.acts().iter().filter(|logged| logged.holds()).map(|logged| &logged.act).collect();
            let mut assets: Vec<&str> = holding.iter().filter_map(|act| act.what.asset()).collect();
            let count = assets.len();
            assets.sort_unstable();
            assets.dedup();
            prop_assert_eq!(assets.len(), count, "a device with two families");
            for act in &holding {
                let loan = trial.desk.loan_of(act).unwrap();
                if let What::Handout { asset, signer, items, .. } = &act.what {
                    prop_assert_eq!(loan.asset.as_deref().unwrap_or(asset), asset);
                    prop_assert!(loan.signed || signer.is_some());
                    prop_assert_eq!(items.len(), loan.items.len());
                }
            }
            let undone = |id: &ActId| trial.journal.iter().any(|entry| matches!(entry, Entry::Undo { act } if act == id));
            prop_assert!(trial.desk.log.outbox(999).iter().all(|act| !undone(&act.id)));
        }
        let mut again = Log::default();
        trial.journal.iter().cloned().for_each(|entry| again.take(entry));
        prop_assert_eq!(&again, &trial.desk.log);
    }
}
