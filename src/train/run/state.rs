//! Everything that changes while a network is trained.

use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::Device;

use super::early_stopping::EarlyStopping;
use crate::config::{Optimizer, TrainingConfig};
use crate::ema::Ema;
use soundalike_core::model::Network;

/// Everything that changes while a network is trained.
pub(super) struct TrainingState {
    pub(super) network: Network,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) ema: Ema,
    pub(super) stopping: EarlyStopping,
}

impl TrainingState {
    /// A random initialisation on a device with gradients.
    pub(super) fn new(config: &TrainingConfig, device: &Device) -> Self {
        device.seed(config.seed);
        let network = config.architecture.init(device);
        let optimizer = match config.optimizer {
            Optimizer::AdamW => AdamWConfig::new()
                .with_weight_decay(config.weight_decay)
                .init(),
            Optimizer::Adam => AdamConfig::new().init(),
            Optimizer::Sgd => SgdConfig::new().init(),
        };
        Self {
            ema: Ema::new(&network, config.ema_decay),
            network,
            optimizer,
            stopping: EarlyStopping::default(),
        }
    }
}
