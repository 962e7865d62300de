//! Old texts of tags: bytes that are marked as Latin-1 and hold something else.
//!
//! ID3v1, RIFF INFO and the frames of ID3v2 that are marked as Latin-1 were filled for years with the
//! encoding of the writer's system: Windows-1251, GBK, Shift-JIS. The encoding is guessed by `chardetng`
//! (made for legacy web pages) from all texts of one tag together, and believed only where it makes
//! whole words of another script. What stays is Windows-1252, which is Latin-1 with typographic
//! quotation marks in place of control characters, so that `Björk`, `Café` and `Don’t` stay right.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, IBM866, ISO_8859_5, ISO_8859_6, ISO_8859_7,
    ISO_8859_8, KOI8_R, KOI8_U, SHIFT_JIS, WINDOWS_874, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253,
    WINDOWS_1255, WINDOWS_1256, X_MAC_CYRILLIC,
};

/// Encodings of other scripts with one byte for a character.
const SINGLE_BYTE: [&Encoding; 13] = [
    WINDOWS_1251,
    KOI8_R,
    KOI8_U,
    IBM866,
    ISO_8859_5,
    X_MAC_CYRILLIC,
    WINDOWS_1253,
    ISO_8859_7,
    WINDOWS_1255,
    ISO_8859_8,
    WINDOWS_1256,
    ISO_8859_6,
    WINDOWS_874,
];

/// Encodings of other scripts with several bytes for a character.
const MULTI_BYTE: [&Encoding; 6] = [GBK, GB18030, BIG5, SHIFT_JIS, EUC_JP, EUC_KR];

/// Letters of another script that must follow one another before an encoding is believed: no word of a
/// Western language has three accented letters in a row, save `ÆØÅ` and its like.
const LETTERS_IN_A_ROW: usize = 3;

/// The same for encodings of several bytes: two letters are four bytes.
const IDEOGRAPHS_IN_A_ROW: usize = 2;

/// Bytes of a text of ID3v1, which cuts what is longer.
const OLD_FIELD: usize = 30;

/// The encoding of a tag's old texts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OldEncoding {
    /// That of another script; `None` for Windows-1252.
    foreign: Option<&'static Encoding>,
}

impl OldEncoding {
    /// Guesses it from all texts of a tag.
    pub fn guess<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        let mut unclear = Vec::new();
        for text in texts {
            if std::str::from_utf8(text).is_err() {
                detector.feed(without_cut(text), false);
                // Words of two texts are not neighbours.
                detector.feed(b"\n", false);
                unclear.push(text);
            }
        }
        if unclear.is_empty() {
            return Self { foreign: None };
        }
        detector.feed(b"", true);
        let guessed = if unclear.iter().any(|text| holds_kana(text)) {
            SHIFT_JIS
        } else {
            detector.guess(None, Utf8Detection::Deny)
        };
        let known = SINGLE_BYTE.contains(&guessed) || MULTI_BYTE.contains(&guessed);
        let believed = known
            && unclear.iter().any(|text| {
                decoded(guessed, text).is_some_and(|text| longest_run(&text) >= needed(guessed))
            });
        Self {
            foreign: believed.then_some(guessed),
        }
    }

    /// A text in it. Text that is UTF-8 is taken as UTF-8, whatever it is marked as.
    pub fn decode(self, bytes: &[u8]) -> String {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return text.to_owned();
        }
        if let Some(encoding) = self.foreign
            && let Some(text) = decoded(encoding, bytes)
            && words_are_whole(&text, needed(encoding))
        {
            return text;
        }
        WINDOWS_1252
            .decode_without_bom_handling(bytes)
            .0
            .into_owned()
    }
}

/// A text without its last byte, where ID3v1 may have cut a character in two.
fn without_cut(bytes: &[u8]) -> &[u8] {
    match bytes.split_last() {
        Some((last, start)) if bytes.len() == OLD_FIELD && !last.is_ascii() => start,
        _ => bytes,
    }
}

