mod intake;

use super::find::LOOKED_AT_MAX;
use super::retention::ActOf;
use super::*;
use crate::audit::AUDIT;
use crate::memory::Memory;
use crate::role::Role;
use crate::scope::Scope;
use crate::store::Expect;
use crate::table::Writes;
use async_trait::async_trait;
use jiff::civil::{Date, date};
use model::loan::BorrowerKind;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);
const A: &str = "0951099D";
const B: &str = "0750654D";
const DAY: Duration = Duration::from_secs(86_400);

struct Lent(Standing);

#[async_trait]
impl Loans for Lent {
    async fn standing(&self, _: &TerritoryId, _: BorrowerRef, _: &[BorrowerRef]) -> Result<Standing> {
        Ok(self.0.clone())
    }

    async fn borrower(&self, _: &TerritoryId, _: &str) -> Result<Option<BorrowerRef>> {
        Ok(None)
    }

    async fn held(&self, _: &TerritoryId, _: BorrowerRef, _: &[BorrowerRef]) -> Result<Vec<serde_json::Value>> {
        Ok(Vec::new())
    }

    async fn forget(&self, _: &TerritoryId, _: BorrowerRef, _: &[BorrowerRef], _: ActOf<'_>) -> Result<()> {
        Ok(())
    }
}

fn vault() -> Vault {
    Vault {
        fleet: Arc::new(Memory::new()),
        sealed: Arc::new(Memory::new()),
        territory: "doubs".parse().unwrap(),
        key: ReferenceKey::new(&[7; 32]),
    }
}

fn desk() -> Reader {
    Reader { name: "desk".to_owned(), role: Role::LoanDesk }
}

fn school(uai: &str) -> Uai {
    uai.parse().unwrap()
}

fn at(uai: &str) -> Reach {
    Reach::of([Scope::Schools(BTreeSet::from([school(uai)]))])
}

fn pupil(line: u32, ine: &str, surname: &str, first_name: &str) -> Incoming {
    let (ine, surname, first_name) = (ine.to_owned(), surname.to_owned(), first_name.to_owned());
    Incoming { line, ine, surname, first_name, class: "CM2A".to_owned(), ..Incoming::default() }
}

fn guardian(surname: &str, first_name: &str) -> Guardian {
    Guardian { surname: surname.to_owned(), first_name: first_name.to_owned(), ..Guardian::default() }
}

async fn taken(vault: &Vault, uai: &str, incoming: &[Incoming], now: Timestamp) -> Vec<Line> {
    let (reach, by) = (at(uai), desk());
    persons_import(vault, &NoLoans, &reach, school(uai), Source::Onde, incoming, &by, now).await.unwrap()
}

async fn audit(vault: &Vault) -> Vec<String> {
    let scope = crate::store::Scope { territory: vault.territory.clone(), tables: vec![AUDIT], prefix: String::new() };
    let page = vault.fleet.scan(&scope, "", 1_000).await.unwrap();
    page.into_iter().map(|(_, entry)| String::from_utf8(entry.value.to_vec()).unwrap()).collect()
}

#[tokio::test]
async fn a_file_twice_is_known_and_a_part_of_it_ends_nothing() {
    let vault = vault();
    let file = [pupil(2, "123456789AB", "ZZEXEMPLE", "Camille"), pupil(3, "123456789AC", "Zzautre", "Élia")];
    let first = taken(&vault, A, &file, NOW).await;
    assert!(first.iter().all(|line| line.outcome == Outcome::Added));
    let before = vault.sealed.revision().await.unwrap();
    let again = taken(&vault, A, &file, NOW.after(Duration::from_secs(60))).await;
    assert!(again.iter().all(|line| line.outcome == Outcome::Same));
    assert_eq!(again[0].reference, first[0].reference);
    assert_eq!(vault.sealed.revision().await.unwrap(), before, "nothing was written");
    // One class only, a day later, with another class: the one who is missing stays as they are.
    let moved = Incoming { class: "6e3".to_owned(), ..pupil(2, "123456789AB", "ZZEXEMPLE", "Camille") };
    assert_eq!(taken(&vault, A, &[moved], NOW.after(DAY)).await[0].outcome, Outcome::Updated);
    assert_eq!(persons_count(&vault, &Reach::territory()).await.unwrap(), 2);
    let present = BTreeSet::from([first[0].reference.unwrap()]);
    let left = leavers_list(&vault, &at(A), school(A), &present, &desk(), "end of term", NOW).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].value.surname, "Zzautre");
    assert_eq!(persons_count(&vault, &Reach::territory()).await.unwrap(), 2);
    let audit = audit(&vault).await.join("\n");
    for secret in ["ZZEXEMPLE", "Zzautre", "Camille", "123456789AB"] {
        assert!(!audit.contains(secret), "{secret} in {audit}");
    }
}

