//! Where things are: the library's own file, and paths as bytes.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The library that is taken unless another is named: in the user's data folder; `None` where the system
/// knows no such folder.
pub fn default_file() -> Option<PathBuf> {
    Some(dirs::data_dir()?.join("soundalike").join("library.sqlite"))
}

/// A path that means the same in every folder and on every way: absolute, without links. Where nothing is
/// there, only absolute.
pub fn settled(path: &Path) -> PathBuf {
    // Windows' answer begins with `\\?\`, which nobody wants to read.
    #[cfg(not(windows))]
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // A stroke at the end names the same folder.
    absolute.components().collect()
}

/// A path's bytes; on systems where a name is not bytes, its text.
pub(crate) fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// The path of [`bytes_of`]; `None` where it is not a name of this system.
pub(crate) fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        Some(std::ffi::OsString::from_vec(bytes).into())
    }
    #[cfg(not(unix))]
    {
        String::from_utf8(bytes).ok().map(PathBuf::from)
    }
}

/// The least bytes that every path below a folder is greater than, and the least that is greater than all
/// of these: bounds of a range of paths in the store.
pub(crate) fn range_below(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let mut low = bytes_of(folder).to_vec();
    let separator = std::path::MAIN_SEPARATOR as u8;
    if low.last() != Some(&separator) {
        low.push(separator);
    }
    let mut high = low.clone();
    if let Some(last) = high.last_mut() {
        *last += 1;
    }
    (low, high)
}

/// A file's name without its ending, as text.
pub(crate) fn stem(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or(OsStr::new(""));
    stem.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_a_folder_holds_what_is_below_and_no_neighbour() {
        let (low, high) = range_below(Path::new("/a/b"));
        let within = |path: &str| (&low[..]..&high[..]).contains(&path.as_bytes());
        assert!(within("/a/b/c.mp3") && within("/a/b/c/d.mp3"));
        assert!(!within("/a/b") && !within("/a/b.mp3") && !within("/a/bc/d.mp3"));
        let (low, high) = range_below(Path::new("/"));
        assert!((&low[..]..&high[..]).contains(&&b"/a.mp3"[..]));
    }
}
