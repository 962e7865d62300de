//! The best of many, by a heap that never holds more than it returns.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row and how similar it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The row.
    pub index: usize,
    /// Cosine similarity from −1 to 1, or another score of which more is better.
    pub similarity: f64,
}

impl Neighbour {
    /// Best first: the higher similarity, and of equal ones the lower index.
    pub(crate) fn rank(&self, other: &Self) -> Ordering {
        let by_similarity = other.similarity.total_cmp(&self.similarity);
        by_similarity.then(self.index.cmp(&other.index))
    }
}

/// On top of the heap lies the worst.
#[derive(Debug)]
struct Entry(Neighbour);

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.rank(&other.0)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// Keeps the `k` best of what is offered. Of equal scores the lower index is better.
#[derive(Debug)]
pub struct Best {
    k: usize,
    heap: BinaryHeap<Entry>,
}

impl Best {
    /// For the `k` best of at most `rows` rows. Memory is reserved here and never again.
    pub fn new(k: usize, rows: usize) -> Self {
        let k = k.min(rows);
        Self {
            k,
            heap: BinaryHeap::with_capacity(k),
        }
    }

    /// No row of a lower score can still be among the best: −∞ until `k` rows are held.
    pub fn bar(&self) -> f64 {
        if self.heap.len() < self.k {
            return f64::NEG_INFINITY;
        }
        let worst = self.heap.peek();
        worst.map_or(f64::INFINITY, |entry| entry.0.similarity)
    }

    /// Keeps a row if it is among the best so far. A score that is not a number is left out.
    pub fn offer(&mut self, index: usize, similarity: f64) {
        if similarity.is_nan() {
            return;
        }
        let entry = Entry(Neighbour { index, similarity });
        if self.heap.len() < self.k {
            self.heap.push(entry);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && entry < *worst
        {
            *worst = entry;
        }
    }

    /// The best, best first.
    pub fn into_sorted(self) -> Vec<Neighbour> {
        let sorted = self.heap.into_sorted_vec();
        sorted.into_iter().map(|entry| entry.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_offers_does_not_matter_and_ties_go_to_the_lower_index() {
        let scores = [0.5, 0.9, 0.5, f64::NAN, -1.0, 0.9, 0.5];
        let indices = |order: &mut dyn Iterator<Item = usize>, k| -> Vec<usize> {
            let mut best = Best::new(k, scores.len());
            order.for_each(|i| best.offer(i, scores[i]));
            best.into_sorted().iter().map(|found| found.index).collect()
        };
        assert_eq!(indices(&mut (0..7), 4), [1, 5, 0, 2]);
        assert_eq!(indices(&mut (0..7).rev(), 4), [1, 5, 0, 2]);
        assert_eq!(indices(&mut (0..7), usize::MAX), [1, 5, 0, 2, 6, 4]);
        assert!(indices(&mut (0..7), 0).is_empty());
    }
}
