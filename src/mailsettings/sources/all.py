"""All sources that ship with the package. Their order decides nothing: authority does."""

from mailsettings.leads import Source
from mailsettings.sources.autoconfig import autoconfig
from mailsettings.sources.autodiscover import autodiscover
from mailsettings.sources.guess import guess
from mailsettings.sources.ispdb import ispdb
from mailsettings.sources.jmap import jmap
from mailsettings.sources.mailconf import mailconf
from mailsettings.sources.mx import mx
from mailsettings.sources.pacc import pacc
from mailsettings.sources.services import services
from mailsettings.sources.srv import srv
from mailsettings.sources.table import table

SOURCES: tuple[Source, ...] = (
    table,
    autoconfig,
    mailconf,
    pacc,
    autodiscover,
    jmap,
    srv,
    ispdb,
    mx,
    services,
    guess,
)
