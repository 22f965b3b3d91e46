"""Safe expressions: numbers, texts, lists and comprehensions, nothing that can reach the machine.

For the ranges of experiments and the limits of derived metrics (experiments, EX-21). A text is parsed
with ``ast`` and walked by our own code: a node that is not in the table is refused, every step is
counted, and every size is known before memory is taken for it.
"""

from __future__ import annotations

import ast
import math
import operator

from franca.errors import UsageError
from franca.model.light import TYPE_CHECKING, Any
from franca.model.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Limits(Record):
    """Bounds of one evaluation; the defaults are those of EX-21."""

    characters: int = 1000
    values: int = 10_000  #: items of a list, characters of a text
    integer: int = 2**63
    exponent: int = 64
    steps: int = 100_000
    nesting: int = 3  #: comprehensions inside each other, loops included


DEFAULT_LIMITS = Limits()


class _Refusal(Exception):
    """Why an expression is refused; :func:`evaluate` adds the expression to the message."""


def evaluate(text: str, names: Mapping[str, Any] | None = None, *, limits: Limits = DEFAULT_LIMITS) -> Any:
    """The value of an expression.

    Args:
        text: such as ``[2**i for i in range(0, 6)]`` or ``p99 < 0.1 and qps > base * 1.05``.
        names: values that the expression may use (numbers, texts, truth values, lists of them).

    Raises:
        UsageError: the text is no expression, uses what is not allowed, passes a limit or fails
            (division by zero, unknown name). The message holds the expression and the reason.
    """
    if len(text) > limits.characters:
        raise UsageError(f"an expression has {limits.characters} characters at most, this one {len(text)}")
    try:
        tree = _tree(text)
        evaluator = _Evaluator(names or {}, limits)
        return evaluator.weighed(evaluator.value(tree.body))
    except _Refusal as refusal:
        reason = str(refusal)
    except SyntaxError as error:
        reason = f"it cannot be read: {error.msg}"
    except (RecursionError, MemoryError):
        reason = "it is nested too deeply"
    except (ArithmeticError, ValueError, TypeError, IndexError, KeyError) as error:
        reason = str(error) or type(error).__name__
    raise UsageError(f"expression {text!r}: {reason}")


def names_in(text: str) -> frozenset[str]:
    """Every name that an expression reads, functions and loop variables apart; empty if it cannot be read."""
    try:
        tree = _tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in nodes if id(node) not in called and node.id not in bound)


def _tree(text: str) -> ast.Expression:
    import warnings

    with warnings.catch_warnings():  # "1if x else y" is readable, but the parser grumbles on stderr
        warnings.simplefilter("ignore")
        return ast.parse(text.strip(), mode="eval")


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_NUMBER = (bool, int, float)


