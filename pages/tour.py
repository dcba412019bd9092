"""The guided tour: short questions, answered on the stage."""

from explainer.app.panels.tour_panel import show_tour

show_tour()
