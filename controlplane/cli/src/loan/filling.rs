//! What a loan puts into the template of a paper.

use super::named::Identity;
use super::row::item_word;
use super::show::{Amount, Condition, Shown};
use super::template::{Filling, List};
use crate::asset::price_text;
use crate::print::Look;
use paper::Part;
use std::collections::BTreeMap;

/// What the registers know of where a loan is made.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// The school's name and commune.
    pub(super) school: String,
    /// The owner's name.
    pub(super) owner: String,
}

/// What a loan, a place and the people named on it put into a template; `look` speaks the template's language.
pub(super) fn filling(loan: &Shown, identity: &Identity, place: &Place, version: &str, look: &Look<'_>) -> Filling {
    let day = |day: &str| look.day(day);
    let or = |text: &String, other: &String| if text.is_empty() { other.clone() } else { text.clone() };
    // An adult's line asks for a class or a function.
    let function = if loan.minor { String::new() } else { look.text(&format!("loan-kind-{}", loan.kind)) };
    let fields = BTreeMap::from([
        ("number", loan.number.clone()),
        ("version", version.to_owned()),
        ("made_on", day_made(loan.made_out_unix_ms, look)),
        ("school", loan.school.clone()),
        ("school_name", or(&identity.school_name, &place.school)),
        ("owner_name", or(&identity.owner_name, &place.owner)),
        ("borrower", identity.borrower.clone()),
        ("class", or(&identity.class, &function)),
        ("guardian1", identity.guardian1.clone()),
        ("guardian1_address", identity.guardian1_address.clone()),
        ("guardian2", identity.guardian2.clone()),
        ("guardian2_address", identity.guardian2_address.clone()),
        ("start", day(&loan.start_on)),
        ("due", loan.due_on.as_deref().map(day).unwrap_or_default()),
        ("asset", loan.asset().unwrap_or_default().to_owned()),
        ("measure", loan.measure.clone().unwrap_or_default()),
    ]);
    let mut tables =
        BTreeMap::from([(List::Equipment, equipment(loan, look)), (List::Condition, condition(loan, look))]);
    if !loan.amounts.is_empty() {
        tables.insert(List::Amounts, amounts(loan, look));
    }
    Filling { code: loan.number.clone(), minor: loan.minor, fields, tables }
}

/// The day on which the agreement was made out: an agreement that is printed again is the same paper.
fn day_made(unix_ms: i64, look: &Look<'_>) -> String {
    let at = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or_default();
    look.day(&at.to_zoned(look.zone.clone()).date().to_string())
}

/// The device and its accessories with their numbers; an agreement that names no device yet leaves its number to be written.
fn equipment(loan: &Shown, look: &Look<'_>) -> Part {
    let state = |state: &str| if state == "out" { String::new() } else { look.text(&format!("loan-part-{state}")) };
    let device = vec![look.text("loan-paper-laptop"), loan.asset().unwrap_or_default().to_owned(), String::new()];
    let mut rows = vec![device];
    rows.extend(
        loan.accessories.iter().map(|one| vec![item_word(&one.kind, look), one.number.clone(), state(one.state)]),
    );
    let column = |key: &str, share| (look.text(key), share);
    let columns =
        vec![column("loan-paper-what", 5.0), column("loan-paper-number", 5.0), column("loan-paper-state", 3.0)];
    Part::Table { columns, rows }
}

fn condition(loan: &Shown, look: &Look<'_>) -> Part {
    let line = loan.lines.last();
    let (out, back) = (line.and_then(|line| line.out.as_ref()), line.and_then(|line| line.back.as_ref()));
    let grade = |of: Option<&Condition>, which: fn(&Condition) -> &'static str| {
        of.map_or_else(String::new, |one| look.text(&format!("loan-grade-{}", which(one))))
    };
    let wear = |of: Option<&Condition>| {
        of.and_then(|one| one.battery_wear).map_or_else(String::new, |wear| format!("{wear} %"))
    };
    let row =
        |key: &str, which: fn(&Condition) -> &'static str| vec![look.text(key), grade(out, which), grade(back, which)];
    let rows = vec![
        row("loan-worse-screen", |one| one.screen),
        row("loan-worse-keyboard", |one| one.keyboard),
        row("loan-worse-case", |one| one.case),
        vec![look.text("loan-worse-battery"), wear(out), wear(back)],
    ];
    let column = |key: &str, share| (look.text(key), share);
    let columns = vec![column("loan-paper-what", 5.0), column("loan-paper-out", 4.0), column("loan-paper-back", 4.0)];
    Part::Table { columns, rows }
}

