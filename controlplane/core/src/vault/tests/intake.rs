//! One person under several identifiers, and those who sign for them.

use super::*;

#[tokio::test]
async fn who_comes_with_a_number_later_keeps_the_reference() {
    let vault = vault();
    let local = Incoming { local: "4711".to_owned(), ..pupil(2, "", "Zzexemple", "Camille") };
    let first = taken(&vault, A, std::slice::from_ref(&local), NOW).await[0].reference.unwrap();
    let both = Incoming { ine: "123456789AB".to_owned(), ..local };
    let line = taken(&vault, A, &[both], NOW).await.remove(0);
    assert_eq!((line.outcome, line.reference), (Outcome::Updated, Some(first)));
    let ine = taken(&vault, A, &[pupil(2, "123456789AB", "Zzexemple", "Camille")], NOW).await.remove(0);
    assert_eq!((ine.outcome, ine.reference), (Outcome::Same, Some(first)));
    person_erase(&vault, &NoLoans, &at(A), first, None, &desk(), "asked for", NOW).await.unwrap();
    for table in [PERSONS.name, ALIASES.name, ENROLLED.name] {
        let scope =
            crate::store::Scope { territory: vault.territory.clone(), tables: vec![table], prefix: String::new() };
        assert!(vault.sealed.scan(&scope, "", 10).await.unwrap().is_empty(), "{table}");
    }
}

#[tokio::test]
async fn two_records_of_one_pupil_become_one_that_every_reference_leads_to() {
    let vault = vault();
    let at_a = taken(&vault, A, &[pupil(1, "123456789AB", "Zzexemple", "Camille")], NOW).await[0].reference.unwrap();
    // The next school's file has no INE yet: nobody can know that this is the same pupil.
    let local = Incoming {
        local: "4711".to_owned(),
        guardians: vec![guardian("Zzparent", "Alix")],
        ..pupil(1, "", "Zzexemple", "Camille")
    };
    let at_b = taken(&vault, B, std::slice::from_ref(&local), NOW).await[0].reference.unwrap();
    assert_ne!(at_a, at_b);
    let both = Incoming { ine: "123456789AB".to_owned(), guardians: Vec::new(), ..local.clone() };
    // The identifier given to somebody else meanwhile makes nobody one.
    let other = Incoming { surname: "Zzautre".to_owned(), ..both.clone() };
    assert_eq!(taken(&vault, B, &[other], NOW).await[0].outcome, Outcome::Refused(Fault::Twice));
    // Nor do two lines of one file, of which the first says less.
    let twice = taken(&vault, B, &[Incoming { class: "6e1".to_owned(), ..local }, both.clone()], NOW).await;
    assert_eq!(twice[1].outcome, Outcome::Refused(Fault::Twice));
    let line = taken(&vault, B, std::slice::from_ref(&both), NOW).await.remove(0);
    assert_eq!((line.outcome, line.reference), (Outcome::Updated, Some(at_a)));
    assert_eq!(persons_count(&vault, &Reach::territory()).await.unwrap(), 1);
    assert_eq!(taken(&vault, B, &[both], NOW).await[0].outcome, Outcome::Same);
    let shown = person_show(&vault, &at(B), at_b, &desk(), "a call", NOW).await.unwrap();
    assert_eq!((shown.id, shown.value.guardians.len()), (at_a.to_string(), 1));
    assert_eq!(shown.value.aliases, [at_b]);
    let left = leavers_list(&vault, &at(B), school(B), &BTreeSet::from([at_a]), &desk(), "a term", NOW).await.unwrap();
    assert!(left.is_empty());
    person_erase(&vault, &NoLoans, &at(B), at_b, None, &desk(), "asked for", NOW).await.unwrap();
    for table in [PERSONS.name, ALIASES.name, ENROLLED.name] {
        let scope =
            crate::store::Scope { territory: vault.territory.clone(), tables: vec![table], prefix: String::new() };
        assert!(vault.sealed.scan(&scope, "", 10).await.unwrap().is_empty(), "{table}");
    }
}

