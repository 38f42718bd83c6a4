"""Write the report: one page of HTML about this very run."""

from stages.runtime import signals

if __name__ == "__main__":  # before the imports that take long
    signals.end_at_once("report")

import hashlib
from pathlib import Path

from charrnn.errors import ArtifactError
from charrnn.files.artifacts import read_bytes, read_json, read_table, write_bytes
from charrnn.files.models import load_model
from charrnn.files.params import PARAMS, load_section
from charrnn.files.prepared import load_ids, load_vocabulary
from charrnn.files.yaml12 import read_yaml
from charrnn.inspection.surprise import surprise
from charrnn.inspection.units import units
from charrnn.report.data import Copying, Corpus, Evaluation, Training
from charrnn.report.page import TEMPLATES, Report, render
from charrnn.report.params import sections
from charrnn.report.reading import figures, gradients, sample, texts
from charrnn.training.state import Row, Validation
from stages.runtime.inputs import Inputs
from stages.runtime.running import log, run

CORPUS = Path("metrics/corpus.json")
GRADIENTS = Path("metrics/gradient_check.json")
TRAINING = Path("metrics/train.json")
LOSS = Path("metrics/loss.csv")
VALIDATION = Path("metrics/validation.csv")
PANELS = Path("metrics/loss_by_epoch.svg")
OVERLAID = Path("metrics/loss_overlaid.svg")
TEXTS = Path("metrics/training_texts.txt")
EVALUATION = Path("metrics/evaluation.json")
SAMPLE = Path("metrics/sample.txt")
COPYING = Path("metrics/sample.json")
TEST = Path("data/prepared/test.npy")
VOCABULARY = Path("data/prepared/vocabulary.json")
BEST = Path("data/model/best.safetensors")
REPORT = Path("metrics/report.html")


def main() -> None:
    """Run the stage ``report``."""
    files = [CORPUS, GRADIENTS, TRAINING, LOSS, VALIDATION, PANELS, OVERLAID, TEXTS]
    files += [EVALUATION, SAMPLE, COPYING, TEST, VOCABULARY, BEST, PARAMS]
    inputs = Inputs([], files, code=sorted(TEMPLATES.iterdir()))
    for section in Section.__subclasses__():
        load_section(section)  # so that each value is there, and of its type
    params = read_yaml(PARAMS)
    vocabulary = load_vocabulary(VOCABULARY)
    weights, test = load_model(BEST, vocabulary), load_ids(TEST, vocabulary)
    evaluation = figures(Evaluation, read_json(EVALUATION), str(EVALUATION))
    network = evaluation.network
    page = render(
        Report(
            params=params,
            sections=sections(params, _text(PARAMS), str(PARAMS)),
            corpus=figures(Corpus, read_json(CORPUS), str(CORPUS)),
            gradients=gradients(read_json(GRADIENTS), str(GRADIENTS)),
            training=figures(Training, read_json(TRAINING), str(TRAINING)),
            curve=read_table(LOSS, Row._fields),
            validations=read_table(VALIDATION, Validation._fields, may_be_empty=True),
            panels=read_bytes(PANELS),
            overlaid=read_bytes(OVERLAID),
            texts=texts(_text(TEXTS), params["train"]["text_length"], str(TEXTS)),
            evaluation=evaluation,
            sample=sample(_text(SAMPLE), params["sample"]["length"], str(SAMPLE)),
            copying=figures(Copying, read_json(COPYING), str(COPYING)),
            model_digest=hashlib.sha256(read_bytes(BEST)).hexdigest(),
            surprise=network
            and surprise(
                weights, test, vocabulary, part_bits=network.bits_per_character
            ),
            units=units(weights, test, vocabulary),
        )
    )
    with inputs.written():
        write_bytes(REPORT, page)
    log.info("%s bytes", f"{len(page):,}")


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        message = f"{path}: damaged: not UTF-8"
        raise ArtifactError(message) from None


if __name__ == "__main__":
    run("report", main)