/// What is proposed, thing by thing, and the sum of what is known.
fn amounts(loan: &Shown, look: &Look<'_>) -> Part {
    let row = |one: &Amount| {
        let what = format!("{} ({})", item_word(&one.kind, look), one.why_text(look));
        vec![what, one.number.clone(), one.cents_text(look)]
    };
    let mut rows: Vec<Vec<String>> = loan.amounts.iter().map(row).collect();
    let total = loan.proposal_cents.map(|cents| price_text(cents, look));
    rows.extend(total.map(|total| vec![look.text("loan-paper-total"), String::new(), total]));
    let column = |key: &str, share| (look.text(key), share);
    let columns = vec![column("loan-paper-what", 6.0), column("loan-paper-number", 4.0), column("loan-proposal", 3.0)];
    Part::Table { columns, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loan::template::{Kind, Template};
    use crate::{EN, FR};
    use paper::agreement_paper;
    use wire::v1;
    use words::{Catalogue, Language};

    #[test]
    fn each_paper_of_ours_is_filled_whole_in_its_language_for_a_minor_and_for_a_teacher() {
        let words = Catalogue::new(Language::Fr, FR, EN);
        let french = Look { words: &words, zone: jiff::tz::TimeZone::UTC, colour: false };
        let words = Catalogue::new(Language::En, FR, EN);
        let english = Look { words: &words, ..french.clone() };
        let identity = Identity { guardian1: "Mme Alix Zzparent".into(), ..Identity::default() };
        let place = Place { school: "École Exemple, Zzville".into(), owner: "Commune de Zzville".into() };
        for (minor, kind) in [(true, 1), (false, 2)] {
            let accessory = |kind: &str, number: &str| v1::LoanAccessory {
                number: number.into(),
                kind: kind.into(),
                state: v1::PartState::Out.into(),
            };
            let amount = |number: &str, why: &str, cents| v1::LoanAmount {
                number: number.into(),
                kind: "charger".into(),
                why: why.into(),
                cents,
            };
            let loan = v1::Loan {
                number: "0951099D-2026-00042".into(),
                minor,
                kind,
                prepared: "TNE-1".into(),
                accessories: vec![accessory("charger", "CH-1"), accessory("key", "K-1"), accessory("tapis", "T-1")],
                start_on: "2026-09-05".into(),
                amounts: vec![amount("CH-1", "missing", Some(3_900)), amount("T-1", "damaged", None)],
                proposal_cents: Some(3_900),
                ..Default::default()
            };
            let shown = shown_of(&loan);
            for (version, look, word, function, unpriced) in [
                ("fr-1", &french, "clé 4G", "enseignant", "prix inconnu"),
                ("en-1", &english, "4G key", "teacher", "no price known"),
            ] {
                for paper in [Kind::Agreement, Kind::HandOver, Kind::Return] {
                    let Ok(Ok(template)) = Template::of(paper, Some(version), None) else {
                        panic!("{paper:?} {version}")
                    };
                    let agreement = template.filled(&filling(&shown, &identity, &place, version, look)).unwrap();
                    assert!(agreement_paper(&agreement).unwrap().len() > 1_000);
                    let said = format!("{agreement:?}");
                    for text in ["TNE-1", "CH-1", word, "tapis", "École Exemple, Zzville"] {
                        assert!(said.contains(text), "{paper:?} {version}: {text}");
                    }
                    let whole = paper == Kind::Agreement;
                    assert_eq!(said.contains("Mme Alix Zzparent"), minor && whole, "{version}");
                    assert_eq!(said.contains(&format!("{function:?}")), !minor && whole, "{version}");
                    assert_eq!(agreement.lang, version[..2]);
                    let asked = said.contains("39") && said.contains(unpriced);
                    assert_eq!(asked, paper == Kind::Return, "{said}");
                }
                // Nothing is asked for what came back whole.
                let whole = Shown { amounts: Vec::new(), proposal_cents: None, ..shown_of(&loan) };
                let Ok(Ok(template)) = Template::of(Kind::Return, Some(version), None) else { panic!("{version}") };
                let said =
                    format!("{:?}", template.filled(&filling(&whole, &identity, &place, version, look)).unwrap());
                assert!(!said.contains("propos"), "{said}");
            }
        }
    }

    fn shown_of(loan: &v1::Loan) -> Shown {
        Shown::of(loan.clone(), Vec::new())
    }

    #[test]
    fn a_paper_that_is_printed_again_bears_the_day_on_which_it_was_made_out() {
        let words = Catalogue::new(Language::En, FR, EN);
        let look = Look { words: &words, zone: jiff::tz::TimeZone::UTC, colour: false };
        let made_on = |made_out_unix_ms: i64| {
            let changed_unix_ms = 1_800_000_000_000;
            let shown = Shown::of(v1::Loan { made_out_unix_ms, changed_unix_ms, ..Default::default() }, Vec::new());
            filling(&shown, &Identity::default(), &Place::default(), "en-1", &look).fields["made_on"].clone()
        };
        assert_ne!(made_on(1_790_000_000_000), made_on(1_800_000_000_000));
        assert_eq!(made_on(0), made_on(1_800_000_000_000), "what was written before that was kept");
    }
}
