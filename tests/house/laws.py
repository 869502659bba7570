"""The laws of the house that imports cannot see. Each takes a module and yields what breaks it, with its line."""

import ast
import re
from collections.abc import Iterator
from itertools import chain

from tests.house.source import CORE, Module, classes, functions, last_name, type_of_function

LONGEST_MODULE = 500
LONGEST_BODY = 60
DEEPEST_NESTING = 3
UNSAYING = frozenset(
    "manager handler helper util service processor engine base data info object misc common".split(),
)
MAY_AWAIT = frozenset("cycle adapters wiring api cli serve cluster rehearse".split())
CLOCKS = frozenset("now utcnow today time_ns monotonic monotonic_ns perf_counter urandom".split())
CHANCES = frozenset("uuid1 uuid4 uuid7 token_bytes token_hex getrandbits".split())
FILES = frozenset("open read_text read_bytes write_text write_bytes".split())
DECODES = frozenset("decode convert Decoder loads".split())
BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)


def too_long(module: Module) -> Iterator[str]:
    """A module is at most 500 lines."""
    if (count := module.text.count("\n")) > LONGEST_MODULE:
        yield f"{module.name} has {count} lines"


def long_bodies(module: Module) -> Iterator[str]:
    """A function's body, without its docstring, is at most 60 lines."""
    for function in functions(module):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        if body and (count := (body[-1].end_lineno or 0) - body[0].lineno + 1) > LONGEST_BODY:
            yield f"{module.name}:{function.lineno} {function.name} has {count} lines"


def deep_nesting(module: Module) -> Iterator[str]:
    """Blocks nest at most three deep in a function; an elif is no deeper than its if."""
    for function in functions(module):
        if (depth := max(map(nesting, function.body), default=0)) > DEEPEST_NESTING:
            yield f"{module.name}:{function.lineno} {function.name} nests {depth} deep"


def nesting(node: ast.AST) -> int:
    """How many blocks stand inside one another, those of an inner function not counted."""
    if isinstance(node, type_of_function):
        return 0
    inner = (nesting(child) - is_elif(node, child) for child in ast.iter_child_nodes(node))
    return max(inner, default=0) + isinstance(node, BLOCKS)


def is_elif(node: ast.AST, child: ast.AST) -> bool:
    """Whether the child is all that the node's else holds."""
    return isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]


def unsaying_names(module: Module) -> Iterator[str]:
    """Names of modules, classes and functions say what a thing is for."""
    named = [module.name.rsplit(".", 1)[-1], *(node.name for node in chain(classes(module), functions(module)))]
    for name in named:
        if bad := UNSAYING & set(words(name)):
            yield f"{module.name}: {name} says only {', '.join(sorted(bad))}"


def words(name: str) -> Iterator[str]:
    """The words of a snake_case or CamelCase name, in the singular."""
    return (word.lower().removesuffix("s") for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name))


def boolean_parameters(module: Module) -> Iterator[str]:
    """A public function takes no boolean; two functions with names say it better. A command line's options may."""
    if module.room == "cli":
        return
    for function in functions(module):
        given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        flags = [arg.arg for arg in given if arg.annotation is not None and last_name(arg.annotation) == "bool"]
        if flags and not function.name.startswith("_"):
            yield f"{module.name}:{function.lineno} {function.name} takes {', '.join(flags)}"


def impurities(module: Module) -> Iterator[str]:
    """The core reads no clock and no file, and draws nothing by chance."""
    if module.room not in CORE:
        return
    banned = CLOCKS | CHANCES | FILES
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and last_name(node.func) in banned:
            yield f"{module.name}:{node.lineno} calls {ast.unparse(node.func)}"


def floats(module: Module) -> Iterator[str]:
    """Floats are a permission of quant; elsewhere in the core a number is an integer or a Decimal."""
    if module.room not in CORE - {"quant"}:
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id="float") | ast.Constant(value=float()):
                yield f"{module.name}:{node.lineno} uses {ast.unparse(node)}"


def awaits(module: Module) -> Iterator[str]:
    """Only the shell, the adapters, simulators' servers and entrypoints wait; ports only says that they will."""
    if module.room in MAY_AWAIT or module.name.startswith("trimtab.sim.wire"):
        return
    waiting = (ast.Await, ast.AsyncFor, ast.AsyncWith)
    for node in ast.walk(module.tree):
        declares = module.room == "ports" and isinstance(node, ast.AsyncFunctionDef)
        if isinstance(node, (*waiting, ast.AsyncFunctionDef)) and not declares:
            yield f"{module.name}:{node.lineno} waits"


def clearances(module: Module) -> Iterator[str]:
    """Only `check.verdict` builds a Cleared, and nobody decodes one: what is stored is the plan and its verdict."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call() if last_name(node.func) == "Cleared" and module.name != "trimtab.check.verdict":
                yield f"{module.name}:{node.lineno} builds a Cleared"
            case ast.Call() if last_name(node.func) in DECODES and mentions(node, "Cleared"):
                yield f"{module.name}:{node.lineno} decodes a Cleared"
            case ast.alias(name="Cleared", asname=str(other)):
                yield f"{module.name}:{node.lineno} hides Cleared behind {other}"
            case ast.AnnAssign() if module.room == "model" and mentions(node.annotation, "Cleared"):
                yield f"{module.name}:{node.lineno} carries a Cleared in a noun"


def mentions(node: ast.AST, name: str) -> bool:
    """Whether a name occurs in an expression."""
    return any(isinstance(part, ast.expr) and last_name(part) == name for part in ast.walk(node))


def reexports(module: Module) -> Iterator[str]:
    """Names are imported from where they are made; only the public face passes them on."""
    for node in ast.walk(module.tree):
        match node:
            case ast.ImportFrom(names=names) if any(n.name in ("*", n.asname) for n in names):
                yield f"{module.name}:{node.lineno} passes on {', '.join(n.name for n in names)}"
            case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.AnnAssign(target=ast.Name(id="__all__")):
                yield f"{module.name}:{node.lineno} has an __all__"


def unsaid(module: Module) -> Iterator[str]:
    """Every public module, class, function and method has a docstring."""
    if ast.get_docstring(module.tree) is None:
        yield f"{module.name} does not say what lives here"
    for body in (module.tree.body, *(holder.body for holder in classes(module))):
        for node in body:
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    if not name.startswith("_") and ast.get_docstring(node) is None:
                        yield f"{module.name}:{node.lineno} {name} has no docstring"
