//! The embeddings of the catalogue around their mean.

use soundalike_core::catalog::Catalog;

/// The embeddings minus their mean, `[tracks][dimensions]`.
pub(super) fn centred(catalog: &Catalog) -> Vec<Vec<f64>> {
    let n = catalog.len() as f64;
    let mut centre = vec![0.0; catalog.dimensions()];
    for track in 0..catalog.len() {
        for (c, &v) in centre.iter_mut().zip(catalog.embedding(track)) {
            *c += f64::from(v) / n;
        }
    }
    (0..catalog.len())
        .map(|track| {
            let row = catalog.embedding(track).iter().zip(&centre);
            row.map(|(&v, c)| f64::from(v) - c).collect()
        })
        .collect()
}
