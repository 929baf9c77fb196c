import hashlib
import json

import onnx
import pytest

from frontdesk.knowledge import export

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("encoder") / "models" / "encoder"
    export.export_encoder(target)
    return target


def test_manifest_names_the_encoder_and_the_files_hashes(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["encoder"] == "all-MiniLM-L6-v2"
    assert manifest["dimension"] == 384
    assert manifest["sha256"] == {
        file: hashlib.sha256((folder / file).read_bytes()).hexdigest()
        for file in ("encoder.onnx", "tokenizer.json")
    }


def test_folder_holds_the_three_files_and_nothing_else(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "encoder.onnx",
        "manifest.json",
        "tokenizer.json",
    ]


def test_graph_takes_any_number_of_texts_and_tokens(folder):
    graph = onnx.load(folder / "encoder.onnx", load_external_data=False).graph
    axes = {
        value.name: [axis.dim_param for axis in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert axes["input_ids"] == ["batch", "tokens"]
    assert axes["attention_mask"] == ["batch", "tokens"]
    assert axes["embedding"][0] == "batch"
    assert axes["layers"][0] == "batch"


def test_missing_package_is_one_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(export, "PACKAGE", "no_such_weights")
    assert export.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "Python package 'no_such_weights' with the encoder's weights is not installed. "
        "Run make setup.\n"
    )
