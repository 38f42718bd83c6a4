"""What can be asked on the command line."""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

MODEL = Path("data/model/best.safetensors")
VOCABULARY = Path("data/prepared/vocabulary.json")
MOST = 10**9

_EXAMPLES = """\
examples:
  charrnn sample                                   write a thousand characters
  charrnn sample --prime "In the " --temperature 0.7 --seed 2
  charrnn score letter.txt                         how well the model foresees a text
  charrnn export --to torch                        the weights for PyTorch
  charrnn info                                     what this model is
  charrnn verify                                   whether what lies here holds
  charrnn offline-plots                            let dvc plots work without a network

charrnn COMMAND --help tells more, with more examples.

exit codes: 0 all is well; 1 something is wrong or does not hold, and one line on the
standard error says what; 2 the command makes no sense; 130 stopped by Ctrl-C"""

_SAMPLE = """\
examples:
  charrnn sample --prime "In the " --length 500 --temperature 0.7
  charrnn sample --top-k 10 --top-p 0.9 --seed 7
  charrnn sample --temperature 0                   always the most likely character
  charrnn sample --count 5 > five.txt              five texts, each under a line === N
  charrnn sample --count 5 --json                  one JSON object a line, for scripts
  charrnn sample --length 1,000,000,000 | head -c 1000
  charrnn sample --model ~/m.safetensors --vocabulary ~/v.json

Text 1 is, character by character, what the pipeline's stage `sample` writes with the
same prime, length, seed and choice. Of a longer text the shorter one is the beginning."""

_SCORE = """\
examples:
  charrnn score letter.txt
  charrnn score --per-line letter.txt | sort -t "$(printf '\\t')" -k 3 -n
  charrnn score --json < letter.txt

The text is read as a book is: strict UTF-8, no byte order mark, \\r\\n as \\n. Characters
that the model does not know are left out, counted and named. The first character is not
scored: nothing stands before it.

--per-line writes a table with a header, its columns parted by tabs: line, characters,
nats_per_character, bits_per_character, text. A line's characters are those of it that
were scored, its line end included; the model remembers the lines before. So the sum of
characters * nats_per_character is that of the whole text. In the column text a backslash
is \\\\, a tab \\t, any other control character such as \\x1b. A line of which nothing was
scored has no figures. With --json: one object a line, with the line as it is."""

_EXPORT = """\
examples:
  charrnn export --to numpy                        writes char-rnn.npz
  charrnn export --to torch --output model.pt

The network, of K characters and m hidden units:
  h_t = tanh(U[:, x_t] + W h_(t-1) + b)            p_t = softmax(V h_t + c)

--to numpy, an .npz file (numpy.load):
  b (m,)   c (K,)   U (m, K)   W (m, m)   V (K, m)   as learned, float32 or float64
  characters (K,)   the characters in the order of their ids

--to torch, a state_dict (torch.load with weights_only=True) of a module with
rnn = torch.nn.RNN(K, m) and linear = torch.nn.Linear(m, K), which reads one-hot rows:
  rnn.weight_ih_l0 (m, K) = U        rnn.bias_ih_l0 (m,) = b
  rnn.weight_hh_l0 (m, m) = W        rnn.bias_hh_l0 (m,) = 0
  linear.weight (K, m) = V           linear.bias (K,) = c"""

_INFO = """\
examples:
  charrnn info
  charrnn info --json
  charrnn info --model data/model/last.safetensors

The book and the losses are told if dvc.lock here names this very model, and if the files
in metrics/ are those that it names."""

_VERIFY = """\
examples:
  charrnn verify
  charrnn verify --quiet --updates 205,080         all of the default training"""

_OFFLINE_PLOTS = """\
examples:
  charrnn offline-plots && dvc plots show
  charrnn offline-plots --remove"""


class _Parser(argparse.ArgumentParser):
    """argparse's, with one line for what makes no sense, and help laid out by hand."""

    def __init__(self, **options: Any) -> None:
        options["formatter_class"] = argparse.RawDescriptionHelpFormatter
        # `--temp 1` would mean something else as soon as there is a --template.
        options["allow_abbrev"] = False
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"charrnn: error: {message} (see {self.prog} --help)\n")