#[tokio::test]
async fn lines_that_cannot_be_meant_are_left_out_one_by_one() {
    let vault = vault();
    let long = "x".repeat(500);
    let lines = [
        pupil(2, "12345", "A", "B"),
        pupil(3, "", "A", "B"),
        pupil(4, "123456789AB", "", "B"),
        pupil(5, "123456789AB", &long, "B"),
        pupil(6, "123456789AB", "A\u{1b}[31m", "B"),
        pupil(7, "123456789AD", "Zzun", "B"),
        pupil(8, "123456789AD", "Zzdeux", "B"),
        pupil(9, "123456789AD", "Zzun", "B"),
    ];
    let outcomes: Vec<_> = taken(&vault, A, &lines, NOW).await.into_iter().map(|line| line.outcome).collect();
    use Fault::{Identifier, Ine, Text, Twice};
    use Outcome::{Added, Refused, Same};
    let faults = [Refused(Ine), Refused(Identifier), Refused(Text), Refused(Text), Refused(Text)];
    assert_eq!(outcomes[..5], faults);
    assert_eq!(outcomes[5..], [Added, Refused(Twice), Same]);
    let denied = persons_import(&vault, &NoLoans, &at(B), school(A), Source::Onde, &lines, &desk(), NOW).await;
    assert!(matches!(denied, Err(Error::Denied(_))));
    let many = vec![lines[5].clone(); INTAKE_MAX + 1];
    let many = persons_import(&vault, &NoLoans, &at(A), school(A), Source::Onde, &many, &desk(), NOW).await;
    assert!(matches!(many, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn who_names_a_number_does_not_get_what_another_school_knows() {
    let vault = vault();
    let rich =
        Incoming { guardians: vec![guardian("Zzparent", "Alix")], ..pupil(2, "123456789AB", "Zzexemple", "Camille") };
    let reference = taken(&vault, A, &[rich], NOW).await[0].reference.unwrap();
    let claim = [pupil(2, "123456789AB", "Zzexemple", "Camille")];
    let lent = Lent(Standing { open: vec!["loan".to_owned()], ..Standing::default() });
    let taken_by = |loans: Lent| {
        let (vault, claim) = (vault.clone(), claim.clone());
        async move {
            let lines = persons_import(&vault, &loans, &at(B), school(B), Source::Siecle, &claim, &desk(), NOW).await;
            lines.unwrap().remove(0).outcome
        }
    };
    assert_eq!(taken_by(lent).await, Outcome::Refused(Fault::Elsewhere));
    assert!(person_show(&vault, &at(A), reference, &desk(), "a call", NOW).await.is_ok());
    // Nothing is lent: they have changed schools, and begin anew there.
    assert_eq!(taken_by(Lent(Standing::default())).await, Outcome::Updated);
    let shown = person_show(&vault, &at(B), reference, &desk(), "a call", NOW).await.unwrap();
    assert!(shown.value.guardians.is_empty());
    assert!(matches!(person_show(&vault, &at(A), reference, &desk(), "a call", NOW).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn who_works_at_schools_is_one_person_wherever_they_are() {
    let vault = vault();
    let teacher = |id: &str| Incoming {
        kind: BorrowerKind::Teacher,
        local: id.to_owned(),
        ine: String::new(),
        class: String::new(),
        ..pupil(1, "", "Zzenseigne", "Sacha")
    };
    let first = taken(&vault, A, &[teacher("25e123abc")], NOW).await.remove(0);
    assert_eq!(first.outcome, Outcome::Added);
    let moved = taken(&vault, B, &[teacher(" 25E123ABC ")], NOW).await.remove(0);
    assert_eq!((moved.outcome, moved.reference), (Outcome::Updated, first.reference));
    let shown = person_show(&vault, &at(B), first.reference.unwrap(), &desk(), "a call", NOW).await.unwrap().value;
    assert_eq!((shown.kind, shown.school), (BorrowerKind::Teacher, school(B)));
    assert_eq!(taken(&vault, A, &[teacher(" ")], NOW).await[0].outcome, Outcome::Refused(Fault::Identifier));
    // A pupil with the same letters in the school's software is somebody else, and staff never stand among those who left.
    let pupil = Incoming { kind: BorrowerKind::Pupil, ..teacher("25e123abc") };
    assert_ne!(taken(&vault, B, &[pupil], NOW).await[0].reference, first.reference);
    let left = leavers_list(&vault, &at(B), school(B), &BTreeSet::new(), &desk(), "end of term", NOW).await.unwrap();
    assert!(left.iter().all(|row| row.value.kind == BorrowerKind::Pupil) && left.len() == 1);
}

#[tokio::test]
async fn people_are_read_together_for_a_reason_and_each_of_them_stands_in_the_audit() {
    let vault = vault();
    let here = taken(&vault, A, &[pupil(1, "123456789AB", "Zzun", "Max")], NOW).await[0].reference.unwrap();
    let there = taken(&vault, B, &[pupil(1, "123456789AC", "Zzdeux", "Léo")], NOW).await[0].reference.unwrap();
    let nobody: BorrowerRef = "0".repeat(32).parse().unwrap();
    let asked = [here, there, nobody];
    // On another page of the same work.
    let page = taken(&vault, A, &[pupil(1, "123456789AD", "Zzpage", "Noé")], NOW).await[0].reference.unwrap();
    let reach = at(A);
    let read = async |purpose: Purpose<'_>, why: &str| {
        persons_read(&vault, &reach, purpose, &asked, &[page, here], &desk(), why, NOW).await
    };
    assert!(matches!(read(Purpose::Agreement, "-").await, Err(Error::Invalid(_))));
    let had = audit(&vault).await.len();
    let found = read(Purpose::Desk("remise-2026"), "hand-out, Max first, then Zzpage").await.unwrap();
    assert!(found.persons.keys().eq([&here]), "who lies outside the reach is not there");
    assert_eq!(found.outside, [there], "and it is known who that was");
    let acts = audit(&vault).await.split_off(had).join("\n");
    assert!(acts.contains(&here.to_string()) && acts.contains("remise-2026"), "{acts}");
    assert!(acts.contains("hand-out, […] first, then […]") && !acts.contains(&there.to_string()), "{acts}");
    let many = vec![here; READING_MAX + 1];
    assert!(persons_read(&vault, &at(A), Purpose::Agreement, &many, &[], &desk(), "a day", NOW).await.is_err());
}

#[tokio::test]
async fn each_one_who_is_shown_stands_in_the_audit_before_and_without_a_name() {
    let vault = vault();
    let file: Vec<_> =
        (0..30).map(|n| pupil(n, &format!("1234567{n:02}AB"), "ZZEXEMPLE", &format!("Camille{n}"))).collect();
    taken(&vault, A, &file, NOW).await;
    taken(&vault, B, &[pupil(2, "999999999ZZ", "Zzexemple", "Ailleurs")], NOW).await;
    let find = async |name: &str, why: &str| persons_find(&vault, &at(A), name, None, 100, &desk(), why, NOW).await;
    let had = audit(&vault).await.len();
    let found = find("zzéx cam", "appel de la famille Zzexemple").await.unwrap();
    assert_eq!((found.persons.len(), found.more), (FOUND_MAX, true));
    assert_eq!(audit(&vault).await.len(), had + FOUND_MAX);
    assert!(find("ailleurs", "a call").await.unwrap().persons.is_empty(), "another school's");
    assert!(find("z", "a call").await.is_err() && find("zzex", "").await.is_err() && find("", "a call").await.is_err());
    let text = audit(&vault).await.join("\n").to_lowercase();
    assert!(text.contains("appel de la famille […]"), "{text}");
    assert!(!text.contains("zzex") && !text.contains("camille"), "{text}");
    // Where the act cannot be noted, nothing is shown.
    let broken = Vault { fleet: Arc::new(Full), ..vault.clone() };
    let refused = persons_find(&broken, &at(A), "zzex", None, 1, &desk(), "a call", NOW).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
    let reference: BorrowerRef = found.persons[0].id.parse().unwrap();
    assert!(person_show(&broken, &at(A), reference, &desk(), "a call", NOW).await.is_err());
    assert!(person_erase(&broken, &NoLoans, &at(A), reference, None, &desk(), "a call", NOW).await.is_err());
    assert!(person_show(&vault, &at(A), reference, &desk(), "a call", NOW).await.is_ok());
}

#[tokio::test]
async fn a_search_without_a_school_looks_at_so_many_people_and_no_more() {
    let vault = vault();
    taken(&vault, A, &[pupil(2, "123456789AB", "Zzexemple", "Camille")], NOW).await;
    taken(&vault, B, &[pupil(2, "123456789AC", "Zzexemple", "Dominique")], NOW).await;
    let find = async |reach: &Reach, at: Option<&str>| {
        persons_find(&vault, reach, "zzex", at.map(school), 100, &desk(), "a call", NOW).await
    };
    let whole = Reach::territory();
    assert_eq!(find(&whole, None).await.unwrap().persons.len(), 2);
    assert_eq!(find(&whole, Some(B)).await.unwrap().persons.len(), 1);
    let one = persons_page(&vault, "").await.unwrap().remove(0).value;
    let noted =
        acts_note(vault.fleet.as_ref(), &vault.territory, &[Act::of(NOW, &desk(), "test", "", "")]).await.unwrap();
    let many: Vec<String> = (0..LOOKED_AT_MAX).map(|n| format!("{n:032x}")).collect();
    for some in many.chunks(1_000) {
        let mut writes = Writes::vaulted(&vault.territory, &noted);
        for id in some {
            writes = writes.put(&PERSONS, id.clone(), &one, Expect::Any).unwrap();
        }
        writes.commit(&vault.sealed).await.unwrap();
    }
    assert!(matches!(find(&whole, None).await, Err(Error::Invalid(text)) if text.contains("name the school")));
    assert_eq!(find(&whole, Some(B)).await.unwrap().persons.len(), 1);
    assert_eq!(
        find(&at(B), None).await.unwrap().persons.len(),
        1,
        "whose word reaches one school looks through it alone"
    );
}

#[tokio::test]
async fn what_is_lent_keeps_its_name_unless_a_second_reason_is_given() {
    let vault = vault();
    let one = pupil(2, "123456789AB", "Zzexemple", "Camille");
    let reference = taken(&vault, A, &[one], NOW).await[0].reference.unwrap();
    let lent = Lent(Standing { open: vec!["one".to_owned()], over: vec!["two".to_owned()], last_end: None });
    let erase = async |force: Option<&str>| {
        person_erase(&vault, &lent, &at(A), reference, force.map(Force), &desk(), "asked for", NOW).await
    };
    assert!(matches!(erase(None).await, Err(Error::Denied(_))));
    assert!(matches!(erase(Some("")).await, Err(Error::Invalid(_))));
    assert_eq!(erase(Some("decision of Mme Zzexemple")).await.unwrap().loans, ["one", "two"]);
    assert!(matches!(erase(None).await, Err(Error::NotFound(_))));
    let text = audit(&vault).await.join("\n");
    assert!(text.contains("vault_erase_forced") && text.contains("decision of Mme […]"), "{text}");
}

#[tokio::test]
async fn time_ends_what_nobody_needs_any_more() {
    let vault = vault();
    taken(&vault, A, &[pupil(2, "123456789AB", "Zzexemple", "Camille")], NOW).await;
    let retention = Retention { after_loan: 30, without_loan: 365 };
    let imported = date(2026, 11, 18);
    let ended_at = NOW.after(DAY);
    let day_of = move |at: Timestamp| if at == ended_at { date(2027, 6, 30) } else { imported };
    let due = async |loans: &dyn Loans, today: Date| {
        retention_due(&vault, loans, retention, today, &day_of).await.unwrap().len()
    };
    assert_eq!(due(&NoLoans, date(2027, 11, 18)).await, 0, "the last day");
    assert_eq!(due(&NoLoans, date(2027, 11, 19)).await, 1);
    let ended = Lent(Standing { last_end: Some(ended_at), ..Standing::default() });
    assert_eq!(due(&ended, date(2027, 7, 30)).await, 0);
    assert_eq!(due(&ended, date(2027, 7, 31)).await, 1);
    let open = Lent(Standing { open: vec!["one".to_owned()], ..ended.0.clone() });
    assert_eq!(due(&open, date(2037, 1, 1)).await, 0, "never while something is lent");
    let act = |reference: &str| retention_act(reference, NOW);
    let run = async |today| retention_run(&vault, &NoLoans, retention, today, &day_of, &act).await.unwrap();
    assert_eq!(run(date(2027, 11, 19)).await, 1);
    assert_eq!(run(date(2027, 11, 19)).await, 0);
    assert!(audit(&vault).await.join("\n").contains("vault_retention"));
}

/// A store that takes nothing any more.
struct Full;

#[async_trait]
impl crate::store::Store for Full {
    async fn get(&self, _: &crate::store::Key) -> Result<Option<crate::store::Entry>> {
        Ok(None)
    }

    async fn scan(
        &self,
        _: &crate::store::Scope,
        _: &str,
        _: usize,
    ) -> Result<Vec<(crate::store::Key, crate::store::Entry)>> {
        Ok(Vec::new())
    }

    async fn commit(&self, _: crate::store::Batch) -> Result<u64> {
        Err(Error::Unavailable { reason: "full".to_owned(), source: None })
    }

    async fn changes(&self, _: &crate::store::Scope, _: u64, _: usize) -> Result<crate::store::Changes> {
        std::future::pending().await
    }

    async fn revision(&self) -> Result<u64> {
        Ok(0)
    }

    fn epoch(&self) -> u32 {
        1
    }
}
