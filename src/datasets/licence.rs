//! Licences in one vocabulary: SPDX identifiers (<https://spdx.org/licenses/>), or `unclear`.

/// A licence that has no identifier, or that is not stated.
pub const UNCLEAR: &str = "unclear";

/// Words that make the licence beside them unclear.
const DOUBTS: [&str; 7] = [
    "check",
    "unclear",
    "unknown",
    "none stated",
    "not stated",
    "research use",
    "all rights reserved",
];

/// Identifiers that are recognised as they are. Those of Creative Commons and the GNU project are composed
/// of their parts.
const PLAIN: [&str; 24] = [
    "0BSD",
    "Apache-2.0",
    "Artistic-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-1.0",
    "CDLA-Permissive-2.0",
    "CDLA-Sharing-1.0",
    "EUPL-1.2",
    "ISC",
    "LAL-1.2",
    "LAL-1.3",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "ODbL-1.0",
    "ODC-By-1.0",
    "OFL-1.1",
    "PDDL-1.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
    "blessing",
];

/// The licences of Creative Commons for one country that have an identifier.
const PORTED: [&str; 21] = [
    "CC-BY-2.5-AU",
    "CC-BY-3.0-AT",
    "CC-BY-3.0-AU",
    "CC-BY-3.0-DE",
    "CC-BY-3.0-IGO",
    "CC-BY-3.0-NL",
    "CC-BY-3.0-US",
    "CC-BY-NC-3.0-DE",
    "CC-BY-NC-ND-3.0-DE",
    "CC-BY-NC-ND-3.0-IGO",
    "CC-BY-NC-SA-2.0-DE",
    "CC-BY-NC-SA-2.0-FR",
    "CC-BY-NC-SA-2.0-UK",
    "CC-BY-NC-SA-3.0-DE",
    "CC-BY-NC-SA-3.0-IGO",
    "CC-BY-ND-3.0-DE",
    "CC-BY-SA-2.0-UK",
    "CC-BY-SA-2.1-JP",
    "CC-BY-SA-3.0-AT",
    "CC-BY-SA-3.0-DE",
    "CC-BY-SA-3.0-IGO",
];

/// Versions of the licences of Creative Commons that are for no country.
const CC_VERSIONS: [&str; 5] = ["1.0", "2.0", "2.5", "3.0", "4.0"];

/// The licences of the GNU project and their versions.
const GNU: [(&str, &[&str]); 4] = [
    ("AGPL", &["1.0", "3.0"]),
    ("LGPL", &["2.0", "2.1", "3.0"]),
    ("GFDL", &["1.1", "1.2", "1.3"]),
    ("GPL", &["1.0", "2.0", "3.0"]),
];

/// A licence in whatever spelling as an expression of SPDX: `CC BY-SA 3.0 or GPLv2+` is
/// `CC-BY-SA-3.0 OR GPL-2.0-or-later`. [`UNCLEAR`] where it has no identifier: a version is missing,
/// several are named without a word that says which holds, or the words cast doubt on it. What stands
/// in brackets is a remark, unless nothing else does.
pub fn spdx(text: &str) -> String {
    expression(text).unwrap_or_else(|| UNCLEAR.to_owned())
}

fn expression(text: &str) -> Option<String> {
    let text = text.to_lowercase().replace(['‐', '‑', '–'], "-");
    if DOUBTS.iter().any(|doubt| text.contains(doubt)) {
        return None;
    }
    if let Some((_, place)) = text.split_once("creativecommons.org/") {
        let words = place.replace(['/', '-'], " ");
        return creative_commons(&words.split_whitespace().collect::<Vec<_>>());
    }
    let text = without_remarks(&text);
    // Who gave it is no part of it.
    let text = text.split(" by explicit permission").next().unwrap_or("");
    let text = text
        .replace(" or any later version", "+")
        .replace(" or later", "+")
        .replace("-or-later", "+");
    let (operator, joined) = match (text.contains(" or "), text.contains(" and ")) {
        (true, true) => return None,
        (false, true) => (" AND ", text.split(" and ")),
        _ => (" OR ", text.split(" or ")),
    };
    let mut found: Vec<String> = Vec::new();
    for part in joined {
        for licence in alternatives(part.trim())? {
            if !found.contains(&licence) {
                found.push(licence);
            }
        }
    }
    Some(found.join(operator))
}