#[tokio::test]
async fn an_identifier_mistyped_by_hand_takes_nobodys_place() {
    let vault = vault();
    let known = pupil(1, "123456789AB", "Zzexemple", "Camille");
    taken(&vault, A, std::slice::from_ref(&known), NOW).await;
    let by_hand = async |one: Incoming| {
        let lines = persons_import(&vault, &NoLoans, &at(A), school(A), Source::Hand, &[one], &desk(), NOW).await;
        lines.unwrap().remove(0).outcome
    };
    let other = Incoming { surname: "Zzautre".to_owned(), ..known.clone() };
    assert_eq!(by_hand(other.clone()).await, Outcome::Refused(Fault::OtherName));
    assert_eq!(by_hand(Incoming { class: "CM1".to_owned(), ..known }).await, Outcome::Updated);
    assert_eq!(taken(&vault, A, &[other], NOW).await[0].outcome, Outcome::Updated, "a file's correction");
}

#[tokio::test]
async fn a_whole_file_replaces_who_signs_and_leaves_what_it_does_not_say() {
    let vault = vault();
    let file = |line: u32, local: &str| Incoming { local: local.to_owned(), ..pupil(line, "", "Zzexemple", local) };
    let references: Vec<_> = taken(&vault, A, &[file(1, "4711"), file(2, "4712")], NOW)
        .await
        .into_iter()
        .filter_map(|l| l.reference)
        .collect();
    let line = |first: &str, locals: &[&str], whole: &[&str]| GuardianLine {
        guardian: guardian("Zzparent", first),
        locals: locals.iter().map(|id| (*id).to_owned()).collect(),
        whole: whole.iter().map(|first| ("ZZPARENT".to_owned(), (*first).to_owned())).collect(),
        ..GuardianLine::default()
    };
    let import = async |lines: &[GuardianLine]| {
        let lines = guardians_import(&vault, &at(A), school(A), lines, &desk(), NOW).await.unwrap();
        lines.into_iter().map(|line| line.outcome).collect::<Vec<_>>()
    };
    let known = async |at_: usize| {
        let shown = person_show(&vault, &at(A), references[at_], &desk(), "a call", NOW).await.unwrap().value;
        shown.guardians.into_iter().map(|one| (one.first_name, one.phones.len())).collect::<Vec<_>>()
    };
    let mut un = line("Un", &["4711"], &[]);
    un.guardian.phones.push("0100000000".to_owned());
    import(&[un, line("Deux", &["4711"], &[])]).await;
    // One pupil is full, and the other takes the third none the less.
    let full = import(&[line("Trois", &["4711", "4712"], &[])]).await;
    assert_eq!(full, [Outcome::Refused(Fault::Full)]);
    assert_eq!(known(1).await, [("Trois".to_owned(), 0)]);
    let whole = ["Trois", "Un"];
    let lines = [line("Un", &["4711"], &whole), line("Trois", &["4711"], &whole)];
    assert_eq!(import(&lines).await, [Outcome::Updated, Outcome::Updated]);
    assert_eq!(known(0).await, [("Trois".to_owned(), 0), ("Un".to_owned(), 1)]);
    assert_eq!(import(&lines).await, [Outcome::Same, Outcome::Same]);
}

#[tokio::test]
async fn who_works_at_the_school_is_no_pupil_of_that_name() {
    let vault = vault();
    let teacher =
        Incoming { kind: BorrowerKind::Teacher, local: "25e1".to_owned(), ..pupil(2, "", "Zzexemple", "Max") };
    taken(&vault, A, &[pupil(1, "123456789AB", "Zzexemple", "Max"), teacher], NOW).await;
    let named = GuardianLine {
        guardian: guardian("Zzparent", "Alix"),
        pupils: vec![("Zzexemple".to_owned(), "Max".to_owned())],
        ..GuardianLine::default()
    };
    let lines = guardians_import(&vault, &at(A), school(A), &[named], &desk(), NOW).await.unwrap();
    assert_eq!(lines[0].outcome, Outcome::Updated);
}

