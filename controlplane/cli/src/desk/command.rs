//! What a person at the desk does: a code, a name, or one of a few commands, typed after a slash or given by a key.

use super::act::Outcome;
use super::set::{Grade, ItemState, Part, Signer};

/// One thing done at the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Something scanned or typed.
    Code(String),
    /// Every accessory that was not looked at is there.
    All,
    /// An accessory, by its place from 1; around its states, or to one.
    Item(usize, Option<ItemState>),
    /// A part of the device; around its grades, or to one.
    Part(Part, Option<Grade>),
    /// The paper is signed; around those who may, or by one.
    Sign(Option<Signer>),
    /// It is done.
    Finish,
    /// It did not come to that.
    End(Outcome, String),
    /// The last act is taken back.
    Undo,
    /// What was begun is dropped.
    Clear,
}

impl Command {
    /// What a line means; nothing for a command that is none.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else { return Some(Self::Code(line.to_owned())) };
        let (verb, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        Some(match verb {
            "all" => Self::All,
            "done" => Self::Finish,
            "undo" => Self::Undo,
            "clear" => Self::Clear,
            "no-show" => Self::End(Outcome::NoShow, rest.to_owned()),
            "refused" => Self::End(Outcome::Refused, rest.to_owned()),
            "problem" | "probleme" | "problème" => Self::End(Outcome::Problem, rest.to_owned()),
            "sign" if rest.is_empty() => Self::Sign(None),
            "sign" => Self::Sign(Some(signer(rest)?)),
            "item" => {
                let (place, state) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let state = if state.is_empty() { None } else { Some(item_state(state.trim())?) };
                Self::Item(place.parse().ok()?, state)
            }
            part => {
                let part = Part::ALL.into_iter().find(|known| known.name() == part)?;
                let grade = [Grade::Good, Grade::Worn, Grade::Damaged].into_iter().find(|grade| grade.name() == rest);
                if grade.is_none() && !rest.is_empty() {
                    return None;
                }
                Self::Part(part, grade)
            }
        })
    }
}

fn signer(text: &str) -> Option<Signer> {
    [Signer::Guardian1, Signer::Guardian2, Signer::Borrower].into_iter().find(|signer| signer.name() == text)
}

fn item_state(text: &str) -> Option<ItemState> {
    [ItemState::There, ItemState::Missing, ItemState::Damaged].into_iter().find(|state| state.name() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_codes_or_commands() {
        for (line, command) in [
            (" TNE25-000001 ", Some(Command::Code("TNE25-000001".to_owned()))),
            ("", Some(Command::Code(String::new()))),
            ("/all", Some(Command::All)),
            ("/item 2 missing", Some(Command::Item(2, Some(ItemState::Missing)))),
            ("/item 2", Some(Command::Item(2, None))),
            ("/screen damaged", Some(Command::Part(Part::Screen, Some(Grade::Damaged)))),
            ("/case", Some(Command::Part(Part::Case, None))),
            ("/sign guardian2", Some(Command::Sign(Some(Signer::Guardian2)))),
            ("/problem no charger left", Some(Command::End(Outcome::Problem, "no charger left".to_owned()))),
            ("/item x", None),
            ("/item 1 eaten", None),
            ("/screen splendid", None),
            ("/sign nobody", None),
            ("/what", None),
        ] {
            assert_eq!(Command::read(line), command, "{line}");
        }
    }
}