/// Whether a text is Japanese in Shift-JIS beyond doubt: its kana begin with bytes that are quotation
/// marks and rare letters elsewhere, and that the detector takes for Cyrillic where a text is short.
fn holds_kana(bytes: &[u8]) -> bool {
    let is_kana = |c: &char| ('\u{3041}'..='\u{30fe}').contains(c);
    decoded(SHIFT_JIS, bytes).is_some_and(|text| text.chars().filter(is_kana).count() >= 2)
}

/// Letters of another script in a row that are believed.
fn needed(encoding: &'static Encoding) -> usize {
    if MULTI_BYTE.contains(&encoding) {
        IDEOGRAPHS_IN_A_ROW
    } else {
        LETTERS_IN_A_ROW
    }
}

/// Bytes in an encoding, if each of them means something there. A last character that is cut in two, as
/// ID3v1 does after 30 bytes, is left out.
fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Option<String> {
    let whole = |bytes: &[u8]| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        let text = text.into_owned();
        (!text.chars().any(is_meaningless)).then_some(text)
    };
    let cut = || {
        let start = without_cut(bytes);
        let cut = start.len() < bytes.len() && MULTI_BYTE.contains(&encoding);
        cut.then(|| whole(start)).flatten()
    };
    whole(bytes).or_else(cut)
}

/// Control characters and characters for private use: signs of a wrong encoding.
fn is_meaningless(c: char) -> bool {
    c.is_control() && !c.is_whitespace() || ('\u{e000}'..='\u{f8ff}').contains(&c)
}

/// A letter that is not Latin.
fn is_foreign(c: char) -> bool {
    c.is_alphabetic() && c > '\u{24f}'
}

/// Most letters of another script in a row.
fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| !is_foreign(c));
    runs.map(|run| run.chars().count()).max().unwrap_or(0)
}

