//! What the control plane says in English, said in the reader's language.
//!
//! A refusal travels as a gRPC code and a sentence. The code decides the exit code; the sentence is known here by its shape, and
//! one that is not is shown as it came.

use words::Value;

/// The shape of each sentence, `*` for what changes, and the key of what it means. A test holds the shapes against the sources
/// they come from.
pub(crate) const SHAPES: &[(&str, &str)] = &[
    ("no such device *", "answer-device"),
    ("no such token *", "answer-token"),
    ("several devices fit: *; give the whole id", "answer-ambiguous"),
    ("device * is revoked for good; enrol it again with a new token", "answer-revoked"),
    ("a kit token lets in 1 to * devices, not *", "answer-kit-uses"),
    ("this kind of token lives from one minute to * hours", "answer-token-life"),
    ("a re-enrol token names its device, and no other token does", "answer-token-device"),
    ("a device that enrols again keeps its school, its owner and its kit", "answer-token-device-place"),
    ("device * is merged into *; unmerge it first", "answer-merged"),
    ("device * is not merged into any other", "answer-not-merged"),
    ("device * stands for others itself; unmerge them first", "answer-absorbing"),
    ("a device takes the place of at most * others", "answer-absorbed"),
    ("a device cannot be merged into itself", "answer-merge-self"),
    ("a device is not compared with itself", "answer-compare-self"),
    ("no such asset *", "answer-asset"),
    ("several assets fit: *; give the inventory number", "answer-asset-ambiguous"),
    ("an inventory number or a label is 1 to * letters, digits, -, _ and ., not *", "answer-asset-number"),
    ("* stands in the list twice", "answer-asset-twice"),
    ("* is taken", "answer-asset-taken"),
    ("a kind is 1 to * characters, such as laptop", "answer-asset-kind"),
    ("the warranty ends before the purchase", "answer-asset-warranty"),
    ("equipment can be filed only within your scope: name its school or its owner", "answer-asset-scope"),
    ("a funding line is 1 to * printable characters, not *", "answer-asset-funding"),
    (
        "* was in use and is not wiped since: reinstall it and enrol it again, or sign that it was wiped",
        "answer-asset-unwiped",
    ),
    ("a wipe is signed with its reason: how was it wiped?", "answer-asset-wipe-why"),
    ("* cannot be wiped: it is *", "answer-asset-wipe-where"),
    ("* is part of a kit; take it out first", "answer-asset-in-kit"),
    ("* is lent or set aside for a loan; say it on its loan", "answer-asset-lent"),
    ("* is missing; say that it is found first", "answer-asset-missing"),
    ("* is in use; its device stays with it until it is back", "answer-asset-in-use"),
    ("no device is bound to *", "answer-asset-unbound"),
    ("device * is bound to *; unbind it first", "answer-asset-bound"),
    ("* is retired", "answer-asset-retired"),
    ("* and device * are filed under different schools or owners; move the asset first", "answer-asset-elsewhere"),
    ("* is * and cannot be *", "answer-asset-step"),
    ("no such kit template *", "answer-kit-template"),
    ("no such kit *", "answer-kit"),
    ("no such move of *", "answer-kit-move"),
    ("kit * is there already", "answer-kit-taken"),
    ("kit * has no slot *; it has *", "answer-kit-slot"),
    ("slot * of kit * is for parts that run no agent", "answer-kit-passive"),
    ("slot * of kit * takes at most * parts", "answer-kit-full"),
    ("slot * needs a part with a serial number, and * has none", "answer-kit-serial"),
    ("slot * takes parts with an inventory number, one by one", "answer-kit-one-by-one"),
    ("* is filed under another school than kit *; move it first", "answer-kit-elsewhere"),
    ("kit * is filed under another school or owner", "answer-kit-filed"),
    ("* is in no kit; bind it to one", "answer-kit-none"),
    ("* is in kit * already", "answer-kit-already"),
    ("* is not in kit * any more", "answer-kit-gone"),
    ("at most * serial numbers", "answer-serials"),
    ("* is a placeholder, not a serial number", "answer-serial"),
    ("a kit and a slot are named with 1 to * characters, both together", "answer-kit-label"),
    ("a note has at most * characters", "answer-note"),
    ("the text is too long", "answer-text"),
    ("this call is for staff of this territory", "answer-operator"),
    ("this call needs a certificate; enrol first", "answer-operator"),
    ("this certificate has expired; renew it or enrol again", "answer-certificate-expired"),
    ("your role does not allow this; `cartable operator self` shows what it does", "answer-role"),
    ("this operator is not known here; ask for an invitation", "answer-operator-unknown"),
    ("this operator's access has ended; ask for an invitation", "answer-operator-ended"),
    ("this operator's certificate was replaced; ask for an invitation", "answer-operator-replaced"),
    ("devices can be filed only within your scope: name its school or its owner", "answer-out-of-scope"),
    ("an operator's name is 1 to 64 of a-z, 0-9, . and -", "answer-operator-name"),
    ("no such operator *", "answer-operator-none"),
    ("no such proposal *", "answer-proposal-none"),
    ("operator * is there already", "answer-operator-taken"),
    (
        "this invitation is not valid here: wrong, expired, used, locked or withdrawn; ask for another one",
        "answer-invitation",
    ),
    ("nobody can be granted more than the one who invites has", "answer-beyond"),
    ("a second person has to agree, not the one who proposed it", "answer-second"),
    ("this proposal has lapsed", "answer-lapsed"),
    ("what this proposal is about was changed since; refuse it, and propose the act again", "answer-proposal-changed"),
    ("too many devices begin so; give more of the id", "answer-many-fit"),
    ("this invitation was accepted; end the access of operator * instead", "answer-accepted"),
    ("this is the last admin of the whole territory; invite another one first", "answer-last-admin"),
    ("an auditor has no other role", "answer-auditor"),
    ("a technician does not also lend; give the two roles to two people", "answer-technician"),
    ("all of these devices are in that state already", "answer-state-already"),
    ("no such stocktake *", "answer-stocktake-none"),
    ("this stock count is closed; start another one", "answer-stocktake-closed"),
    ("a stock count is made only within your scope", "answer-stocktake-scope"),
    ("a code is 1 to * printable characters without a slash", "answer-stocktake-code"),
    ("no such school *", "answer-school"),
    ("no such organisation *", "answer-organisation"),
    ("no organisation is called *; add it first", "answer-organisation-unknown"),
    ("school * is not in the annuaire that was imported", "answer-school-unknown"),
    ("neither loan * nor * names a measure", "answer-loan-measure"),
    ("* names no measure", "answer-measure"),
    ("organisation * or its SIREN is named twice", "answer-organisation-twice"),
    ("the SIREN * is that of organisation *", "answer-siren-taken"),
    ("* is neither a SIRET nor a SIREN; a digit may be mistyped", "answer-siret"),
    ("an organisation is named with 1 to * characters", "answer-organisation-name"),
    ("an organisation is a commune, epci, syndicat, departement, region, ogec or etat", "answer-organisation-kind"),
    ("a contact can be set only within your scope", "answer-contact-scope"),
    ("a contact is one line of at most * characters", "answer-contact-text"),
    ("no school calendar was entered; `cartable calendar import` does it", "answer-calendar-none"),
    ("a loan that is * cannot be *", "answer-loan-state"),
    ("* is in loan * already, which is *", "answer-loan-taken"),
    ("* is in another loan already", "answer-loan-taken-elsewhere"),
    ("* is in no open loan", "answer-loan-not-lent"),
    ("* is reported lost or stolen; say first that it was found", "answer-loan-gone"),
    ("no such loan *", "answer-loan-none"),
    ("* has not been wiped since it was last in use", "answer-loan-unwiped"),
    ("the agreement names *, not *; make it out anew and have it signed", "answer-loan-named"),
    ("* is reserved already", "answer-loan-reserved"),
    ("the return screen comes only after the last reminder", "answer-loan-reminders"),
    ("say first of each accessory whether it came back, is missing or is damaged", "answer-loan-accessories"),
    ("the device on * is not active; look at it first", "answer-loan-inactive"),
    ("the device on * says of itself that it is in a critical state", "answer-loan-critical"),
    ("a theft needs the number of the complaint", "answer-loan-complaint"),
    ("a day is written YYYY-MM-DD, not *", "answer-loan-day"),
    ("loans are made only within your scope: name its school or its owner", "answer-loan-scope"),
    ("a loan to a pupil has a due day", "answer-loan-due"),
    ("its device is not said to be lost", "answer-loan-not-lost"),
    ("its device is not said to be stolen", "answer-loan-not-stolen"),
    ("no breakage is on record, and its device came back as it was", "answer-loan-undamaged"),
    ("the due day of this loan is over; make a new one", "answer-loan-over"),
    ("this loan has no device any more", "answer-loan-no-device"),
    ("this loan has another device than * now", "answer-loan-other-device"),
    ("loan * was begun already", "answer-loan-begun"),
    ("say why: this decision is a person's", "answer-loan-why"),
    ("an exam has 1 to * days, the first one first", "answer-loan-exam-days"),
    ("say why: which exam it is", "answer-loan-exam-why"),
    ("an exam that is over defers nothing", "answer-loan-exam-over"),
    ("an exam is noted at most * days ahead", "answer-loan-exam-ahead"),
    ("this exam is noted already", "answer-loan-exam-already"),
    ("no exam is noted for this loan", "answer-loan-exam-none"),
    ("a borrower reference is 32 hexadecimal digits in lower case, as the vault makes it", "answer-loan-borrower"),
    ("a pupil who moves returns the device to the establishment they leave", "answer-loan-pupil"),
    ("no such vault on this server: `cartable-server vault init` makes one", "answer-vault-none"),
    ("no such borrower *", "answer-borrower-none"),
    ("say why an identity is looked at, in * to * characters", "answer-vault-why"),
    ("there are too many people to look through: name the school", "answer-vault-school-named"),
    ("give at least two letters of a name", "answer-vault-letters"),
    ("this school lies outside your scope; `cartable operator self` shows it", "answer-vault-school"),
    (
        "something is still lent to this borrower: erase after its return, or give a second reason with --force",
        "answer-vault-lent",
    ),
    ("the agreements of at most * loans are filled at a time", "answer-vault-agreements"),
    ("the agreements of at most * loans are one work", "answer-vault-work"),
    ("nearly everybody is missing from this file: it is not this school's", "answer-vault-nearly-all"),
    ("no such campaign *", "answer-campaign-none"),
    ("campaign * is there already", "answer-campaign-taken"),
    ("a campaign is made only within your scope: name establishments of it", "answer-campaign-scope"),
    ("a campaign is closed only by who may see all of it", "answer-campaign-close-scope"),
    ("campaign * is closed", "answer-campaign-closed"),
    ("loan * was noted as * by *", "answer-campaign-noted"),
    ("loan * was handed over in this campaign", "answer-campaign-handed"),
    ("loan * came back in this campaign", "answer-campaign-back"),
    ("loan * has no part in campaign *", "answer-campaign-part"),
    ("an asset is prepared, made available, repaired, checked or retired", "answer-asset-steps"),
    ("an asset is lost, stolen or found", "answer-asset-losses"),
    ("name the school or the owner it is filed under from now on", "answer-asset-move-where"),
    ("device * is part of a kit, which * cannot join as it is", "answer-asset-kit-device"),
    ("a list holds at most * assets at a time", "answer-asset-list"),
    ("this is done by a loan, a kit, or by saying that it is lost", "answer-asset-others"),
    ("* is lent or set aside for a loan, and is filed with it", "answer-asset-filed-with-loan"),
    ("a campaign is a hand-out or a return", "answer-campaign-kind"),
    ("name the campaign's first day", "answer-campaign-first"),
    ("a campaign ends on or after its first day, and lasts at most * days", "answer-campaign-days"),
    ("a campaign names at most * establishments; none means all", "answer-campaign-schools"),
    ("a campaign's name is 1 to * characters, letters among them", "answer-campaign-name"),
    ("only loans that are to come back are chosen by their due day", "answer-campaign-due"),
    ("what is noted has at most * characters", "answer-campaign-note"),
    ("name the establishment that is counted", "answer-stocktake-school"),
    ("a template has at most * versions", "answer-kit-versions"),
    ("a slot takes at most 100 parts", "answer-kit-many"),
    ("name what is bound, or how many loose parts lie in the slot", "answer-kit-what"),
    ("slot * has a role that there is not", "answer-kit-role"),
    ("a template or a slot is named with 1 to * of a-z, 0-9 and -, not *", "answer-kit-template-name"),
    ("a title has at most * printable characters", "answer-kit-title"),
    ("a template has 1 to * slots", "answer-kit-slots"),
    ("slot * stands in the template twice", "answer-kit-slot-twice"),
    ("slot * cannot be managed: only a laptop or a mini-pc runs the agent", "answer-kit-managed"),
    ("a borrower is a pupil, a teacher or staff", "answer-loan-kind"),
    ("a list in an act has at most * entries", "answer-loan-list"),
    ("an act says what is to be done", "answer-loan-act-empty"),
    ("an incident is a breakage, a failure, a loss or a theft", "answer-loan-incident"),
    ("it is signed on paper or at the desk", "answer-loan-mode"),
    ("name who signed", "answer-loan-signer"),
    ("say how the device is that is handed over", "answer-loan-out"),
    ("say how the loan ends", "answer-loan-end"),
    ("say of screen, keyboard and case how they are", "answer-loan-grades"),
    ("1 to * acts at a time", "answer-loan-acts"),
    ("name the policy", "answer-loan-policy"),
    ("say whether a device follows its borrower or is to be returned", "answer-loan-follow"),
    ("notice and grace are at most 365 days", "answer-loan-policy-days"),
    (
        "reminders are 1 to * numbers of days between 1 and 365, each greater than the one before",
        "answer-loan-policy-reminders",
    ),
    (
        "a wear scale has a version, begins at 0 months with at most 100 %, and never rises with age",
        "answer-loan-policy-wear",
    ),
    ("loan * is not over; its borrower is still needed", "answer-loan-not-over"),
    ("nothing was tried", "answer-loan-untried"),
    ("this act id was used for another act", "answer-loan-act-used"),
    ("a loan id is a UUID of version 7, not *", "answer-loan-id"),
    ("an act id is a UUID, not *", "answer-loan-act-id"),
    ("a due day lies in the future", "answer-loan-due-past"),
    ("a loan is changed at most * times", "answer-loan-changes"),
    ("no return screen was decided for this loan", "answer-loan-undecided"),
    ("the borrower is at that establishment already", "answer-loan-there"),
    ("this loan is due on that day already", "answer-loan-same-due"),
    ("a loan has at most * accessories, each with a number of its own", "answer-loan-accessories-many"),
    ("an inventory number has no slash", "answer-loan-slash"),
    ("the act cannot be read: *", "answer-loan-unread"),
    ("wear is 0 to 100 hundredths", "answer-loan-wear"),
    ("a loan has at most * devices, one after another", "answer-loan-devices-many"),
    ("a loan has at most * incidents", "answer-loan-incidents-many"),
    ("a loan has at most * signatures", "answer-loan-signatures-many"),
    ("an accessory comes back, is missing or is damaged", "answer-loan-part"),
    ("an incident lies in the past", "answer-loan-incident-day"),
    ("name the device that is handed over", "answer-loan-which"),
    ("name what came back", "answer-loan-back-none"),
    ("say how the device is that comes back", "answer-loan-back"),
    ("say how the device is that comes back, or that it is missing", "answer-loan-back-or"),
    ("this loan has no accessory *", "answer-loan-accessory-none"),
    ("* is the device that this loan has", "answer-loan-same-device"),
    ("* is *; say first that it was found, or close the loan", "answer-loan-missing"),
    ("a loan is due after it has begun", "answer-loan-due-first"),
    ("only a pupil is a minor", "answer-loan-minor"),
    ("a device that is * cannot be *", "answer-asset-step-plain"),
    ("a campaign has at most * loans", "answer-campaign-loans"),
    ("an establishment is counted at most * times a day", "answer-stocktake-often"),
    ("1 to * codes at a time", "answer-stocktake-codes"),
    ("a stock count has at most * findings", "answer-stocktake-findings"),
    ("a day is written like 2025-09-01", "answer-day"),
    ("there is no such place in a device's life", "answer-asset-lifecycle"),
    ("at most * notes at a time", "answer-campaign-notes"),
    ("what is noted is a no-show, a refusal or a problem", "answer-campaign-ended"),
    ("* is 1 to * printable characters", "answer-loan-text"),
    ("no such rollout *", "answer-rollout"),
    ("a rollout that is * cannot be *", "answer-rollout-state"),
    ("a second person has to approve this rollout first", "answer-rollout-second-first"),
    ("no such wave of this rollout waits for a second person", "answer-rollout-wave-agree"),
    ("a second person has to agree, not the one who planned it", "answer-rollout-second"),
    ("rollout * of this bundle is open; end it first", "answer-rollout-open"),
    ("* rollouts are planned or open; end some first", "answer-rollout-many"),
    ("the bundle was assigned to * by another act since; assign the version there", "answer-rollout-since"),
    ("a rollout has at most * waves", "answer-rollout-waves"),
    ("each share of a rollout is larger than the one before, and counts with it", "answer-rollout-shares"),
    ("success is above 0 to 100 %, error 0 to below 100 %, a sample at least 1", "answer-rollout-thresholds"),
    ("a rollout waits a minute to a year for whatever it waits", "answer-rollout-patience"),
    ("a rollout is for 1 to * targets", "answer-rollout-targets"),
    ("a wave is 0.01 to 100 % of the devices", "answer-rollout-share"),
    ("a wave names 1 to * schools", "answer-rollout-wave-schools"),
    ("maintenance hours are two different times of the day, such as 19:00-06:00", "answer-rollout-hours"),
    ("a bundle is assigned to 1 to * targets at a time", "answer-bundle-targets"),
    ("a device holds at most * bundles; * is assigned as many already", "answer-bundle-full"),
    ("there are at most * assignments; take some back first", "answer-bundle-assignments"),
    ("this is assigned so already", "answer-bundle-same"),
    ("no such target *", "answer-bundle-target"),
    ("no such bundle *", "answer-bundle-none"),
    (
        "a target is territory, or measure:, owner:, school:, kit:, loan: or device: with a name, not *",
        "answer-bundle-target-text",
    ),
    ("the repository is not whole; bring it once more", "answer-repository-broken"),
    ("the repository cannot be written; try again", "answer-repository-write"),
    ("the mirror cannot be read; try again", "answer-repository-read"),
    ("too many devices fetch at this moment; try again", "answer-repository-busy"),
    ("the repository is at most * MiB (resources.repository_mib in server.toml)", "answer-repository-full"),
    (
        "less than * MiB of the disk would stay free (resources.free_floor_mib in server.toml)",
        "answer-repository-floor",
    ),
    ("* is there already, with another length", "answer-repository-other"),
    ("pieces of * come in order; it goes on at *", "answer-repository-order"),
    ("* is at most 1 PiB", "answer-fetch-large"),
    ("quiet hours end after they begin, on the same day", "answer-fetch-hours"),
    ("a mirror is named as https://…/, in at most * bytes, and there are at most *", "answer-fetch-mirror"),
    ("at most * schools and as many site nodes differ from the rest", "answer-fetch-many"),
    ("* was changed by somebody else", "failure-conflict"),
];

