"""Home: the way of the data, where to begin, how to read the colours."""

from explainer.app.panels.home_panel import show_home

show_home()
