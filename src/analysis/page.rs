//! The page around the figures.

use maud::{Markup, html};
use soundalike_pages::{FigureError, optional, percent, section, table, values};
use soundalike_survey::Kind;

use crate::analyse::{Analysis, DayOf};
use crate::figures::{self, Point};
use crate::listening::Listening;
use crate::statistics::SignedRank;
use crate::tastes::{Rate, Tastes};

/// A report as one HTML page that needs nothing else.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn page(analysis: &Analysis) -> Result<String, FigureError> {
    let title = format!("Answers to “{}”", analysis.title);
    let body = html! {
        (warnings(analysis))
        (overview(analysis))
        (days(analysis)?)
        @if let Some(of) = &analysis.listening { (listening(of)?) }
        @if let Some(of) = &analysis.tastes { (tastes(of)?) }
        (methods(analysis))
    };
    Ok(soundalike_pages::page(&title, &body, ""))
}

fn warnings(analysis: &Analysis) -> Markup {
    html! {
        @if analysis.simulated > 0 {
            p.warning {
                "Warning: made up by a program: " (analysis.simulated) " of " (analysis.answers) " answers."
            }
        }
        @if analysis.left_out > 0 {
            p.warning {
                "Warning: answers that could not be used are left out: " (analysis.left_out) "."
            }
        }
    }
}

/// The counts of answers.
fn overview(analysis: &Analysis) -> Markup {
    const TITLE: &str = "Answers";
    let unknown = || "not known from a file".to_owned();
    let mut rows = vec![
        (
            "answers, one of each participant",
            analysis.answers.to_string(),
        ),
        (
            "finished",
            format!("{} of {}", analysis.answers, analysis.answers),
        ),
        ("simulated", analysis.simulated.to_string()),
        (
            "withdrawn",
            analysis.withdrawn.map_or_else(unknown, |n| n.to_string()),
        ),
        ("replaced by a later answer", analysis.replaced.to_string()),
        ("left out", analysis.left_out.to_string()),
        ("with a comment", analysis.comments.to_string()),
    ];
    if let Some(tastes) = &analysis.tastes {
        rows.push((
            "with a favourite song of their own",
            tastes.own_favourites.to_string(),
        ));
    }
    let mut rows: Vec<(String, String)> = rows
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    for (version, count) in &analysis.consents {
        rows.push((format!("consent to version {version}"), count.to_string()));
    }
    html! {
        p {
            "Survey " (analysis.survey) ", a " (analysis.kind.name()) ". "
            "The page sends finished answers only; what somebody began and did not finish stays in their "
            "browser, so how many began is not known."
        }
        h2 { (TITLE) }
        (values(TITLE, &rows))
    }
}

fn days(analysis: &Analysis) -> Result<Markup, FigureError> {
    let (title, note) = match analysis.day_of {
        DayOf::Arrival => ("Answers by day of arrival", ""),
        DayOf::Consent => (
            "Answers by day of consent (UTC)",
            "The day of arrival is in the collector’s database only.",
        ),
    };
    let figure = html! {
        (figures::days(&analysis.days, title)?)
        figcaption { (note) }
    };
    let rows: Vec<Vec<String>> = analysis
        .days
        .iter()
        .map(|day| vec![day.date.clone(), day.answers.to_string()])
        .collect();
    Ok(html! {
        (section("Over time", "pair", &[figure]))
        @if let Some(median) = analysis.median_days_to_arrival {
            p { "Whole days from consent to arrival, median: " (median) "." }
        }
        p { "Answers hold the time of the consent and none of the steps after it." }
        details {
            summary { "Days as numbers" }
            (table("Days as numbers", &["day", "answers"], &rows))
        }
    })
}

fn bounds(interval: Option<[f64; 2]>) -> String {
    optional(interval, |[low, high]| {
        format!("{:.1} to {:.1}", 100.0 * low, 100.0 * high)
    })
}

/// The cells of a rate.
fn cells(rate: &Rate) -> Vec<String> {
    vec![
        optional(rate.like_rate, percent),
        bounds(rate.interval),
        rate.likes.to_string(),
        rate.dislikes.to_string(),
        rate.unknown.to_string(),
    ]
}

fn agreement(alpha: Option<f64>) -> String {
    optional(alpha, |alpha| format!("{alpha:.3}"))
}

