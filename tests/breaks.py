"""Break the code on purpose, one line at a time, and see that a test notices: `make breaks`.

Each break is a file, a text that stands in it exactly once, what takes its place, and the tests
that should notice. They run on a copy; the checkout stays as it is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from node import NODE

ROOT = Path(__file__).parent.parent
SECONDS = 240
"""Longest run of the tests of one break."""

ORACLES = "tests/test_oracles.py"
WEB = "explainer/stage/web/"
NODE_TESTS = "node"
"""The stage's tests under Node."""

BREAKS = [
    # networks from elsewhere
    ("explainer/app/own_link.py", " and said != own.own_link:", ":", "tests/test_own_network.py"),
    ("explainer/interop/detection.py", "for functions in (OFTEN, SELDOM):", "for functions in (OFTEN,):", "tests/test_detection.py"),
    # a run of the script
    ("explainer/app/server.py", "        read_state_by_key()\n", "", "tests/test_rerun.py"),
    ("explainer/app/cache.py", "(staged, settings, edit, chapter.slug", "(staged, edit, chapter.slug", "tests/test_rerun.py"),
    ("explainer/app/drawn_before.py", " and kept.said == said_of(kept.said)", "", "tests/test_drawn_before.py"),
    ("explainer/app/drawn_before.py", "if all(map(may_be_sent_again, messages)):", "if messages:", "tests/test_drawn_before.py"),
    ("explainer/app/chapter_page.py", "if any(st.session_state.get(key) for key in parts):", "if not parts:", "tests/test_drawn_before.py"),
    # equations
    ("explainer/engine/equations/gru.py", "return z * h_prev + (1 - z) * n", "return z * n + (1 - z) * h_prev", ORACLES),
    ("explainer/engine/equations/gru.py", "return torch.tanh(a_in + r * a_hn)", "return torch.tanh(a_in + a_hn)", ORACLES),
    ("explainer/engine/equations/gru.py", "return r * h_prev", "return h_prev", ORACLES),
    ("explainer/engine/equations/gru.py", "return 1 - z\n", "return z\n", ORACLES),
    ("explainer/engine/equations/backward.py", "return d_h * (1 - z)", "return d_h * z", ORACLES),
    ("explainer/engine/equations/backward.py", "return d_h * (h_prev - n)", "return d_h * (n - h_prev)", ORACLES),
    ("explainer/engine/equations/backward.py", "return d_n * (1 - n * n)", "return d_n * (1 - n)", ORACLES),
    ("explainer/engine/equations/backward.py", "return d_r * r * (1 - r)", "return d_r * (1 - r)", ORACLES),
    ("explainer/engine/equations/backward.py", "return mask_x * d_x / (1 - dropout)", "return mask_x * d_x", ORACLES),
    ("explainer/engine/equations/backward.py", "return (p - y) / targets.numel()", "return p - y", ORACLES),
    ("explainer/engine/equations/update.py", "torch.clamp(clip_norm / (norm + 1e-6), max=1.0)", "torch.clamp(clip_norm / (norm + 1e-6), max=2.0)", ORACLES),
    ("explainer/engine/equations/update.py", "return -learning_rate * (norm * norm)", "return -learning_rate * norm", ORACLES),
    ("explainer/engine/equations/update.py", "return parameter - learning_rate * d_parameter", "return parameter + learning_rate * d_parameter", ORACLES),
    ("explainer/engine/at_once.py", "return as_rows(values).sum(0)", "return as_rows(values).mean(0)", ORACLES),
    ("explainer/engine/memory.py", "torch.from_numpy(lent)", "torch.from_numpy(memory)", "tests/test_reused_memory.py"),
    ("explainer/engine/equations/head.py", "return mask_h * h / (1 - dropout)", "return mask_h * h", ORACLES),
    ("explainer/engine/equations/embedding.py", "return mask_x * e / (1 - dropout)", "return mask_x * e", ORACLES),
    ("explainer/engine/equations/loss.py", "return -ce_2.mean(0)", "return -ce_2.sum(0)", ORACLES),
    ("explainer/engine/equations/loss.py", "return -(counted * ce_2).sum(0) / answers", "return -ce_2.sum(0) / answers", "tests/test_counted.py"),
    ("explainer/engine/equations/backward.py", "return (p - y) * counted.unsqueeze(-1) / answers", "return (p - y) / answers", "tests/test_counted.py"),
    ("explainer/engine/equations/activation.py", "return d * torch.sign(y * (1 - y)) / 6", "return d * torch.sign(y) / 6", ORACLES),
    ("explainer/engine/equations/activation.py", "return (0.2 * (a + b) + 0.5).clip(0.0, 1.0)", "return ((a + b) / 6 + 0.5).clip(0.0, 1.0)", ORACLES),
    ("explainer/engine/unroll.py", "alias[q.name] = alias.get(q.inputs[0], q.inputs[0])", "alias[q.name] = q.inputs[0]", ORACLES),
    ("explainer/engine/equations/squared_error.py", "return 2 * error * d_se_1", "return error * d_se_1", "tests/test_values.py"),
    ("explainer/value_batches.py", "counted = ~np.isnan(y).any(-1)", "counted = np.ones((B, T), dtype=bool)", "tests/test_values.py"),
    # engine
    ("explainer/engine/hold.py", "return free * own + held", "return own + held", "tests/test_edits.py"),
    ("explainer/engine/hold.py", "return free * d\n", "return d\n", "tests/test_edits.py"),
    ("explainer/engine/training.py", "if len(self._kept) > self._most:", "if len(self._kept) > 2 * self._most:", "tests/test_kept_trainings.py"),
    ("explainer/engine/trace.py", 'torch.float32 if self.origin.precision == "float32" else torch.float64', "torch.float64", "tests/test_precision.py"),
    ("explainer/stage/web/views.js", 'precision === "float32" ? new Float32Array(length) : new Float64Array(length)', "new Float64Array(length)", "tests/test_engine_js.py"),
    ("explainer/tokenizer.py", "kept = pairs[apart(doubled, after[doubled])]", "kept = pairs[doubled]", "tests/test_tokenizer.py"),
    ("explainer/tokenizer.py", "[*range(characters, len(tokens))]", "[*range(len(tokens) - 1, characters - 1, -1)]", "tests/test_tokenizer.py"),
    ("explainer/batches.py", "draw.permutation((len(ids) - 1 - begin) // T)", "draw.integers(0, (len(ids) - 1 - begin) // T, count * B)", "tests/test_windows.py"),
    ("explainer/engine/sampling.py", "if temperature == 0:", "if temperature == 1:", "tests/test_written_text.py"),
    ("explainer/engine/parameters.py", "if given != shape:", "if False:", "tests/test_sentences_of_runs.py"),
    # networks from elsewhere
    ("explainer/interop/layer_stack.py", "d_h_out[ends] += found.d_h_n[place]", "pass", "tests/test_record.py"),
    ("explainer/interop/layer_stack.py", "d_x = d_x if scale is None else d_x * scale", "d_x = d_x", "tests/test_record.py"),
    ("explainer/interop/cell_chain.py", "d_h_out = total - from_later(values, total)", "d_h_out = total", "tests/test_record.py"),
    ("explainer/interop/layer.py", "turned[sequence, :length] = values[sequence, :length].flip(0)", "turned[sequence] = values[sequence].flip(0)", "tests/test_record.py"),
    ("explainer/interop/stacked_layers.py", "torch.random.set_rng_state(call.random_state)", "pass", "tests/test_record.py"),
    ("explainer/interop/module_calls.py", "            handle.remove()", "            pass", "tests/test_record.py"),
    ("explainer/engine/layer_edits.py", "(~where).to(torch.float64)", "where.to(torch.float64)", "tests/test_record.py"),
    ("explainer/analysis/health_numbers.py", "np.log(2) / np.maximum(logs, 1e-16)", "1 / np.maximum(logs, 1e-16)", "tests/test_health.py"),
    ("explainer/analysis/health_rules.py", "if still and own.inside.sum() >= ENOUGH:", "if still:", "tests/test_health.py"),
    ("explainer/analysis/port.py", "one[1 - i] = 0", "one[i] = 0", "tests/test_port.py"),
    ("explainer/interop/text_table.py", "range(min(room, len(text) - at), 0, -1)", "range(1, min(room, len(text) - at) + 1)", "tests/test_own_numbers.py tests/test_own_network.py"),
    ("explainer/analysis/finding_places.py", "size[..., others] = -np.inf", "pass", "tests/test_own_numbers.py tests/test_own_network.py"),
    ("explainer/interop/trace_files.py", "kept[name] = edit.before", "pass", "tests/test_trace_files.py"),
    ("explainer/analysis/importance.py", "SHUT = -1e4", "SHUT = 0.0", "tests/test_importance.py"),
    ("explainer/analysis/step_ratio.py", "other = copy.deepcopy(optimizer)", "other = optimizer", "tests/test_health.py"),
    ("explainer/number_table.py", "if math.isfinite(value):", "if True:", "tests/test_own_numbers.py tests/test_own_network.py"),
    ("explainer/interop/head_loss.py", "error = (states @ W.T + b)[..., 0][where] - wanted", "error = (states @ W.T)[..., 0][where] - wanted", "tests/test_own_numbers.py tests/test_own_network.py"),
    ("explainer/interop/layouts.py", 'split_gates("b_", biases[0] + biases[1], order)', 'split_gates("b_", biases[0], order)', "tests/test_layouts.py"),
    ("explainer/interop/layouts.py", 'return negated_update(parameters) if z == "takes" else parameters', "return parameters", "tests/test_layouts.py"),
    ("explainer/interop/stacked_gates.py", "return {n: -v if n.endswith(\"z\") else v for n, v in parameters.items()}", "return {n: -v if n == \"W_iz\" else v for n, v in parameters.items()}", "tests/test_layouts.py"),
    ("explainer/interop/cell_exports.py", 'np.concatenate([p["b_ir"] + p["b_hr"], p["b_iz"] + p["b_hz"], p["b_in"]])', 'np.concatenate([p["b_ir"] + p["b_hr"], p["b_iz"], p["b_in"]])', "tests/test_layouts.py"),
    ("explainer/interop/layer_names.py", "int(p) if p.isdigit() else 0", "0", "tests/test_layouts.py"),
    ("explainer/interop/detection.py", "past = np.concatenate([first[:, None], states[:, :-1]], 1)", "past = np.concatenate([first[:, None], states[:, 1:]], 1)", "tests/test_detection.py"),
    ("explainer/interop/array_files.py", "check_unpacked(sum(m.file_size for m in members), most_bytes)", "pass", "tests/test_weight_files.py"),
    ("explainer/interop/array_files.py", "    if dtype.hasobject:", "    if False:", "tests/test_weight_files.py"),
    ("explainer/interop/array_files.py", "if prod(shape) * dtype.itemsize != len(data) - file.tell():", "if False:", "tests/test_weight_files.py"),
    ("explainer/interop/array_files.py", "weights_only=True", "weights_only=False", "tests/test_weight_files.py"),
    # text, batches, links
    ("explainer/tokenizer.py", "return np.extract((order - first) % 2 == 0, lefts)", "return np.extract((order - first) % 2 == 1, lefts)", "tests/test_tokenizer.py"),
    ("explainer/tokenizer.py", "return np.delete(merged, lefts + 1)", "return np.delete(merged, lefts)", "tests/test_tokenizer.py"),
    ("explainer/batches.py", 'return 1 if settings.windows == "random" else settings.batch_size', "return settings.batch_size", "tests/test_windows.py"),
    ("explainer/batches.py", "return Batch(inputs, targets, tokenizer.tokens", "return Batch(inputs, inputs, tokenizer.tokens", "tests/test_windows.py tests/test_properties.py tests/test_sources.py"),
    ("explainer/app/current_run.py", "if B * T > MOST_TOKENS:", "if B * T > 2 * MOST_TOKENS:", "tests/test_pages_settings.py"),
    ("explainer/url.py", 'if f.name == "text" and len(value) > TEXT_IN_LINK:\n            query', 'if f.name == "text" and len(value) > 2 * TEXT_IN_LINK:\n            query', "tests/test_links.py"),
    ("explainer/url.py", "if text is not None and text_hash(text) == wanted:", "if text is not None:", "tests/test_links.py tests/test_pages_texts.py"),
    ("explainer/url_edits.py", "if len(written) > EDITS_IN_LINK:", "if len(written) > 2 * EDITS_IN_LINK:", "tests/test_url_edits.py"),
    ("explainer/url_edits.py", "if not abs(value) <= sys.float_info.max:", "if False:", "tests/test_url_edits.py"),
    ("explainer/errors.py", 'return written if len(written) <= LONGEST else f"{written[:LONGEST]}…"', "return written", "tests/test_errors.py"),
    # explanation
    ("explainer/explanation/number_formula.py", 'return text.replace("-", "−")', "return text", "tests/test_explain.py"),
    ("explainer/explanation/index_form.py", "return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))", "return 1 / (1 + math.exp(-x))", "tests/test_explain.py tests/test_properties.py"),
    # analysis
    ("explainer/analysis/compare.py", "if x.shape != y.shape:", "if False:", "tests/test_compare.py"),
    ("explainer/analysis/influence.py", 'return gradient_norms(equations, known, range(run.trace.sizes["T"]), "d_h")', 'return gradient_norms(equations, known, range(run.trace.sizes["T"]), "d_h_prev")', "tests/test_influence.py"),
    ("explainer/analysis/checks.py", "return float(np.abs(first - second).max(initial=0.0) /", "return float((first - second).max(initial=0.0) /", "tests/test_proof.py"),
    # plots
    ("explainer/plots/tables.py", 'rows.sort(key=lambda row: -row["‖gradient‖"])', 'rows.sort(key=lambda row: row["‖gradient‖"])', "tests/test_pages_sentences.py"),
    # stage, in Python
    ("explainer/stage/buffer.py", "if flat.size and (bits == bits[0]).all():", "if flat.size:", "tests/test_payload.py"),
    ("explainer/stage/payload.py", "return flat[:: max(1, -(-flat.size // SAMPLES))]", "return flat[:SAMPLES]", "tests/test_payload.py"),
    ("explainer/stage/picture.py", 'if row.slug == "dropout" and not dropout:', 'if row.slug == "dropout":', "tests/test_picture.py"),
    ("explainer/stage/document.py", '.replace("<", "\\\\u003c")', "", "tests/test_html.py"),
    ("explainer/stage/prose/inline_markup.py", "written += [html.escape(text[end : found.start()])", "written += [text[end : found.start()]", "tests/test_prose.py"),
    ("explainer/stage/tour/tour_data.py", "value = [place(each) for each in value]", "value = [place(each) for each in value[::-1]]", "tests/test_html.py"),
    ("explainer/stage/lanes.py", "if not (names if spec.results else first):", "if not (names or first):", "tests/test_scene.py"),
    ("explainer/stage/html.py", "if np.array_equal(filled, places):", "if True:", "tests/test_html.py"),
    ("explainer/engine/unedited.py", "changed.get(q.name, trace[q.name])", "trace[q.name]", "tests/test_html.py"),
    ("explainer/export/latex.py", '[q for q in computed if q.role == "gradient"]', "[]", "tests/test_latex.py"),
    ("explainer/stage/pairs.py", '"b_r:0;b_z:0;b_n:0"', '"b_r:0;b_z:0;b_n:1"', "tests/test_pairs.py"),
    # app
    ("explainer/app/server.py", "    navigation()\n    unheard", "    unheard", "tests/test_stage_files.py::test_a_new_server_runs_a_page_once_and_sends_the_stage_as_one_file"),
    ("explainer/app/server.py", "    if PREPARED.is_set() or not", "    if not", "tests/test_first_picture.py"),
    ("explainer/app/first_values.py", "unread or settings.updates", "unread", "tests/test_first_values.py"),
    ("explainer/app/first_picture.py", '"against", ', "", "tests/test_first_picture.py"),
    ("explainer/app/stage_files.py", "        declare_files(folder)\n", "", "tests/test_stage_files.py"),
    ("explainer/app/gate.py", "return max((ticket.goal for ticket in self.tickets), default=0)", "return min((ticket.goal for ticket in self.tickets), default=0)", "tests/test_gate.py"),
    ("explainer/app/gate.py", "if self._queue and time.monotonic() - job.turn_began > TURN:", "if False:", "tests/test_gate.py"),
    ("explainer/app/position.py", 'return int(value) if re.fullmatch("[0-9]{1,6}", value) and int(value) < size else 0', 'return int(value) if re.fullmatch("[0-9]{1,6}", value) else 0', "tests/test_pages_place.py"),
    ("explainer/app/comparison.py", "    if problems:\n        return None, problems\n", "", "tests/test_pairs.py"),
    # export
    ("explainer/export/worksheet.py", "if not 1 <= len(wanted) <= MOST_STUDENTS:", "if False:", "tests/test_worksheet.py"),
    # stage, in JavaScript
    (WEB + "edits.js", "tree: masked(name.slice(2), name)", "tree: name", NODE_TESTS + " tests/test_engine_js.py"),
    (WEB + "editing.js", "return { edits: before, past: past.slice(0, -1), future: [edits, ...future] };", "return { edits: before, past, future: [edits, ...future] };", NODE_TESTS),
    (WEB + "editing.js", "return [...withoutEdit(edits, edit), edit];", "return [...edits, edit];", NODE_TESTS),
    (WEB + "engine.js", "if (this.held.includes(name)) return this.solver.value(`own_${name}`);", "", NODE_TESTS + " tests/test_engine_js.py"),
    ("explainer/app/paper.js", "SHEET / Math.max(width, 1)", "1", "tests/test_print_browser.py"),
    (WEB + "fold_columns.js", "if (kept.size < fits) ", "", "tests/test_page_length.py"),
    (WEB + "fold.js", "return rows > Math.max(FEW, 2 * keeps);", "return false;", "tests/test_page_length.py"),
    (WEB + "padding.js", "!isPadding(tensors, sequence, t)", "true", "tests/test_over_time_browser.py"),
    (WEB + "numbers.js", "return value < 0 || Object.is(value, -0);", "return value < 0;", NODE_TESTS),
    (WEB + "numbers.js", "if (Number(power) < -4 || Number(power) >= 16) {", "if (Number(power) < -6 || Number(power) >= 16) {", NODE_TESTS),
    (WEB + "whole_batch.js", "this.samples.clear();", "", "tests/test_stage_edits.py"),
    (WEB + "tensors.js", "this.batch?.forget();", "", "tests/test_stage_edits.py"),
    (WEB + "sums_loop.js", "all[i] += data[i];", "all[i] = data[i];", NODE_TESTS),
    (WEB + "sequence_engine.js", "if ([...this.originsOf(sum)].some((name) => touched.has(name))) this.known.delete(sum);", "", NODE_TESTS),
    (WEB + "solver.js", "if (from < to) this.changed.set(name, [from, to]);", "", NODE_TESTS + " tests/test_engine_js.py"),
    (WEB + "kernels.js", "if (divisor !== 1) divide(from, to);", "", NODE_TESTS + " tests/test_engine_js.py"),
    (WEB + "state.js", "if (moved) next.pointed = null;", "", NODE_TESTS),
    (WEB + "state.js", "if (change.quizzing && next.equation < 0) next.equation = 0;", "", NODE_TESTS),
    (WEB + "layout.js", 'return dim === "T" ? place.t : place.sequence;', 'return dim === "T" ? place.sequence : place.t;', NODE_TESTS),
    (WEB + "walk.js", "return { ...SHUT, t, equation: way > 0 ? 0 : count - 1 };", "return { ...SHUT, t, equation: 0 };", NODE_TESTS),
    (WEB + "views.js", "stride *= size;", "stride += size;", NODE_TESTS + " tests/test_engine_js.py"),
    (WEB + "buffer.js", 'if ("constant" in sent) return new Float64Array(size).fill(sent.constant);', 'if ("constant" in sent) return new Float64Array(size);', "tests/test_payload.py"),
]  # fmt: skip


