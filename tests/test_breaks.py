"""Every deliberate break of `make breaks` can still be made, and has tests that may notice it."""

from breaks import BREAKS, NODE_TESTS, ROOT


def test_every_break_stands_once_in_its_file():
    times = {(f, old): (ROOT / f).read_text("utf-8").count(old) for f, old, *_ in BREAKS}
    assert {where: n for where, n in times.items() if n != 1} == {}


def test_every_break_has_tests():
    named = {name for *_, tests in BREAKS for name in tests.split()} - {NODE_TESTS}
    assert [name for name in sorted(named) if not (ROOT / name.partition("::")[0]).exists()] == []
