"""Home: the way of the data, where to begin, how to read the colours."""

from explainer.views.home import show

show()
