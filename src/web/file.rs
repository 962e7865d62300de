//! Sound files as the worker gives them: their bytes, or an object that reads them as they are needed, so that a
//! file of any size takes no more memory than a block of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use js_sys::Uint8Array;
use soundalike_core::audio::{AudioError, SoundReader};
use wasm_bindgen::prelude::*;

use super::error::Thrown;

/// Bytes that are read at once: a call into the browser costs about as much as decoding ten kilobytes.
const BLOCK: u64 = 512 * 1024;

/// Seconds of a piece of [`PlainSound`].
const PLAIN_SECONDS: f64 = 30.0;

#[wasm_bindgen]
extern "C" {
    /// A file that is read block by block: see `FileSource` in www/engine/file-source.js.
    pub type SourceFile;

    /// Its length in bytes.
    #[wasm_bindgen(method, getter)]
    fn size(this: &SourceFile) -> f64;

    /// The bytes from `at` on, `count` of them or all that are left.
    #[wasm_bindgen(method, catch)]
    fn read(this: &SourceFile, at: f64, count: f64) -> Result<Uint8Array, JsValue>;
}

thread_local! {
    /// The files that are open. Decoders want files that could go to another thread, which a JavaScript object
    /// cannot; its number can.
    static OPEN: RefCell<HashMap<u32, SourceFile>> = RefCell::default();
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// A file of the page's as Rust reads files.
pub(super) struct BlockFile {
    number: u32,
    len: u64,
    at: u64,
    /// The last block that was read, and where it begins.
    block: Vec<u8>,
    begins: u64,
}

/// Opens `file`: a `Uint8Array` with its bytes, or a [`SourceFile`].
pub(super) fn open(file: JsValue, name: Option<String>) -> Result<SoundReader, Thrown> {
    let name = name.unwrap_or_default();
    if let Some(bytes) = file.dyn_ref::<Uint8Array>() {
        return Ok(SoundReader::from_bytes(bytes.to_vec(), &name)?);
    }
    let file = BlockFile::new(file.unchecked_into());
    if file.len == 0 {
        return Err(AudioError::EmptyFile.into());
    }
    Ok(SoundReader::open(file, &name)?)
}

impl BlockFile {
    pub(super) fn new(file: SourceFile) -> Self {
        let number = LAST.get().wrapping_add(1);
        LAST.set(number);
        let len = file.size() as u64;
        OPEN.with_borrow_mut(|open| open.insert(number, file));
        Self {
            number,
            len,
            at: 0,
            block: Vec::new(),
            begins: 0,
        }
    }

    /// Reads the block that the position lies in.
    fn read_block(&mut self) -> io::Result<()> {
        // What is wrong is known on the other side, which asked for it.
        let failed = || io::Error::from(ErrorKind::Other);
        let begins = self.at / BLOCK * BLOCK;
        let wanted = BLOCK.min(self.len - begins);
        let bytes = OPEN.with_borrow(|open| {
            let file = open.get(&self.number).ok_or_else(failed)?;
            file.read(begins as f64, wanted as f64)
                .map_err(|_| failed())
        })?;
        if u64::from(bytes.length()) != wanted {
            return Err(failed());
        }
        self.block.resize(wanted as usize, 0);
        bytes.copy_to(&mut self.block);
        self.begins = begins;
        Ok(())
    }
}

impl Drop for BlockFile {
    fn drop(&mut self) {
        OPEN.with_borrow_mut(|open| open.remove(&self.number));
    }
}

impl Read for BlockFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.len || bytes.is_empty() {
            return Ok(0);
        }
        if self.at < self.begins || self.at - self.begins >= self.block.len() as u64 {
            self.read_block()?;
        }
        let rest = &self.block[(self.at - self.begins) as usize..];
        let count = rest.len().min(bytes.len());
        bytes[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for BlockFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = at.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// A sound file as plain samples, piece by piece: for a page that plays what the browser cannot.
#[wasm_bindgen]
pub struct PlainSound {
    reader: SoundReader,
    /// Hz, that of the first piece; 0 before it.
    rate: u32,
}

#[wasm_bindgen]
impl PlainSound {
    /// Opens a file, as `decode` does.
    ///
    /// # Errors
    /// Why it cannot be decoded.
    pub fn open(file: JsValue, name: Option<String>) -> Result<PlainSound, Thrown> {
        let reader = open(file, name)?;
        Ok(Self { reader, rate: 0 })
    }

    /// Sample rate of all pieces in Hz; 0 before the first one.
    #[wasm_bindgen(getter)]
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The next half minute as mono samples of 16 bits; undefined at the end.
    ///
    /// # Errors
    /// Why it cannot be decoded.
    #[wasm_bindgen(js_name = nextPiece)]
    pub fn next_piece(&mut self) -> Result<Option<Vec<i16>>, Thrown> {
        let Some(mut piece) = self.reader.next_piece(PLAIN_SECONDS)? else {
            return Ok(None);
        };
        if self.rate == 0 {
            self.rate = piece.rate();
        } else if self.rate != piece.rate() {
            piece = piece.resampled(self.rate)?;
        }
        let samples = piece.samples().iter();
        Ok(Some(
            samples
                .map(|sample| (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16)
                .collect(),
        ))
    }
}
