"""The paths of the stages' files; dvc.yaml says which stage writes and reads each."""

from pathlib import Path

BOOK = Path("data/raw/kjv-new-testament.txt")

IDS = Path("data/prepared/book.npy")
PARTS = Path("data/prepared/parts.json")
VOCABULARY = Path("data/prepared/vocabulary.json")
CORPUS = Path("metrics/corpus.json")

GRADIENTS = Path("metrics/gradient_check.json")
VERDICT = Path("metrics/gradient_check_passed.json")

BEST = Path("data/model/best.safetensors")
LAST = Path("data/model/last.safetensors")
LOSS = Path("metrics/loss.csv")
VALIDATIONS = Path("metrics/validation.csv")
TEXTS = Path("data/model/training_texts.json")
READABLE_TEXTS = Path("metrics/training_texts.txt")
SUMMARY = Path("metrics/train.json")

EVALUATION = Path("metrics/evaluation.json")

INSPECTION = Path("metrics/inspection.json")

PANELS = Path("metrics/loss_by_epoch.svg")
OVERLAID = Path("metrics/loss_overlaid.svg")
WHOLE_RUN = Path("metrics/loss_and_validation.svg")

SAMPLE = Path("metrics/sample.txt")
COPYING = Path("metrics/sample.json")

PAGE = Path("metrics/page.html")

REPORT = Path("metrics/report.html")
