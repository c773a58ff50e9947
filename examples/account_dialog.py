"""A mail program's account dialog, without an event loop: ask for the address, show, let the user agree, log in.

python examples/account_dialog.py
"""

from getpass import getpass

import anyio

from mailsettings import AddressError, Detection, sync
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import verify


def asked() -> Detection:
    """Ask until the answer is an address; what the network does is in the detection."""
    while True:
        try:
            return sync.detect(input("Your email address: "))
        except AddressError as error:
            print(f"  {error}")


def agreed(detection: Detection) -> bool:
    """Let the user look at the domains that nothing safe from forgery vouches for."""
    return all(input(f"Is your mailbox at {domain}? [y/N] ").lower() == "y" for domain in detection.confirm)


def main() -> None:
    detection = asked()
    if detection.suggestion and input(f"Did you mean {detection.suggestion}? [y/N] ").lower() == "y":
        detection = sync.detect(detection.suggestion)
    for hint in detection.hints:
        print(f"First: {hint.text} {hint.url}")
    for choice in (*detection.incoming[:1], *detection.outgoing[:1]):
        print(f"{choice.endpoint}  {choice.username}  {'verified' if choice.verified else 'not verified'}")
    if not (detection.incoming and detection.outgoing and agreed(detection)):
        for finding in detection.findings:
            print(f"{finding.text} {finding.advice}")
        return
    credentials = Credentials.password(getpass("Password: "))
    done = anyio.run(lambda: verify(detection, credentials, confirmed=detection.confirm))
    print("It works." if done.verified else "It does not work:")
    for finding in done.findings:
        print(f"  {finding.text} {finding.advice}")


if __name__ == "__main__":
    main()