/// The key of a sentence of the control plane, and what its `*` stand for: `one`, then `two`, then `three`.
pub(crate) fn answer_known(sentence: &str) -> Option<(&'static str, Vec<(&'static str, String)>)> {
    SHAPES.iter().find_map(|(shape, key)| {
        let parts = shape_match(shape, sentence)?;
        let named = ["one", "two", "three"].into_iter().zip(parts.into_iter().map(super::clean)).collect();
        Some((*key, named))
    })
}

/// The values of a known sentence for its message; several devices are a choice.
pub(crate) fn answer_values(
    key: &str,
    parts: Vec<(&'static str, String)>,
    words: &words::Catalogue,
) -> Vec<(&'static str, Value)> {
    let value = |text: String| match key {
        "answer-ambiguous" => words::choice_text(words, text.split(", ").map(str::to_owned)),
        "answer-asset" | "answer-asset-number" | "answer-kit" | "answer-kit-template" | "answer-kit-slot" => {
            text.trim_matches('"').to_owned()
        }
        "answer-asset-step" | "answer-asset-step-plain" | "answer-asset-wipe-where" | "answer-loan-missing" => {
            let known = words.find(&format!("asset-lifecycle-{text}"), None);
            known.or_else(|| words.find(&format!("asset-step-{}", text.replace(' ', "-")), None)).unwrap_or(text)
        }
        // Quoted over there, and quoted anew by the message.
        "answer-rollout-state" => {
            words.find(&format!("rollout-state-{}", text.replace('_', "-")), None).unwrap_or(text)
        }
        "answer-loan-state" => words.find(&format!("loan-state-{text}"), None).unwrap_or(text),
        "answer-device" | "answer-rollout" | "answer-serial" | "answer-siret" | "answer-loan-none"
        | "answer-loan-day" => text.trim_matches('"').to_owned(),
        _ => text,
    };
    parts.into_iter().map(|(name, text)| (name, value(text).into())).collect()
}

/// A sentence of the control plane in the reader's language; one that is not known as it came.
pub(crate) fn sentence_text(sentence: &str, words: &words::Catalogue) -> String {
    match answer_known(sentence) {
        Some((key, parts)) => words.text_with(key, &answer_values(key, parts, words)),
        None => super::clean(sentence),
    }
}

fn shape_match<'t>(shape: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut fixed = shape.split('*');
    let mut rest = text.strip_prefix(fixed.next()?)?;
    let mut parts = Vec::new();
    let mut fixed = fixed.peekable();
    while let Some(next) = fixed.next() {
        let end = if fixed.peek().is_none() {
            // The last piece ends the text; an empty one takes all that is left.
            rest.strip_suffix(next)?.len()
        } else {
            rest.find(next)?
        };
        parts.push(&rest[..end]);
        rest = &rest[end + next.len()..];
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_known_by_its_shape() {
        let known = |text: &str| answer_known(text).map(|(key, parts)| (key, parts.into_iter().map(|p| p.1).collect()));
        let said = |key, parts: &[&str]| Some((key, parts.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()));
        assert_eq!(known("no such device \"x\""), said("answer-device", &["\"x\""]));
        assert_eq!(known("a kit token lets in 1 to 40 devices, not 99"), said("answer-kit-uses", &["40", "99"]));
        assert_eq!(known("several devices fit: a, b; give the whole id"), said("answer-ambiguous", &["a, b"]));
        assert_eq!(known("the text is too long"), said("answer-text", &[]));
        assert_eq!(known("the text is too long, much"), None);
        assert_eq!(known("something else"), None);
    }

    /// The other side may be reworded; the shapes then no longer fit anything.
    #[test]
    fn the_control_plane_still_says_so() {
        let mut sources = String::new();
        for folder in ["../core/src", "../server/src", "../../proto/model/src"] {
            let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
            while let Some(folder) = folders.pop() {
                for entry in std::fs::read_dir(folder).unwrap() {
                    let path = entry.unwrap().path();
                    if path.is_dir() {
                        folders.push(path);
                    } else {
                        sources.push_str(&std::fs::read_to_string(path).unwrap());
                    }
                }
            }
        }
        for (shape, _) in SHAPES {
            // `no such {0}` is put together from two places.
            let shape = shape.strip_prefix("no such ").unwrap_or(shape);
            for piece in shape.split('*').filter(|piece| !piece.is_empty()) {
                assert!(sources.contains(piece), "nothing says {piece:?} any more");
            }
        }
    }
    /// The sentences with which loans, kits, equipment, campaigns and stock counts are refused, `x` for what changes.
    fn refusals() -> Vec<String> {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        for at in ["../core/src", "../server/src/admin"] {
            for noun in ["loan", "kit", "asset", "campaign", "stocktake"] {
                paths.push(root.join(at).join(format!("{noun}.rs")));
                let folder = std::fs::read_dir(root.join(at).join(noun));
                paths.extend(folder.into_iter().flatten().map(|entry| entry.unwrap().path()));
            }
        }
        let mut said = Vec::new();
        for path in paths.iter().filter(|path| !path.ends_with("tests.rs")) {
            let Ok(source) = std::fs::read_to_string(path) else { continue };
            let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for marker in ["Invalid(", "Expired(", "Denied(", "invalid(", "refused(", "let text ="] {
                for rest in source.split(marker).skip(1) {
                    let rest = rest.trim_start();
                    let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
                    said.extend(rest.strip_prefix('"').map(sentence));
                }
            }
        }
        said
    }

    /// A literal up to its end, with `x` in the place of each value.
    fn sentence(literal: &str) -> String {
        let (mut text, mut inside) = (String::new(), false);
        let mut characters = literal.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' if characters.peek() == Some(&'\n') => {
                    while characters.peek().is_some_and(|c| c.is_whitespace()) {
                        characters.next();
                    }
                }
                '\\' => text.extend(characters.next()),
                '{' => {
                    inside = true;
                    text.push('x');
                }
                '}' => inside = false,
                _ if inside => {}
                other => text.push(other),
            }
        }
        text
    }

    #[test]
    fn no_refusal_of_a_loan_a_kit_or_equipment_is_left_in_english() {
        let said = refusals();
        assert!(said.len() > 100, "{}", said.len());
        let unknown: Vec<&String> =
            said.iter().filter(|text| text.contains(' ') && answer_known(text).is_none()).collect();
        assert_eq!(unknown, Vec::<&String>::new());
    }
}
