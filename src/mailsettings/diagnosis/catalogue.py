"""Every finding there is: its code, what it means, the one thing to do next, and whose job that is.

Codes are stable; texts may get better at any time. `{…}` is filled in with what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.model import Confidence, Finding, Responsible

USER, PROVIDER, NETWORK, PROGRAM = Responsible.USER, Responsible.PROVIDER, Responsible.NETWORK, Responsible.US


@dataclass(frozen=True, slots=True)
class FindingType:
    """One kind of finding. *group* says what a reply of this meaning is about; two groups contradict each other."""

    text: str
    advice: str
    whose: Responsible
    group: str = ""


_RETRY_LATER = "Wait some minutes, then try once more."
_ASK_ADMIN = "Ask the administrator of the domain to allow it."
_TELL_OPERATOR = "Tell whoever runs the server."

FINDINGS_BY_CODE = {
    # credentials and access
    "bad-credentials": FindingType(
        "The user name or the password is wrong.",
        "Check both; the user name is most often the whole address. Type the password anew instead of pasting it.",
        USER,
        "login",
    ),
    "app-password-required": FindingType(
        "The account's own password is not accepted here: mail programs need one of their own.",
        "Create an app password (or authorization code) on the provider's web page and use that.",
        USER,
        "login",
    ),
    "username-must-be-full-address": FindingType(
        "The user name has to be the whole address.", "Enter the whole address as the user name.", USER, "login"
    ),
    "username-other-form": FindingType(
        "Another form of the user name is right.", "Use {} as the user name.", USER, "login"
    ),
    "imap-disabled": FindingType(
        "IMAP is switched off for this mailbox.", "Switch IMAP on in the provider's web settings.", USER, "login"
    ),
    "pop-disabled": FindingType(
        "POP is switched off for this mailbox.", "Switch POP on in the provider's web settings.", USER, "login"
    ),
    "access-disabled": FindingType(
        "Access for mail programs is switched off for this mailbox.",
        "Switch on IMAP, POP and SMTP in the provider's web settings.",
        USER,
        "login",
    ),
    "imap-disabled-by-admin": FindingType("The administrator has switched IMAP off.", _ASK_ADMIN, PROVIDER, "login"),
    "pop-disabled-by-admin": FindingType("The administrator has switched POP off.", _ASK_ADMIN, PROVIDER, "login"),
    "smtp-auth-disabled": FindingType(
        "Sending with SMTP is switched off for this account.", _ASK_ADMIN, PROVIDER, "login"
    ),
    "basic-auth-disabled": FindingType(
        "Passwords are not accepted at all: sign-in goes through the provider's web page (OAuth).",
        "Choose OAuth2 in the mail program.",
        USER,
        "login",
    ),
    "oauth-token-rejected": FindingType(
        "The OAuth token is not accepted.", "Sign in again for a new token.", USER, "login"
    ),
    "web-login-required": FindingType(
        "The provider wants to see a sign-in with a browser first.",
        "Sign in once on the provider's web page, confirm that it was you, then try again.",
        USER,
        "login",
    ),
    "account-flagged": FindingType(
        "The provider does not trust this account at the moment.",
        "Sign in on the provider's web page and follow what it says there.",
        USER,
        "login",
    ),
    "account-locked": FindingType(
        "The account is locked or suspended.", "Sign in on the provider's web page, or ask its support.", USER, "login"
    ),
    "account-type-forbidden": FindingType(
        "Mail programs are not allowed for this kind of account.", "Use the provider's own app.", USER, "login"
    ),
    "policy-blocked": FindingType("A rule of the organisation forbids this sign-in.", _ASK_ADMIN, PROVIDER, "login"),
    "password-expired": FindingType(
        "The password has expired.", "Set a new one on the provider's web page.", USER, "login"
    ),
    "mailbox-needed": FindingType(
        "The address may only forward mail: then there is no mailbox to log in to.",
        "Make sure that the address is a mailbox and not a forwarding address.",
        USER,
        "login",
    ),
    "not-authenticated": FindingType(
        "The server wants a login before it takes mail for others.",
        "Switch on authentication for sending, on port 465 or 587.",
        USER,
        "login",
    ),
    "sender-not-allowed": FindingType(
        "The account may not send as this address.", "Send as the address that is signed in.", USER, "login"
    ),
    "pop-before-smtp": FindingType(
        "The server lets you send only after mail was fetched.", "Fetch mail first, then send.", USER, "login"
    ),
    "mechanism-not-offered": FindingType(
        "The server does not know this way of logging in.",
        "Choose another login method; at Microsoft this also means that SMTP AUTH is off.",
        USER,
        "login",
    ),
    "mechanism-required": FindingType(
        "The server wants another way of logging in.", "Choose encrypted password (SCRAM, CRAM-MD5).", USER, "login"
    ),
    "no-auth-on-this-port": FindingType(
        "This port takes no logins: it is for mail between servers.", "Use port 465 or 587.", USER, "login"
    ),
    "no-login-method": FindingType(
        "The server offers no login that this program can use.", "Try another port or protocol.", PROVIDER, "login"
    ),
    "client-id-required": FindingType(
        "The server wants the mail program to introduce itself (IMAP ID).",
        "Use a mail program that sends ID; this one did.",
        USER,
        "login",
    ),
    "server-not-proven": FindingType(
        "The server said yes without proving that it knows the password, as this way of logging in wants it.",
        "Do not use this server before whoever runs it has explained it: it may not be the one it says it is.",
        PROVIDER,
        "login",
    ),
    # limits and troubles that pass
    "too-many-connections": FindingType(
        "Too many connections to this account are open at the same time.",
        "Close other mail programs and devices that use the account, then wait some minutes.",
        USER,
        "passing",
    ),
    "rate-limited": FindingType("There were too many logins in a short time.", _RETRY_LATER, USER, "passing"),
    "session-limit": FindingType("The session has expired.", "Connect again.", USER, "passing"),
    "mailbox-locked": FindingType(
        "Another program has the mailbox open.", "Close the other program, or wait until it is done.", USER, "passing"
    ),
    "over-quota": FindingType("The mailbox is full.", "Delete mail, or order more space.", USER, "quota"),
    "quota-nearly-full": FindingType(
        "The mailbox is nearly full.", "Delete mail, or order more space, before mail is refused.", USER, "quota"
    ),
    "server-fault": FindingType(
        "The server has a trouble of its own; the password was not judged.", _RETRY_LATER, PROVIDER, "passing"
    ),
    "server-maintenance": FindingType("The server is under maintenance.", _RETRY_LATER, PROVIDER, "passing"),
    "server-closed": FindingType("The server ends the connection.", _RETRY_LATER, PROVIDER, "passing"),
    "server-quirk": FindingType(
        "The server answers wrongly; this is known of its software.", _TELL_OPERATOR, PROVIDER, "passing"
    ),
    "ip-blocked": FindingType(
        "The server turns away the network this comes from.",
        "Use port 465 or 587, or another network.",
        NETWORK,
        "route",
    ),
    "port-hijacked-by-isp": FindingType(
        "The access provider answers in place of the mail server.", "Use port 465 or 587.", NETWORK, "route"
    ),
    "local-proxy": FindingType(
        "A mail shield on this computer answers in place of the server.",
        "Switch off the mail shield of the antivirus program.",
        USER,
        "route",
    ),
    "client-spoke-too-soon": FindingType(
        "We spoke before the server had greeted.", "Please report this.", PROGRAM, "client"
    ),
    "bad-helo-name": FindingType(
        "The server does not like the name we introduce ourselves with.", "Please report this.", PROGRAM, "client"
    ),
    "client-quoting": FindingType(
        "The mail program sent the password in a form the server cannot read.",
        "Use another mail program, or a password of letters and digits.",
        PROGRAM,
        "client",
    ),
    # names
    "name-not-found": FindingType("There is no such name: {}.", "Check the spelling of the server's name.", USER),
    "domain-not-found": FindingType("There is no such domain: {}.", "Check the spelling of the address.", USER),
    "typo": FindingType("The address may have a slip in it.", "Did you mean {}?", USER),
    "no-address-record": FindingType(
        "The name {} exists, but no address is published for it.", _TELL_OPERATOR, PROVIDER
    ),
    "dns-broken": FindingType("The name servers of the domain cannot answer for {}.", _TELL_OPERATOR, PROVIDER),
    "dnssec-broken": FindingType(
        "The DNS answers for {} are not signed as they should be, so the resolver drops them.", _TELL_OPERATOR, PROVIDER
    ),
    "dns-silent": FindingType(
        "DNS gave no answer in time.", "Check the resolver of this machine, or name another one.", NETWORK
    ),
    "host-obsolete": FindingType("The server {} is out of use.", "Use {} instead.", USER),
    "no-mail-service": FindingType(
        "The domain says that it takes no mail.", "Check the spelling of the address.", USER
    ),
    "no-standard-access": FindingType(
        "The provider lets no mail program in.", "Use its own apps or its web page.", USER
    ),
    # connections
    "network-down": FindingType("Nothing at all can be reached.", "Check the connection of this machine.", NETWORK),
    "proxy-failed": FindingType(
        "The proxy cannot be used, and nothing was tried without it.",
        "Check its address and login, and whether it lets DNS and the ports of mail through.",
        NETWORK,
    ),
    "host-unreachable": FindingType(
        "The host {} does not answer on any port of mail.",
        "Check the server's name; if it is right, a firewall or the server is in the way.",
        NETWORK,
    ),
    "mail-ports-blocked": FindingType(
        "No mail port of any host answers from here, though DNS does.",
        "A firewall blocks mail: try another network.",
        NETWORK,
    ),
    "captive-portal": FindingType(
        "This network answers in place of every server: it wants a sign-in of its own first.",
        "Open any page in a browser and sign in to the network, or use another one.",
        NETWORK,
    ),
    "dns-hijacked": FindingType(
        "DNS here gives addresses to names that do not exist.",
        "Use another resolver (--resolver), or another network.",
        NETWORK,
    ),
    "port-blocked": FindingType("Port {} does not answer, though the host does on others.", "Use port {}.", NETWORK),
    "port-25-blocked": FindingType(
        "Port 25 does not answer: most access providers block it.", "Use port 465 or 587 for sending.", NETWORK
    ),
    "nothing-listens": FindingType("Nothing listens at {}.", "Check the port.", USER),
    "no-mail-server-there": FindingType(
        "The host {} exists, but no mail server runs there.", "Check the server's name.", USER
    ),
    "connection-reset": FindingType(
        "The server or a firewall cuts the connection at {}.",
        "Try another network; if it stays, ask the provider whether your network is blocked.",
        NETWORK,
    ),
    "not-contacted": FindingType("The rules of this program forbid to contact {}.", "Allow the network or port.", USER),
    "ipv6-broken": FindingType(
        "IPv6 does not work on the way to the server; IPv4 does.",
        "Nothing for mail; repair or switch off IPv6.",
        NETWORK,
    ),
    # TLS
    "tls-expected-plain-found": FindingType(
        "Port {} does not begin with TLS: the server speaks in clear there.",
        "Set the security to STARTTLS for this port, or use port {}.",
        USER,
    ),
    "plain-expected-tls-found": FindingType(
        "The server at {} waits for TLS.", "Set the security to TLS (SSL) for this port.", USER
    ),
    "wrong-protocol-on-port": FindingType("Another protocol answers at {}.", "Use port {}.", USER),
    "tls-required": FindingType(
        "The server wants TLS before anything else.", "Switch on TLS or STARTTLS.", USER, "tls"
    ),
    "tls-too-old": FindingType(
        "The server speaks only versions of TLS that are no longer safe.", _TELL_OPERATOR, PROVIDER
    ),
    "tls-weak-dh": FindingType("The server's key exchange is too weak.", _TELL_OPERATOR, PROVIDER),
    "tls-failed": FindingType("TLS could not be started.", _TELL_OPERATOR, PROVIDER),
    "certificate-name": FindingType(
        "The certificate of {} is for another name.",
        "Use the name the certificate is for, if it is the provider's: {}.",
        USER,
    ),
    "certificate-expired": FindingType(
        "The certificate of {} has expired.", f"Do not log in there. {_TELL_OPERATOR}", PROVIDER
    ),
    "certificate-not-yet-valid": FindingType(
        "The certificate of {} is not valid yet.", "Check the date and time of this machine.", USER
    ),
    "clock-wrong": FindingType(
        "The clock of this machine seems to be wrong.", "Set the date and time of this machine.", USER
    ),
    "certificate-self-signed": FindingType(
        "The certificate of {} is signed by the server itself.",
        "Do not log in there, unless it is your own server and you know the certificate.",
        PROVIDER,
    ),
    "certificate-unknown-ca": FindingType(
        "Nobody this machine trusts vouches for the certificate of {}.",
        "Do not log in there. An antivirus program or a company's firewall may be in between.",
        PROVIDER,
    ),
    "tls-intercepted": FindingType(
        "Something between here and the server opens TLS.",
        "Do not log in from this network; look for a mail shield in the antivirus program.",
        NETWORK,
    ),
    "certificate-chain-incomplete": FindingType(
        "The server at {} does not send the certificate between its own and the authority's.",
        f"Do not log in there. {_TELL_OPERATOR}",
        PROVIDER,
    ),
    "certificate-weak": FindingType(
        "The certificate of {} is too weak to be believed.", f"Do not log in there. {_TELL_OPERATOR}", PROVIDER
    ),
    "certificate-purpose": FindingType(
        "The certificate of {} is not meant for servers.", f"Do not log in there. {_TELL_OPERATOR}", PROVIDER
    ),
    "certificate-invalid": FindingType(
        "The certificate of {} is not valid.", f"Do not log in there. {_TELL_OPERATOR}", PROVIDER
    ),
    "starttls-not-offered": FindingType(
        "The server at {} offers no encryption.",
        "Use a port that begins with TLS (993, 995, 465). If others are offered STARTTLS there, something on your "
        "network takes it away.",
        PROVIDER,
    ),
    "starttls-stripped": FindingType(
        "The server at {} offers encryption to others, but not from here: something on the way takes it away.",
        "Use a port that begins with TLS ({}), or another network.",
        NETWORK,
    ),
    "password-in-clear": FindingType(
        "The server at {} offers logins before encryption has begun, too.",
        "Set the security to STARTTLS, and not to “if available”.",
        PROVIDER,
    ),
    "starttls-refused": FindingType(
        "The server at {} refuses to start TLS.", "Use a port that begins with TLS.", PROVIDER
    ),
    "tampering": FindingType(
        "Somebody on the way to {} tampers with the connection.", "Do not log in from this network.", NETWORK
    ),
    "middlebox-strips-starttls": FindingType(
        "A firewall on the way rewrites SMTP and takes the encryption away.",
        "Use port 465, or another network.",
        NETWORK,
        "route",
    ),
    # dialogue
    "greeting-refused": FindingType("The server turned us away with its first words.", _RETRY_LATER, PROVIDER),
    "silent-server": FindingType(
        "The server at {} accepts the connection and says nothing.",
        "Check the port; some servers hold back strangers for a while: try again later.",
        PROVIDER,
    ),
    "tarpit": FindingType(
        "The host {} accepts connections and holds them without an answer.",
        "Check the server's name; if it is right, wait an hour: it may hold back your network.",
        PROVIDER,
    ),
    "slow-server": FindingType("The server at {} is very slow.", "Give it more time.", PROVIDER),
    "slow-greeting": FindingType(
        "The server at {} takes its time before it greets.", "Give the mail program a longer time-out.", PROVIDER
    ),
    "bad-reply": FindingType("The server at {} does not keep to its protocol.", _TELL_OPERATOR, PROVIDER),
    "no-settings": FindingType(
        "No server for this direction was found.", "Ask the provider for the names of its mail servers.", USER
    ),
    "not-tried": FindingType("This server was not asked: {}.", "Repair the other server's login first.", USER),
    "our-mistake": FindingType("This program has made a mistake.", "Please report it.", PROGRAM),
    # fitness
    "mailbox-very-large": FindingType(
        "So many messages are in the inbox that services that poll it may give up.",
        "Move mail out of the inbox into other folders.",
        USER,
    ),
    "leave-on-server-impossible": FindingType(
        "Mail cannot be left on the server by a program that fetches it with POP.",
        "Switch off “leave a copy on the server”, or use IMAP.",
        PROVIDER,
    ),
    "ids-not-announced": FindingType(
        "The server does not say that its messages have ids: services that fetch mail cannot leave it there.",
        "Switch off “leave a copy on the server”, or use IMAP.",
        PROVIDER,
    ),
    "reply-too-large": FindingType(
        "An answer of the server is larger than programs that fetch mail read.",
        "Move mail out of the inbox into other folders.",
        USER,
    ),
    "message-very-large": FindingType(
        "A message is so large that services that fetch mail may stop at it.",
        "Move large messages out of the inbox.",
        USER,
    ),
    "mail-expires": FindingType("Mail is deleted from the server after a while.", "Keep a copy elsewhere.", PROVIDER),
    "login-delay": FindingType("The server wants some time between two logins.", "Check mail less often.", PROVIDER),
    "ids-not-unique": FindingType(
        "The server's message ids are of no use: mail may come twice.", _TELL_OPERATOR, PROVIDER
    ),
    "list-invalid": FindingType("The server's list of messages is wrong: fetching may stop.", _TELL_OPERATOR, PROVIDER),
    "dots-not-escaped": FindingType(
        "A message with a dot at the start of a line comes broken: fetching may stop there.", _TELL_OPERATOR, PROVIDER
    ),
    "empty-line": FindingType("The server sends empty lines where answers belong.", _TELL_OPERATOR, PROVIDER),
    "no-pop3": FindingType(
        "The mailbox has no POP3 access.", "Forward the mail instead of having it fetched.", PROVIDER
    ),
}


def finding(
    code: str,
    evidence: str,
    confidence: Confidence = Confidence.CERTAIN,
    *,
    about: str = "",
    use: str = "",
    link: str = "",
) -> Finding:
    """Return the finding *code*; *about* and *use* fill the places in its text and in its advice."""
    known = FINDINGS_BY_CODE[code]
    advice = known.advice.replace("{}", use or "what the provider's page says")
    return Finding(code, confidence, evidence, known.text.replace("{}", about or "it"), advice, known.whose, link)