#[tokio::test]
async fn guardians_find_their_pupils_by_the_schools_own_identifier() {
    let vault = vault();
    let both =
        |line: u32, ine: &str, local: &str| Incoming { local: local.to_owned(), ..pupil(line, ine, "Zzdouble", "Max") };
    // One is known by both identifiers, one by the school's alone; their names are the same.
    let file = [both(1, "123456789AB", "4711"), both(2, "", "4712")];
    let references: Vec<_> = taken(&vault, A, &file, NOW).await.into_iter().filter_map(|line| line.reference).collect();
    let line = |at: u32, surname: &str, locals: &[&str]| GuardianLine {
        line: at,
        guardian: guardian(surname, "Alix"),
        locals: locals.iter().map(|id| (*id).to_owned()).collect(),
        ..GuardianLine::default()
    };
    let lines = [line(1, "Zzun", &["4711", "4712"]), line(2, "Zzdeux", &["4712"]), line(3, "Zztrois", &["4713"])];
    let lines = guardians_import(&vault, &at(A), school(A), &lines, &desk(), NOW).await.unwrap();
    let outcomes: Vec<_> = lines.into_iter().map(|line| line.outcome).collect();
    assert_eq!(outcomes, [Outcome::Updated, Outcome::Updated, Outcome::Refused(Fault::PupilUnknown)]);
    for (reference, count) in references.into_iter().zip([1, 2]) {
        let shown = person_show(&vault, &at(A), reference, &desk(), "a call", NOW).await.unwrap().value;
        assert!(shown.guardians.len() == count && shown.guardians[0].surname == "Zzun");
    }
    // The identifier of another school's software is another's.
    let elsewhere = [line(1, "Zzun", &["4711"])];
    let lines = guardians_import(&vault, &at(B), school(B), &elsewhere, &desk(), NOW).await.unwrap();
    assert_eq!(lines[0].outcome, Outcome::Refused(Fault::PupilUnknown));
}

#[tokio::test]
async fn guardians_find_their_pupil_by_name_and_there_are_two_at_most() {
    let vault = vault();
    let file = [
        pupil(2, "123456789AB", "ZZEXEMPLE", "Éléa"),
        pupil(3, "123456789AC", "Zzdouble", "Max"),
        pupil(4, "123456789AD", "ZZ-DOUBLE", "Max"),
        pupil(5, "123456789AE", "Zz Double", "MAX"),
    ];
    let references: Vec<_> = taken(&vault, A, &file, NOW).await.into_iter().filter_map(|line| line.reference).collect();
    let line = |at: u32, surname: &str, pupil: (&str, &str)| GuardianLine {
        line: at,
        guardian: Guardian { phones: vec!["0100000000".to_owned()], ..guardian(surname, "Alix") },
        pupils: vec![(pupil.0.to_owned(), pupil.1.to_owned()), ("Zzailleurs".to_owned(), "Tom".to_owned())],
        ..GuardianLine::default()
    };
    let lines = [
        line(2, "Zzun", ("Zzexemple", "ELEA")),
        line(3, "Zzdeux", ("Zzexemple", "Elea")),
        line(4, "Zztrois", ("Zzexemple", "Elea")),
        line(5, "Zzun", ("zz double", "max")),
        line(6, "Zzun", ("Zzinconnu", "max")),
        line(7, "", ("Zzexemple", "Elea")),
    ];
    let import = async || {
        let lines = guardians_import(&vault, &at(A), school(A), &lines, &desk(), NOW).await.unwrap();
        lines.into_iter().map(|line| line.outcome).collect::<Vec<_>>()
    };
    use Fault::{Full, PupilAmbiguous, PupilUnknown, Text};
    use Outcome::{Refused, Same, Updated};
    let refused = [Refused(Full), Refused(PupilAmbiguous), Refused(PupilUnknown), Refused(Text)];
    let first = import().await;
    assert_eq!(first[..2], [Updated, Updated]);
    assert_eq!(first[2..], refused);
    let again = import().await;
    assert_eq!(again[..2], [Same, Same]);
    let shown = person_show(&vault, &at(A), references[0], &desk(), "a call", NOW).await.unwrap().value;
    assert_eq!(shown.guardians.len(), 2);
    // The pupils' own file says nothing of guardians, and takes none away.
    assert_eq!(taken(&vault, A, &file[..1], NOW).await[0].outcome, Same);
}
