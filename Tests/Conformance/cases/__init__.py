"""All published networks that are tested, by family."""

import importlib
import pkgutil
from collections.abc import Iterator

from case import Case


def all_cases() -> Iterator[Case]:
    """Every case of every family; their names are unique."""
    names: set[str] = set()
    for family in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        for case in importlib.import_module(f"cases.{family}").CASES:
            assert case.name not in names, case.name
            names.add(case.name)
            yield case
