"""Who is served what: an audience is a file that says which parts of the schema it sees, on which terms.

Knows files, names and numbers; not how a view is cut out of the schema, and not who is asking."""

from gateway.audiences.audience import Audience, UnusableAudiences
from gateway.audiences.contracts import SUFFIX, Change, change, contract_of, coordinates
from gateway.audiences.reading import SHIPPED, Audiences, read_audience, read_audiences
from gateway.audiences.settings import AudienceSettings

__all__ = [
    "SHIPPED",
    "SUFFIX",
    "Audience",
    "AudienceSettings",
    "Audiences",
    "Change",
    "UnusableAudiences",
    "change",
    "contract_of",
    "coordinates",
    "read_audience",
    "read_audiences",
]
