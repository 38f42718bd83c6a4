"""How each command is used: what stands at the end of its help, 80 columns wide."""

ALL = """\
examples:
  charrnn sample                           write a thousand characters
  charrnn sample --prime "In the " --temperature 0.7 --seed 2
  charrnn score letter.txt                 how well the model predicts a text
  charrnn export --to torch                the weights for PyTorch
  charrnn info                             what this model is
  charrnn verify                           whether what lies here holds
  charrnn offline-plots                    let dvc plots work without a network

charrnn COMMAND --help tells more, with more examples.

exit codes: 0 all is well; 1 something is wrong or does not hold, and one line
on the standard error says what; 2 the command makes no sense; 130 stopped by
Ctrl-C"""

SAMPLE = """\
examples:
  charrnn sample --prime "In the " --length 500 --temperature 0.7
  charrnn sample --top-k 10 --top-p 0.9 --seed 7
  charrnn sample --temperature 0           always the most likely character
  charrnn sample --count 5 > five.txt      five texts, each under a line === N
  charrnn sample --count 5 --json          one JSON object a line, for scripts
  charrnn sample --length 1,000,000,000 | head -c 1000
  charrnn sample --model ~/m.safetensors --vocabulary ~/v.json

Text 1 is, character by character, what the pipeline's stage `sample` writes
with the same prime, length, seed and choice. A shorter text is the beginning of
a longer one."""

SCORE = """\
examples:
  charrnn score letter.txt
  charrnn score --per-line letter.txt | sort -t "$(printf '\\t')" -k 3 -n
  charrnn score --json < letter.txt

The text is read as a book is: strict UTF-8, no byte order mark, \\r\\n as \\n.
Characters that the model does not know are left out, counted and named. The
first character is not scored: nothing stands before it.

--per-line writes a table with a header, its columns parted by tabs: line,
characters, nats_per_character, bits_per_character, text. A line's characters
are those of it that were scored, its line end included; the model remembers the
lines before. So the sum of characters * nats_per_character is that of the whole
text. In the column text a backslash is \\\\, a tab \\t, any other control
character such as \\x1b. A line of which nothing was scored has no figures. With
--json: one object a line, unrounded, with the line as it is."""

EXPORT = """\
examples:
  charrnn export --to numpy                writes char-rnn.npz
  charrnn export --to torch --output model.pt

The network, of K characters and m hidden units:
  h_t = tanh(U[:, x_t] + W h_(t-1) + b)    p_t = softmax(V h_t + c)

--to numpy, an .npz file (numpy.load), float32 or float64 as learned:
  b (m,)   c (K,)   U (m, K)   W (m, m)   V (K, m)
  characters (K,)                          in the order of their ids

--to torch, a state_dict (torch.load with weights_only=True) of a module with
rnn = torch.nn.RNN(K, m) and linear = torch.nn.Linear(m, K), which reads one-hot
rows:
  rnn.weight_ih_l0 (m, K) = U              rnn.bias_ih_l0 (m,) = b
  rnn.weight_hh_l0 (m, m) = W              rnn.bias_hh_l0 (m,) = 0
  linear.weight (K, m) = V                 linear.bias (K,) = c"""

INFO = """\
examples:
  charrnn info
  charrnn info --json
  charrnn info --model data/model/last.safetensors

The book and the losses are told if dvc.lock here names this very model, and if
the files in metrics/ are those that it names."""

VERIFY = """\
examples:
  charrnn verify
  charrnn verify --quiet --updates 205,080 all of the default training"""

OFFLINE_PLOTS = """\
examples:
  charrnn offline-plots && dvc plots show
  charrnn offline-plots --remove"""
