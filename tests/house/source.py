"""The source tree as the house tests read it: parsed modules, each with its dotted name and its room."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "trimtab"
CORE = frozenset(
    "units model quant onchain value decide plan check execute reconcile record".split(),
)

type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Module:
    """One parsed module of the source."""

    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The package or module directly under `trimtab`; empty for `trimtab` itself."""
        return [*self.name.split("."), ""][1]


def module(name: str, text: str) -> Module:
    """A module from its text, as if it stood in the tree under this name."""
    return Module(name=name, text=text, tree=ast.parse(text))


@lru_cache
def modules() -> tuple[Module, ...]:
    """Every module under src/trimtab."""
    return tuple(module(dotted(path), path.read_text()) for path in sorted(SOURCE.rglob("*.py")))


def dotted(path: Path) -> str:
    """The name by which a file of the source is imported."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def functions(found: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones included."""
    return (node for node in ast.walk(found.tree) if isinstance(node, type_of_function))


def classes(found: Module) -> Iterator[ast.ClassDef]:
    """Every class."""
    return (node for node in ast.walk(found.tree) if isinstance(node, ast.ClassDef))


def last_name(node: ast.expr) -> str:
    """The last part of a dotted name: `now` of `datetime.now`; empty for what is no name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
