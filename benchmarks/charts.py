"""A page of twelve Plotly charts, one time step at a time: what the stage is measured against."""

import plotly.graph_objects as go
import streamlit as st

from benchmarks.settings import CHARTS, WIDE
from explainer import run

st.set_page_config(layout="wide")
result = st.cache_resource(run)(WIDE)


@st.fragment
def charts() -> None:
    """Draw the matrices of one time step, each as a chart of its own."""
    state = st.session_state
    state.setdefault("t", 0)

    def step() -> None:
        state["t"] = (state["t"] + 1) % WIDE.context_length

    st.button("next time step", on_click=step)
    t = state["t"]
    columns = st.columns(4)
    for i, name in enumerate(CHARTS):
        q, value = result.trace.quantities[name], result.trace[name]
        value = value[:1, t] if "T" in q.dims else value
        matrix = go.Heatmap(z=value, texttemplate="%{z:.2g}", showscale=False)
        figure = go.Figure(matrix, {"title": {"text": f"{name} at {t}"}})
        columns[i % 4].plotly_chart(figure, key=name, config={"displayModeBar": False})


charts()