class _Version(argparse.Action):
    """Looks the version up when it is asked for, and not whenever anything is."""

    def __call__(self, asked: argparse.ArgumentParser, *_: Any) -> NoReturn:
        from importlib import metadata

        sys.stdout.write(f"charrnn {metadata.version('charrnn')}\n")
        asked.exit()


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; each has a module of its name beside this."""
    whole = _Parser(
        prog="charrnn",
        description="A character-level recurrent network, exactly reproducible.",
        epilog=_EXAMPLES,
    )
    whole.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and end"
    )
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, title: str, description: str, epilog: str) -> _Parser:
        return commands.add_parser(
            name, help=title, description=description, epilog=epilog
        )

    _add_sample(command)
    _add_score(command)
    _add_export(command)
    _add_info(command)
    _add_verify(command)
    _add_offline_plots(command)
    return whole


_Command = Callable[[str, str, str, str], _Parser]


def _add_sample(command: _Command) -> None:
    sample = command(
        "sample",
        "write text",
        "Write text to the standard output, each character drawn from what the model "
        "expects next. The same options give the same text, on every machine.",
        _SAMPLE,
    )
    sample.add_argument(
        "--prime",
        metavar="TEXT",
        help="what the text begins with (default: as after a line end, and if the model "
        "knows none, after its first character; this is not written)",
    )
    sample.add_argument(
        "--length",
        type=count,
        default=1000,
        metavar="N",
        help="characters to write after it (default: 1,000)",
    )
    sample.add_argument(
        "--temperature",
        type=temperature,
        default=1.0,
        metavar="T",
        help="below 1 more careful, above 1 bolder, 0 always the most likely character "
        "(default: 1)",
    )
    sample.add_argument(
        "--top-k",
        type=count,
        metavar="K",
        help="draw from the K most likely characters only",
    )
    sample.add_argument(
        "--top-p",
        type=share,
        metavar="P",
        help="draw from as few of the most likely as have probability P together",
    )
    sample.add_argument(
        "--seed", type=seed, default=1, metavar="S", help="of the draws (default: 1)"
    )
    sample.add_argument(
        "--count",
        type=count,
        default=1,
        metavar="N",
        help="texts to write; of more than one each comes under a line '=== NUMBER' and "
        "is followed by an empty one (default: 1)",
    )
    _add_json(sample, "write one JSON object a text: number, prime, text")
    _add_model(sample)


def _add_score(command: _Command) -> None:
    score = command(
        "score",
        "tell how well the model foresees a text",
        "Tell how many nats and bits a character of a text costs under the model (less "
        "is better: the model foresaw it), and how often its first guess was right.",
        _SCORE,
    )
    score.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="the text, UTF-8 (default, and with -: the standard input)",
    )
    score.add_argument(
        "--per-line", action="store_true", help="write a table with a row a line"
    )
    _add_json(score, "write the figures as JSON, unrounded")
    _add_model(score)


def _add_export(command: _Command) -> None:
    export = command(
        "export",
        "write the weights for PyTorch or NumPy",
        "Write the weights for use elsewhere. The same model gives the same bytes.",
        _EXPORT,
    )
    export.add_argument("--to", choices=("torch", "numpy"), required=True)
    export.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="the file to write (default: char-rnn.pt or char-rnn.npz)",
    )
    export.add_argument(
        "--force", action="store_true", help="overwrite another file that is there"
    )
    _add_model(export)


def _add_info(command: _Command) -> None:
    info = command(
        "info",
        "tell what this model is",
        "Tell what this model is: its sizes, its digest, what it was learned from and "
        "how well.",
        _INFO,
    )
    _add_json(info, "write the same, unrounded, as JSON")
    _add_model(info)


def _add_verify(command: _Command) -> None:
    verify = command(
        "verify",
        "check that what lies here is what dvc.lock says and what the code gives",
        "Hash every file that dvc.lock names, then train again in memory "
        "and compare the first N updates with metrics/loss.csv bit by bit. Exit code 1 "
        "if anything differs.",
        _VERIFY,
    )
    verify.add_argument(
        "--updates",
        type=count,
        default=20_000,
        metavar="N",
        help="train for at most N updates (default: 20,000)",
    )
    verify.add_argument(
        "--quiet",
        action="store_true",
        help="of the files, tell only what does not hold",
    )


def _add_offline_plots(command: _Command) -> None:
    plots = command(
        "offline-plots",
        "let dvc plots show and dvc plots diff work without a network",
        "Make the page of dvc plots hold its own scripts, which it else loads from the "
        "web. It sets plots.html_template in .dvc/config.local, which git ignores.",
        _OFFLINE_PLOTS,
    )
    plots.add_argument("--remove", action="store_true", help="undo it")


def _add_json(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument("--json", action="store_true", help=what)


def _add_model(command: argparse.ArgumentParser) -> None:
    for name, default in (("model", MODEL), ("vocabulary", VOCABULARY)):
        command.add_argument(
            f"--{name}",
            type=Path,
            default=default,
            metavar="PATH",
            help=f"default: {default.as_posix()}",
        )


def count(text: str) -> int:
    """Return a whole number of 1 to a thousand million; `20,000` is one."""
    return _whole(text, 1, MOST, "a whole number of 1 to 1,000,000,000")


def seed(text: str) -> int:
    """Return a whole number from 0 on."""
    return _whole(text, 0, 2**63 - 1, "a whole number of 0 or more, below 2^63")


def temperature(text: str) -> float:
    """Return a number of 0 or more."""
    return _number(text, lambda value: 0 <= value <= 1e30, "a number of 0 or more")


def share(text: str) -> float:
    """Return a number above 0 and up to 1."""
    return _number(text, lambda value: 0 < value <= 1, "above 0 and at most 1")


def _whole(text: str, least: int, most: int, rule: str) -> int:
    try:
        number = int(text.replace(",", ""))
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        message = f"{text!r} is not {rule}"
        raise argparse.ArgumentTypeError(message)
    return number


def _number(text: str, holds: Callable[[float], bool], rule: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not holds(number):
        message = f"{text!r} is not {rule}"
        raise argparse.ArgumentTypeError(message)
    return number
