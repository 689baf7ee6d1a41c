"""All scenarios, in the order in which they are played: from failures.py on a connection is up all the time, until its
last; association.py, stitched.py and nested.py restart nodes with another configuration, and scale.py leaves a network of another kind."""
from play import scenarios, edges, failures, association, stitched, nested, scale  # noqa: F401 # pylint: disable=unused-import
from play.scenario import SCENARIOS  # noqa: F401
