"""The program that types the commands of docs notices a command that ends otherwise than its page says."""

from __future__ import annotations

from pathlib import Path

from harness.doc_commands.session import DocResult, read_chain

PAGE = """
```toml
# tariff.toml
price = 1
```
```sh
cat tariff.toml
export WORD=kept
test "$WORD" = kept
echo "Event evt-7, now"
test EVENT = evt-7
(exit 3)                    # exit 3 when there is nothing
(exit 3)
no-such-program
make test
```
"""


def typed(folder: Path, text: str) -> list[DocResult]:
    """The end of every command of a page."""
    page = folder / "page.md"
    page.write_text(text)
    place = folder / "reader"
    place.mkdir()
    return list(read_chain(place, [page]))


def test_a_command_that_ends_otherwise_than_its_page_says_has_failed(tmp_path: Path) -> None:
    """Files, exports and placeholders go on from one command to the next; a comment names another code."""
    results = typed(tmp_path, PAGE)
    assert [result.failed for result in results] == [False] * 6 + [True, True, False]
    assert "price = 1" in results[0].output
    assert results[6].exit_code == 3
    assert results[7].exit_code == 127
    assert results[8].reason is not None


def test_a_command_that_goes_on_and_ends_at_once_has_failed(tmp_path: Path) -> None:
    """A VEN that does not stay is no VEN: there is no cloud here."""
    (result,) = typed(tmp_path, "```sh\nven-twin fleet run\n```\n")[:1]
    assert result.failed
    assert result.trouble is not None
    assert "no local cloud is running" in result.trouble