/// The text without what stands in brackets, or what stands in them if there is nothing else, and
/// without punctuation at its ends.
fn without_remarks(text: &str) -> String {
    let (mut outside, mut inside, mut depth) = (String::new(), String::new(), 0_usize);
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 => inside.push(c),
            _ => outside.push(c),
        }
    }
    let ends = |c: char| c.is_whitespace() || ":;,.-".contains(c);
    let outside = outside.trim_matches(ends);
    let left = if outside.is_empty() {
        inside.trim_matches(ends)
    } else {
        outside
    };
    left.to_owned()
}

/// The licence that a part of an expression names; several only where one of the GNU project is named
/// with several versions, `GPLv2/3`.
fn alternatives(part: &str) -> Option<Vec<String>> {
    let part = part
        .trim_start_matches("gnu ")
        .trim_end_matches(" license")
        .trim_end_matches(" licence");
    let hyphened = part.split_whitespace().collect::<Vec<_>>().join("-");
    if let Some(id) = PLAIN.iter().find(|id| id.eq_ignore_ascii_case(&hyphened)) {
        return Some(vec![(*id).to_owned()]);
    }
    if let Some((name, versions, rest)) = GNU.iter().find_map(|(name, versions)| {
        let rest = part.strip_prefix(&name.to_lowercase())?;
        Some((name, versions, rest))
    }) {
        return rest
            .split('/')
            .map(|version| gnu(name, versions, version))
            .collect();
    }
    if part.contains('/') {
        return None;
    }
    let words = part.replace(['-', '_'], " ");
    creative_commons(&words.split_whitespace().collect::<Vec<_>>()).map(|id| vec![id])
}

/// A licence of the GNU project in a version such as `v2`, `-3.0-only` or `2.0+`.
fn gnu(name: &str, versions: &[&str], version: &str) -> Option<String> {
    let version = version.trim_start_matches([' ', '-', 'v']);
    let (version, later) = match version.strip_suffix('+') {
        Some(version) => (version, true),
        None => (version.trim_end_matches("-only"), false),
    };
    let known = versions.iter().find(|known| {
        let short = known.trim_end_matches(".0");
        version.trim() == **known || version.trim() == short
    })?;
    let suffix = if later { "or-later" } else { "only" };
    Some(format!("{name}-{known}-{suffix}"))
}

