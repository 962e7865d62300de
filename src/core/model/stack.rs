//! Stacks of convolutions: what most of the papers' networks are made of.

use burn::module::Module;
use burn::nn::{
    Dropout, DropoutConfig, Gru, GruConfig, Initializer, Linear, LinearConfig, Lstm, LstmConfig,
};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::blocks::{Conv, Padding, max_pool};
use super::output::ModelOutput;

/// One step of a stack: a convolution with batch normalisation and ReLU, then a maximum over patches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvBlock {
    /// Channels that come out.
    pub channels: usize,
    /// Height and width of the filters.
    pub kernel: [usize; 2],
    /// Height and width of the patches; `[1, 1]` for none.
    pub pool: [usize; 2],
    /// What happens at the edges.
    pub padding: Padding,
}

impl ConvBlock {
    /// A step that keeps the picture's size before it pools.
    pub fn new(channels: usize, kernel: [usize; 2], pool: [usize; 2]) -> Self {
        Self {
            channels,
            kernel,
            pool,
            padding: Padding::Same,
        }
    }
}

/// What remembers from one column of a picture to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RecurrentLayer {
    /// Gated recurrent units (Cho et al. 2014), with a bias of the input and one of the state.
    Gru {
        /// Units of each layer.
        hidden: usize,
        /// Layers.
        layers: usize,
    },
    /// Long short-term memory (Hochreiter & Schmidhuber 1997), one layer.
    Lstm {
        /// Its units.
        hidden: usize,
    },
}

/// How one part of the input becomes a vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Channels, height and width that the part is seen as; channels are neighbours in its row.
    pub shape: [usize; 3],
    /// The convolutions.
    pub steps: Vec<ConvBlock>,
    /// What reads the picture that they leave, column by column; without it, it is laid out in a row.
    pub memory: Option<RecurrentLayer>,
    /// Size of the fully connected layer with ReLU that ends it, if one does.
    pub dense: Option<usize>,
}

impl Branch {
    /// Channels, height and width after the convolutions.
    fn left(&self) -> [usize; 3] {
        self.walk().0
    }

    /// [`Branch::left`], and the multiplications on the way there.
    fn walk(&self) -> ([usize; 3], usize) {
        let start = (self.shape, 0);
        self.steps
            .iter()
            .fold(start, |([channels, height, width], count), step| {
                let kept = |size: usize, kernel: usize| match step.padding {
                    Padding::Same => size,
                    Padding::Valid => size + 1 - kernel,
                };
                let (rows, columns) = (kept(height, step.kernel[0]), kept(width, step.kernel[1]));
                let weights = channels * step.channels * step.kernel[0] * step.kernel[1];
                let left = [step.channels, rows / step.pool[0], columns / step.pool[1]];
                (left, count + weights * rows * columns)
            })
    }

    /// See [`StackConfig::multiplications`].
    fn multiplications(&self) -> usize {
        let ([channels, height, width], convolutions) = self.walk();
        let inputs = channels * height;
        // Gates of three or four kinds, each of the input and of the state.
        let (memory, read) = match self.memory {
            Some(RecurrentLayer::Gru { hidden, layers }) => {
                let later = (layers - 1) * 3 * hidden * (hidden + hidden);
                (width * (3 * hidden * (inputs + hidden) + later), hidden)
            }
            Some(RecurrentLayer::Lstm { hidden }) => {
                (width * 4 * hidden * (inputs + hidden), hidden)
            }
            None => (0, inputs * width),
        };
        convolutions + memory + self.dense.map_or(0, |size| size * read)
    }

    /// Length of the vector.
    fn length(&self) -> usize {
        let [channels, height, width] = self.left();
        self.dense.unwrap_or(match self.memory {
            Some(RecurrentLayer::Gru { hidden, .. } | RecurrentLayer::Lstm { hidden }) => hidden,
            None => channels * height * width,
        })
    }
}

/// A network of branches, one per part of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct StackConfig {
    /// The branches.
    pub branches: Vec<Branch>,
    /// Sizes of the fully connected layers with ReLU after them. The output of the last one is the embedding.
    pub dense: Vec<usize>,
    /// Share of the embedding that is dropped at random before the last layer while training.
    pub dropout: f64,
    /// Length of the logits.
    pub outputs: usize,
}

impl StackConfig {
    /// Length of the embedding.
    pub fn embedding(&self) -> usize {
        let joined = self.branches.iter().map(Branch::length).sum();
        self.dense.last().copied().unwrap_or(joined)
    }

    /// Multiplications of one example, each with its addition; those of normalisations and of what is not
    /// linear are not counted.
    pub fn multiplications(&self) -> usize {
        let branches = self
            .branches
            .iter()
            .map(Branch::multiplications)
            .sum::<usize>();
        let mut before: usize = self.branches.iter().map(Branch::length).sum();
        let mut dense = 0;
        for &size in self.dense.iter().chain([&self.outputs]) {
            dense += before * size;
            before = size;
        }
        branches + dense
    }

    /// A network with random weights.
    pub fn init(&self, device: &Device) -> Stacked {
        let mut before: usize = self.branches.iter().map(Branch::length).sum();
        let mut dense = Vec::with_capacity(self.dense.len());
        for &size in &self.dense {
            dense.push(dense_layer(before, size, device));
            before = size;
        }
        Stacked {
            branches: self
                .branches
                .iter()
                .map(|branch| Reader::new(branch, device))
                .collect(),
            dense,
            dropout: DropoutConfig::new(self.dropout).init(),
            genre: LinearConfig::new(before, self.outputs).init(device),
        }
    }
}

