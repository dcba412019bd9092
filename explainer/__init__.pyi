from .analysis.compare import Comparison, compare
from .analysis.findings import Finding
from .analysis.health import Health, health
from .analysis.importance import Importance, importance
from .batch_data import Batch
from .engine.batch_run import Run
from .engine.quantity import Quantity
from .engine.run import run
from .engine.trace import Trace, Update
from .engine.training import History, train
from .errors import ExplainerError
from .explanation.explain import Explanation, explain
from .export.worksheet import Worksheets, worksheet
from .interop.cells import Cell, GRUNetwork
from .interop.detection import Reading, detect
from .interop.foreign_models import record_onnx
from .interop.keras_layers import from_keras
from .interop.keras_record import record_keras
from .interop.layouts import from_arrays, from_equinox, from_flax, from_haiku
from .interop.onnx_reader import from_onnx
from .interop.record import record, watch
from .interop.recording import Recording
from .interop.state_dicts import from_torch
from .interop.weight_files import load, save
from .own_values import with_targets
from .presets import PRESETS
from .settings import Settings
from .stage.widget import widget
from .url import edits_from_link, from_link, to_link, view_from_link
from .view_state import ViewState

__all__ = [
    "PRESETS",
    "Batch",
    "Cell",
    "Comparison",
    "ExplainerError",
    "Explanation",
    "Finding",
    "GRUNetwork",
    "Health",
    "History",
    "Importance",
    "Quantity",
    "Reading",
    "Recording",
    "Run",
    "Settings",
    "Trace",
    "Update",
    "ViewState",
    "Worksheets",
    "compare",
    "detect",
    "edits_from_link",
    "explain",
    "from_arrays",
    "from_equinox",
    "from_flax",
    "from_haiku",
    "from_keras",
    "from_link",
    "from_onnx",
    "from_torch",
    "health",
    "importance",
    "load",
    "record",
    "record_keras",
    "record_onnx",
    "run",
    "save",
    "to_link",
    "train",
    "view_from_link",
    "watch",
    "widget",
    "with_targets",
    "worksheet",
]
