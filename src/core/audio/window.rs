//! Parts of a file as a file of their own, for decoders that take what lies around them for damage.

use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use symphonia::core::io::MediaSource;

/// A file that several decoders read one after another.
pub(super) type SharedFile = Arc<Mutex<Box<dyn ReadSeek>>>;

/// What a file has to be able to do.
pub(super) trait ReadSeek: Read + Seek + Send {}
impl<F: Read + Seek + Send> ReadSeek for F {}

/// Parts of a file, one after another.
pub(super) struct Window {
    file: SharedFile,
    /// From where to where each lies in the file, in order.
    parts: Vec<(u64, u64)>,
    len: u64,
    /// Where it is shown to end, at `len` or beyond: symphonia skips an MP4 box that reaches beyond the file's end,
    /// and with it all the sound that is there.
    shown_len: u64,
    at: u64,
}

impl Window {
    /// The bytes from `start` to `end`.
    pub fn new(file: &SharedFile, start: u64, end: u64) -> Self {
        Self::of_parts(file, vec![(start, end)])
    }

    pub fn of_parts(file: &SharedFile, parts: Vec<(u64, u64)>) -> Self {
        let len = parts
            .iter()
            .map(|(start, end)| end.saturating_sub(*start))
            .sum();
        Self {
            file: Arc::clone(file),
            parts,
            len,
            shown_len: len,
            at: 0,
        }
    }

    /// Shown to be at least this long.
    pub fn shown_to(mut self, len: u64) -> Self {
        self.shown_len = self.len.max(len);
        self
    }

    /// Bytes from here to the end.
    pub fn left(&self) -> u64 {
        self.len.saturating_sub(self.at)
    }

    /// Goes forward, to the end at most.
    pub fn pass(&mut self, count: u64) {
        self.at = self.at.saturating_add(count).min(self.len);
    }

    /// Where in the file the position lies, and how many bytes of its part follow.
    fn place(&self) -> (u64, u64) {
        let mut before = self.at;
        for (start, end) in &self.parts {
            let len = end.saturating_sub(*start);
            if before < len {
                return (start + before, len - before);
            }
            before -= len;
        }
        (0, 0)
    }
}

impl Read for Window {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let (at, left) = self.place();
        let wanted = left.min(bytes.len() as u64) as usize;
        let mut file = self.file.lock().map_err(|_| ErrorKind::Other)?;
        file.seek(SeekFrom::Start(at))?;
        let count = file.read(&mut bytes[..wanted])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.shown_len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for Window {
    fn is_seekable(&self) -> bool {
        true
    }

    /// None where the end is not there, so that no tags are looked for at it.
    fn byte_len(&self) -> Option<u64> {
        (self.shown_len == self.len).then_some(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_reads_its_part_and_no_more() -> std::io::Result<()> {
        let file: Box<dyn ReadSeek> = Box::new(std::io::Cursor::new((0..10).collect::<Vec<u8>>()));
        let file = Arc::new(Mutex::new(file));
        let mut window = Window::new(&file, 2, 6);
        let mut bytes = Vec::new();
        window.read_to_end(&mut bytes)?;
        assert_eq!(bytes, [2, 3, 4, 5]);
        assert_eq!(window.seek(SeekFrom::End(-1))?, 3);
        assert_eq!(window.byte_len(), Some(4));
        assert_eq!(window.shown_to(9).byte_len(), None);
        let mut parts = Window::of_parts(&file, vec![(1, 3), (7, 9)]);
        bytes.clear();
        parts.seek(SeekFrom::Start(1))?;
        parts.read_to_end(&mut bytes)?;
        assert_eq!(bytes, [2, 7, 8]);
        Ok(())
    }
}
