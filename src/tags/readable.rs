//! Titles without track numbers and underscores, artists without doubled spaces.

use soundalike_core::audio::EXTENSIONS;

/// An artist without underscores and doubled spaces.
pub fn readable_artist(text: &str) -> String {
    words(&text.replace('_', " "))
}

/// A title that can be read, made of what is often one: with a track number, a file's ending, the artist
/// before it, underscores instead of spaces. `by_file` says that it is a file's name for sure, so that
/// hyphens and capitals part its words too. A good title stays as it is: a number in front is a track's
/// only with a separator behind it (`03_`, `21 - `) or a nought before it (`03 `), so `99 Luftballons`,
/// `7 Seconds` and `26-2` keep theirs.
pub fn readable_title(text: &str, artist: &str, by_file: bool) -> String {
    let whole = words(text);
    let stem = without_ending(&whole);
    let by_file = by_file || stem.len() < whole.len();
    let unnumbered = without_number(stem);
    let numbered = unnumbered.len() < stem.len();
    let like_file = !unnumbered.contains(' ')
        && (unnumbered.contains('_') || by_file && unnumbered.contains('-'));
    let rest = without_artist(unnumbered, artist, |separator| {
        is_spaced_dash(separator)
            || (by_file || like_file)
                && separator.contains(is_dash)
                && !separator.contains(char::is_whitespace)
            // air_traffic by Air is no artist with a title.
            || numbered && separator == "_"
    });
    let spaced = if rest.contains('_') {
        rest.replace('_', " ")
    } else if like_file {
        rest.replace('-', " ")
    } else {
        rest.to_owned()
    };
    let single = !spaced.trim().contains(' ');
    let parted = spaced.split_whitespace().map(|word| {
        let parts = humps(word);
        let enough = match (like_file || by_file, single) {
            (true, _) => 2,
            (false, true) => 3,
            (false, false) => usize::MAX,
        };
        if parts.len() >= enough {
            parts.join(" ")
        } else if like_file {
            before_digits(word)
        } else {
            word.to_owned()
        }
    });
    let title = parted.collect::<Vec<_>>().join(" ");
    if !title.chars().any(char::is_alphanumeric) {
        return whole;
    }
    if like_file {
        capitalised(&title)
    } else {
        title
    }
}

/// Without white space at the ends and with single spaces between words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_ending(text: &str) -> &str {
    match text.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && is_audio(ending) => stem,
        _ => text,
    }
}

fn is_audio(ending: &str) -> bool {
    let mut known = EXTENSIONS.iter();
    known.any(|known| ending.eq_ignore_ascii_case(known))
}

/// What parts a track's number from its title.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || is_dash(c) || "_.)]".contains(c)
}

fn is_dash(c: char) -> bool {
    "-–—".contains(c)
}

