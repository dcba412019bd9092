"""Home: the whole network at work, other examples, the chapters."""

from explainer.app.panels.home_panel import show_home

show_home()
