"""A mail program's account dialog, without an event loop: ask for the address, show, let the user agree, log in.

python examples/account_dialog.py
"""

from collections.abc import Callable
from functools import partial
from getpass import getpass

import anyio

from mailsettings import AddressError, Confirmation, Detection, sync
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import Verification, verify


def log_in(detection: Detection, credentials: Credentials) -> Verification:
    return anyio.run(partial(verify, detection, credentials, confirmed=detection.confirm))


def asked(detect: Callable[[str], Detection]) -> Detection:
    """Ask until the answer is an address; what the network does is in the detection."""
    while True:
        try:
            detection = detect(input("Your email address: "))
        except AddressError as error:
            print(f"  {error}")
        else:
            meant = detection.suggestion
            return detect(meant) if meant and yes(f"Did you mean {meant}?") else detection


def question(asked: Confirmation) -> str:
    alarm = f"{asked.host} looks like {asked.look_alike_of}, but is not. " if asked.look_alike_of else ""
    return f"{alarm}May {asked.host}, port {asked.port}, get your password?"


def yes(question: str) -> bool:
    return input(f"{question} [y/N] ").lower() == "y"


def main(
    detect: Callable[[str], Detection] = sync.detect,
    log_in: Callable[[Detection, Credentials], Verification] = log_in,
) -> None:
    detection = asked(detect)
    for hint in detection.hints:
        print(f"First: {hint.text} {hint.url}")
    for choice in (*detection.incoming[:1], *detection.outgoing[:1]):
        print(f"{choice.endpoint}  {choice.username}  {'verified' if choice.verified else 'not verified'}")
    # Servers that nothing safe from forgery vouches for: only the user can know them.
    agreed = all(yes(question(confirmation)) for confirmation in detection.confirmations)
    if not (detection.incoming and detection.outgoing and agreed):
        for finding in detection.findings:
            print(f"{finding.text} {finding.advice}")
        return
    done = log_in(detection, Credentials.password(getpass("Password: ")))
    print("It works." if done.verified else "It does not work:")
    for finding in done.findings:
        print(f"  {finding.text} {finding.advice}")


if __name__ == "__main__":
    main()