def main(*only: str) -> None:
    """Make every break, or those of some files, and say which ones no test noticed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        ignored = shutil.ignore_patterns(".git", ".venv", "node_modules", "*.png", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=ignored, symlinks=True)
        (copy / "node_modules").symlink_to((ROOT / "node_modules").resolve())
        missed = [
            break_ for break_ in BREAKS if chosen(break_[0], only) and not noticed(copy, *break_)
        ]
    made = sum(chosen(file, only) for file, *_ in BREAKS)
    sys.stdout.write(f"{made - len(missed)} of {made} noticed\n")
    for file, old, new, _ in missed:
        sys.stdout.write(f"not noticed: {file}: {old!r} -> {new!r}\n")
    sys.exit(bool(missed))


def chosen(file: str, only: tuple[str, ...]) -> bool:
    """Tell whether a file is one of those that are asked for."""
    return not only or any(part in file for part in only)


def noticed(copy: Path, file: str, old: str, new: str, tests: str) -> bool:
    """Make one break in the copy, run its tests, and take it back."""
    target = copy / file
    text = target.read_text("utf-8")
    if text.count(old) != 1:
        sys.exit(
            f"{file} has {text.count(old)} times {old!r}; a break needs a text that is there once"
        )
    target.write_text(text.replace(old, new), "utf-8")
    try:
        found = any(fails(copy, part) for part in tests.split())
    finally:
        target.write_text(text, "utf-8")
    sys.stdout.write(f"{'noticed' if found else 'NOT NOTICED'} {file} {new[:60]!r}\n")
    sys.stdout.flush()
    return found


def fails(copy: Path, tests: str) -> bool:
    """Run some tests, those in a browser where there are no others; tell whether one fails."""
    if tests == NODE_TESTS:
        files = sorted(map(str, (copy / "tests" / "web").glob("*.test.js")))
        return ends(copy, [NODE, "--test", *files]) != 0
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests, "-m"]
    code = ends(copy, [*command, "not browser"])
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        code = ends(copy, [*command, "browser"])
    if code in (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.USAGE_ERROR):
        sys.exit(f"{tests} has no tests that would notice a break")
    return code != 0


def ends(copy: Path, command: list[str]) -> int:
    """Run a command, and return its exit code; 1 where it takes too long."""
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=env, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return 1
    return done.returncode


if __name__ == "__main__":
    main(*sys.argv[1:])
