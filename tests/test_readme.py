"""The examples in README and in docstrings are true."""

import doctest
from pathlib import Path

import cmixpy

CHECKOUT = Path(__file__).parent.parent


def test_readme():
    failed, tried = doctest.testfile(str(CHECKOUT / "README.md"), module_relative=False)
    assert tried >= 4
    assert failed == 0


def test_package_docstring():
    failed, tried = doctest.testmod(cmixpy)
    assert tried >= 3
    assert failed == 0
