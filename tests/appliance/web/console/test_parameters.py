import pytest
from starlette.datastructures import QueryParams

from sysmon_appliance.errors import BadRequestError
from sysmon_appliance.web.console.parameters import Parameter, read

DECLARED = (
    Parameter("host", "A host.", required=True, most=2),
    Parameter("points", "How many.", at_least=2, at_most=5000),
    Parameter("as", "How.", choices=("rate", "value")),
)


def test_what_was_given() -> None:
    """Parameters are read as declared; defaults are for what was not given."""
    given = read(QueryParams("host=a&host=b&points=10"), DECLARED)
    assert (given.all("host"), given.text("host"), given.integer("points", 1)) == (("a", "b"), "a", 10)
    assert (given.text("as", "rate"), given.optional("as"), given.all("as")) == ("rate", None, ())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "'host' is missing: A host"),
        ("host=a&nope=1", "no parameter 'nope' here; there are: host, points, as"),
        ("host=a&host=b&host=c", "'host' may be given 2 times"),
        ("host=a&points=1", "'points' must be a whole number from 2 to 5000, not '1'"),
        ("host=a&points=-5", "'points' must be"),
        ("host=a&points=1e3", "'points' must be"),
        ("host=a&points=", "'points' must be"),
        ("host=a&points=99999999999999999999999", "'points' must be"),
        ("host=a&points=%D9%A5%D9%A5", "'points' must be"),
        ("host=a&as=sum", "'as' must be one of rate, value, not 'sum'"),
        ("host=" + "x" * 1001, "'host' must be text of at most 1000"),
    ],
)
def test_what_is_refused(query: str, message: str) -> None:
    """A parameter that is unknown, missing or out of bounds is named together with what is allowed."""
    with pytest.raises(BadRequestError) as caught:
        read(QueryParams(query), DECLARED)
    assert message in caught.value.message
