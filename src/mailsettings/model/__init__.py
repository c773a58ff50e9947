"""The values of a detection, from the claim of a source to the answer. All are frozen and hashable.

Claim (one source's statement)  ->  Candidate (one endpoint, all its claims)  ->  Probe (what was seen there)
->  Choice (candidate, probe, trust, reasons)  ->  Detection (the answer)
"""

from mailsettings.model.claims import Authority, Candidate, Claim, Evidence, Fact
from mailsettings.model.detection import (
    Choice,
    Confidence,
    Detection,
    Finding,
    Hint,
    Link,
    OAuth,
    OAuthSource,
    Provider,
    Responsible,
    Service,
    SettledBy,
    StatedOAuth,
)
from mailsettings.model.endpoints import Auth, Direction, Endpoint, Protocol, Security, ServerSettings
from mailsettings.model.failures import URL, Failure, HostName, ProxyAddress, Question, Task, Where
from mailsettings.model.probes import Audience, Hello, Note, NoteKind, Probe, Step, Timing, TLSFacts
from mailsettings.model.trust import Confirmation, ConfirmReason, Trust

__all__ = [
    "URL",
    "Audience",
    "Auth",
    "Authority",
    "Candidate",
    "Choice",
    "Claim",
    "Confidence",
    "ConfirmReason",
    "Confirmation",
    "Detection",
    "Direction",
    "Endpoint",
    "Evidence",
    "Fact",
    "Failure",
    "Finding",
    "Hello",
    "Hint",
    "HostName",
    "Link",
    "Note",
    "NoteKind",
    "OAuth",
    "OAuthSource",
    "Probe",
    "Protocol",
    "Provider",
    "ProxyAddress",
    "Question",
    "Responsible",
    "Security",
    "ServerSettings",
    "Service",
    "SettledBy",
    "StatedOAuth",
    "Step",
    "TLSFacts",
    "Task",
    "Timing",
    "Trust",
    "Where",
]
