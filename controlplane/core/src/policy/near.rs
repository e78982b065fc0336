//! Names that may have been meant by one that nobody knows.

/// The most that are named.
const NEAR_MAX: usize = 3;

/// The known names that are most like a name, the likeliest first; none where all are too far from it.
#[must_use]
pub fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let most = (name.chars().count() / 3).clamp(1, 3);
    let mut found: Vec<(usize, &str)> = Vec::new();
    for one in known {
        // Who stops in the middle of a word, or leaves out an ending, means it all the same.
        let part = name.len() >= 3 && (one.starts_with(name) || name.starts_with(one) && one.len() >= 3);
        let far = if part { 1 } else { distance(name, one) };
        if far <= most && one != name {
            found.push((far, one));
        }
    }
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(NEAR_MAX).map(|(_, one)| one.to_owned()).collect()
}

/// How many signs are to be put in, taken out, changed, or swapped with the next (Damerau 1964, in Levenshtein's way of counting).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: [Vec<usize>; 3] = [Vec::new(), (0..=other.len()).collect(), Vec::new()];
    for (at, sign) in one.iter().enumerate() {
        let mut next = vec![at + 1];
        for (to, also) in other.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let changed = get(&rows[1], to) + usize::from(sign != also);
            let put = get(&rows[1], to + 1).min(get(&next, to)) + 1;
            let before = |all: &[char], at: usize| at.checked_sub(1).and_then(|at| all.get(at)).copied();
            let swapped = before(&one, at) == Some(*also) && before(&other, to) == Some(*sign);
            let swap = if swapped && to > 0 { get(&rows[0], to - 1) + 1 } else { usize::MAX / 2 };
            next.push(changed.min(put).min(swap));
        }
        rows.rotate_left(1);
        rows[1] = next;
    }
    rows[1].last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_mistyped_is_found_and_what_is_far_is_not() {
        let known = ["adult", "games", "gambling", "social_networks", "chat", "press"];
        assert_eq!(near("aduld", known), ["adult"]);
        assert_eq!(near("gmaes", known), ["games"]);
        assert_eq!(near("social-network", known), ["social_networks"]);
        assert_eq!(near("gam", known), ["gambling", "games"]);
        assert!(near("cooking", known).is_empty() && near("adult", ["adult"]).is_empty() && near("", known).is_empty());
        assert_eq!(
            (distance("ca", "ac"), distance("", "abc"), distance("chat", "chat"), distance("a", "b")),
            (1, 3, 0, 1)
        );
    }
}
