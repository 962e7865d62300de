//! The day, and whether it can be believed. Answers are deleted by the clock, and a clock that is wrong must
//! not delete any.

use std::time::{SystemTime, UNIX_EPOCH};

/// The day on which this program was built, since 1970-01-01: no right clock is before it.
pub(super) const BUILD_DAY: i64 = match i64::from_str_radix(env!("SOUNDALIKE_BUILD_DAY"), 10) {
    Ok(day) => day,
    Err(_) => 0,
};

/// A longer time without the collector is taken for a wrong clock.
const YEAR: i64 = 365;

/// Today by the clock, in days since 1970-01-01.
pub(crate) fn today() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| (since.as_secs() / 86_400) as i64)
}

/// The day that an answer which arrives now is kept under. A clock that stands before the build gives no
/// day that is long past once the clock is right.
pub(super) fn day_of_arrival() -> i64 {
    today().max(BUILD_DAY)
}

/// Days that the database knows of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KnownDays {
    /// The day of the newest answer, if there is one.
    pub newest: Option<i64>,
    /// The last day on which the collector looked for old answers, if it ever did.
    pub last: Option<i64>,
}

/// Why today cannot be believed, in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WrongClock {
    #[error("the clock stands before the day on which this program was built")]
    BeforeBuild,
    #[error("the clock stands {0} days before the newest answer")]
    BeforeNewest(i64),
    #[error(
        "the clock stands {0} days after the last day on which the collector ran or got an answer"
    )]
    FarAhead(i64),
}

/// Whether the answers may be deleted that are too old today.
pub(super) fn believe(today: i64, known: KnownDays) -> Result<(), WrongClock> {
    if today < BUILD_DAY {
        return Err(WrongClock::BeforeBuild);
    }
    let Some(newest) = known.newest else {
        // There is nothing to delete.
        return Ok(());
    };
    if today < newest {
        return Err(WrongClock::BeforeNewest(newest - today));
    }
    let last = known.last.map_or(newest, |last| last.max(newest));
    if today - last > YEAR {
        return Err(WrongClock::FarAhead(today - last));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_believed_between_the_newest_answer_and_a_year_after_it() {
        let newest = BUILD_DAY + 100;
        let known = |last| KnownDays {
            newest: Some(newest),
            last,
        };
        let say = |today, last| believe(today, known(last));
        assert_eq!(say(newest, None), Ok(()));
        assert_eq!(say(newest + YEAR, None), Ok(()));
        assert_eq!(say(newest - 1, None), Err(WrongClock::BeforeNewest(1)));
        assert_eq!(say(newest + 400, None), Err(WrongClock::FarAhead(400)));
        // A collector that has run all the time outlives its newest answer.
        assert_eq!(say(newest + 400, Some(newest + 399)), Ok(()));
        assert_eq!(
            say(newest + 900, Some(newest + 399)),
            Err(WrongClock::FarAhead(501))
        );
        assert_eq!(say(0, None), Err(WrongClock::BeforeBuild));
    }

    #[test]
    fn an_answer_never_arrives_before_the_build() {
        const { assert!(BUILD_DAY > 20_000) };
        assert!(day_of_arrival() >= BUILD_DAY);
    }
}
