// The genres and how they are written in a sentence, made from src/core/model/mod.rs. Do not edit:
// `UPDATE=1 cargo test --release --workspace --lib types` writes it again.

export const GENRE_NAMES = new Map([
  ['blues', 'blues'],
  ['classical', 'classical'],
  ['country', 'country'],
  ['disco', 'disco'],
  ['hiphop', 'hip-hop'],
  ['jazz', 'jazz'],
  ['metal', 'metal'],
  ['pop', 'pop'],
  ['reggae', 'reggae'],
  ['rock', 'rock'],
]);