/// A licence of Creative Commons by its words, each in lower case.
fn creative_commons(words: &[&str]) -> Option<String> {
    let [mut by, mut nc, mut nd, mut sa, mut zero] = [false; 5];
    let (mut version, mut country) = (None, None);
    for &word in words {
        match word {
            "cc" | "creative" | "commons" | "license" | "licence" | "licenses" | "public"
            | "publicdomain" | "domain" | "dedication" | "universal" | "international"
            | "unported" | "generic" | "deed" | "deed.en" | "legalcode" | "non" | "no"
            | "share" => {}
            "by" | "attribution" => by = true,
            "nc" | "noncommercial" | "commercial" => nc = true,
            "nd" | "noderivatives" | "noderivs" | "derivatives" | "derivs" => nd = true,
            "sa" | "sharealike" | "alike" => sa = true,
            "cc0" | "zero" => zero = true,
            _ if word.starts_with(|c: char| c.is_ascii_digit() || c == 'v') => {
                let number = word.trim_start_matches('v');
                let number = match number {
                    "1" | "2" | "3" | "4" => format!("{number}.0"),
                    _ => number.to_owned(),
                };
                if version.replace(number).is_some() {
                    return None;
                }
            }
            _ if (2..=3).contains(&word.len()) && country.is_none() => {
                country = Some(word.to_uppercase());
            }
            _ => return None,
        }
    }
    if zero {
        let only = !(by || nc || nd || sa) && country.is_none();
        return (only && version.is_none_or(|version| version == "1.0"))
            .then(|| "CC0-1.0".to_owned());
    }
    if !by || (nd && sa) {
        return None;
    }
    let mut id = "CC-BY".to_owned();
    for (part, there) in [("-NC", nc), ("-ND", nd), ("-SA", sa)] {
        if there {
            id += part;
        }
    }
    let version = version?;
    id = format!("{id}-{version}");
    match country {
        None => CC_VERSIONS.contains(&version.as_str()).then_some(id),
        Some(country) => {
            let id = format!("{id}-{country}");
            PORTED.contains(&id.as_str()).then_some(id)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn all_are(expected: &str, spellings: &[&str]) {
        for spelling in spellings {
            assert_eq!(spdx(spelling), expected, "{spelling:?}");
        }
        assert_eq!(spdx(expected), expected);
    }

    #[test]
    fn a_licence_of_creative_commons_is_known_by_its_parts_and_its_version() {
        all_are(
            "CC-BY-3.0",
            &[
                "CC BY 3.0",
                "CC-BY-3.0",
                "cc by v3",
                "Creative Commons Attribution 3.0 Unported",
            ],
        );
        all_are(
            "CC-BY-4.0",
            &[
                "CC BY 4.0",
                "CC-BY 4.0",
                "CC BY 4.0 (README)",
                "CC BY 4.0 (Eric Skiff)",
                "CC-BY 4.0 by explicit permission from RedFT:",
                "https://creativecommons.org/licenses/by/4.0/",
                "Creative Commons Attribution 4.0 International (CC BY 4.0)",
            ],
        );
        all_are("CC-BY-SA-2.5", &["CC BY-SA 2.5"]);
        all_are(
            "CC-BY-SA-3.0",
            &[
                "CC BY-SA 3.0",
                "CC-BY-SA-3.0",
                "CC BY-SA 3.0 (repo doc/LICENSE)",
            ],
        );
        all_are("CC-BY-SA-4.0", &["CC BY-SA 4.0", "CC-BY-SA 4.0"]);
        all_are("CC-BY-NC-3.0", &["CC BY-NC 3.0"]);
        all_are("CC-BY-ND-3.0", &["CC BY-ND 3.0"]);
        all_are("CC-BY-NC-ND-2.0", &["CC BY-NC-ND 2.0"]);
        all_are("CC-BY-NC-ND-2.5", &["CC BY-NC-ND 2.5"]);
        all_are("CC-BY-NC-SA-2.0", &["CC BY-NC-SA 2.0"]);
        all_are("CC-BY-NC-SA-2.5", &["CC BY-NC-SA 2.5"]);
        all_are(
            "CC-BY-NC-SA-3.0",
            &[
                "CC BY-NC-SA 3.0",
                "CC BY-SA-NC 3.0",
                "Attribution-NonCommercial-ShareAlike 3.0 International",
                "http://creativecommons.org/licenses/by-nc-sa/3.0/",
            ],
        );
        all_are(
            "CC-BY-NC-ND-3.0",
            &["Attribution-NonCommercial-NoDerivatives (aka Music Sharing) 3.0 International"],
        );
        all_are(
            "CC0-1.0",
            &[
                "CC0",
                "CC0-1.0",
                "(CC0)",
                "https://creativecommons.org/publicdomain/zero/1.0/",
            ],
        );
    }

    #[test]
    fn a_licence_for_one_country_needs_an_identifier_of_its_own() {
        all_are("CC-BY-3.0-US", &["CC BY 3.0 US"]);
        all_are("CC-BY-SA-2.1-JP", &["CC BY-SA 2.1 JP"]);
        all_are(UNCLEAR, &["CC BY-NC-SA 3.0 US (tag)", "CC BY-SA 2.1"]);
    }

    #[test]
    fn a_licence_of_the_gnu_project_says_whether_later_versions_hold() {
        all_are(
            "GPL-2.0-or-later",
            &["GPL-2.0+", "GPLv2+", "GNU GPL 2.0 or later"],
        );
        all_are(
            "GPL-3.0-only",
            &[
                "GPL-3.0",
                "GPLv3",
                "GPL-3.0 (repo)",
                "GPL-3.0 (Xonotic data)",
            ],
        );
        all_are("LGPL-2.1-or-later", &["LGPLv2.1+", "LGPL-2.1-or-later"]);
        all_are("AGPL-3.0-only", &["AGPL 3.0"]);
        all_are(UNCLEAR, &[": GPL", "GPL", "GPLv4", "GPL-3.0 WITH x"]);
    }

    #[test]
    fn other_identifiers_are_taken_whatever_their_case() {
        all_are("MIT", &["MIT", "mit", "MIT License"]);
        all_are("Apache-2.0", &["Apache 2.0", "apache-2.0"]);
        all_are("ODC-By-1.0", &["ODC-BY 1.0"]);
        all_are("ODbL-1.0", &["odbl-1.0"]);
    }

    #[test]
    fn a_choice_of_licences_is_an_expression() {
        all_are("GPL-2.0-only OR GPL-3.0-only", &["GPLv2/3"]);
        all_are("CC-BY-SA-3.0 OR GPL-3.0-only", &["CC-BY-SA-3.0 or GPLv3"]);
        all_are(
            "CC-BY-SA-3.0 OR GPL-2.0-only OR GPL-3.0-only",
            &["CC-BY-SA-3.0 or GPLv2/3"],
        );
        all_are(
            "CC-BY-SA-3.0 OR GPL-2.0-or-later",
            &["CC BY-SA 3.0 or GPL-2.0 or later"],
        );
        all_are("MIT AND CC-BY-4.0", &["MIT and CC BY 4.0"]);
        all_are(UNCLEAR, &["MIT and CC0 or GPLv3"]);
    }

    #[test]
    fn what_has_no_identifier_or_is_in_doubt_is_unclear() {
        all_are(
            UNCLEAR,
            &[
                "",
                "CC  BY-NC-SA",
                "CC (ATTRIBUTIONS.md, per file to check)",
                "CC BY",
                "CC BY (tag)",
                "CC BY / CC BY-SA (docs/credits.md)",
                "CC BY-NC-ND",
                "CC BY-NC-SA",
                "CC BY-SA",
                "CC BY-SA (Unvanquished assets)",
                "CC-BY/CC-BY-SA (old commit; check)",
                "GPL / CC BY-SA 2.0",
                "StepMania bundled songs (licence to check)",
                "no-credit free (OpenGameArt free-music-pack)",
                "synctoolbox demo (licence to check)",
                "unclear",
                "AI output; model Apache-2.0, page states none",
                "AI output; repository MIT",
                "research use only",
                "research use only (Magnatune, by-nc-sa as its authors state)",
                "none stated; sample-pack loop (several say Splice)",
                "Bensound licence (royalty free, attribution)",
                "CUIDADO data set excerpt",
                "Creative Commons by the artist (variant not in the repository)",
                "JTD data set excerpt",
                "Magnatune CC BY-NC-SA",
                "PIAST dataset demo; none stated (from YouTube), research use only",
                "none stated",
                "none stated; commercial recording, excerpt, research use only",
                "repository MIT; loop",
                "test audio of Essentia; none stated",
                "freeware",
                "CC BY-ND-SA 3.0",
                "CC BY 3.0 4.0",
                "CC BY 4.0, CC BY-SA 3.0",
                "FMA-Limited: Download Only",
                "https://creativecommons.org/publicdomain/mark/1.0/",
            ],
        );
    }
}