fn tastes(of: &Tastes) -> Result<Markup, FigureError> {
    let points: Vec<Point> = of
        .genres
        .iter()
        .filter_map(|genre| {
            let value = genre.rate.like_rate?;
            Some(Point {
                name: genre.genre.clone(),
                value,
                interval: genre.participants_interval.or(genre.rate.interval),
                shown: percent(value),
            })
        })
        .collect();
    let figure = html! {
        (figures::intervals("genres", "Like rate by genre", &points, [(0.0, "0 %"), (1.0, "100 %")])?)
        figcaption { "95 % intervals by bootstrap over participants." }
    };
    let genres: Vec<Vec<String>> = of
        .genres
        .iter()
        .map(|genre| {
            let mut row = vec![genre.genre.clone()];
            row.extend(cells(&genre.rate));
            row.extend([bounds(genre.participants_interval), genre.songs.to_string()]);
            row
        })
        .collect();
    let mut order: Vec<_> = of.songs.iter().collect();
    order.sort_by(|a, b| {
        b.rate
            .like_rate
            .unwrap_or(-1.0)
            .total_cmp(&a.rate.like_rate.unwrap_or(-1.0))
    });
    let songs: Vec<Vec<String>> = order
        .into_iter()
        .map(|song| {
            let mut row = vec![named(&song.title, &song.artist)];
            row.extend(cells(&song.rate));
            row.extend([song.favourite_of.to_string(), song.genre.clone()]);
            row
        })
        .collect();
    let mut all = vec!["all ratings".to_owned()];
    all.extend(cells(&of.all));
    const RATE: [&str; 5] = ["like rate", "95 % (Wilson)", "like", "dislike", "unknown"];
    let head = |first, last: [&'static str; 2]| [&[first][..], &RATE, &last].concat();
    Ok(html! {
        h2 { "Ratings" }
        p {
            "The like rate is likes among likes and dislikes. Agreement of the participants, Krippendorff’s alpha of "
            "like and dislike: " (agreement(of.agreement)) "."
        }
        (table("Ratings", &[&[""][..], &RATE].concat(), &[all]))
        (section("By genre", "pair", &[figure]))
        (table("By genre", &head("genre", ["95 % (participants)", "songs"]), &genres))
        h2 { "By song" }
        (table("By song", &head("song", ["favourite of", "genre"]), &songs))
    })
}

fn named(title: &str, artist: &str) -> String {
    if artist.is_empty() {
        title.to_owned()
    } else {
        format!("{title} ({artist})")
    }
}

fn p_value(p: f64) -> String {
    if p < 1e-4 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

fn two([low, high]: [f64; 2]) -> String {
    format!("{low:.2} to {high:.2}")
}

fn listening(of: &Listening) -> Result<Markup, FigureError> {
    let points: Vec<Point> = of
        .methods
        .iter()
        .map(|method| Point {
            name: method.name.clone(),
            value: method.mean,
            interval: method.interval,
            shown: format!("{:.2}", method.mean),
        })
        .collect();
    let means = html! {
        (figures::intervals("methods", "Mean rating by method", &points, [(1.0, "1"), (5.0, "5")])?)
        figcaption { "95 % intervals by bootstrap over participants." }
    };
    let rows: Vec<Vec<String>> = of
        .methods
        .iter()
        .map(|method| {
            let mut row = vec![
                method.name.clone(),
                format!("{:.2}", method.mean),
                optional(method.interval, two),
            ];
            row.extend(method.counts.map(|count| count.to_string()));
            row.push(method.ratings.to_string());
            row
        })
        .collect();
    let [first, second] = [&of.methods[0].name, &of.methods[1].name];
    let seeds: Vec<Vec<String>> = of
        .seeds
        .iter()
        .map(|seed| {
            vec![
                named(&seed.title, &seed.artist),
                format!("{:.2}", seed.means[0]),
                format!("{:.2}", seed.means[1]),
                seed.shared.to_string(),
            ]
        })
        .collect();
    Ok(html! {
        (section("Two methods", "pair", &[means, figures::counts(&of.methods)?]))
        (table("Two methods", &["method", "mean", "95 %", "1", "2", "3", "4", "5", "ratings"], &rows))
        p {
            "Participants: " (of.participants) ". Mean difference, " (first) " less " (second) ": "
            (format!("{:+.2}", of.difference))
            @if let Some(interval) = of.difference_interval { " (95 % " (two(interval)) ")" }
            ". " (of.preferences.first) " rate " (first) " higher, " (of.preferences.second) " " (second)
            ", " (of.preferences.neither) " neither."
        }
        (signed_rank(of.test.as_ref()))
        p {
            "Agreement of the participants, Krippendorff’s alpha of the ratings as ordinal numbers: "
            (agreement(of.agreement)) "."
        }
        h2 { "By song" }
        p { "A song that both methods recommend is rated once and counts for both." }
        (table("By song", &["recommended for", first, second, "by both"], &seeds))
    })
}

/// The paired test, in a sentence.
fn signed_rank(test: Option<&SignedRank>) -> Markup {
    html! {
        @if let Some(test) = test {
            p {
                "Wilcoxon signed-rank test of the participants’ differences, two-sided: W+ = " (test.positive)
                ", W− = " (test.negative) ", n = " (test.differences) " (" (test.zeros)
                " without a difference left out), p "
                @if test.p_value < 1e-4 { (p_value(test.p_value)) } @else { "= " (p_value(test.p_value)) }
                ", " (if test.exact { "exact" } else { "normal approximation" }) "."
            }
        } @else {
            p { "No participant’s means differ, so there is nothing to test." }
        }
    }
}

/// Where the statistics come from.
fn methods(analysis: &Analysis) -> Markup {
    html! {
        h2 { "How it is computed" }
        ul {
            li {
                "Agreement: Krippendorff (2011), “Computing Krippendorff’s Alpha-Reliability”: 1 is full "
                "agreement, 0 what chance gives. What somebody did not rate is left out."
            }
            li {
                "Bootstrap over participants: 2,000 resamples, percentile intervals; Efron and Tibshirani (1993), "
                "“An Introduction to the Bootstrap”."
            }
            @if analysis.kind == Kind::Taste {
                li {
                    "Score interval of a share: Wilson (1927), “Probable inference, the law of succession, and "
                    "statistical inference”. It takes ratings as independent; the ratings of one genre by one "
                    "participant are not, which the interval over participants takes into account."
                }
            } @else {
                li {
                    "Paired test: Wilcoxon (1945), “Individual comparisons by ranking methods”. Up to 200 "
                    "differences the p-value is exact, the share of all assignments of signs to the ranks; equal "
                    "differences share their mean rank."
                }
            }
            li { "Participants are volunteers: they stand for nobody else." }
        }
    }
}
