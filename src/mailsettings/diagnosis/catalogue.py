"""All findings: code, meaning, the one thing to do next, and who has to do it.

Codes are stable; texts may be improved at any time. `{}` is replaced by what was observed. Advice never names a port
that has just failed: where no other is left, *otherwise* takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.model import Confidence, Finding, Responsible


@dataclass(frozen=True, slots=True)
class FindingType:
    """One kind of finding. *group* is the subject of a reply with this meaning; a reply has one subject."""

    text: str
    advice: str
    whose: Responsible
    group: str = ""
    otherwise: str = ""  # the advice where it is known that nothing can be put in for `{}`
    usual: str = "what the provider's page says"  # put in for `{}` where nothing is known


# Each function is named for who has to act.
def _user(text: str, advice: str, group: str = "", **more: str) -> FindingType:
    return FindingType(text, advice, Responsible.USER, group, **more)


def _provider(text: str, advice: str, group: str = "", **more: str) -> FindingType:
    return FindingType(text, advice, Responsible.PROVIDER, group, **more)


def _network(text: str, advice: str, group: str = "", **more: str) -> FindingType:
    return FindingType(text, advice, Responsible.NETWORK, group, **more)


def _program(text: str, advice: str, group: str = "") -> FindingType:
    return FindingType(text, advice, Responsible.US, group)


_RETRY_LATER = "Wait some minutes, then try once more."
_ASK_ADMIN = "Ask the administrator of the domain to allow it."
_TELL_OPERATOR = "Tell whoever runs the server."
_ASK_FOR_TLS = "Do not log in there; ask the provider for servers with TLS."
_ASK_FOR_SUBMISSION = "Ask the provider for its server for sending mail."
_SENDING_PORTS = "465 with TLS or 587 with STARTTLS"
_STRIPPED = "If others are offered STARTTLS there, something on your network takes it away."

FINDINGS_BY_CODE = {
    # credentials and access
    "bad-credentials": _user(
        "The user name or the password is wrong.",
        "Check both; the user name is most often the whole address. Type the password anew instead of pasting it.",
        "login",
    ),
    "server-refused": _user(
        "The server refused, in its own words: “{}”.",
        "If these words do not say what to do, check what is named as possible here, then ask the provider.",
        "login",
    ),
    "server-alert": _user("The server has a message for you: “{}”.", "Do what it says, if it asks for anything."),
    "mailbox-not-opened": _provider(
        "The server accepted the login, but did not open the mailbox.",
        "Sign in on the provider's web page and see whether access for mail programs is switched on there.",
        "login",
    ),
    "app-password-required": _user(
        "The account's own password is not accepted here: mail programs need one of their own.",
        "Create an app password (or authorization code) on the provider's web page and use that.",
        "login",
    ),
    "username-must-be-full-address": _user(
        "The user name has to be the whole address.", "Enter the whole address as the user name.", "login"
    ),
    "username-other-form": _user("Another form of the user name is right.", "Use {} as the user name.", "login"),
    "imap-disabled": _user(
        "IMAP is switched off for this mailbox.", "Switch IMAP on in the provider's web settings.", "login"
    ),
    "pop-disabled": _user(
        "POP is switched off for this mailbox.", "Switch POP on in the provider's web settings.", "login"
    ),
    "access-disabled": _user(
        "Access for mail programs is switched off for this mailbox.",
        "Switch on IMAP, POP and SMTP in the provider's web settings.",
        "login",
    ),
    "imap-disabled-by-admin": _provider("The administrator has switched IMAP off.", _ASK_ADMIN, "login"),
    "pop-disabled-by-admin": _provider("The administrator has switched POP off.", _ASK_ADMIN, "login"),
    "smtp-auth-disabled": _provider("Sending with SMTP is switched off for this account.", _ASK_ADMIN, "login"),
    "basic-auth-disabled": _user(
        "Passwords are not accepted at all: sign-in goes through the provider's web page (OAuth).",
        "Choose OAuth2 in the mail program.",
        "login",
    ),
    "oauth-token-rejected": _user("The OAuth token is not accepted.", "Sign in again for a new token.", "login"),
    "token-issuer-missing": _user(
        "The token was not sent: {}.",
        "Say who issued the token (--issuer HOST, or `issuer` in a program), or use a password.",
        "login",
    ),
    "token-for-other-server": _user(
        "The token was not sent: {}.", "Sign in at {} for another token, or use a password.", "login"
    ),
    "username-needed": _user(
        "The user name of this account cannot be told from the address.",
        "Say which user name the provider gave you (--username NAME, or the field of the form).",
        "login",
    ),
    "web-login-required": _user(
        "The provider wants to see a sign-in with a browser first.",
        "Sign in once on the provider's web page, confirm that it was you, then try again.",
        "login",
    ),
    "account-flagged": _user(
        "The provider does not trust this account at the moment.",
        "Sign in on the provider's web page and follow what it says there.",
        "login",
    ),
    "account-locked": _user(
        "The account is locked or suspended.", "Sign in on the provider's web page, or ask its support.", "login"
    ),
    "account-type-forbidden": _user(
        "Mail programs are not allowed for this kind of account.", "Use the provider's own app.", "login"
    ),
    "policy-blocked": _provider("A rule of the organisation forbids this sign-in.", _ASK_ADMIN, "login"),
    "password-expired": _user("The password has expired.", "Set a new one on the provider's web page.", "login"),
    "mailbox-needed": _user(
        "The address may only forward mail: then there is no mailbox to log in to.",
        "Make sure that the address is a mailbox and not a forwarding address.",
        "login",
    ),
    "not-authenticated": _user(
        "The server wants a login before it takes mail for others.",
        "Switch on authentication for sending, on port 465 or 587.",
        "login",
    ),
    "sender-not-allowed": _user(
        "The account may not send as this address.", "Send as the address that is signed in.", "login"
    ),
    "pop-before-smtp": _user(
        "The server lets you send only after mail was fetched.", "Fetch mail first, then send.", "login"
    ),
    "mechanism-not-offered": _user(
        "The server does not know this way of logging in.",
        "Choose another login method; at Microsoft this also means that SMTP AUTH is off.",
        "login",
    ),
    "mechanism-required": _user(
        "The server wants another way of logging in.", "Choose encrypted password (SCRAM, CRAM-MD5).", "login"
    ),
    "no-auth-on-this-port": _user(
        "This port takes no logins: it is for mail between servers.",
        "Use port {}.",
        "login",
        otherwise=_ASK_FOR_SUBMISSION,
        usual=_SENDING_PORTS,
    ),
    "no-login-method": _provider(
        "The server offers no login that this program can use.",
        "Try port {}, or another protocol.",
        "login",
        otherwise="Ask the provider which server takes logins of mail programs.",
    ),
    "client-id-required": _user(
        "The server wants the mail program to introduce itself (IMAP ID).",
        "Use a mail program that sends ID; this one did.",
        "login",
    ),
    "server-not-proven": _provider(
        "The server said yes without proving that it knows the password, as this way of logging in wants it.",
        "Do not use this server before whoever runs it has explained it: it may not be the one it says it is.",
        "login",
    ),
    "logged-in-already": _provider(
        "The server at {} counts every connection as logged in: no password shows whose mailbox it is.",
        _TELL_OPERATOR,
        "login",
    ),
    # limits and temporary faults
    "too-many-connections": _user(
        "Too many connections to this account are open at the same time.",
        "Close other mail programs and devices that use the account, then wait some minutes.",
        "passing",
    ),
    "rate-limited": _user("There were too many logins in a short time.", _RETRY_LATER, "passing"),
    "session-limit": _user("The session has expired.", "Connect again.", "passing"),
    "mailbox-locked": _user(
        "Another program has the mailbox open.", "Close the other program, or wait until it is done.", "passing"
    ),
    "over-quota": _user("The mailbox is full.", "Delete mail, or order more space.", "quota"),
    "quota-nearly-full": _user(
        "The mailbox is nearly full.", "Delete mail, or order more space, before mail is refused.", "quota"
    ),
    "server-fault": _provider(
        "The server has a trouble of its own; the password was not judged.", _RETRY_LATER, "passing"
    ),
    "server-maintenance": _provider("The server is under maintenance.", _RETRY_LATER, "passing"),
    "server-closed": _provider("The server ends the connection.", _RETRY_LATER, "passing"),
    "server-quirk": _provider("The server answers wrongly; this is known of its software.", _TELL_OPERATOR, "passing"),
    "ip-blocked": _network(
        "The server turns away the network this comes from.",
        "Try another network; to send mail, use a port with logins and not port 25.",
        "route",
    ),
    "port-hijacked-by-isp": _network(
        "The access provider answers in place of the mail server.",
        "Use port {}.",
        "route",
        otherwise="Try another network.",
        usual=_SENDING_PORTS,
    ),
    "local-proxy": _user(
        "A mail shield on this computer answers in place of the server.",
        "Switch off the mail shield of the antivirus program.",
        "route",
    ),
    "client-spoke-too-soon": _program("We spoke before the server had greeted.", "Please report this.", "client"),
    "bad-helo-name": _program(
        "The server does not like the name we introduce ourselves with.", "Please report this.", "client"
    ),
    "client-quoting": _program(
        "The mail program sent the password in a form the server cannot read.",
        "Use another mail program, or a password of letters and digits.",
        "client",
    ),
    # names
    "name-not-found": _user("There is no such name: {}.", "Check the spelling of the server's name."),
    "domain-not-found": _user("There is no such domain: {}.", "Check the spelling of the address."),
    "typo": _user("The address may have a slip in it.", "Did you mean {}?"),
    "no-address-record": _provider("The name {} exists, but no address is published for it.", _TELL_OPERATOR),
    "dns-broken": _provider("The name servers of the domain cannot answer for {}.", _TELL_OPERATOR),
    "dnssec-broken": _provider(
        "The DNS answers for {} are not signed as they should be, so the resolver drops them.", _TELL_OPERATOR
    ),
    "dns-silent": _network("DNS gave no answer in time.", "Check the resolver of this machine, or name another one."),
    "host-obsolete": _user("The server {} is out of use.", "Use {} instead."),
    "no-mail-service": _user("The domain says that it takes no mail.", "Check the spelling of the address."),
    "no-standard-access": _user("The provider lets no mail program in.", "Use its own apps or its web page."),
    # connections
    "network-down": _network("Nothing at all can be reached.", "Check the connection of this machine."),
    "proxy-failed": _network(
        "The proxy cannot be used, and nothing was tried without it.",
        "Check its address and login, and whether it lets DNS and the ports of mail through.",
    ),
    "host-unreachable": _network(
        "The host {} does not answer on any port of mail.",
        "Check the server's name; if it is right, a firewall or the server is in the way.",
    ),
    "mail-ports-blocked": _network(
        "No mail port of any host answers from here, though DNS does.", "A firewall blocks mail: try another network."
    ),
    "captive-portal": _network(
        "This network answers in place of every server: it wants a sign-in of its own first.",
        "Open any page in a browser and sign in to the network, or use another one.",
    ),
    "dns-hijacked": _network(
        "DNS here gives addresses to names that do not exist.", "Use another resolver (--resolver), or another network."
    ),
    "port-blocked": _network(
        "Port {} does not answer, though the host does on others.", "Use port {}.", otherwise="Try another network."
    ),
    "port-25-blocked": _network(
        "Port 25 does not answer: most access providers block it.",
        "Use port {} for sending.",
        otherwise=_ASK_FOR_SUBMISSION,
        usual=_SENDING_PORTS,
    ),
    "nothing-listens": _user(
        "Nothing listens at {}.",
        "Check the port, or try port {}.",
        otherwise="Ask the provider for the names and ports of its mail servers.",
    ),
    "no-mail-server-there": _user("The host {} exists, but no mail server runs there.", "Check the server's name."),
    "connection-reset": _network(
        "The server or a firewall cuts the connection at {}.",
        "Try another network; if it stays, ask the provider whether your network is blocked.",
    ),
    "not-contacted": _user("The rules of this program forbid to contact {}.", "Allow the network or port."),
    "ipv6-broken": _network(
        "IPv6 does not work on the way to the server; IPv4 does.", "Nothing for mail; repair or switch off IPv6."
    ),
    # TLS
    "tls-expected-plain-found": _user(
        "Port {} does not begin with TLS: the server speaks in clear there.",
        "Set the security to STARTTLS for this port, or use port {}.",
        otherwise="Set the security to STARTTLS for this port.",
    ),
    "plain-expected-tls-found": _user(
        "The server at {} waits for TLS.", "Set the security to TLS (SSL) for this port."
    ),
    "wrong-protocol-on-port": _user(
        "Another protocol answers at {}.",
        "Use port {}.",
        otherwise="Ask the provider for the names and ports of its mail servers.",
    ),
    "tls-required": _user("The server wants TLS before anything else.", "Switch on TLS or STARTTLS.", "tls"),
    "tls-too-old": _provider("The server speaks only versions of TLS that are no longer safe.", _TELL_OPERATOR),
    "tls-weak-dh": _provider("The server's key exchange is too weak.", _TELL_OPERATOR),
    "tls-failed": _provider("The server at {} offers TLS, but cannot start it.", _TELL_OPERATOR),
    "certificate-name": _user(
        "The certificate of {} is for another name.",
        "Use the name the certificate is for, if it is the provider's: {}.",
    ),
    "certificate-expired": _provider("The certificate of {} has expired.", f"Do not log in there. {_TELL_OPERATOR}"),
    "certificate-not-yet-valid": _user(
        "The certificate of {} is not valid yet.", "Check the date and time of this machine."
    ),
    "clock-wrong": _user("The clock of this machine seems to be wrong.", "Set the date and time of this machine."),
    "certificate-self-signed": _provider(
        "The certificate of {} is signed by the server itself.",
        "Do not log in there, unless it is your own server and you know the certificate.",
    ),
    "certificate-unknown-ca": _provider(
        "Nobody this machine trusts vouches for the certificate of {}.",
        "Do not log in there. An antivirus program or a company's firewall may be in between.",
    ),
    "tls-intercepted": _network(
        "Something between here and the server opens TLS.",
        "Do not log in from this network; look for a mail shield in the antivirus program.",
    ),
    "certificate-chain-incomplete": _provider(
        "The server at {} does not send the certificate between its own and the authority's.",
        f"Do not log in there. {_TELL_OPERATOR}",
    ),
    "certificate-weak": _provider(
        "The certificate of {} is too weak to be believed.", f"Do not log in there. {_TELL_OPERATOR}"
    ),
    "certificate-purpose": _provider(
        "The certificate of {} is not meant for servers.", f"Do not log in there. {_TELL_OPERATOR}"
    ),
    "certificate-invalid": _provider("The certificate of {} is not valid.", f"Do not log in there. {_TELL_OPERATOR}"),
    "starttls-not-offered": _provider(
        "The server does not offer STARTTLS at {}.",
        f"Use port {{}}. {_STRIPPED}",
        otherwise=f"{_ASK_FOR_TLS} {_STRIPPED}",
    ),
    "starttls-stripped": _network(
        "The server at {} offers encryption to others, but not from here: something on the way takes it away.",
        "Use port {}, or another network.",
        otherwise="Use another network.",
    ),
    "password-in-clear": _provider(
        "The server at {} offers logins before encryption has begun, too.",
        "Set the security to STARTTLS, and not to “if available”.",
    ),
    "starttls-refused": _provider("The server at {} refuses to start TLS.", "Use port {}.", otherwise=_ASK_FOR_TLS),
    "tampering": _network("Somebody on the way to {} tampers with the connection.", "Do not log in from this network."),
    "middlebox-strips-starttls": _network(
        "A firewall on the way rewrites SMTP and takes the encryption away.",
        "Use port {}, or another network.",
        "route",
        otherwise="Use another network.",
    ),
    # dialogue
    "greeting-refused": _provider("The server turned us away with its first words.", _RETRY_LATER),
    "silent-server": _provider(
        "The server at {} accepts the connection and says nothing.",
        "Check the port; some servers hold back strangers for a while: try again later.",
    ),
    "tarpit": _provider(
        "The host {} accepts connections and holds them without an answer.",
        "Check the server's name; if it is right, wait an hour: it may hold back your network.",
    ),
    "slow-server": _provider("The server at {} is very slow.", "Give it more time."),
    "slow-greeting": _provider(
        "The server at {} takes its time before it greets.", "Give the mail program a longer time-out."
    ),
    "jmap-needs-login": _user(
        "The web server at {} asks for a login before it shows whether it is a JMAP server.",
        "Use IMAP or POP3, or ask the provider whether mail programs should use JMAP there.",
    ),
    "jmap-elsewhere": _user(
        "What {} says about JMAP leads to another server.", "Ask the provider for the names of its mail servers."
    ),
    "bad-reply": _provider("The server at {} does not keep to its protocol.", _TELL_OPERATOR),
    "no-settings": _user(
        "No server for this direction was found.", "Ask the provider for the names of its mail servers."
    ),
    "not-tried": _user("This server was not asked: {}.", "Repair the other server's login first."),
    "our-mistake": _program("This program has made a mistake.", "Please report it."),
    # mailboxes, for programs that fetch mail
    "mailbox-very-large": _user(
        "So many messages are in the inbox that services that poll it may give up.",
        "Move mail out of the inbox into other folders.",
    ),
    "leave-on-server-impossible": _provider(
        "Mail cannot be left on the server by a program that fetches it with POP.",
        "Switch off “leave a copy on the server”, or use IMAP.",
    ),
    "ids-not-announced": _provider(
        "The server does not say that its messages have ids: services that fetch mail cannot leave it there.",
        "Switch off “leave a copy on the server”, or use IMAP.",
    ),
    "reply-too-large": _user(
        "An answer of the server is larger than programs that fetch mail read.",
        "Move mail out of the inbox into other folders.",
    ),
    "message-very-large": _user(
        "A message is so large that services that fetch mail may stop at it.", "Move large messages out of the inbox."
    ),
    "mail-expires": _provider("Mail is deleted from the server after a while.", "Keep a copy elsewhere."),
    "login-delay": _provider("The server wants some time between two logins.", "Check mail less often."),
    "ids-not-unique": _provider("The server's message ids are of no use: mail may come twice.", _TELL_OPERATOR),
    "list-invalid": _provider("The server's list of messages is wrong: fetching may stop.", _TELL_OPERATOR),
    "dots-not-escaped": _provider(
        "A message with a dot at the start of a line comes broken: fetching may stop there.", _TELL_OPERATOR
    ),
    "empty-line": _provider("The server sends empty lines where answers belong.", _TELL_OPERATOR),
    "no-pop3": _provider("The mailbox has no POP3 access.", "Forward the mail instead of having it fetched."),
}


def finding(
    code: str,
    evidence: str,
    confidence: Confidence = Confidence.CERTAIN,
    *,
    about: str = "",
    use: str | None = "",
    link: str = "",
) -> Finding:
    """Return the finding *code*; *about* replaces `{}` in its text, *use* in its advice.

    *use* is None where it is known that nothing is left to use.
    """
    kind = FINDINGS_BY_CODE[code]
    advice = kind.otherwise if use is None and kind.otherwise else kind.advice.replace("{}", use or kind.usual)
    return Finding(code, confidence, evidence, kind.text.replace("{}", about or "it"), advice, kind.whose, link)
