#![allow(clippy::unwrap_used)]

use soundalike_survey::examples::{listening_study_of, survey_of};
use soundalike_survey::{Answer, AnyAnswer, Config, ListeningAnswer, Opinion, participant_code};

use super::*;

const NASTY: &str = "<script>alert(1)</script> & \"co\"\u{7}";

/// A survey of five songs of two genres, and answers whose opinions are given as letters.
fn tastes_of(rows: &[&str]) -> (Config, Vec<Received>) {
    let (mut config, answer) = survey_of(5);
    for (at, song) in config.songs.iter_mut().enumerate() {
        song.genre = if at < 2 { "rock" } else { NASTY }.to_owned();
        song.artist = NASTY.to_owned();
    }
    config.title.0.insert("en".to_owned(), NASTY.to_owned());
    let of = |(at, row): (usize, &&str)| {
        let mut answer: Answer = answer.clone();
        answer.participant = participant_code(&[at as u8; 10]);
        answer.consent.at = format!("2026-01-{:02}T23:30:00-01:00", at + 1);
        for (label, letter) in answer.labels.iter_mut().zip(row.chars()) {
            label.opinion = match letter {
                '+' => Opinion::Like,
                '-' => Opinion::Dislike,
                _ => Opinion::Unknown,
            };
        }
        answer.check(&config).unwrap();
        received(AnyAnswer::Taste(answer))
    };
    let answers = rows.iter().enumerate().map(of).collect();
    (config, answers)
}

fn received(answer: AnyAnswer) -> Received {
    Received { answer, day: None }
}

/// A study, and an answer of each participant with ratings by method.
fn ratings_of(rows: &[[u8; 2]]) -> (Config, Vec<Received>) {
    let (config, answer) = listening_study_of(5, 6);
    let of = |(at, [one, two]): (usize, &[u8; 2])| {
        let mut answer: ListeningAnswer = answer.clone();
        answer.participant = participant_code(&[at as u8; 10]);
        for rated in &mut answer.ratings {
            rated.rating = match rated.song.as_str() {
                song if song.contains("one") => *one,
                song if song.contains("two") => *two,
                _ => 3,
            };
        }
        answer.check(&config).unwrap();
        received(AnyAnswer::Listening(answer))
    };
    let answers = rows.iter().enumerate().map(of).collect();
    (config, answers)
}

fn lines(answers: &[Received]) -> Vec<u8> {
    let texts = answers
        .iter()
        .map(|r| serde_json::to_string(&r.answer).unwrap() + "\n");
    texts.collect::<String>().into_bytes()
}

#[test]
fn rates_are_counted_by_song_and_genre() {
    let (config, answers) = tastes_of(&["++-+?", "+--+?", "+?-+?", "---+?"]);
    let found = analyse(&config, &answers, &Sources::default()).unwrap();
    let tastes = found.tastes.as_ref().unwrap();
    let rate = |song: usize| tastes.songs[song].rate;
    assert_eq!(
        (rate(0).likes, rate(0).dislikes, rate(0).unknown),
        (3, 1, 0)
    );
    assert_eq!(rate(0).like_rate, Some(0.75));
    assert_eq!(
        (rate(1).likes, rate(1).dislikes, rate(1).unknown),
        (1, 2, 1)
    );
    assert_eq!((rate(4).like_rate, rate(4).interval), (None, None));
    let rock = tastes
        .genres
        .iter()
        .find(|genre| genre.genre == "rock")
        .unwrap();
    assert_eq!((rock.songs, rock.rate.likes, rock.rate.dislikes), (2, 4, 3));
    assert_eq!(rock.rate.interval, statistics::wilson(4, 7));
    let [low, high] = rock.participants_interval.unwrap();
    assert!(low < 4.0 / 7.0 && 4.0 / 7.0 < high);
    assert_eq!(
        (tastes.all.likes, tastes.all.dislikes, tastes.all.unknown),
        (8, 7, 5)
    );
    assert_eq!(tastes.songs[1].favourite_of, 4);
    assert_eq!(tastes.own_favourites, 4);
    // By hand: of 3 units with 4 ratings and one with 3, the coincidences of like and dislike are
    // 2·(3·1)/3 + 2·(1·2)/2 = 4 of 15, with 8 and 7 margins.
    let alpha = 1.0 - 14.0 * 4.0 / (2.0 * 8.0 * 7.0);
    assert!((tastes.agreement.unwrap() - alpha).abs() < 1e-12);
}

#[test]
fn days_are_those_of_the_consent_unless_arrivals_are_known() {
    let (config, mut answers) = tastes_of(&["++-+?", "+--+?", "+?-+?"]);
    let found = analyse(&config, &answers, &Sources::default()).unwrap();
    assert_eq!(found.day_of, DayOf::Consent);
    // 23:30 in a zone one hour behind is the next day in UTC.
    assert_eq!(found.days[0].date, "2026-01-02");
    assert_eq!(found.days.len(), 3);
    assert_eq!(found.median_days_to_arrival, None);
    for received in &mut answers {
        received.day = Some(20_463);
    }
    let found = analyse(&config, &answers, &Sources::default()).unwrap();
    assert_eq!(found.day_of, DayOf::Arrival);
    assert_eq!(
        (found.days[0].date.as_str(), found.days[0].answers),
        ("2026-01-10", 3)
    );
    // Consents of the 2nd, 3rd and 4th.
    assert_eq!(found.median_days_to_arrival, Some(7));
}

