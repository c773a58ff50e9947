"""Names of login methods in documents, as the families a client chooses between.

<authentication>password-cleartext</authentication>          ->  Auth.PASSWORD
<authentication system="sasl">SCRAM-SHA-256</authentication> ->  Auth.ENCRYPTED
"""

from __future__ import annotations

from mailsettings.model import Auth

# draft-ietf-mailmaint-autoconfig §4.3 and the older names Thunderbird still reads.
_AUTOCONFIG = {
    "password-cleartext": Auth.PASSWORD,
    "plain": Auth.PASSWORD,
    "password-encrypted": Auth.ENCRYPTED,
    "secure": Auth.ENCRYPTED,
    "ntlm": Auth.NTLM,
    "gssapi": Auth.GSSAPI,
    "tls-client-cert": Auth.CERTIFICATE,
    "oauth2": Auth.OAUTH2,
    "oauth": Auth.OAUTH2,  # the draft's own list of 2026-06 says so once
    "http-basic": Auth.PASSWORD,
    "http-digest": Auth.ENCRYPTED,
    "none": Auth.NONE,
    "client-ip-address": Auth.NONE,
    "smtp-after-pop": Auth.NONE,
}
_HTTP = {"basic": Auth.PASSWORD, "digest": Auth.ENCRYPTED}
_SASL = {
    "plain": Auth.PASSWORD,
    "login": Auth.PASSWORD,
    "cram-md5": Auth.ENCRYPTED,
    "digest-md5": Auth.ENCRYPTED,
    "xoauth2": Auth.OAUTH2,
    "oauthbearer": Auth.OAUTH2,
    "gssapi": Auth.GSSAPI,
    "gs2-krb5": Auth.GSSAPI,
    "ntlm": Auth.NTLM,
    "external": Auth.CERTIFICATE,
}
# The other way round, for writing; each reads back as the same family.
AUTOCONFIG_NAMES = {
    Auth.PASSWORD: "password-cleartext",
    Auth.ENCRYPTED: "password-encrypted",
    Auth.NTLM: "NTLM",
    Auth.GSSAPI: "GSSAPI",
    Auth.CERTIFICATE: "TLS-client-cert",
    Auth.OAUTH2: "OAuth2",
    Auth.NONE: "none",
}


def autoconfig_auth(name: str, system: str = "") -> Auth | None:
    """Return the family of a login method in an autoconfig document, or None for an unknown one."""
    name, system = name.strip().lower(), system.strip().lower()
    if system == "sasl":
        return Auth.ENCRYPTED if name.startswith("scram-") else _SASL.get(name)
    return (_HTTP if system == "http" else _AUTOCONFIG).get(name)
