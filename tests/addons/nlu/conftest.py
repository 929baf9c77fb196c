"""Rasa's own dependencies warn on import; ours must not."""

import os
import warnings

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import rasa.engine.recipes.default_components  # noqa: F401
