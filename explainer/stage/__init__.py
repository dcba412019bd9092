"""What stands on the stage, and the scripts that draw it; no Streamlit."""
