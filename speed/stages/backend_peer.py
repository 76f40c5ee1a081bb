"""sentence-transformers on another backend, in an environment of its own: `python backend_peer.py FOLDER BACKEND FORM`.

What optimum needs of transformers is not what this project is tested with, so this file is run by the Python of
`.venv-onnx` or `.venv-openvino` (`make .venv-onnx`), knows nothing of the project, and speaks lines of JSON: texts come
first; then for each "run" it encodes them and answers "done", and for "vectors" it answers with their active entries.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

LENGTH = 256
BATCH = 32


def loaded(folder: str, backend: str, form: str, place: str) -> Any:
    """Return the encoder with its weights exported to the backend; form: `float32`, or `int8`, which is the dynamic
    quantisation that sentence-transformers offers for ONNX."""
    from sentence_transformers import SparseEncoder

    model = SparseEncoder(folder, device="cpu", backend=backend, model_kwargs={"export": True})
    if form == "int8":
        from sentence_transformers import export_dynamic_quantized_onnx_model

        model.save_pretrained(place)
        export_dynamic_quantized_onnx_model(model, "avx512_vnni", place)
        name = next(str(path.relative_to(place)) for path in Path(place).rglob("*avx512_vnni*.onnx"))
        model = SparseEncoder(place, device="cpu", backend=backend, model_kwargs={"file_name": name})
    model.max_seq_length = LENGTH
    return model


def main() -> None:
    """Serve one set of texts."""
    folder, backend, form = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr  # exporters print
    texts = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory() as place:
        model = loaded(folder, backend, form, place)
        for line in sys.stdin:
            vectors = model.encode(texts, batch_size=BATCH, show_progress_bar=False)
            answer: object = "done"
            if json.loads(line) == "vectors":
                found = vectors.coalesce()
                answer = [found.indices().tolist(), found.values().tolist(), list(found.shape)]
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
