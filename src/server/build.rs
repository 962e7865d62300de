//! Notes the day of the build, which no right clock is before, and watches the migrations, which
//! `sqlx::migrate!` reads when it is compiled.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_SECONDS: u64 = 86_400;

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    // https://reproducible-builds.org/docs/source-date-epoch/
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let now = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    };
    let seconds = given.and_then(|text| text.parse().ok()).unwrap_or_else(now);
    println!(
        "cargo:rustc-env=SOUNDALIKE_BUILD_DAY={}",
        seconds / DAY_SECONDS
    );
}
