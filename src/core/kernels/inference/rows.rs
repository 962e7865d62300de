//! Rows of numbers over time, laid out for filters that compute four frames at once.

use pulp::Simd;

use super::winograd::{MinimalFilter, OUTPUTS};
use super::{load, store};

/// Tiles of four frames of a segment: those of 187 frames, filled up so that all vectors and pairs of them divide it.
pub const TILES: usize = 48;

/// Which frames there are.
#[derive(Clone, Debug)]
pub struct Frames {
    /// Their number.
    pub count: usize,
    /// `[4, tiles]`: 1 where there is a frame, else 0.
    pub inside: Vec<f32>,
    /// `[4, tiles]`: 0 where there is a frame, else −∞.
    pub outside: Vec<f32>,
}

impl Frames {
    /// So many; what is beyond [`TILES`] is not seen.
    pub fn new(count: usize) -> Self {
        let values = |inside: f32, outside: f32| {
            let is_inside = |at: usize| at % TILES * OUTPUTS + at / TILES < count;
            let all = (0..OUTPUTS * TILES).map(|at| if is_inside(at) { inside } else { outside });
            all.collect()
        };
        Self {
            count,
            inside: values(1.0, 0.0),
            outside: values(0.0, f32::NEG_INFINITY),
        }
    }
}

/// Rows over time, each as four rows: the frames that leave 0, 1, 2 and 3 when divided by four. So the same
/// frame of neighbouring tiles lies side by side, as vectors want it. Zeros lie before and after.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Number of rows.
    pub count: usize,
    /// Tiles of zeros before the first frame.
    pub lead: usize,
    /// Tiles of a row with all zeros.
    pub length: usize,
    /// `[count, 4, length]`
    pub values: Vec<f32>,
}

impl Rows {
    /// Zeros.
    pub fn new(count: usize, lead: usize, length: usize) -> Self {
        Self {
            count,
            lead,
            length,
            values: vec![0.0; count * OUTPUTS * length],
        }
    }

    /// Sets a row from its first frame on.
    pub fn set(&mut self, row: usize, frames: impl Iterator<Item = f32>) {
        let start = row * OUTPUTS * self.length + self.lead;
        for (frame, value) in frames.enumerate() {
            self.values[start + frame % OUTPUTS * self.length + frame / OUTPUTS] = value;
        }
    }

    /// Where the first frame of a row's `phase` is, which leaves that when divided by four.
    pub fn start(&self, row: usize, phase: usize) -> usize {
        (row * OUTPUTS + phase) * self.length + self.lead
    }
}

/// The signal's side of a [`MinimalFilter`], of every tile of some rows.
#[derive(Clone, Debug)]
pub struct Transformed {
    /// Rows that there is room for.
    pub rows: usize,
    /// Tiles of a row.
    pub length: usize,
    /// `[points, rows, length]`
    pub values: Vec<f32>,
}

impl Transformed {
    /// Zeros.
    pub fn new(points: usize, rows: usize, length: usize) -> Self {
        Self {
            rows,
            length,
            values: vec![0.0; points * rows * length],
        }
    }

    /// Numbers from one point to the next.
    pub fn plane(&self) -> usize {
        self.rows * self.length
    }

    /// Takes the tiles of `rows`. The first tile begins `before` tiles before the first frame, and one frame later.
    #[inline(always)]
    pub fn fill<S: Simd, const POINTS: usize>(
        &mut self,
        simd: S,
        minimal: &MinimalFilter<POINTS>,
        rows: &Rows,
        before: usize,
    ) {
        let plane = self.plane();
        for row in 0..rows.count {
            let first = rows.start(row, 0) - before;
            for at in (0..self.length).step_by(S::F32_LANES) {
                let taken: [S::f32s; POINTS] = std::array::from_fn(|frame| {
                    let (phase, tile) = ((frame + 1) % OUTPUTS, (frame + 1) / OUTPUTS);
                    load::<S>(&rows.values, first + phase * rows.length + at + tile)
                });
                for (point, factors) in minimal.signal.iter().enumerate() {
                    let mut sum = simd.splat_f32s(0.0);
                    for (&factor, &value) in factors.iter().zip(&taken) {
                        sum = simd.mul_add_e_f32s(simd.splat_f32s(factor), value, sum);
                    }
                    let to = point * plane + row * self.length + at;
                    store::<S>(&mut self.values, to, sum);
                }
            }
        }
    }
}