/// See [`StackConfig`].
#[derive(Module, Debug)]
pub struct Stacked {
    branches: Vec<Reader>,
    dense: Vec<Linear>,
    dropout: Dropout,
    genre: Linear,
}

impl Stacked {
    /// Hears normalised parts `[batch, 1, rows, columns]`, one per branch.
    pub fn forward(&self, parts: Vec<Tensor<4>>) -> ModelOutput {
        let read: Vec<Tensor<2>> = self
            .branches
            .iter()
            .zip(parts)
            .map(|(branch, part)| branch.forward(part))
            .collect();
        let embedding = self
            .dense
            .iter()
            .fold(Tensor::cat(read, 1), |x, layer| relu(layer.forward(x)));
        ModelOutput::new(
            self.genre.forward(self.dropout.forward(embedding.clone())),
            embedding,
        )
    }
}

/// See [`Branch`].
#[derive(Module, Debug)]
struct Reader {
    shape: [usize; 3],
    stack: Stack,
    memory: Option<Recurrent>,
    dense: Option<Linear>,
}

impl Reader {
    fn new(branch: &Branch, device: &Device) -> Self {
        let [channels, height, _] = branch.left();
        let memory = branch
            .memory
            .map(|memory| Recurrent::new(channels * height, memory, device));
        let undensed = Branch {
            dense: None,
            ..branch.clone()
        };
        Self {
            shape: branch.shape,
            stack: Stack::new(branch.shape[0], &branch.steps, device),
            memory,
            dense: branch
                .dense
                .map(|size| dense_layer(undensed.length(), size, device)),
        }
    }

    /// `[batch, 1, rows, columns]` to `[batch, length]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let batch = x.dims()[0];
        let [channels, height, width] = self.shape;
        // Channels are neighbours in the row: frames of samples.
        let x = x
            .reshape([batch, height * width, channels])
            .swap_dims(1, 2)
            .reshape([batch, channels, height, width]);
        let x = self.stack.forward(x);
        let x = match &self.memory {
            Some(memory) => memory.forward(sequence(x)),
            None => x.flatten(1, 3),
        };
        match &self.dense {
            Some(dense) => relu(dense.forward(x)),
            None => x,
        }
    }
}

/// Convolutions one after another.
#[derive(Module, Debug)]
struct Stack {
    layers: Vec<Conv>,
    pools: Vec<[usize; 2]>,
}

impl Stack {
    /// For a picture of some channels.
    fn new(channels: usize, steps: &[ConvBlock], device: &Device) -> Self {
        let mut before = channels;
        let mut layers = Vec::with_capacity(steps.len());
        for step in steps {
            layers.push(Conv::new(
                before,
                step.channels,
                step.kernel,
                step.padding,
                device,
            ));
            before = step.channels;
        }
        Self {
            layers,
            pools: steps.iter().map(|step| step.pool).collect(),
        }
    }

    /// `[batch, channels, height, width]` to what the last step leaves of it.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let pairs = self.layers.iter().zip(&self.pools);
        pairs.fold(x, |x, (layer, &pool)| pooled(layer.forward_relu(x), pool))
    }
}

/// [`max_pool`] without the rest that fills no patch, and nothing at all of patches of one.
fn pooled(x: Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    if [height, width] == [1, 1] {
        return x;
    }
    let [batch, channels, rows, columns] = x.dims();
    let kept = [rows / height * height, columns / width * width];
    let x = if kept == [rows, columns] {
        x
    } else {
        x.slice([0..batch, 0..channels, 0..kept[0], 0..kept[1]])
    };
    max_pool(x, [height, width])
}

/// A fully connected layer for a ReLU after it.
fn dense_layer(inputs: usize, outputs: usize, device: &Device) -> Linear {
    LinearConfig::new(inputs, outputs)
        .with_initializer(Initializer::KaimingNormal {
            gain: std::f64::consts::SQRT_2,
            fan_out_only: false,
        })
        .init(device)
}

/// Layers with a memory over time; only one of the two kinds has any.
#[derive(Module, Debug)]
struct Recurrent {
    gru: Vec<Gru>,
    lstm: Vec<Lstm>,
}

impl Recurrent {
    fn new(inputs: usize, memory: RecurrentLayer, device: &Device) -> Self {
        let before = |at: usize, hidden: usize| if at == 0 { inputs } else { hidden };
        match memory {
            RecurrentLayer::Gru { hidden, layers } => Self {
                gru: (0..layers)
                    .map(|at| GruConfig::new(before(at, hidden), hidden, true).init(device))
                    .collect(),
                lstm: Vec::new(),
            },
            RecurrentLayer::Lstm { hidden } => Self {
                gru: Vec::new(),
                lstm: vec![LstmConfig::new(inputs, hidden, true).init(device)],
            },
        }
    }

    /// `[batch, steps, in]` to the output of the last layer after the last step, `[batch, hidden]`.
    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let x = self.gru.iter().fold(x, |x, layer| layer.forward(x, None));
        let x = self
            .lstm
            .iter()
            .fold(x, |x, layer| layer.forward(x, None).0);
        let [batch, steps, hidden] = x.dims();
        x.slice([0..batch, steps - 1..steps, 0..hidden])
            .reshape([batch, hidden])
    }
}

/// A picture `[batch, channels, height, width]` as a sequence `[batch, width, channels · height]`.
fn sequence(x: Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = x.dims();
    x.permute([0, 3, 1, 2])
        .reshape([batch, width, channels * height])
}
