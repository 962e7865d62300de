//! What is stored, for a report beside the collector.

use crate::administration::AdministrationError;
use crate::collector::{Storage, Store, StoreError};
use crate::database::DatabaseArguments;

/// Rows that are read at once.
const PAGE_ROWS: i64 = 1_000;

/// The answers of a database.
#[derive(Clone, Debug, Default)]
pub struct StoredAnswers {
    /// The day of each answer's arrival in days since 1970-01-01, and the answer as JSON.
    pub answers: Vec<(i64, String)>,
    /// Answers that were withdrawn and are still remembered as such.
    pub withdrawn: u64,
}

impl DatabaseArguments {
    /// Reads all answers, while a collector runs or not. Blocks.
    ///
    /// # Errors
    /// If there is no database, or it fails.
    pub fn read_answers(self) -> Result<StoredAnswers, AdministrationError> {
        let storage = self.storage()?;
        if let Storage::Folder(folder) = &storage
            && !Store::is_in(folder)
        {
            return Err(AdministrationError::NoAnswers(folder.clone()));
        }
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(AdministrationError::Start)?
            .block_on(async {
                let store = Store::open(&storage).await?;
                let stored = read(&store).await;
                store.close().await;
                stored.map_err(|error| AdministrationError::Database(error.to_string()))
            })
    }
}

async fn read(store: &Store) -> Result<StoredAnswers, StoreError> {
    let mut stored = StoredAnswers {
        withdrawn: u64::try_from(store.count_withdrawn().await?).unwrap_or_default(),
        ..StoredAnswers::default()
    };
    let mut after = String::new();
    loop {
        let rows = store.page(&after, PAGE_ROWS).await?;
        let Some(last) = rows.last() else {
            return Ok(stored);
        };
        after.clone_from(&last.code_hash);
        let rows = rows.into_iter().map(|row| (row.received_day, row.answer));
        stored.answers.extend(rows);
    }
}