#[test]
fn methods_are_compared_over_participants() {
    // Differences of the means are 5/6 of 3, 1, 1, −2 and 0, because one song of six is of both methods.
    let (config, answers) = ratings_of(&[[5, 2], [4, 3], [3, 2], [1, 3], [4, 4]]);
    let found = analyse(&config, &answers, &Sources::default()).unwrap();
    let listening = found.listening.as_ref().unwrap();
    assert_eq!(listening.participants, 5);
    let [one, two] = &listening.methods;
    assert!(
        (one.mean - (17.0 / 5.0 * 5.0 + 3.0) / 6.0).abs() < 1e-12,
        "{}",
        one.mean
    );
    assert!(
        (two.mean - (14.0 / 5.0 * 5.0 + 3.0) / 6.0).abs() < 1e-12,
        "{}",
        two.mean
    );
    assert!((listening.difference - 0.5).abs() < 1e-12);
    assert_eq!(one.ratings, 5 * 5 * 6);
    // Five seeds, of which five songs are the method's own and one is of both.
    assert_eq!(one.counts, [25, 0, 25 + 25, 50, 25]);
    let test = listening.test.unwrap();
    // Ranks by hand: 4, 1.5, 1.5, −3; one zero. Of the 16 assignments of signs, 5 reach 7 or more.
    assert_eq!((test.positive, test.negative, test.zeros), (7.0, 3.0, 1));
    assert_eq!(test.p_value, 2.0 * 5.0 / 16.0);
    let Preferences {
        first,
        second,
        neither,
    } = listening.preferences;
    assert_eq!((first, second, neither), (3, 1, 1));
    assert_eq!(listening.seeds[4].shared, 1);
    assert!((listening.seeds[0].means[0] - one.mean).abs() < 1e-12);
}

#[test]
fn the_page_has_the_numbers_and_needs_nothing_else() {
    let (config, answers) = tastes_of(&["++-+?", "+--+?", "+?-+?", "---+?"]);
    let sources = Sources {
        withdrawn: Some(17),
        left_out: 23,
        replaced: 31,
    };
    let found = analyse(&config, &answers, &sources).unwrap();
    let html = page(&found).unwrap();
    let has = |text: &str| assert!(html.contains(text), "{text}: {html}");
    for row in [
        "answers, one of each participant</th><td>4</td>",
        "withdrawn</th><td>17</td>",
        "left out</th><td>23</td>",
        "replaced by a later answer</th><td>31</td>",
        "rock</th><td>57.1 %</td><td>25.0 to 84.2</td><td>4</td><td>3</td><td>1</td>",
        "<th scope=\"row\">all ratings</th><td>53.3 %</td>",
        "&lt;script&gt;alert(1)",
        "days-title",
        "genres-title",
    ] {
        has(row);
    }
    for absent in [
        "://", "src=", "@import", "url(", "<script", "\u{7}", "\"#01020",
    ] {
        assert!(!html.contains(absent), "{absent}");
    }

    let (config, answers) = ratings_of(&[[5, 2], [4, 3], [3, 2], [1, 3], [4, 4]]);
    let html = page(&analyse(&config, &answers, &Sources::default()).unwrap()).unwrap();
    for row in [
        "W+ = 7, W− = 3, n = 4 (1 without a difference left out), p = 0.6250, exact",
        "3 rate one higher, 1 two, 1 neither",
        "withdrawn</th><td>not known from a file</td>",
        "ratings-title",
        "methods-title",
    ] {
        assert!(html.contains(row), "{row}: {html}");
    }
}

#[test]
fn damaged_lines_are_named_and_later_answers_replace_earlier_ones() {
    let (config, answers) = tastes_of(&["++-+?", "+--+?"]);
    let mut text = lines(&answers);
    text.extend(b"{\"version\": 1\n\n");
    text.extend(lines(&answers[..1]));
    let (other, _) = listening_study_of(2, 3);
    let (_, listening) = listening_study_of(2, 3);
    text.extend(lines(&[received(AnyAnswer::Listening(listening))]));
    let read = read_lines(&text, &config);
    assert_eq!(read.answers.len(), 3);
    let numbers: Vec<usize> = read.damaged.iter().map(|damaged| damaged.line).collect();
    assert_eq!(numbers, [3, 6]);
    assert!(
        read.damaged[1].cause.contains("“listening”"),
        "{:?}",
        read.damaged
    );
    let (kept, replaced) = latest(read.answers);
    assert_eq!((kept.len(), replaced), (2, 1));
    assert!(read_lines(&lines(&answers), &other).answers.is_empty());
}

#[test]
fn consent_to_an_earlier_version_counts() {
    let (mut config, answers) = tastes_of(&["++-+?", "+--+?"]);
    config.consent_version = 3;
    let read = read_lines(&lines(&answers), &config);
    assert_eq!((read.answers.len(), read.damaged.len()), (2, 0));
    config.consent_version = 1;
    assert_eq!(read_lines(&lines(&answers), &config).damaged.len(), 2);
}

#[test]
fn without_answers_there_is_nothing_to_report() {
    let (config, _) = tastes_of(&[]);
    let error = analyse(&config, &[], &Sources::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no answers to the survey “taste”"),
        "{error}"
    );
    assert_eq!(read_lines(b"\n\n", &config).damaged.len(), 0);
}

#[test]
fn one_answer_is_reported_without_intervals_over_participants() {
    let (config, answers) = ratings_of(&[[5, 2]]);
    let found = analyse(&config, &answers, &Sources::default()).unwrap();
    let listening = found.listening.as_ref().unwrap();
    assert_eq!(listening.difference_interval, None);
    assert_eq!(listening.agreement, None);
    page(&found).unwrap();
}
