"""Small trainings, and a training on its page, for the tests of many updates."""

import time
from dataclasses import replace
from types import SimpleNamespace

import torch
from beside_torch import tensor
from torch import nn
from torch.nn import functional as F

from explainer import PRESETS, History
from explainer.batches import batch, tokenize
from explainer.engine.parameters import draw_masks

SAME = {"rtol": 0, "atol": 1e-12}
SMALL = replace(
    PRESETS["start"],
    text="abcabdabeabf abcabd abe abf cab",
    tokenizer="characters",
    end_of_text=False,
    batch_size=2,
    context_length=3,
    embedding_size=3,
    hidden_size=4,
    dropout=0.0,
    learning_rate=0.7,
    seed=7,
)
TINY = replace(SMALL, batch_size=1, context_length=1, embedding_size=1, hidden_size=1)
DIVERGING = replace(
    PRESETS["start"],
    text=PRESETS["start"].text * 5,
    initial="normal",
    learning_rate=1000.0,
    variant="reset_before",
    batch_size=1,
    context_length=1000,
    embedding_size=1,
    hidden_size=128,
)


# PyTorch's own training.

TRAINED = {
    "embedding": SMALL,
    "clipped": replace(SMALL, clip_norm=0.05, head_bias=True),
    "carried": replace(SMALL, carry_state=True, learning_rate=2.0),
    "one_hot": replace(SMALL, input="one_hot", head_bias=True, carry_state=True, clip_norm=0.5),
    "dropout": replace(SMALL, dropout=0.4, carry_state=True),
    "sequential": replace(SMALL, windows="sequential", carry_state=True, learning_rate=2.0),
    "random": replace(SMALL, windows="random", carry_state=True),
    "shuffled": replace(SMALL, windows="shuffled", carry_state=True),
}


def by_torch(settings, updates, net):
    """What PyTorch's SGD makes of modules: before each update, and after the last."""
    optimizer = torch.optim.SGD(net.parameters(), lr=settings.learning_rate)
    ids, V = tensor(tokenize(settings)[1]), len(tokenize(settings)[0])
    B, T, H = settings.batch_size, settings.context_length, settings.hidden_size
    sizes = {"B": B, "T": T, "H": H, "V": V}
    sizes["D"] = V if settings.input == "one_hot" else settings.embedding_size
    count = (len(ids) - 1) // (B * T)
    h = torch.zeros(1, B, H, dtype=torch.float64)
    moments = []
    for i in range(updates + 1):
        start = i % count * B * T
        x, y = (ids[start + k : start + k + B * T].reshape(B, T) for k in (0, 1))
        if settings.windows == "sequential":
            length = (len(ids) - 1) // B
            rows = [ids[b * length :][i % count * T :] for b in range(B)]
            x, y = (torch.stack([row[k : k + T] for row in rows]) for k in (0, 1))
        elif settings.draws_windows:  # tested on their own, below
            drawn = batch(settings, i)
            x, y = tensor(drawn.ids), tensor(drawn.targets)
        masks = draw_masks(settings, sizes, i)
        if i % count == 0 or not settings.carry_state or settings.draws_windows:
            h = torch.zeros_like(h)
        inputs = net["embedding"](x) if "embedding" in net else F.one_hot(x, V).double()
        outputs, last = net["cell" if "cell" in net else "gru"](
            inputs * masks["mask_x"] / (1 - settings.dropout), h
        )
        logits = net["head"](outputs * masks["mask_h"] / (1 - settings.dropout))
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        kept = {n: v.detach().clone() for n, v in net.state_dict().items()}
        moments.append(
            SimpleNamespace(ids=x, h_0=h[0], logits=logits.detach(), loss=loss.item(), state=kept)
        )
        optimizer.zero_grad()
        loss.backward()
        if settings.clip_norm is not None:
            nn.utils.clip_grad_norm_(net.parameters(), settings.clip_norm)
        optimizer.step()
        h = last.detach()
    return moments


UPDATES = (0, 1, 4, 5, 6, 13)


# What a network writes.


def trained(settings, updates=60):
    history = History(settings)
    while history.updates < updates:
        history.step()
    return history.state_at(updates).parameters


def wait(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()


# The page.


def button(at, label):
    (found,) = (b for b in at.button if label in b.label)
    return found


def to_do(at, updates):
    (field,) = (n for n in at.number_input if n.key == "to-do")
    return field.set_value(updates)


def train_on_page(at, updates):
    """Press the button, and look until it has ended."""
    to_do(at, updates).run()
    button(at, "training").click().run()
    end = time.monotonic() + 20
    while at.session_state["session"].trainer.running and time.monotonic() < end:
        at.run()
    at.run()
    assert not at.exception


def said(at):
    return " ".join(c.value for c in (*at.caption, *at.markdown))


def code(at):
    return [c.value for c in at.code]
