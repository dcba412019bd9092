"""Colours, charts and tables; no torch, no Streamlit."""
