"""`python -m tests.support.wizard_program PORT`: the wizard of examples/ on loopback.

Its service lives in a world in memory.
"""

import sys

import uvicorn

from mailsettings.policy import Policy
from mailsettings.web import Settings, create_app
from tests.support.web_service import world
from tests.web.test_examples import WIZARD, loaded


def main(port: int) -> None:
    setup = create_app(settings=Settings(page=False, cache=":memory:"), transport=world().transport(Policy.service()))
    app = loaded(WIZARD / "wizard.py").wizard(setup)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
