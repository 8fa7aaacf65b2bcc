//! Ids that differ from each other, wherever there are enough of them.
//!
//! Invariant: pure. A place gets none only if no choice gives all other places one: ids start at 1 in every table, so
//! that the first that is free is often the only one that another place may have.

/// An index into each place's candidates, such that no id is there twice and none is `taken`.
pub fn distinct(places: &[Vec<i64>], taken: &[i64]) -> Vec<Option<usize>> {
    let mut chosen = vec![None; places.len()];
    for place in 0..places.len() {
        let mut met = taken.to_vec();
        find(place, places, &mut chosen, &mut met);
    }
    chosen
}

/// Gives a place an id, if need be one that another place has and can do without.
fn find(place: usize, places: &[Vec<i64>], chosen: &mut [Option<usize>], met: &mut Vec<i64>) -> bool {
    let holder = |chosen: &[Option<usize>], id: i64| {
        (0..places.len()).find(|other| chosen[*other].is_some_and(|at| places[*other][at] == id))
    };
    // Of what is free the first: whoever has one keeps it if that can be.
    let is_free = |id: &i64| !met.contains(id) && holder(chosen, *id).is_none();
    if let Some(index) = places[place].iter().position(is_free) {
        chosen[place] = Some(index);
        return true;
    }
    for (index, id) in places[place].iter().enumerate() {
        if met.contains(id) {
            continue;
        }
        met.push(*id);
        if holder(chosen, *id).is_some_and(|other| find(other, places, chosen, met)) {
            chosen[place] = Some(index);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::distinct;

    #[test]
    fn an_id_is_left_to_whom_no_other_is_left() {
        let found = |places: &[Vec<i64>], taken: &[i64]| {
            let chosen = distinct(places, taken).into_iter().enumerate();
            chosen.map(|(place, at)| at.map(|at| places[place][at])).collect::<Vec<_>>()
        };
        assert_eq!(found(&[vec![4, 3, 2, 1], vec![4]], &[]), [Some(3), Some(4)]);
        assert_eq!(found(&[vec![2, 1], vec![2, 1], vec![2, 1]], &[]), [Some(2), Some(1), None]);
        assert_eq!(found(&[vec![3, 2], vec![3, 2, 1]], &[3]), [Some(2), Some(1)]);
    }
}