class _Evaluator:
    def __init__(self, names: Mapping[str, Any], limits: Limits) -> None:
        self.names = dict(names)
        self.limits = limits
        self.steps = 0
        self.depth = 0

    def value(self, node: ast.AST) -> Any:
        self.step()
        method = _NODES.get(type(node))
        if method is None:
            raise _Refusal(f"{_called(node)} is not allowed")
        return self.checked(method(self, node))

    def step(self, count: int = 1) -> None:
        self.steps += count
        if self.steps > self.limits.steps:
            raise _Refusal(f"it takes more than {self.limits.steps} steps")

    def checked(self, value: Any) -> Any:
        if type(value) is int and abs(value) >= self.limits.integer:
            raise _Refusal("a number in it is too large (2**63 and up)")
        if isinstance(value, complex):
            raise _Refusal("the result is a complex number")
        if isinstance(value, (str, list, tuple, range)):
            self.size(len(value))
        return value

    def weighed(self, value: Any) -> Any:
        """The result, once all that hangs on it is counted: shared lists can unfold beyond any bound."""
        self.step()
        if isinstance(value, (list, tuple)):
            for item in value:
                self.weighed(item)
        return value

    def size(self, count: int) -> None:
        if count > self.limits.values:
            raise _Refusal(f"it makes more than {self.limits.values} values")

    def constant(self, node: ast.Constant) -> Any:
        if node.value is None or isinstance(node.value, (*_NUMBER, str)):
            return node.value
        raise _Refusal(f"a value such as {node.value!r} is not allowed")

    def name(self, node: ast.Name) -> Any:
        if node.id in self.names:
            return self.names[node.id]
        known = ", ".join(sorted(self.names)[:20]) or "none"
        raise _Refusal(f"the name {node.id!r} is not known here (known: {known})")

    def sequence(self, node: ast.List | ast.Tuple) -> Any:
        items = [self.value(item) for item in node.elts]
        return tuple(items) if isinstance(node, ast.Tuple) else items

    def unary(self, node: ast.UnaryOp) -> Any:
        function = _UNARY.get(type(node.op))
        if function is None:
            raise _Refusal(f"{_called(node.op)} is not allowed")
        return function(self.value(node.operand))

    def binary(self, node: ast.BinOp) -> Any:
        function = _BINARY.get(type(node.op))
        if function is None:
            raise _Refusal(f"{_called(node.op)} is not allowed")
        left, right = self.value(node.left), self.value(node.right)
        self.guard(node.op, left, right)
        return function(left, right)

    def guard(self, op: ast.operator, left: Any, right: Any) -> None:
        """Refuse before the work is done what would take long or much memory."""
        if isinstance(op, ast.Mod) and isinstance(left, str):
            raise _Refusal("text formatting with % is not allowed")
        if isinstance(op, ast.Pow) and abs(right) > self.limits.exponent:
            raise _Refusal(f"an exponent is larger than {self.limits.exponent}")
        if isinstance(op, ast.Mult):
            for sequence, count in ((left, right), (right, left)):
                if isinstance(sequence, (str, list, tuple)) and isinstance(count, int):
                    self.made(len(sequence) * max(count, 0))
        if isinstance(op, ast.Add) and isinstance(left, (str, list, tuple)):
            self.made(len(left) + len(right))

    def made(self, count: int) -> None:
        """Account for ``count`` values about to be made."""
        self.size(count)
        self.step(count)

    def boolean(self, node: ast.BoolOp) -> Any:
        stop_at = isinstance(node.op, ast.Or)
        result: Any = None
        for item in node.values:
            result = self.value(item)
            if bool(result) is stop_at:
                break
        return result

    def compare(self, node: ast.Compare) -> bool:
        left = self.value(node.left)
        for op, item in zip(node.ops, node.comparators, strict=True):
            function = _COMPARE.get(type(op))
            if function is None:
                raise _Refusal(f"{_called(op)} is not allowed")
            right = self.value(item)
            if isinstance(right, (str, list, tuple)):
                self.step(len(right) // 16)
            if not function(left, right):
                return False
            left = right
        return True

    def choice(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def subscript(self, node: ast.Subscript) -> Any:
        if not isinstance(node.value, (ast.List, ast.Tuple, ast.Constant, ast.Name)):
            raise _Refusal("an index is allowed only on literals and parameters")
        if isinstance(node.slice, ast.Slice):
            raise _Refusal("a slice is not allowed")
        held, index = self.value(node.value), self.value(node.slice)
        if not isinstance(held, (str, list, tuple, dict)):
            raise _Refusal(f"{type(held).__name__} has no items")
        return held[index]

    def call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name) or node.func.id not in _FUNCTIONS:
            allowed = ", ".join(sorted(_FUNCTIONS))
            raise _Refusal(f"only these functions can be called: {allowed}")
        if node.keywords:
            raise _Refusal("named arguments are not allowed")
        arguments = [self.value(argument) for argument in node.args]
        for argument in arguments:
            if isinstance(argument, (list, tuple, range, str)):
                self.step(len(argument))
        if node.func.id in ("linspace", "logspace") and len(arguments) == 3:
            self.made(int(arguments[2]))
        return _FUNCTIONS[node.func.id](*arguments)

    def comprehension(self, node: ast.ListComp) -> list[Any]:
        self.depth += len(node.generators)
        if self.depth > self.limits.nesting:
            raise _Refusal(f"comprehensions are nested more than {self.limits.nesting} deep")
        outer = dict(self.names)
        try:
            out: list[Any] = []
            for _ in self.loop(node.generators):
                out.append(self.value(node.elt))
                self.size(len(out))
            return out
        finally:
            self.names = outer
            self.depth -= len(node.generators)

    def loop(self, generators: list[ast.comprehension]) -> Iterator[None]:
        if not generators:
            yield
            return
        first = generators[0]
        if first.is_async:
            raise _Refusal("async is not allowed")
        source = self.value(first.iter)
        if not isinstance(source, (list, tuple, range, str)):
            raise _Refusal(f"cannot loop over {type(source).__name__}")
        for item in source:
            self.step()
            self.bind(first.target, item)
            if all(self.value(test) for test in first.ifs):
                yield from self.loop(generators[1:])

    def bind(self, target: ast.expr, item: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = item
            return
        if not isinstance(target, (ast.Tuple, ast.List)) or not isinstance(item, (list, tuple)):
            raise _Refusal("a loop variable must be a name or names with commas")
        if len(target.elts) != len(item):
            raise _Refusal(f"{len(target.elts)} loop variables for {len(item)} values")
        for name, part in zip(target.elts, item, strict=True):
            self.bind(name, part)


_NODES: dict[type[ast.AST], Callable[[_Evaluator, Any], Any]] = {
    ast.Constant: _Evaluator.constant,
    ast.Name: _Evaluator.name,
    ast.List: _Evaluator.sequence,
    ast.Tuple: _Evaluator.sequence,
    ast.UnaryOp: _Evaluator.unary,
    ast.BinOp: _Evaluator.binary,
    ast.BoolOp: _Evaluator.boolean,
    ast.Compare: _Evaluator.compare,
    ast.IfExp: _Evaluator.choice,
    ast.Subscript: _Evaluator.subscript,
    ast.Call: _Evaluator.call,
    ast.ListComp: _Evaluator.comprehension,
}

_WORDS = {
    "ListComp": "comprehension",
    "Attribute": "an attribute (a.b)",
    "Lambda": "lambda",
    "JoinedStr": "an f-string",
}


def _called(node: ast.AST) -> str:
    name = type(node).__name__
    return _WORDS.get(name, name)


def _whole(text: object) -> int:
    if isinstance(text, str) and len(text) > 20:
        raise _Refusal("a number has 20 digits at most")
    return int(text)  # type: ignore[call-overload,no-any-return]


def _text(value: object) -> str:
    if value is None or isinstance(value, (*_NUMBER, str)):
        return str(value)
    raise _Refusal("str() takes a number or a text")


def _round(value: float, digits: int = 0) -> float | int:
    if abs(digits) > 20:
        raise _Refusal("round() takes 20 digits at most")
    return round(value, digits) if digits else round(value)


def _linspace(start: float, stop: float, count: int) -> list[float]:
    """``count`` numbers from ``start`` to ``stop``, both included."""
    steps = max(int(count) - 1, 1)
    return [start + (stop - start) * n / steps for n in range(int(count))]


def _logspace(start: float, stop: float, count: int) -> list[float]:
    """``count`` powers of ten with exponents from ``start`` to ``stop``, both included."""
    return [10.0**exponent for exponent in _linspace(start, stop, count)]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "range": range,
    "len": len,
    "min": min,
    "max": max,
    "round": _round,
    "abs": abs,
    "int": _whole,
    "float": float,
    "str": _text,
    "log2": math.log2,
    "sqrt": math.sqrt,
    "linspace": _linspace,
    "logspace": _logspace,
}
