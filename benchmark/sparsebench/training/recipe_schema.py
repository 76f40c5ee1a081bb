"""The JSON Schema of recipes of trainings: for editors to complete, to check, and to say what a key means."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Mapping

from pydantic import BaseModel

from sparsebench.training.recipe import QuerySet, Settings, Source
from sparsebench.types import Json

PLAIN = {
    "name": "Of the recipe: of its files, and of its trainings where they have no label. Of a source: for labels.",
    "description": "What it is for.",
    "label": "What commands and suites call one training; by default its name and what the grid varies.",
    "pooling": "How the outputs at a text's tokens become one: the largest, the sum, or that at the first token.",
    "data": "What it is trained on.",
    "id": "An ir_datasets id.",
    "beir": "A folder in BEIR's layout.",
    "split": "Of a folder in BEIR's layout.",
    "vocabulary_order": "Which output dimensions a smaller vocabulary has.",
    "vocabulary_seed": "Draws a random vocabulary; `seed`: a new draw for each training seed.",
    "lambda_factor": "Multiplies `lambda_q` and `lambda_d`.",
    "lambda_steps": "Steps after which the regulariser has its full weight.",
    "steps": "How many batches are trained on.",
    "batch_size": "Queries of a batch.",
    "learning_rate": "The highest of the schedule.",
    "weight_decay": "Of AdamW.",
    "warm_up": "Steps until the learning rate is at its highest.",
    "seed": "Draws the order of examples, dropout, and what begins at random.",
    "fresh_head": "Whether a head is begun anew even where the backbone has one.",
    "head_scale": "Gain of the last normalisation of a head that is begun anew.",
    "head_bias": "Bias of the outputs of a head that is begun anew; below 0 few are active at the start.",
}
"""Keys of which the classes' own words say nothing, or say it in the middle of a sentence."""


def recipe_schema() -> dict[str, Json]:
    """One training, with `include` and `grid`. No key is required: an included recipe or the grid may give any."""
    schema = Settings.model_json_schema()
    _describe(schema["properties"], Settings)
    for model in (Source, QuerySet):
        _describe(schema["$defs"][model.__name__]["properties"], model)
    del schema["required"]
    schema["properties"] |= {
        "include": {
            "description": "Recipes that this one changes, by path; what it says itself comes first.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        },
        "grid": {
            "description": "Key -> values: a training of each combination.",
            "type": "object",
            "additionalProperties": {"type": "array", "minItems": 1},
            "propertyNames": {"pattern": f"^({'|'.join(Settings.model_fields)})([.].*)?$"},
        },
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _describe(properties: dict[str, Json], model: type[BaseModel]) -> None:
    said = {**_of_docstring(model), **PLAIN}
    for name, each in properties.items():
        each["description"] = said[name]


def _of_docstring(model: type[BaseModel]) -> Mapping[str, str]:
    """Key -> what the docstring says after `key:` or `key, other key:`."""
    text = " ".join((inspect.getdoc(model) or "").split())
    name = rf"(?:{'|'.join(model.model_fields)})"
    found = [*re.finditer(rf"(?<![`\w])({name}(?:, {name})*): ", text)]
    ends = [*(each.start() for each in found), len(text)][1:]
    parts = ((each[1], text[each.end() : end].strip()) for each, end in zip(found, ends, strict=bool(found)))
    return dict(itertools.chain.from_iterable(((key, words) for key in keys.split(", ")) for keys, words in parts))
