//! The devices that training can run on.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;

use super::error::TrainError;

/// The name of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceName {
    /// This computer's processor.
    Cpu,
    /// A graphics processor through Vulkan; needs the feature `vulkan`.
    Vulkan,
    /// A graphics processor through CUDA; needs the feature `cuda`.
    Cuda,
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Vulkan => "vulkan",
            Self::Cuda => "cuda",
        })
    }
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "cpu" => Ok(Self::Cpu),
            "vulkan" => Ok(Self::Vulkan),
            "cuda" => Ok(Self::Cuda),
            _ => Err(format!(
                "there is no device {name}; there is cpu, vulkan, cuda"
            )),
        }
    }
}

/// Opens a device.
///
/// # Errors
/// If this program was built without it.
pub fn open_device(name: DeviceName) -> Result<Device, TrainError> {
    match name {
        DeviceName::Cpu => Ok(Device::flex()),
        #[cfg(feature = "vulkan")]
        DeviceName::Vulkan => Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice)),
        #[cfg(feature = "cuda")]
        DeviceName::Cuda => Ok(Device::cuda(0)),
        #[allow(unreachable_patterns)]
        other => Err(TrainError::Device(other.to_string())),
    }
}
