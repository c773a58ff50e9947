"""Write documents.jsonl anew; `git diff` then shows what has changed."""

from tests.golden.documents import FILE, line
from tests.golden.worlds import ALL

if __name__ == "__main__":
    FILE.write_text("".join(map(line, ALL)), encoding="ascii")
    print(f"{len(ALL)} worlds in {FILE}")
