"""What a scenario is: a function of the laboratory that raises Failed where something is not as it must be. Its tag is
that of the test scenario of the digest that it is the form of."""

SCENARIOS = []  # (tag, title, function)


def scenario(tag, title):
    def add(function):
        SCENARIOS.append((tag, title, function))
        return function
    return add