/// Splits the separators in front off; both parts may be empty.
fn separated(text: &str) -> (&str, &str) {
    let end = text.find(|c| !is_separator(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// Whether a separator is a dash with a space, or an underscore in place of one, on both sides.
fn is_spaced_dash(separator: &str) -> bool {
    let space = |c: char| c.is_whitespace() || c == '_';
    separator.contains(is_dash) && separator.starts_with(space) && separator.ends_with(space)
}

/// A title without its track number, and the number of the disc or the letter of the side before it.
fn without_number(text: &str) -> &str {
    let is_title = |text: &str| text.chars().any(char::is_alphabetic);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    // [03] Title
    if let Some(number) = text.strip_prefix('[') {
        let rest = &number[digits(number)..];
        let (separator, title) = separated(rest);
        let bracketed = rest.len() < number.len() && separator.starts_with(']');
        return if bracketed && is_title(title) {
            title
        } else {
            text
        };
    }
    // A1 - Title
    if text.starts_with(['A', 'B', 'C', 'D']) {
        let count = digits(&text[1..]);
        let (separator, title) = separated(&text[1 + count..]);
        let parts = is_spaced_dash(separator) || separator == ". " || separator.starts_with('_');
        return if (1..=2).contains(&count) && parts && is_title(title) {
            title
        } else {
            text
        };
    }
    let count = digits(text);
    let (number, rest) = text.split_at(count);
    // 1-03 Title
    if count == 1
        && let Some(track) = rest.strip_prefix('-')
        && digits(track) == 2
    {
        let (separator, title) = separated(&track[2..]);
        return if separator.is_empty() || !is_title(title) {
            text
        } else {
            title
        };
    }
    let (separator, title) = separated(rest);
    if !(1..=3).contains(&count) || separator.is_empty() || !is_title(title) {
        return text;
    }
    let blank = separator.trim().is_empty();
    // A dot or a hyphen with digits on both sides is part of a number: 00.30, 08-15.
    let within = title.starts_with(|c: char| c.is_ascii_digit())
        && !separator.contains(|c: char| c.is_whitespace() || c == '_');
    let is_track = if is_spaced_dash(separator) {
        true
    } else if number.starts_with('0') && count > 1 {
        // 007 is no track's number.
        !within && (!blank || count == 2)
    } else if separator.starts_with('_') {
        // Albums have some twenty tracks; 99_luftballons is a title.
        count == 2 && number <= "30"
    } else {
        // "9. Sinfonie" is an ordinal.
        count == 2 && (separator == ". " || separator == ") ")
    };
    if is_track { title } else { text }
}

/// A title without the artist before it, if what stands between them parts them.
fn without_artist<'a>(text: &'a str, artist: &str, parts: impl Fn(&str) -> bool) -> &'a str {
    let key = |text: &str| -> String {
        text.replace('&', "and")
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let wanted = key(artist);
    if wanted.is_empty() {
        return text;
    }
    for (at, c) in text.char_indices() {
        if !(is_dash(c) || c == '_' || c.is_whitespace()) {
            continue;
        }
        let begun = key(&text[..at]);
        if begun.len() > wanted.len() {
            break;
        }
        if begun != wanted && wanted.strip_prefix("the") != Some(begun.as_str()) {
            continue;
        }
        let (separator, title) = separated(&text[at..]);
        if parts(separator) && title.chars().any(char::is_alphanumeric) {
            return title;
        }
        break;
    }
    text
}

/// The words of a word in camel case, each of three letters at least; the word itself if it is in none.
fn humps(word: &str) -> Vec<&str> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before = ' ';
    for (at, c) in word.char_indices() {
        if before.is_lowercase() && (c.is_uppercase() || c.is_ascii_digit()) {
            ends.push(at);
        }
        before = c;
    }
    ends.push(word.len());
    let mut begin = 0;
    let mut parts = Vec::new();
    for end in ends {
        parts.push(&word[begin..end]);
        begin = end;
    }
    let long = |part: &&str| {
        part.starts_with(|c: char| c.is_ascii_digit())
            || part.chars().count() >= 3 && part.chars().all(char::is_alphanumeric)
    };
    if parts.iter().all(long) {
        parts
    } else {
        vec![word]
    }
}

/// A word with its number apart: `track1` is `track 1`.
fn before_digits(word: &str) -> String {
    let name = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &word[name.len()..];
    let is_name = name.chars().count() >= 3 && name.chars().all(char::is_alphabetic);
    if is_name && (1..=2).contains(&number.len()) {
        format!("{name} {number}")
    } else {
        word.to_owned()
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn becomes(cases: &[(&str, &str, &str)]) {
        for (text, artist, expected) in cases {
            let title = readable_title(text, artist, false);
            assert_eq!(title, *expected, "{text:?} by {artist:?}");
            // What is fit to be read stays so.
            assert_eq!(readable_title(&title, artist, false), title);
        }
    }

    #[track_caller]
    fn survive(titles: &[&str]) {
        for title in titles {
            assert_eq!(readable_title(title, "", false), *title);
            assert_eq!(readable_title(title, "Somebody", false), *title);
        }
    }

    #[test]
    fn track_numbers_go() {
        becomes(&[
            ("03_Song", "", "Song"),
            ("03 - Song", "", "Song"),
            ("03. Song", "", "Song"),
            ("03.Song", "", "Song"),
            ("03-Song", "", "Song"),
            ("03 Song", "", "Song"),
            ("12 – Song", "", "Song"),
            ("10. Disparan", "", "Disparan"),
            (
                "21 - Sonata No. 2 in G major",
                "",
                "Sonata No. 2 in G major",
            ),
            (
                "09 - Z 339 - Here the Deities approve",
                "",
                "Z 339 - Here the Deities approve",
            ),
            ("02 7 Seconds", "", "7 Seconds"),
            ("[07] Song", "", "Song"),
            ("A1 - Song", "", "Song"),
            ("B2. Song", "", "Song"),
            ("1-03 Song", "", "Song"),
            ("12_Song", "", "Song"),
        ]);
    }

    #[test]
    fn good_titles_stay() {
        survive(&[
            "99 Luftballons",
            "1979",
            "7 Seconds",
            "4'33\"",
            "U.N.I.T.Y.",
            "26-2",
            "2 hour delay",
            "7 Nine Skank",
            "1944 Stomp",
            "40 Bars",
            "9. Sinfonie",
            "4.48 Psychosis",
            "08-15",
            "1-800-273-8255",
            "10.000 Nächte",
            "007 (Shanty Town)",
            "50-50",
            "D.i.s.c.o.",
            "A4",
            "A1 Sauce",
            "In-a-gadda-da-vida",
            "Sproing-A-Dub",
            "Below-DU-remix by deutscheunschuld",
            "Caught InThe Middle",
            "SexyBack",
            "LoveGame",
            "Beledi 4:4",
            "Underclocked (underunderclocked mix)",
            "HHavok-main",
            "Séculaire feat. Nÿme",
            "¡Óyeme tiburón!",
            "愛の歌",
            "Mr. Fancy Pants",
            "blues.00012",
            "vs.",
        ]);
        assert_eq!(readable_title("blues.00012", "", true), "blues.00012");
        assert_eq!(readable_title("", "", false), "");
        assert_eq!(readable_title("___", "", false), "___");
    }

    #[test]
    fn underscores_endings_and_doubled_spaces_go() {
        becomes(&[
            ("great_mission", "", "Great mission"),
            ("intro_music1", "", "Intro music 1"),
            ("caves_boss_finale", "", "Caves boss finale"),
            ("99_luftballons", "", "99 luftballons"),
            ("Save_Game", "", "Save Game"),
            ("boss  introduction", "", "boss introduction"),
            ("  Sanctuary ", "", "Sanctuary"),
            ("Song.mp3", "", "Song"),
            ("my_song.OGG", "", "My song"),
            ("écoute_moi", "", "Écoute moi"),
            (
                "TheAdventureBegins8bitRemix",
                "",
                "The Adventure Begins 8bit Remix",
            ),
        ]);
    }

    #[test]
    fn the_artist_before_the_title_goes_where_it_is_given() {
        becomes(&[
            ("Ove Melaa - Rainy", "OveMelaa", "Rainy"),
            ("Beatles – Help!", "The Beatles", "Help!"),
            ("Ove Melaa - Rainy", "", "Ove Melaa - Rainy"),
            ("01_pronobozo_lincity", "pronobozo", "Lincity"),
            ("03 - Queen - Innuendo", "Queen", "Innuendo"),
            ("manolo_camp-medieval", "Manolo Camp", "Medieval"),
            (
                "exhale_and_tim_unwin-lonely_blossom",
                "Exhale & Tim Unwin",
                "Lonely blossom",
            ),
            // These only begin like their artists.
            ("Run-Around", "Run", "Run-Around"),
            (
                "Memories of Tomorrow",
                "Memories of Tomorrow",
                "Memories of Tomorrow",
            ),
            ("Airbag - Live", "Air", "Airbag - Live"),
            ("air_traffic", "Air", "Air traffic"),
        ]);
    }

    #[test]
    fn a_files_name_is_parted_at_hyphens_and_capitals_too() {
        for (name, expected) in [
            ("my-great-song", "My great song"),
            ("CreepyCaves", "Creepy Caves"),
            ("05-Into The Night", "Into The Night"),
            ("McDonald", "McDonald"),
            ("x-force", "X force"),
            ("Somebody - Something", "Something"),
        ] {
            assert_eq!(readable_title(name, "Somebody", true), expected);
        }
        assert_eq!(readable_title("CreepyCaves", "", false), "CreepyCaves");
        assert_eq!(readable_title("my-great-song", "", false), "my-great-song");
    }
}
