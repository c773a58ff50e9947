"""Every finding there is: its code, what it means, the one thing to do next, and whose job that is.

Codes are stable; texts may get better at any time. `{…}` is filled in with what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.model import Confidence, Finding, Whose

USER, PROVIDER, NETWORK, US = Whose.USER, Whose.PROVIDER, Whose.NETWORK, Whose.US


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding. *group* says what a reply of this meaning is about; two groups contradict each other."""

    text: str
    advice: str
    whose: Whose
    group: str = ""


_LATER = "Wait some minutes, then try once more."
_ASK_ADMIN = "Ask the administrator of the domain to allow it."
_RUNS_IT = "Tell whoever runs the server."

CODES = {
    # credentials and access
    "bad-credentials": Code(
        "The user name or the password is wrong.",
        "Check both; the user name is most often the whole address. Type the password anew instead of pasting it.",
        USER,
        "login",
    ),
    "app-password-required": Code(
        "The account's own password is not accepted here: mail programs need one of their own.",
        "Create an app password (or authorization code) on the provider's web page and use that.",
        USER,
        "login",
    ),
    "username-must-be-full-address": Code(
        "The user name has to be the whole address.", "Enter the whole address as the user name.", USER, "login"
    ),
    "username-other-form": Code("Another form of the user name is right.", "Use {} as the user name.", USER, "login"),
    "imap-disabled": Code(
        "IMAP is switched off for this mailbox.", "Switch IMAP on in the provider's web settings.", USER, "login"
    ),
    "pop-disabled": Code(
        "POP is switched off for this mailbox.", "Switch POP on in the provider's web settings.", USER, "login"
    ),
    "access-disabled": Code(
        "Access for mail programs is switched off for this mailbox.",
        "Switch on IMAP, POP and SMTP in the provider's web settings.",
        USER,
        "login",
    ),
    "imap-disabled-by-admin": Code("The administrator has switched IMAP off.", _ASK_ADMIN, PROVIDER, "login"),
    "pop-disabled-by-admin": Code("The administrator has switched POP off.", _ASK_ADMIN, PROVIDER, "login"),
    "smtp-auth-disabled": Code("Sending with SMTP is switched off for this account.", _ASK_ADMIN, PROVIDER, "login"),
    "basic-auth-disabled": Code(
        "Passwords are not accepted at all: sign-in goes through the provider's web page (OAuth).",
        "Choose OAuth2 in the mail program.",
        USER,
        "login",
    ),
    "oauth-token-rejected": Code("The OAuth token is not accepted.", "Sign in again for a new token.", USER, "login"),
    "web-login-required": Code(
        "The provider wants to see a sign-in with a browser first.",
        "Sign in once on the provider's web page, confirm that it was you, then try again.",
        USER,
        "login",
    ),
    "account-flagged": Code(
        "The provider does not trust this account at the moment.",
        "Sign in on the provider's web page and follow what it says there.",
        USER,
        "login",
    ),
    "account-locked": Code(
        "The account is locked or suspended.", "Sign in on the provider's web page, or ask its support.", USER, "login"
    ),
    "account-type-forbidden": Code(
        "Mail programs are not allowed for this kind of account.", "Use the provider's own app.", USER, "login"
    ),
    "policy-blocked": Code("A rule of the organisation forbids this sign-in.", _ASK_ADMIN, PROVIDER, "login"),
    "password-expired": Code("The password has expired.", "Set a new one on the provider's web page.", USER, "login"),
    "mailbox-needed": Code(
        "The address may only forward mail: then there is no mailbox to log in to.",
        "Make sure that the address is a mailbox and not a forwarding address.",
        USER,
        "login",
    ),
    "not-authenticated": Code(
        "The server wants a login before it takes mail for others.",
        "Switch on authentication for sending, on port 465 or 587.",
        USER,
        "login",
    ),
    "sender-not-allowed": Code(
        "The account may not send as this address.", "Send as the address that is signed in.", USER, "login"
    ),
    "pop-before-smtp": Code(
        "The server lets you send only after mail was fetched.", "Fetch mail first, then send.", USER, "login"
    ),
    "mechanism-not-offered": Code(
        "The server does not know this way of logging in.",
        "Choose another login method; at Microsoft this also means that SMTP AUTH is off.",
        USER,
        "login",
    ),
    "mechanism-required": Code(
        "The server wants another way of logging in.", "Choose encrypted password (SCRAM, CRAM-MD5).", USER, "login"
    ),
    "no-auth-on-this-port": Code(
        "This port takes no logins: it is for mail between servers.", "Use port 465 or 587.", USER, "login"
    ),
    "no-login-method": Code(
        "The server offers no login that this program can use.", "Try another port or protocol.", PROVIDER, "login"
    ),
    "client-id-required": Code(
        "The server wants the mail program to introduce itself (IMAP ID).",
        "Use a mail program that sends ID; this one did.",
        USER,
        "login",
    ),
    "server-not-proven": Code(
        "The server said yes without proving that it knows the password, as this way of logging in wants it.",
        "Do not use this server before whoever runs it has explained it: it may not be the one it says it is.",
        PROVIDER,
        "login",
    ),
    # limits and troubles that pass
    "too-many-connections": Code(
        "Too many connections to this account are open at the same time.",
        "Close other mail programs and devices that use the account, then wait some minutes.",
        USER,
        "passing",
    ),
    "rate-limited": Code("There were too many logins in a short time.", _LATER, USER, "passing"),
    "session-limit": Code("The session has expired.", "Connect again.", USER, "passing"),
    "mailbox-locked": Code(
        "Another program has the mailbox open.", "Close the other program, or wait until it is done.", USER, "passing"
    ),
    "over-quota": Code("The mailbox is full.", "Delete mail, or order more space.", USER, "quota"),
    "quota-nearly-full": Code(
        "The mailbox is nearly full.", "Delete mail, or order more space, before mail is refused.", USER, "quota"
    ),
    "server-fault": Code(
        "The server has a trouble of its own; the password was not judged.", _LATER, PROVIDER, "passing"
    ),
    "server-maintenance": Code("The server is under maintenance.", _LATER, PROVIDER, "passing"),
    "server-closed": Code("The server ends the connection.", _LATER, PROVIDER, "passing"),
    "server-quirk": Code("The server answers wrongly; this is known of its software.", _RUNS_IT, PROVIDER, "passing"),
    "ip-blocked": Code(
        "The server turns away the network this comes from.",
        "Use port 465 or 587, or another network.",
        NETWORK,
        "route",
    ),
    "port-hijacked-by-isp": Code(
        "The access provider answers in place of the mail server.", "Use port 465 or 587.", NETWORK, "route"
    ),
    "local-proxy": Code(
        "A mail shield on this computer answers in place of the server.",
        "Switch off the mail shield of the antivirus program.",
        USER,
        "route",
    ),
    "client-spoke-too-soon": Code("We spoke before the server had greeted.", "Please report this.", US, "client"),
    "bad-helo-name": Code(
        "The server does not like the name we introduce ourselves with.", "Please report this.", US, "client"
    ),
    "client-quoting": Code(
        "The mail program sent the password in a form the server cannot read.",
        "Use another mail program, or a password of letters and digits.",
        US,
        "client",
    ),
    # names
    "name-not-found": Code("There is no such name: {}.", "Check the spelling of the server's name.", USER),
    "domain-not-found": Code("There is no such domain: {}.", "Check the spelling of the address.", USER),
    "typo": Code("The address may have a slip in it.", "Did you mean {}?", USER),
    "no-address-record": Code("The name {} exists, but no address is published for it.", _RUNS_IT, PROVIDER),
    "dns-broken": Code("The name servers of the domain cannot answer for {}.", _RUNS_IT, PROVIDER),
    "dnssec-broken": Code(
        "The DNS answers for {} are not signed as they should be, so the resolver drops them.", _RUNS_IT, PROVIDER
    ),
    "dns-silent": Code(
        "DNS gave no answer in time.", "Check the resolver of this machine, or name another one.", NETWORK
    ),
    "host-obsolete": Code("The server {} is out of use.", "Use {} instead.", USER),
    "no-mail-service": Code("The domain says that it takes no mail.", "Check the spelling of the address.", USER),
    "no-standard-access": Code("The provider lets no mail program in.", "Use its own apps or its web page.", USER),
    # connections
    "network-down": Code("Nothing at all can be reached.", "Check the connection of this machine.", NETWORK),
    "proxy-failed": Code(
        "The proxy cannot be used, and nothing was tried without it.",
        "Check its address and login, and whether it lets DNS and the ports of mail through.",
        NETWORK,
    ),
    "host-unreachable": Code(
        "The host {} does not answer on any port of mail.",
        "Check the server's name; if it is right, a firewall or the server is in the way.",
        NETWORK,
    ),
    "mail-ports-blocked": Code(
        "No mail port of any host answers from here, though DNS does.",
        "A firewall blocks mail: try another network.",
        NETWORK,
    ),
    "captive-portal": Code(
        "This network answers in place of every server: it wants a sign-in of its own first.",
        "Open any page in a browser and sign in to the network, or use another one.",
        NETWORK,
    ),
    "dns-hijacked": Code(
        "DNS here gives addresses to names that do not exist.",
        "Use another resolver (--resolver), or another network.",
        NETWORK,
    ),
    "port-blocked": Code("Port {} does not answer, though the host does on others.", "Use port {}.", NETWORK),
    "port-25-blocked": Code(
        "Port 25 does not answer: most access providers block it.", "Use port 465 or 587 for sending.", NETWORK
    ),
    "nothing-listens": Code("Nothing listens at {}.", "Check the port.", USER),
    "no-mail-server-there": Code(
        "The host {} exists, but no mail server runs there.", "Check the server's name.", USER
    ),
    "connection-reset": Code(
        "The server or a firewall cuts the connection at {}.",
        "Try another network; if it stays, ask the provider whether your network is blocked.",
        NETWORK,
    ),
    "not-contacted": Code("The rules of this program forbid to contact {}.", "Allow the network or port.", USER),
    "ipv6-broken": Code(
        "IPv6 does not work on the way to the server; IPv4 does.",
        "Nothing for mail; repair or switch off IPv6.",
        NETWORK,
    ),
    # TLS
    "tls-expected-plain-found": Code(
        "Port {} does not begin with TLS: the server speaks in clear there.",
        "Set the security to STARTTLS for this port, or use port {}.",
        USER,
    ),
    "plain-expected-tls-found": Code(
        "The server at {} waits for TLS.", "Set the security to TLS (SSL) for this port.", USER
    ),
    "wrong-protocol-on-port": Code("Another protocol answers at {}.", "Use port {}.", USER),
    "tls-required": Code("The server wants TLS before anything else.", "Switch on TLS or STARTTLS.", USER, "tls"),
    "tls-too-old": Code("The server speaks only versions of TLS that are no longer safe.", _RUNS_IT, PROVIDER),
    "tls-weak-dh": Code("The server's key exchange is too weak.", _RUNS_IT, PROVIDER),
    "tls-failed": Code("TLS could not be started.", _RUNS_IT, PROVIDER),
    "certificate-name": Code(
        "The certificate of {} is for another name.",
        "Use the name the certificate is for, if it is the provider's: {}.",
        USER,
    ),
    "certificate-expired": Code("The certificate of {} has expired.", f"Do not log in there. {_RUNS_IT}", PROVIDER),
    "certificate-not-yet-valid": Code(
        "The certificate of {} is not valid yet.", "Check the date and time of this machine.", USER
    ),
    "clock-wrong": Code("The clock of this machine seems to be wrong.", "Set the date and time of this machine.", USER),
    "certificate-self-signed": Code(
        "The certificate of {} is signed by the server itself.",
        "Do not log in there, unless it is your own server and you know the certificate.",
        PROVIDER,
    ),
    "certificate-unknown-ca": Code(
        "Nobody this machine trusts vouches for the certificate of {}.",
        "Do not log in there. An antivirus program or a company's firewall may be in between.",
        PROVIDER,
    ),
    "tls-intercepted": Code(
        "Something between here and the server opens TLS.",
        "Do not log in from this network; look for a mail shield in the antivirus program.",
        NETWORK,
    ),
    "certificate-chain-incomplete": Code(
        "The server at {} does not send the certificate between its own and the authority's.",
        f"Do not log in there. {_RUNS_IT}",
        PROVIDER,
    ),
    "certificate-weak": Code(
        "The certificate of {} is too weak to be believed.", f"Do not log in there. {_RUNS_IT}", PROVIDER
    ),
    "certificate-purpose": Code(
        "The certificate of {} is not meant for servers.", f"Do not log in there. {_RUNS_IT}", PROVIDER
    ),
    "certificate-invalid": Code("The certificate of {} is not valid.", f"Do not log in there. {_RUNS_IT}", PROVIDER),
    "starttls-not-offered": Code(
        "The server at {} offers no encryption.",
        "Use a port that begins with TLS (993, 995, 465). If others are offered STARTTLS there, something on your "
        "network takes it away.",
        PROVIDER,
    ),
    "starttls-stripped": Code(
        "The server at {} offers encryption to others, but not from here: something on the way takes it away.",
        "Use a port that begins with TLS ({}), or another network.",
        NETWORK,
    ),
    "password-in-clear": Code(
        "The server at {} offers logins before encryption has begun, too.",
        "Set the security to STARTTLS, and not to “if available”.",
        PROVIDER,
    ),
    "starttls-refused": Code("The server at {} refuses to start TLS.", "Use a port that begins with TLS.", PROVIDER),
    "tampering": Code(
        "Somebody on the way to {} tampers with the connection.", "Do not log in from this network.", NETWORK
    ),
    "middlebox-strips-starttls": Code(
        "A firewall on the way rewrites SMTP and takes the encryption away.",
        "Use port 465, or another network.",
        NETWORK,
        "route",
    ),
    # dialogue
    "greeting-refused": Code("The server turned us away with its first words.", _LATER, PROVIDER),
    "silent-server": Code(
        "The server at {} accepts the connection and says nothing.",
        "Check the port; some servers hold back strangers for a while: try again later.",
        PROVIDER,
    ),
    "tarpit": Code(
        "The host {} accepts connections and holds them without an answer.",
        "Check the server's name; if it is right, wait an hour: it may hold back your network.",
        PROVIDER,
    ),
    "slow-server": Code("The server at {} is very slow.", "Give it more time.", PROVIDER),
    "slow-greeting": Code(
        "The server at {} takes its time before it greets.", "Give the mail program a longer time-out.", PROVIDER
    ),
    "bad-reply": Code("The server at {} does not keep to its protocol.", _RUNS_IT, PROVIDER),
    "no-settings": Code(
        "No server for this direction was found.", "Ask the provider for the names of its mail servers.", USER
    ),
    "not-tried": Code("This server was not asked: {}.", "Repair the other server's login first.", USER),
    "our-mistake": Code("This program has made a mistake.", "Please report it.", US),
    # fitness
    "mailbox-very-large": Code(
        "So many messages are in the inbox that services that poll it may give up.",
        "Move mail out of the inbox into other folders.",
        USER,
    ),
    "leave-on-server-impossible": Code(
        "Mail cannot be left on the server by a program that fetches it with POP.",
        "Switch off “leave a copy on the server”, or use IMAP.",
        PROVIDER,
    ),
    "ids-not-announced": Code(
        "The server does not say that its messages have ids: services that fetch mail cannot leave it there.",
        "Switch off “leave a copy on the server”, or use IMAP.",
        PROVIDER,
    ),
    "reply-too-large": Code(
        "An answer of the server is larger than programs that fetch mail read.",
        "Move mail out of the inbox into other folders.",
        USER,
    ),
    "message-very-large": Code(
        "A message is so large that services that fetch mail may stop at it.",
        "Move large messages out of the inbox.",
        USER,
    ),
    "mail-expires": Code("Mail is deleted from the server after a while.", "Keep a copy elsewhere.", PROVIDER),
    "login-delay": Code("The server wants some time between two logins.", "Check mail less often.", PROVIDER),
    "ids-not-unique": Code("The server's message ids are of no use: mail may come twice.", _RUNS_IT, PROVIDER),
    "list-invalid": Code("The server's list of messages is wrong: fetching may stop.", _RUNS_IT, PROVIDER),
    "dots-not-escaped": Code(
        "A message with a dot at the start of a line comes broken: fetching may stop there.", _RUNS_IT, PROVIDER
    ),
    "empty-line": Code("The server sends empty lines where answers belong.", _RUNS_IT, PROVIDER),
    "no-pop3": Code("The mailbox has no POP3 access.", "Forward the mail instead of having it fetched.", PROVIDER),
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
    known = CODES[code]
    advice = known.advice.replace("{}", use or "what the provider's page says")
    return Finding(code, confidence, evidence, known.text.replace("{}", about or "it"), advice, known.whose, link)
