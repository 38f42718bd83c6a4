"""Examples and details at the end of each command's help, 80 columns wide."""

ALL = """\
examples:
  charrnn sample                           write a thousand characters
  charrnn sample --prime "In the " --temperature 0.7 --seed 2
  charrnn score letter.txt                 how well the model predicts a text
  charrnn export --to torch                the weights for PyTorch
  charrnn compare main warm                two runs side by side on a page
  charrnn info                             the model's sizes, book and losses
  charrnn verify                           whether the files match dvc.lock
  charrnn watch                            the curve of the running training
  charrnn offline-plots                    let dvc plots work without a network

charrnn COMMAND --help shows the options of a command, with more examples.

exit codes: 0 success; 1 an error or a failed comparison, explained in one line
on the standard error; 2 wrong usage; 130 stopped by Ctrl-C"""

SAMPLE = """\
examples:
  charrnn sample --prime "In the " --length 500 --temperature 0.7
  charrnn sample --top-k 10 --top-p 0.9 --seed 7
  charrnn sample --temperature 0           always the most likely character
  charrnn sample --count 5 > five.txt      five texts, each below a line === N
  charrnn sample --items 20                20 lines, from a model of a list
  charrnn sample --stop "Amen." --prime-file draft.txt
  charrnn sample --count 5 --json          one JSON object a line, for scripts
  charrnn sample --length 1,000,000,000 | head -c 1000
  charrnn sample --model ~/m.safetensors   one file is enough

The network begins in the state that training reached, which the model file
holds. Without --prime the network first reads a newline, which is not written; if the
vocabulary has no newline, its first character.

Text 1 equals, character by character, the text of the pipeline's stage `sample`
with the same values. A shorter text is the beginning of a longer one."""

SCORE = """\
examples:
  charrnn score letter.txt
  charrnn score --per-line letter.txt | sort -t "$(printf '\\t')" -k 3 -n
  charrnn score --json < letter.txt

The text is read like a book: strict UTF-8, a byte order mark is dropped, \\r\\n
becomes \\n. Characters outside the vocabulary are left out, counted and named.
The first character is not scored, as the model has read nothing of the text
before it. The network begins in the state that training reached.

--per-line writes a tab-separated table with a header: line, characters,
nats_per_character, bits_per_character, text. The column characters counts the
scored characters of the line, its newline included. The state is carried over
from line to line, so characters * nats_per_character adds up to the total of
the whole text. In the column text a backslash is written \\\\, a tab \\t, any
other control character like \\x1b. A line without scored characters has empty
figures. With --json: one object a line, unrounded, the text unescaped."""

EXPORT = """\
examples:
  charrnn export --to numpy                writes char-rnn.npz
  charrnn export --to torch --output model.pt

The network, of K characters and m hidden units:
  h_t = tanh(U[:, x_t] + W h_(t-1) + b)    p_t = softmax(V h_t + c)

--to numpy, an .npz file (numpy.load), float32 or float64 as trained:
  b (m,)   c (K,)   U (m, K)   W (m, m)   V (K, m)
  h (m,)                                   the state that training reached
  characters (K,)                          in the order of their ids

--to torch, a state_dict (torch.load with weights_only=True) of a module with
rnn = torch.nn.RNN(K, m) and linear = torch.nn.Linear(m, K), which reads one-hot
rows:
  rnn.weight_ih_l0 (m, K) = U              rnn.bias_ih_l0 (m,) = b
  rnn.weight_hh_l0 (m, m) = W              rnn.bias_hh_l0 (m,) = 0
  linear.weight (K, m) = V                 linear.bias (K,) = c
and beside it, as PATH.h.pt (torch.load), h_0 of rnn, the state that training
reached, (1, m)"""

INFO = """\
examples:
  charrnn info
  charrnn info --json
  charrnn info --model data/model/last.safetensors

The book and the losses are shown if dvc.lock in this folder has the digest of
the model, and the files in metrics/ have their digests of dvc.lock."""

VERIFY = """\
examples:
  charrnn verify
  charrnn verify --verbose
  charrnn verify --updates 205,080 all of the default training"""

OFFLINE_PLOTS = """\
examples:
  charrnn offline-plots && dvc plots show
  charrnn offline-plots --remove"""

COMPARE = """\
examples:
  charrnn compare main warm                a branch and an experiment
  charrnn compare HEAD .                   the last commit and this folder
  charrnn compare . ../other-clone --output two.html

The models come from DVC's cache; where one is not there, the page says so. The
page loads nothing. `dvc metrics diff` and `dvc plots diff` compare more than
two runs, in figures only."""

WATCH = """\
examples:
  charrnn watch                            in a second terminal, beside dvc repro

Open watch.html in a browser. In a terminal the command shows a progress bar,
elsewhere it prints a line for each epoch. Ctrl-C ends the command, not the
training."""

SWEEP = """\
examples:
  charrnn sweep sweep/size --dry-run
  charrnn sweep sweep/size --workers 4
  charrnn sweep sweep/size --scheduler tcp://HOST:8786
  charrnn sweep sweep/size --check 3

A plan.yaml:
  sweep:
    grid:
      model: {hidden_size: [50, 100]}
      train: {learning_rate: [0.05, 0.1, 0.2]}
    random: null             or {points: 4, seed: 1}: points drawn
    seeds: [1, 2, 3]         of the initial weights, for each point
    confirm_seeds: [101, 102, 103]

Other values are those of params.yaml, the baseline. Ctrl-C stops; the same
command goes on. Whoever reaches the port of a scheduler runs code."""
