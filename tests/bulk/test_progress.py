"""The progress of a run: rate, share, and time remaining."""

from mailsettings.bulk.progress import RunProgress

ROW = {"verdict": "verified"}


def test_progress_says_rate_share_and_what_remains() -> None:
    """
    Earlier runs count for the whole, not for the rate.
    """
    progress = RunProgress(9000, before=1000)
    for number in range(200):
        progress.count(ROW if number % 4 else {"verdict": "nothing"})

    assert progress.line(2.0) == "1,200 of 9,000  13 %  100/s  75 % verified  1:18 to go"
    assert progress.summary(3725) == "200 answered in 1:02:05: 50 nothing, 150 verified; 1,000 were there before"


def test_progress_without_a_total_promises_nothing() -> None:
    """
    A pipe does not say how much is to come; and at the start there is no rate.
    """
    assert RunProgress(None).line(0.0) == "0  0/s  0 % verified"