/// Whether no word mixes Latin letters with fewer than `least` others in a row: `Bj鰎k` and `Cafй` are
/// misread, `Tシャツ` may be meant.
fn words_are_whole(text: &str, least: usize) -> bool {
    text.split(|c: char| !c.is_alphabetic()).all(|word| {
        let latin = word.chars().any(|c| !is_foreign(c));
        let foreign = word.chars().any(is_foreign);
        !(latin && foreign) || longest_run(word) >= least
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts as they are read when they stand in one tag in an encoding.
    fn read(encoding: &'static Encoding, texts: &[&str]) -> Vec<String> {
        let bytes: Vec<Vec<u8>> = texts
            .iter()
            .map(|text| {
                let (bytes, _, failed) = encoding.encode(text);
                assert!(!failed, "{text} is not in {}", encoding.name());
                bytes.into_owned()
            })
            .collect();
        let guess = OldEncoding::guess(bytes.iter().map(Vec::as_slice));
        bytes.iter().map(|bytes| guess.decode(bytes)).collect()
    }

    #[test]
    fn western_texts_stay_what_they_are() {
        let mut wrong = Vec::new();
        for texts in [
            &["Björk"][..],
            &["Café"],
            &["Beyoncé"],
            &["Motörhead"],
            &["Mötley Crüe"],
            &["Sigur Rós", "Ágætis byrjun", "Svefn-g-englar"],
            &["Où êtes-vous", "Été"],
            &["Été"],
            &["À"],
            &["Ø"],
            &["Ænima"],
            &["ÆØÅ"],
            &["Öö"],
            &["Jäääär"],
            &["Größe", "Die Ärzte", "Männer sind Schweine"],
            &["¡Óyeme tiburón!", "El Niño"],
            &["Señorita", "Así es"],
            &["Ação", "Caetano Veloso", "Você não entende nada"],
            &["Don’t stop", "“Heroes”"],
            &["Hüsker Dü"],
            &["Blue Öyster Cult"],
            &["Rosalía", "MALAMENTE (Cap.1: Augurio)"],
            &["Façade – Suite"],
            &["ÄÖÜ"],
            &["Créée", "Mylène Farmer", "Désenchantée"],
            &["Tiësto", "Céline Dion", "D’eux"],
            &["Ásgeir", "Dýrð í dauðaþögn"],
            &["Žižek"],
            &["naïve", "Röyksopp", "Melody A.M."],
            &["ÉTÉ", "ÎLE"],
            &["Ÿ"],
            &["ß"],
            &["Þú og ég"],
            &["MÜLLER", "ÜBER"],
            &["déjà vu"],
            &["Águas de Março", "Elis & Tom"],
            &["ÜÄÖ ÄÜÖ"],
            &["ÀÉÈ"],
        ] {
            let found = read(WINDOWS_1252, texts);
            if found != texts {
                wrong.push((found, texts));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn other_scripts_are_told_by_their_bytes() {
        let mut wrong = Vec::new();
        for (encoding, texts) in [
            (WINDOWS_1251, &["Группа крови", "Кино"][..]),
            (WINDOWS_1251, &["Кино", "Звезда по имени Солнце"]),
            (WINDOWS_1251, &["Земфира", "Хочешь?"]),
            (WINDOWS_1251, &["Я свободен", "Кипелов", "Live in Moscow"]),
            (WINDOWS_1251, &["Океан Ельзи", "Обійми"]),
            (WINDOWS_1251, &["Музыка"]),
            (KOI8_R, &["Аквариум", "Город золотой"]),
            (IBM866, &["Машина времени", "Поворот"]),
            (GBK, &["月亮代表我的心", "邓丽君"]),
            (GBK, &["周杰伦", "青花瓷"]),
            (GBK, &["王菲", "红豆"]),
            (BIG5, &["周杰倫", "青花瓷", "我很忙"]),
            (SHIFT_JIS, &["上を向いて歩こう", "坂本九"]),
            (SHIFT_JIS, &["宇多田ヒカル", "First Love"]),
            (SHIFT_JIS, &["Tシャツに口紅", "ラッツ&スター"]),
            (SHIFT_JIS, &["初音ミク"]),
            (EUC_JP, &["椎名林檎", "丸の内サディスティック"]),
            (EUC_KR, &["강남스타일", "싸이"]),
            (EUC_KR, &["소녀시대", "다시 만난 세계"]),
            (WINDOWS_1253, &["Μίκης Θεοδωράκης", "Ζορμπάς"]),
            (WINDOWS_1255, &["עופרה חזה", "חי"]),
            (WINDOWS_1256, &["أم كلثوم", "إنت عمري"]),
            (WINDOWS_874, &["คาราบาว", "เมดอินไทยแลนด์"]),
        ] {
            let found = read(encoding, texts);
            if found != texts {
                wrong.push((encoding.name(), found, texts));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_western_name_beside_another_script_stays() {
        let bytes = [
            WINDOWS_1251.encode("Лучшие песни").0.into_owned(),
            WINDOWS_1252.encode("Beyoncé").0.into_owned(),
        ];
        let guess = OldEncoding::guess(bytes.iter().map(Vec::as_slice));
        assert_eq!(guess.decode(&bytes[0]), "Лучшие песни");
        assert_eq!(guess.decode(&bytes[1]), "Beyoncé");
    }

    #[test]
    fn utf8_that_is_marked_as_latin_1_is_utf8() {
        let guess = OldEncoding::guess(["Кино".as_bytes()]);
        assert_eq!(guess.decode("Björk".as_bytes()), "Björk");
        assert_eq!(guess.decode("Кино".as_bytes()), "Кино");
    }

    #[test]
    fn a_character_that_a_field_of_30_bytes_cuts_in_two_is_left_out() {
        let title = "x月亮代表我的心月亮代表我的心月亮代表我的心";
        let bytes = &GBK.encode(title).0[..30];
        let guess = OldEncoding::guess([bytes]);
        assert_eq!(guess.decode(bytes), "x月亮代表我的心月亮代表我的心");
    }
}
