"""The app's pieces; the only part of the package that knows Streamlit."""
