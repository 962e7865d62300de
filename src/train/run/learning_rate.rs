//! The learning rate of each step.

/// Steps of the warm-up.
const WARM_UP_STEPS: usize = 100;

/// A linear warm-up, then a cosine decay to zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LearningRate {
    peak: f64,
    warm_up: usize,
    steps: usize,
}

impl LearningRate {
    /// With a peak, over a number of steps.
    pub(super) fn new(peak: f64, steps: usize) -> Self {
        Self {
            peak,
            warm_up: WARM_UP_STEPS.min(steps / 2),
            steps,
        }
    }

    /// The learning rate at a step, counted from zero.
    pub(super) fn at(&self, step: usize) -> f64 {
        if step < self.warm_up {
            return self.peak * (step + 1) as f64 / self.warm_up as f64;
        }
        let share = (step - self.warm_up) as f64 / (self.steps - self.warm_up).max(1) as f64;
        self.peak * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_then_falls_to_zero() {
        let rate = LearningRate::new(2e-3, 1000);
        let rates: Vec<f64> = (0..1000).map(|step| rate.at(step)).collect();
        let top = WARM_UP_STEPS;
        assert!(rates[..top].windows(2).all(|pair| pair[0] < pair[1]));
        assert!(rates[top - 1..].windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(rates[999] < 1e-7 && (rates[top] - 2e-3).abs() < 1e-6);
    }
}
