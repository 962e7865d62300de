//! The outputs that every network has.

use burn::tensor::Tensor;

/// The outputs of a network for a batch of segments.
pub struct ModelOutput {
    /// `[batch, genres]`, before the softmax.
    pub logits: Tensor<2>,
    /// `[batch, embedding]`: similar sounds have similar directions.
    pub embedding: Tensor<2>,
    /// `[batch, tags]`, before the sigmoid, of a network with tags.
    pub tags: Option<Tensor<2>>,
    /// `[batch, 1]`, before the sigmoid, of a network that tells music from other sounds.
    pub music: Option<Tensor<2>>,
    /// `[batch, genres]` of each member of an ensemble; none of any other network.
    pub members: Vec<Tensor<2>>,
}

impl ModelOutput {
    /// Of a network that tells genres alone.
    pub fn new(logits: Tensor<2>, embedding: Tensor<2>) -> Self {
        Self {
            logits,
            embedding,
            tags: None,
            music: None,
            members: Vec::new(),
        }
    }
}
