"""All scenarios, in the order in which they are played: association.py is the first, for nothing may have been set up
before it; from failures.py on a connection is up all the time; scale.py leaves a network of another kind."""
from play import association, scenarios, edges, failures, scale  # noqa: F401 # pylint: disable=unused-import
from play.scenario import SCENARIOS  # noqa: F401
